//! What was worked out for a value once, so that the next line with it costs one lookup.

use ahash::RandomState;
use hashbrown::HashTable;

use crate::model::is_same;
use crate::model::short::word_of_few;

/// Values by the bytes that they were made from. Forgets all when it is full: what is
/// still in use comes back with the next line. It holds secrets, so it cannot be printed.
pub(super) struct Memo<V> {
    entries: Vec<Entry<V>>,
    /// Of no bytes at all.
    nothing: Option<V>,
    /// Their numbers, by the hash of their bytes.
    table: HashTable<u32>,
    /// The number of one that was asked for lately, by its form: most lines have the values of
    /// lines shortly before.
    lately: Box<[u16; LATELY]>,
    hasher: RandomState,
    bytes_held: usize,
}

struct Entry<V> {
    form: Form,
    raw: Box<[u8]>,
    value: V,
}

/// How many bytes there are, and the first and the last of them. Of few it says all.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Form {
    bytes: usize,
    first: u64,
    last: u64,
}

const ENTRIES_MAX: usize = 65_536;
const BYTES_MAX: usize = 8 << 20;
/// A power of two.
const LATELY: usize = 2048;
/// An entry with such a number is looked up each time.
const NONE: u16 = u16::MAX;

impl<V> Memo<V> {
    pub(super) fn new([a, b, c, d]: [u64; 4]) -> Self {
        let hasher = RandomState::with_seeds(a, b, c, d);
        let lately = Box::new([NONE; LATELY]);
        let (entries, table) = (Vec::new(), HashTable::new());
        Self { entries, nothing: None, table, lately, hasher, bytes_held: 0 }
    }

    /// The value of these bytes, made if it is not known.
    #[expect(
        clippy::indexing_slicing,
        reason = "a place is less than LATELY, number_of gives an entry"
    )]
    pub(super) fn of(&mut self, raw: &[u8], make: impl FnOnce() -> V) -> &mut V {
        if ENTRIES_MAX <= self.entries.len() || BYTES_MAX < self.bytes_held {
            self.clear();
        }
        // The address of a line that has none.
        if raw.is_empty() {
            return self.nothing.get_or_insert_with(make);
        }
        let form = Form::of(raw);
        let place = form.place(raw);
        let mut number = usize::from(self.lately[place]);
        if !self.entries.get(number).is_some_and(|entry| entry.is_of(form, raw)) {
            number = self.number_of(form, raw, make) as usize;
            self.lately[place] = u16::try_from(number).unwrap_or(NONE);
        }
        &mut self.entries[number].value
    }

    fn number_of(&mut self, form: Form, raw: &[u8], make: impl FnOnce() -> V) -> u32 {
        let Self { entries, table, hasher, bytes_held, .. } = self;
        let hash = hasher.hash_one(raw);
        let is_known =
            |number: u32| entries.get(number as usize).is_some_and(|entry| entry.is_of(form, raw));
        if let Some(number) = table.find(hash, |&number| is_known(number)) {
            return *number;
        }
        // There are no more entries than ENTRIES_MAX.
        let number = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let bytes_of = |number: u32| entries.get(number as usize).map_or(&[][..], |it| &*it.raw);
        table.insert_unique(hash, number, |&number| hasher.hash_one(bytes_of(number)));
        *bytes_held += raw.len();
        entries.push(Entry { form, raw: raw.into(), value: make() });
        number
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.nothing = None;
        self.table.clear();
        self.lately.fill(NONE);
        self.bytes_held = 0;
    }
}

impl<V> Entry<V> {
    #[inline]
    fn is_of(&self, form: Form, raw: &[u8]) -> bool {
        self.form == form && (form.says_all() || is_same(&self.raw, raw))
    }
}

impl Form {
    #[inline]
    pub(super) fn of(raw: &[u8]) -> Self {
        let (first, last) = match (raw.first_chunk(), raw.last_chunk()) {
            (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
            _ => (word_of_few(raw), 0),
        };
        Self { bytes: raw.len(), first, last }
    }

    /// The first eight and the last eight overlap, or meet.
    const fn says_all(self) -> bool {
        self.bytes <= 16
    }

    /// Where in `lately`: of a long text the middle counts, too.
    #[inline]
    pub(super) fn place(self, raw: &[u8]) -> usize {
        let middle = raw.get(raw.len() / 2..).and_then(|rest| rest.first_chunk());
        let middle = middle.map_or(0, |word| u64::from_le_bytes(*word));
        let word = self.first ^ self.last.rotate_left(21) ^ middle.rotate_left(42);
        let mixed = (word ^ self.bytes as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // The upper bits are the best mixed.
        usize::from((mixed >> (u64::BITS - u16::BITS)) as u16) >> (u16::BITS - LATELY.ilog2())
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
    fn values_that_are_nearly_alike_are_told_apart() {
        let mut memo = Memo::new([1, 2, 3, 4]);
        let texts =
            ["a", "b", "ab", "abcdefgh", "abcdefghi", "abcdefgh-abcdefg", "abcdefgh+abcdefg"];
        let long = ["abcdefgh-1-abcdefgh", "abcdefgh-2-abcdefgh", "abcdefgh-1--abcdefgh"];
        for _ in 0..2 {
            for (number, text) in texts.iter().chain(&long).enumerate() {
                assert_eq!(*memo.of(text.as_bytes(), || number), number, "{text}");
            }
        }
    }

    #[test]
    fn it_never_grows_past_its_limit() {
        let mut memo = Memo::new([1, 2, 3, 4]);
        for number in 0..2 * ENTRIES_MAX + 10 {
            memo.of(&number.to_be_bytes(), || ());
        }
        assert!(memo.entries.len() <= ENTRIES_MAX);
        let long = vec![b'x'; BYTES_MAX];
        memo.of(&long, || ());
        memo.of(b"next", || ());
        memo.of(b"after", || ());
        assert!(memo.bytes_held < BYTES_MAX);
    }
}
