//! Small facts about the store and the daemon: totals, counters, seeds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::database::Batch;
use super::marker::Marker;
use super::snapshot::Stamp;
use super::vault::Vault;
use super::{Store, StoreError, keys, random};

/// Counts that go on over restarts, by name.
pub type Counters = BTreeMap<String, u64>;

/// What the reading of the logs has to remember, by name. An empty value is forgotten.
pub type Memory = BTreeMap<String, Vec<u8>>;

/// What would otherwise be counted anew at each opening.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Totals {
    pub(super) events: u64,
    pub(super) blocks: u64,
    /// The number that the next input will have.
    pub(super) next_input: u64,
    #[serde(skip)]
    pub(super) snapshot_input: u64,
}

const TOTALS: &[u8] = b"totals";
const COUNTERS: &[u8] = b"counters";
const PEPPER: &[u8] = b"pepper";
const USER: &[u8] = b"user.";

impl Store {
    /// Something that was put under a name.
    pub fn meta_get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.vault().get(&user_name(name))
    }

    pub fn meta_put(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        let _writer = self.writer();
        let mut batch = Batch::default();
        self.vault().put(&mut batch, &user_name(name), value)?;
        self.vault().database.write(batch)
    }

    pub fn counters(&self) -> Result<Counters, StoreError> {
        let Some(value) = self.vault().get(&meta_name(COUNTERS))? else {
            return Ok(Counters::new());
        };
        postcard::from_bytes(&value)
            .map_err(|_form| StoreError::damaged("the counters cannot be read"))
    }

    /// The secret of the pseudonyms: made with the store, and never changed.
    pub fn pepper(&self) -> Result<[u8; 32], StoreError> {
        pepper(self.vault())
    }
}

impl Totals {
    pub(super) const fn marker(&self) -> Marker {
        Marker { blocks: self.blocks, next_input: self.next_input, is_altered: false }
    }
}

pub(super) fn pepper(vault: &Vault) -> Result<[u8; 32], StoreError> {
    let value = vault.get(&meta_name(PEPPER))?;
    let value = value.as_deref().and_then(<[u8]>::first_chunk).copied();
    value.ok_or_else(|| StoreError::damaged("the secret of the pseudonyms is missing"))
}

/// What every store has from its first moment.
pub(super) fn put_first(vault: &Vault, batch: &mut Batch) -> Result<(), StoreError> {
    put_pepper(vault, batch)?;
    put_totals(vault, batch, &Totals::default())
}

/// The totals; `None` if this is no store yet.
pub(super) fn totals(vault: &Vault) -> Result<Option<Totals>, StoreError> {
    let Some(value) = vault.get(&meta_name(TOTALS))? else {
        return Ok(None);
    };
    let mut totals: Totals = postcard::from_bytes(&value)
        .map_err(|_form| StoreError::damaged("the totals cannot be read"))?;
    totals.snapshot_input = Stamp::of(vault)?.next_input;
    Ok(Some(totals))
}

/// The totals, if that is their name.
pub(super) fn totals_in(name: &[u8], value: &[u8]) -> Option<Totals> {
    is_totals(name).then(|| postcard::from_bytes(value).ok()).flatten()
}

pub(super) fn totals_name() -> Vec<u8> {
    meta_name(TOTALS)
}

pub(super) fn is_totals(name: &[u8]) -> bool {
    name == totals_name()
}

pub(super) fn pepper_name() -> Vec<u8> {
    meta_name(PEPPER)
}

pub(super) fn is_pepper(name: &[u8]) -> bool {
    name == pepper_name()
}

pub(super) fn is_counters(name: &[u8]) -> bool {
    name == meta_name(COUNTERS)
}

/// A new secret of the pseudonyms, where the old one is lost.
pub(super) fn put_pepper(vault: &Vault, batch: &mut Batch) -> Result<(), StoreError> {
    let pepper: [u8; 32] = random::bytes()?;
    vault.put(batch, &meta_name(PEPPER), &pepper)
}

pub(super) fn put_totals(
    vault: &Vault,
    batch: &mut Batch,
    totals: &Totals,
) -> Result<(), StoreError> {
    let value = postcard::to_allocvec(totals)
        .map_err(|_form| StoreError::damaged("the totals cannot be read"))?;
    vault.put(batch, &meta_name(TOTALS), &value)
}

pub(super) fn put_counters(
    vault: &Vault,
    batch: &mut Batch,
    counters: &Counters,
) -> Result<(), StoreError> {
    let value = postcard::to_allocvec(counters)
        .map_err(|_form| StoreError::damaged("the counters cannot be read"))?;
    vault.put(batch, &meta_name(COUNTERS), &value)
}

/// A key whose first part is there in every store: the first that an opening reads.
pub(super) fn meta_name(name: &[u8]) -> Vec<u8> {
    keys::name(keys::META, name)
}

fn user_name(name: &str) -> Vec<u8> {
    meta_name(&[USER, name.as_bytes()].concat())
}
