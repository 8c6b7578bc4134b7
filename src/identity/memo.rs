//! What was worked out for a value once, so that the next line with it costs one lookup.

use ahash::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// Values by the bytes that they were made from. Forgets all when it is full: what is
/// still in use comes back with the next line. It holds secrets, so it cannot be printed.
pub(super) struct Memo<V> {
    table: HashTable<(Box<[u8]>, V)>,
    hasher: RandomState,
    bytes_held: usize,
}

const ENTRIES_MAX: usize = 65_536;
const BYTES_MAX: usize = 8 << 20;

impl<V> Memo<V> {
    pub(super) fn new([a, b, c, d]: [u64; 4]) -> Self {
        let hasher = RandomState::with_seeds(a, b, c, d);
        Self { table: HashTable::new(), hasher, bytes_held: 0 }
    }

    /// The value of these bytes, made if it is not known.
    pub(super) fn of(&mut self, raw: &[u8], make: impl FnOnce() -> V) -> &mut V {
        if ENTRIES_MAX <= self.table.len() || BYTES_MAX < self.bytes_held {
            self.clear();
        }
        let Self { table, hasher, bytes_held } = self;
        let hash = hasher.hash_one(raw);
        let is_same = |entry: &(Box<[u8]>, V)| *entry.0 == *raw;
        match table.entry(hash, is_same, |entry| hasher.hash_one(&*entry.0)) {
            Entry::Occupied(entry) => &mut entry.into_mut().1,
            Entry::Vacant(entry) => {
                *bytes_held += raw.len();
                &mut entry.insert((raw.into(), make())).into_mut().1
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.table.clear();
        self.bytes_held = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once() {
        let mut memo = Memo::new([1, 2, 3, 4]);
        assert_eq!(*memo.of(b"a", || 1), 1);
        assert_eq!(*memo.of(b"a", || 2), 1);
        assert_eq!(*memo.of(b"b", || 3), 3);
    }

    #[test]
    fn it_never_grows_past_its_limit() {
        let mut memo = Memo::new([1, 2, 3, 4]);
        for number in 0..2 * ENTRIES_MAX + 10 {
            memo.of(&number.to_be_bytes(), || ());
        }
        assert!(memo.table.len() <= ENTRIES_MAX);
        let long = vec![b'x'; BYTES_MAX];
        memo.of(&long, || ());
        memo.of(b"next", || ());
        memo.of(b"after", || ());
        assert!(memo.bytes_held < BYTES_MAX);
    }
}
