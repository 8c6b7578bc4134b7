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
    /// So many parcels belong to it, or [`FORGOTTEN`].
    pub(super) parcels: u32,
    /// So many of them have their rows in their places.
    pub(super) settled: u32,
}

/// Rows of the state that are still there are of no use, and are to be removed.
const FORGOTTEN: u32 = u32::MAX;

/// Rows in one batch where nothing has to happen at once.
const ROWS_AT_ONCE: usize = 1000;

impl Store {
    /// Remembers the engine's state as it was before `next_input`. Rows without a value are
    /// removed; rows that are not given stay as they are.
    pub fn snapshot(&self, rows: &Parcels, next_input: u64) -> Result<(), StoreError> {
        self.commit_with(&Commit::default(), (rows, next_input))?;
        self.settle(&mut || ())
    }

    /// Puts the rows of the last snapshot in their places, a few at a time: others may commit in
    /// between. Who was killed or had no room meanwhile goes on where it ended.
    pub fn settle(&self, between: &mut dyn FnMut()) -> Result<(), StoreError> {
        loop {
            let writer = self.writer();
            let is_done = settle_some(self.vault(), self.names())?;
            drop(writer);
            between();
            if is_done {
                return Ok(());
            }
        }
    }

    /// The state as of the last snapshot, once that is settled; in no order.
    pub fn state(&self) -> impl Iterator<Item = Result<StateRow, StoreError>> {
        self.vault().each(keys::STATE).map(|row| hidden::row_of(&row?.1))
    }

    /// As if nothing had ever been learned: everything that is kept is news.
    pub fn forget_state(&self) -> Result<(), StoreError> {
        let mut writer = self.writer();
        forget(self.vault())?;
        writer.totals.snapshot_input = 0;
        drop(writer);
        self.settle(&mut || ())
    }

    /// Writes a parcel of the snapshot that comes next. Before that names it, it counts for nothing.
    pub fn write_parcel(&self, parcel: &Parcel) -> Result<(), StoreError> {
        let _writer = self.writer();
        self.write_ahead_of_snapshot(parcel)
    }

    /// What a commit with a snapshot needs to find on the disk; the one before it is settled first.
    pub(super) fn write_parcels(&self, rows: &Parcels) -> Result<(), StoreError> {
        if rows.count() == 0 {
            settle_all(self.vault(), self.names())?;
        }
        rows.packed().iter().try_for_each(|parcel| self.write_ahead_of_snapshot(parcel))
    }

    fn write_ahead_of_snapshot(&self, parcel: &Parcel) -> Result<(), StoreError> {
        if parcel.number == 0 {
            settle_all(self.vault(), self.names())?;
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
        Stamp { next_input, parcels: rows.count(), settled: 0 }.put(self.vault(), batch)?;
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
        let (parcels, rest) = rest.split_first_chunk().unwrap_or((&[0; 4], &[]));
        let settled = rest.first_chunk().copied().unwrap_or_default();
        Self {
            next_input: u64::from_be_bytes(*next_input),
            parcels: u32::from_be_bytes(*parcels),
            settled: u32::from_be_bytes(settled),
        }
    }

    /// The first parcel whose rows are not in their places.
    const fn first(self) -> Option<u32> {
        if self.settled < self.parcels { Some(self.settled) } else { None }
    }

    fn put(self, vault: &Vault, batch: &mut Batch) -> Result<(), StoreError> {
        let Self { next_input, parcels, settled } = self;
        let value = [&next_input.to_be_bytes()[..], &parcels.to_be_bytes(), &settled.to_be_bytes()];
        vault.put(batch, keys::SNAPSHOT, &value.concat())
    }

    fn write(self, vault: &Vault) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        self.put(vault, &mut batch)?;
        vault.database.write(batch)
    }
}

/// At an opening. Where a parcel is damaged, some rows would be of one snapshot and some of another.
pub(super) fn settle_or_forget(vault: &Vault, names: &NamesKey) -> Result<(), StoreError> {
    match settle_all(vault, names) {
        Err(error @ StoreError::Damaged { .. }) => {
            tracing::error!(%error, "what is normal is learned anew from the events that are kept");
            forget(vault)?;
            settle_all(vault, names)
        }
        settled => settled,
    }
}

/// Before another snapshot is begun.
pub(super) fn settle_all(vault: &Vault, names: &NamesKey) -> Result<(), StoreError> {
    while !settle_some(vault, names)? {}
    Ok(())
}

/// Puts the rows of the first parcel that counts in their places; once none is left, does away with
/// those that no commit has named. Whether all is done.
fn settle_some(vault: &Vault, names: &NamesKey) -> Result<bool, StoreError> {
    let stamp = Stamp::of(vault)?;
    if stamp.parcels == FORGOTTEN {
        remove_all(vault, keys::STATE)?;
        remove_all(vault, &[keys::PARCEL])?;
        Stamp::default().write(vault)?;
        return Ok(true);
    }
    let Some(number) = stamp.first() else {
        if stamp.parcels != 0 {
            Stamp { parcels: 0, settled: 0, ..stamp }.write(vault)?;
        }
        remove_all(vault, &[keys::PARCEL])?;
        return Ok(true);
    };
    settle_one(vault, names, number)?;
    Ok(false)
}

fn settle_one(vault: &Vault, names: &NamesKey, number: u32) -> Result<(), StoreError> {
    let name = keys::numbered(keys::PARCEL, u64::from(number));
    let missing = || StoreError::damaged("a parcel of the learned state is missing");
    let parcel = vault.get(&name)?.ok_or_else(missing)?;
    let mut batch = Batch::default();
    for row in rows_in(&parcel)? {
        hidden::put(vault, &mut batch, (names, keys::STATE), &row)?;
    }
    vault.remove(&mut batch, &name)?;
    Stamp { settled: number + 1, ..Stamp::of(vault)? }.put(vault, &mut batch)?;
    vault.database.write(batch)
}

/// From here on nothing of the state counts, whenever it is removed.
fn forget(vault: &Vault) -> Result<(), StoreError> {
    Stamp { parcels: FORGOTTEN, ..Stamp::default() }.write(vault)
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
