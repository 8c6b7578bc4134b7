//! The layout: which keys of the one tree hold what.

use std::ops::RangeInclusive;

/// A part of a block: block id, part.
pub(super) const BLOCK: u8 = b'b';
/// The header of a block: block id.
pub(super) const HEADER: u8 = b'h';
/// An input of the engine that is no block: its number.
pub(super) const INPUT: u8 = b'j';
/// How far a source was read: a hash of its name.
pub(super) const POSITION: &[u8] = b"l";
/// As it stood before names were hidden: its name.
pub(super) const POSITION_IN_THE_OPEN: &[u8] = b"p";
/// A piece of the engine's state as of the last snapshot: a hash of its name.
pub(super) const STATE: &[u8] = b"t:";
/// As it stood before names were hidden: its name.
pub(super) const STATE_IN_THE_OPEN: &[u8] = b"s:";
/// The input that the snapshot stands before, and how many parcels belong to it.
pub(super) const SNAPSHOT: &[u8] = b"s!";
/// Rows of the engine's state on their way to their places: a number.
pub(super) const PARCEL: u8 = b'u';
pub(super) const INCIDENT: &[u8] = b"i";
/// A stale credential: a hash of whose it is, and of what kind.
pub(super) const STALE: &[u8] = b"g";
pub(super) const STALE_IN_THE_OPEN: &[u8] = b"f";
/// A notice that is to be told, or was.
pub(super) const OUTBOX: &[u8] = b"n";
pub(super) const META: &[u8] = b"m";
/// Where the logs stood at a snapshot: the number of the first input that it does not know.
pub(super) const CHECKPOINT: u8 = b'q';
/// What the reading stage remembers: a hash of its name.
pub(super) const MEMORY: &[u8] = b"k";
pub(super) const MEMORY_IN_THE_OPEN: &[u8] = b"r";
/// An entry of the audit journal: its number.
pub(super) const JOURNAL: u8 = b'a';

/// A name under a prefix.
pub(super) fn name(prefix: &[u8], name: &[u8]) -> Vec<u8> {
    [prefix, name].concat()
}

/// A number under a prefix; the order of the keys is that of the numbers.
pub(super) fn numbered(prefix: u8, number: u64) -> Vec<u8> {
    let mut key = Vec::with_capacity(9);
    key.push(prefix);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

pub(super) fn block_part(number: u64, part: u16) -> Vec<u8> {
    let mut key = Vec::with_capacity(11);
    key.push(BLOCK);
    key.extend_from_slice(&number.to_be_bytes());
    key.extend_from_slice(&part.to_be_bytes());
    key
}

/// The number in a key made by [`numbered`], or by something that begins like it.
pub(super) fn number_in(key: &[u8]) -> Option<u64> {
    key.get(1..)?.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

/// The key of a part of a named value. A zero stands between, so that parts of one name
/// lie together.
pub(super) fn part_of(name: &[u8], part: u16) -> Vec<u8> {
    let mut key = Vec::with_capacity(name.len() + 3);
    key.extend_from_slice(name);
    key.push(0);
    key.extend_from_slice(&part.to_be_bytes());
    key
}

/// The name and the part, of a key made by [`part_of`].
pub(super) fn split_part(key: &[u8]) -> Option<(&[u8], u16)> {
    let (rest, part) = key.split_last_chunk::<2>()?;
    let (_zero, name) = rest.split_last()?;
    Some((name, u16::from_be_bytes(*part)))
}

/// All keys that begin with a prefix. The highest is one that no name can reach.
pub(super) fn under(prefix: &[u8]) -> RangeInclusive<Vec<u8>> {
    let highest = [prefix, &[0xff; 64]].concat();
    prefix.to_vec()..=highest
}

/// All keys from one on, whatever they hold.
pub(super) fn from(key: &[u8]) -> RangeInclusive<Vec<u8>> {
    key.to_vec()..=vec![0xff; 64]
}

/// All keys of one prefix whose number lies between two, both included.
pub(super) fn between(prefix: u8, from: u64, to: u64) -> RangeInclusive<Vec<u8>> {
    let mut highest = numbered(prefix, to);
    highest.extend_from_slice(&[0xff; 8]);
    numbered(prefix, from)..=highest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_order() {
        assert!(numbered(HEADER, 255) < numbered(HEADER, 256));
        assert!(block_part(1, 999) < block_part(2, 0));
        assert_eq!(number_in(&block_part(77, 3)), Some(77));
        assert!(between(BLOCK, 1, 2).contains(&block_part(2, u16::MAX)));
        assert!(!between(BLOCK, 1, 2).contains(&block_part(3, 0)));
    }

    #[test]
    fn a_part_knows_its_name() {
        let name = name(POSITION, b"/var/log/nginx/access.log");
        let key = part_of(&name, 300);
        assert_eq!(split_part(&key), Some((&name[..], 300)));
        assert!(under(POSITION).contains(&key));
    }
}
