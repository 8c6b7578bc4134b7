//! How many addresses use a key within a few hours, counted roughly in a few bytes.

use serde::{Deserialize, Serialize};

use super::{hash_of, place_of};

/// A bit for each address, by its hash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crowd {
    seen: [u64; WORDS],
    bits: u32,
}

const WORDS: usize = 4;
const BITS: u64 = 256;
/// With fewer empty bits the addresses are too many to be counted.
const EMPTY_MIN: u32 = 4;

impl Crowd {
    /// The hash of an address. Whoever has an IPv6 network changes addresses as they like.
    pub fn hash_of(address: &str) -> u64 {
        if address.contains(':') { hash_of(&place_of(address, 0)) } else { hash_of(address) }
    }

    pub fn see(&mut self, hash: u64) {
        let bit = hash % BITS;
        let (word, mask) = ((bit / 64) as usize, 1 << (bit % 64));
        if let Some(word) = self.seen.get_mut(word)
            && *word & mask == 0
        {
            *word |= mask;
            self.bits += 1;
        }
    }

    /// Grows with the addresses: what is looked at before they are counted.
    pub const fn bits(&self) -> u32 {
        self.bits
    }

    /// How many bits so many different addresses set.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 256"
    )]
    pub fn bits_of(addresses: u32) -> u32 {
        if addresses == u32::MAX {
            return u32::MAX;
        }
        (256.0 * (1.0 - (-f64::from(addresses) / 256.0).exp())).ceil() as u32
    }

    /// How many different addresses set so many bits.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and a thousand"
    )]
    pub fn addresses(&self) -> u32 {
        let all = BITS as u32;
        let empty = (all - self.bits.min(all)).max(EMPTY_MIN);
        let all = f64::from(all);
        (all * (all / f64::from(empty)).ln()).round() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(addresses: impl IntoIterator<Item = String>) -> u32 {
        let mut crowd = Crowd::default();
        addresses.into_iter().for_each(|address| crowd.see(Crowd::hash_of(&address)));
        crowd.addresses()
    }

    #[test]
    fn addresses_are_counted_roughly_and_each_once() {
        assert_eq!(seen([]), 0);
        assert_eq!(seen((0..40).map(|_| "192.0.2.7".to_owned())), 1);
        assert!((7..=9).contains(&seen((0..8).map(|last| format!("192.0.2.{last}")))));
        let many = seen((0..300).map(|it| format!("198.51.{}.{it}", it / 250)));
        assert!((250..=350).contains(&many), "{many}");
    }

    #[test]
    fn one_network_of_many_addresses_is_one() {
        assert_eq!(seen((1..90).map(|last| format!("2001:db8:1:2::{last}"))), 1);
    }
}
