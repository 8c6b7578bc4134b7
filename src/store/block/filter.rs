//! Which keys a block may hold, in a few bytes: blocks without a wanted key are not read.

use serde::{Deserialize, Serialize};

use crate::model::Dictionary;

/// A Bloom filter. Without bits it may hold any key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyFilter {
    bits: Vec<u8>,
}

const BITS_PER_KEY: usize = 10;
const PROBES: u64 = 4;
/// More keys than this fit into no small filter.
const BYTES_MAX: usize = 512;

impl KeyFilter {
    pub(super) fn of(keys: &Dictionary) -> Self {
        let bytes = (keys.len() * BITS_PER_KEY).div_ceil(8);
        if BYTES_MAX < bytes {
            return Self::default();
        }
        let mut filter = Self { bits: vec![0; bytes] };
        for key in keys.values().skip(1) {
            for bit in probes(key, bytes) {
                if let Some(byte) = filter.bits.get_mut(bit / 8) {
                    *byte |= 1 << (bit % 8);
                }
            }
        }
        filter
    }

    pub(super) fn may_hold(&self, key: &str) -> bool {
        let is_set =
            |bit: usize| self.bits.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1);
        self.bits.is_empty() || probes(key, self.bits.len()).all(is_set)
    }
}

fn probes(key: &str, bytes: usize) -> impl Iterator<Item = usize> {
    let hash = hash_of(key);
    let (low, high) = (hash & 0xffff_ffff, hash >> 32 | 1);
    let bits = (bytes.max(1) * 8) as u64;
    let place = move |probe: u64| low.wrapping_add(probe.wrapping_mul(high)) % bits;
    (0..PROBES).map(move |probe| usize::try_from(place(probe)).unwrap_or(0))
}

/// FNV-1a with a last stir: the same on every machine and in every version.
fn hash_of(key: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_the_block_is_always_found_and_others_are_rare() {
        let mut keys = Dictionary::default();
        for number in 0..200 {
            keys.number_of(&format!("k_{number:06}"));
        }
        let filter = KeyFilter::of(&keys);
        assert!(keys.values().skip(1).all(|key| filter.may_hold(key)));
        let wrong = (0..10_000).filter(|n| filter.may_hold(&format!("other_{n}"))).count();
        assert!(wrong < 300, "{wrong} of 10,000 unknown keys seem to be there");
    }

    #[test]
    fn a_filter_over_too_many_keys_turns_nobody_away() {
        let mut keys = Dictionary::default();
        for number in 0..5000 {
            keys.number_of(&format!("k_{number}"));
        }
        assert!(KeyFilter::of(&keys).may_hold("anything"));
    }
}
