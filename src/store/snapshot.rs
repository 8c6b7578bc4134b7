//! The engine's state as it was before an input. A small one is part of its commit. The rows of a
//! large one are written ahead in parcels, count from the commit that names them on, and are put
//! in their places after it: the database keeps every page that a batch changes until its end.

use super::database::Batch;
use super::hidden::NamesKey;
use super::parcels::{Parcel, Parcels, rows_in};
use super::vault::Vault;
use super::{Commit, Store, StoreError, Writer, hidden, keys};
use crate::engine::StateRow;

/// What the store says of its snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The first input that the state does not know.
    pub(super) next_input: u64,
    /// So many parcels belong to it whose rows may not be in their places yet.
    pub(super) parcels: u32,
}

/// Rows in one batch where nothing has to happen at once.
const ROWS_AT_ONCE: usize = 1000;

impl Store {
    /// Remembers the engine's state as it was before `next_input`. Rows without a value are
    /// removed; rows that are not given stay as they are.
    pub fn snapshot(&self, rows: &Parcels, next_input: u64) -> Result<(), StoreError> {
        self.commit_with(&Commit::default(), (rows, next_input))
    }

    /// The state as of the last snapshot, in no order.
    pub fn state(&self) -> impl Iterator<Item = Result<StateRow, StoreError>> {
        self.vault().each(keys::STATE).map(|row| hidden::row_of(&row?.1))
    }

    /// As if nothing had ever been learned: everything that is kept is news.
    pub fn forget_state(&self) -> Result<(), StoreError> {
        self.commit_with(&Commit::default(), (&Parcels::default(), 0))?;
        // Whatever of it outlives a kill is of no use, as it is now, and goes at the next start.
        remove_all(self.vault(), keys::STATE)
    }

    /// Writes a parcel of the snapshot that comes next. Before that names it, it counts for nothing.
    pub fn write_parcel(&self, parcel: &Parcel) -> Result<(), StoreError> {
        let _writer = self.writer();
        self.write_ahead_of_snapshot(parcel)
    }

    /// What a commit with a snapshot needs to find on the disk.
    pub(super) fn write_parcels(&self, rows: &Parcels) -> Result<(), StoreError> {
        if rows.count() == 0 {
            settle(self.vault(), self.names())?;
        }
        rows.packed().iter().try_for_each(|parcel| self.write_ahead_of_snapshot(parcel))
    }

    fn write_ahead_of_snapshot(&self, parcel: &Parcel) -> Result<(), StoreError> {
        if parcel.number == 0 {
            settle(self.vault(), self.names())?;
        }
        let mut batch = Batch::default();
        let name = keys::numbered(keys::PARCEL, u64::from(parcel.number));
        self.vault().put_packed(&mut batch, &name, &parcel.packed)?;
        self.vault().database.write(batch)
    }

    pub(super) fn put_snapshot(
        &self,
        batch: &mut Batch,
        writer: &mut Writer,
        (rows, next_input): (&Parcels, u64),
    ) -> Result<(), StoreError> {
        for row in rows.rest()? {
            hidden::put(self.vault(), batch, (self.names(), keys::STATE), &row)?;
        }
        Stamp { next_input, parcels: rows.count() }.put(self.vault(), batch)?;
        writer.totals.snapshot_input = next_input;
        // Inputs that were not stored have their numbers all the same.
        writer.totals.next_input = writer.totals.next_input.max(next_input);
        Ok(())
    }
}

impl Stamp {
    pub(super) fn of(vault: &Vault) -> Result<Self, StoreError> {
        Ok(vault.get(keys::SNAPSHOT)?.map(|value| Self::read(&value)).unwrap_or_default())
    }

    /// That of an older keyvigil names no parcels.
    pub(super) fn read(value: &[u8]) -> Self {
        let (next_input, rest) = value.split_first_chunk().unwrap_or((&[0; 8], &[]));
        let parcels = rest.first_chunk().copied().unwrap_or_default();
        let next_input = u64::from_be_bytes(*next_input);
        Self { next_input, parcels: u32::from_be_bytes(parcels) }
    }

    fn put(self, vault: &Vault, batch: &mut Batch) -> Result<(), StoreError> {
        let value = [&self.next_input.to_be_bytes()[..], &self.parcels.to_be_bytes()].concat();
        vault.put(batch, keys::SNAPSHOT, &value)
    }
}

/// Puts the rows of parcels that count in their places, one parcel after the other, and does away
/// with those that no commit has named.
pub(super) fn settle(vault: &Vault, names: &NamesKey) -> Result<(), StoreError> {
    let stamp = Stamp::of(vault)?;
    for number in 0..u64::from(stamp.parcels) {
        let name = keys::numbered(keys::PARCEL, number);
        // One that is not there was done before.
        let Some(parcel) = vault.get(&name)? else { continue };
        let mut batch = Batch::default();
        for row in rows_in(&parcel)? {
            hidden::put(vault, &mut batch, (names, keys::STATE), &row)?;
        }
        vault.remove(&mut batch, &name)?;
        vault.database.write(batch)?;
    }
    if stamp.parcels != 0 {
        let mut batch = Batch::default();
        Stamp { parcels: 0, ..stamp }.put(vault, &mut batch)?;
        vault.database.write(batch)?;
    }
    remove_all(vault, &[keys::PARCEL])
}

fn remove_all(vault: &Vault, prefix: &[u8]) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    let mut rows = 0;
    for row in vault.database.range(keys::under(prefix)) {
        batch.remove(row?.0);
        rows += 1;
        if rows % ROWS_AT_ONCE == 0 {
            vault.database.write(std::mem::take(&mut batch))?;
        }
    }
    if rows % ROWS_AT_ONCE == 0 { Ok(()) } else { vault.database.write(batch) }
}
