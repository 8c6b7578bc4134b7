//! Rows of the engine's state on their way to the disk, packed as they come: those of a hundred
//! thousand keys take a small part of their room while they wait to be written.

use std::fmt;

use super::{StoreError, vault};
use crate::engine::StateRow;

/// Rows in the order in which they came.
#[derive(Clone, Default)]
pub struct Parcels {
    /// So many went ahead.
    ahead: u32,
    packed: Vec<Parcel>,
    /// Rows that are not packed yet, one after the other.
    open: Vec<u8>,
}

/// Some rows, and which parcel of the snapshot they are.
#[derive(Clone)]
pub struct Parcel {
    pub(super) number: u32,
    pub(super) packed: Vec<u8>,
}

/// So much goes into one. Smaller ones are more writes, larger ones more memory for each. Of tests even a
/// small state is to have several.
const PARCEL_BYTES: usize = if cfg!(test) { 16 << 10 } else { 256 << 10 };

impl Parcels {
    /// Of one id one row: those that are packed are put in their places after those that are not.
    pub fn push(&mut self, row: &StateRow) {
        // A row is texts and bytes: nothing of it cannot be written.
        self.open = postcard::to_extend(row, std::mem::take(&mut self.open)).unwrap_or_default();
        if PARCEL_BYTES <= self.open.len() {
            let packed = vault::packed(&self.open);
            self.packed.push(Parcel { number: self.count(), packed });
            self.open.clear();
        }
    }

    /// The first parcel, which may be written before the others are packed.
    pub fn send_ahead(&mut self) -> Option<Parcel> {
        if self.packed.is_empty() {
            return None;
        }
        self.ahead += 1;
        Some(self.packed.remove(0))
    }

    /// With those that went ahead.
    pub(super) fn count(&self) -> u32 {
        self.ahead.saturating_add(u32::try_from(self.packed.len()).unwrap_or(u32::MAX))
    }

    /// What is not worth a parcel of its own.
    pub(super) fn rest(&self) -> Result<Vec<StateRow>, StoreError> {
        rows_in(&self.open)
    }

    pub(super) fn packed(&self) -> &[Parcel] {
        &self.packed
    }
}

impl Extend<StateRow> for Parcels {
    fn extend<T: IntoIterator<Item = StateRow>>(&mut self, rows: T) {
        rows.into_iter().for_each(|row| self.push(&row));
    }
}

impl FromIterator<StateRow> for Parcels {
    fn from_iter<T: IntoIterator<Item = StateRow>>(rows: T) -> Self {
        let mut parcels = Self::default();
        parcels.extend(rows);
        parcels
    }
}

impl fmt::Debug for Parcels {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} parcels and {} bytes", self.count(), self.open.len())
    }
}

impl fmt::Debug for Parcel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "parcel {} of {} bytes", self.number, self.packed.len())
    }
}

/// The rows of a parcel, unpacked.
pub(super) fn rows_in(mut bytes: &[u8]) -> Result<Vec<StateRow>, StoreError> {
    let mut rows = Vec::new();
    while !bytes.is_empty() {
        let (row, rest) = postcard::take_from_bytes(bytes)
            .map_err(|_form| StoreError::damaged("a parcel of the learned state cannot be read"))?;
        rows.push(row);
        bytes = rest;
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_out_of_their_parcels_as_they_went_in() {
        let row = |number: usize| StateRow {
            id: format!("key/{number}"),
            value: (!number.is_multiple_of(7))
                .then(|| vec![number.to_le_bytes()[0]; number % 5000]),
        };
        let rows: Vec<StateRow> = (0..2000).map(row).collect();
        let parcels: Parcels = rows.iter().cloned().collect();
        assert!(3 < parcels.packed().len());
        let packed: usize = parcels.packed().iter().map(|parcel| parcel.packed.len()).sum();
        assert!(packed * 10 < rows.len() * 2500, "{packed}");
        let mut unpacked = Vec::new();
        for parcel in parcels.packed() {
            unpacked.extend(rows_in(&vault::unpacked(&parcel.packed).unwrap()).unwrap());
        }
        unpacked.extend(parcels.rest().unwrap());
        assert_eq!(unpacked, rows);
        assert!(rows_in(&[200, 1]).is_err());
    }
}
