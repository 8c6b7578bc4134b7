//! What is known about a block without reading it: its times, rows, keys and checksum.

use serde::{Deserialize, Serialize};

use super::BlockError;
use super::filter::KeyFilter;
use crate::model::{EventBatch, Timestamp};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The form of the block's columns.
    form: u8,
    pub first: Timestamp,
    pub last: Timestamp,
    pub rows: u32,
    /// Length of the block in bytes.
    pub bytes: u32,
    checksum: [u8; 16],
    keys: KeyFilter,
}

/// The form that is written, and the newest that can be read.
const FORM: u8 = 3;

impl Header {
    pub(super) fn of(batch: &EventBatch, block: &[u8], keys: KeyFilter) -> Self {
        Self {
            form: FORM,
            first: Timestamp(batch.time.iter().copied().min().unwrap_or(0)),
            last: Timestamp(batch.time.iter().copied().max().unwrap_or(0)),
            rows: u32::try_from(batch.len()).unwrap_or(u32::MAX),
            bytes: u32::try_from(block.len()).unwrap_or(u32::MAX),
            checksum: checksum(block),
            keys,
        }
    }

    /// Whether the block may hold an event of that key.
    pub fn may_hold_key(&self, key: &str) -> bool {
        self.keys.may_hold(key)
    }

    /// Whether a time of the block may lie in `from <= time && time < until`.
    pub fn overlaps(&self, from: Timestamp, until: Timestamp) -> bool {
        from <= self.last && self.first < until
    }

    #[cfg(test)]
    pub(super) fn pretend_for_tests(&mut self, block: &[u8]) {
        self.checksum = checksum(block);
        self.bytes = u32::try_from(block.len()).unwrap_or(0);
    }

    /// Whether it can be read at all.
    pub(super) const fn check_form(&self) -> Result<(), BlockError> {
        if FORM < self.form {
            return Err(BlockError::Newer(self.form));
        }
        if ROWS_MAX < self.rows {
            return Err(BlockError::Damaged("it claims more rows than a block may have"));
        }
        Ok(())
    }

    /// Whether these are the bytes of the block, all of them.
    pub(super) fn verify(&self, block: &[u8]) -> Result<(), BlockError> {
        self.check_form()?;
        if self.bytes as usize != block.len() || self.checksum != checksum(block) {
            return Err(BlockError::Damaged("its checksum differs"));
        }
        Ok(())
    }
}

/// Generous: a batch is cut at 8,192 rows, behind the line that filled it.
const ROWS_MAX: u32 = 1 << 16;

fn checksum(block: &[u8]) -> [u8; 16] {
    let hash = blake3::hash(block);
    let mut short = [0; 16];
    for (to, from) in short.iter_mut().zip(hash.as_bytes()) {
        *to = *from;
    }
    short
}
