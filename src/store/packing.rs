//! Named values, compressed before they are encrypted. Making what compresses costs more than most
//! of them, so that it is kept.

use std::sync::{Mutex, PoisonError};

use zstd::bulk::Compressor;

/// Made when it is first needed.
#[derive(Default)]
pub(super) struct Packing(Mutex<Option<Compressor<'static>>>);

const LEVEL: i32 = 1;

impl Packing {
    /// `None` if it cannot be done.
    pub(super) fn pack(&self, value: &[u8]) -> Option<Vec<u8>> {
        let mut compressor = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if compressor.is_none() {
            *compressor = Compressor::new(LEVEL).ok();
        }
        compressor.as_mut()?.compress(value).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_before_leaves_no_trace() {
        let packing = Packing::default();
        let values = [vec![7; 5000], (0..=u8::MAX).collect(), vec![7; 5000], Vec::new()];
        for value in &values {
            let packed = packing.pack(value).unwrap();
            assert_eq!(packed, zstd::bulk::compress(value, LEVEL).unwrap());
            assert_eq!(zstd::bulk::decompress(&packed, 5000).unwrap(), *value);
        }
    }
}
