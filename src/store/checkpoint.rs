//! Where the logs stood at a snapshot. A store that was damaged goes back to the last of them: the
//! logs are read again from there, and nothing counts twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::database::Batch;
use super::hidden::{self, NamesKey};
use super::vault::Vault;
use super::{Counters, Store, StoreError, keys};
use crate::engine::StateRow;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    pub(super) positions: BTreeMap<String, Vec<u8>>,
    pub(super) counters: Counters,
}

impl Store {
    /// All that was committed is known to the snapshot that is being made.
    pub(super) fn put_checkpoint(&self, batch: &mut Batch, next: u64) -> Result<(), StoreError> {
        let positions = self.rows_under(keys::POSITION)?.into_iter();
        let positions = positions.map(|row| (row.id, row.value.unwrap_or_default())).collect();
        let checkpoint = Checkpoint { positions, counters: self.counters()? };
        let value = postcard::to_allocvec(&checkpoint)
            .map_err(|_form| StoreError::damaged("a checkpoint cannot be written"))?;
        self.vault().put(batch, &keys::numbered(keys::CHECKPOINT, next), &value)
    }

    /// The numbers of the checkpoints between two inputs.
    pub(super) fn checkpoints(&self, from: u64, to: u64) -> Result<Vec<u64>, StoreError> {
        let rows = self.vault().database.range(keys::between(keys::CHECKPOINT, from, to));
        rows.filter_map(|row| row.map(|(key, _)| keys::number_in(&key)).transpose()).collect()
    }
}

/// Where the key of the names is lost, any will do: the next opening gives them theirs.
pub(super) fn put_positions(
    vault: &Vault,
    batch: &mut Batch,
    (checkpoint, names): (&Checkpoint, &NamesKey),
) -> Result<(), StoreError> {
    for (source, position) in &checkpoint.positions {
        let row = StateRow { id: source.clone(), value: Some(position.clone()) };
        hidden::put(vault, batch, (names, keys::POSITION), &row)?;
    }
    super::meta::put_counters(vault, batch, &checkpoint.counters)
}

pub(super) fn read(value: &[u8]) -> Option<Checkpoint> {
    postcard::from_bytes(value).ok()
}
