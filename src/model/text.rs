//! A column of text: every distinct value once, and a number for each row.

use std::fmt;
use std::hash::BuildHasher as _;
use std::hash::Hasher as _;
use std::ops::Range;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use ahash::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::short::is_same;

/// Distinct values in the order of their first use. Number 0 is always the empty text,
/// which stands for "absent".
#[derive(Clone, Debug)]
pub struct Dictionary {
    text: String,
    /// Where each value ends in `text`.
    ends: Vec<u32>,
    /// Of all values, or of none as long as nobody looks for one.
    numbers: HashTable<u32>,
    hasher: RandomState,
    serial: Serial,
}

/// Tells a dictionary from all others of this process, its own copies among them.
struct Serial(u64);

/// The number of a value that comes again and again, and the dictionary that gave it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seat {
    serial: u64,
    number: u32,
}

/// One value for each row, as a number of the dictionary.
#[derive(Clone, Debug, Default)]
pub struct TextColumn {
    pub dictionary: Dictionary,
    pub rows: Vec<u32>,
}

/// The seed of the tables that live only as long as a batch. Attackers choose the
/// values, but not more of them than a batch has rows.
const SEEDS: [u64; 4] = [0x6b65_7976, 0x6967_696c, 0x6469_6374, 0x696f_6e61];

impl Default for Dictionary {
    fn default() -> Self {
        let [a, b, c, d] = SEEDS;
        let hasher = RandomState::with_seeds(a, b, c, d);
        let (text, ends, numbers) = (String::new(), vec![0], HashTable::new());
        Self { text, ends, numbers, hasher, serial: Serial::default() }
    }
}

impl Default for Serial {
    fn default() -> Self {
        // No dictionary has 0: that is a seat's which was never taken.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl fmt::Debug for Serial {
    /// Without the number, which says nothing of what is in the dictionary.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serial").finish_non_exhaustive()
    }
}

impl Clone for Serial {
    /// A copy gets values of its own, under the same numbers.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Dictionary {
    /// Of values that are known to be distinct: they stand in `text` one behind the other, the
    /// empty one first.
    pub fn of_distinct(text: String, ends: Vec<u32>) -> Self {
        Self { text, ends, ..Self::default() }
    }

    /// The number of `value`, which is added if it is new.
    pub fn number_of(&mut self, value: &str) -> u32 {
        if value.is_empty() {
            return 0;
        }
        if self.numbers.len() + 1 < self.ends.len() {
            self.look_up();
        }
        let Self { text, ends, numbers, hasher, .. } = self;
        let hash = hash_of(hasher, value.as_bytes());
        let is_value = |&number: &u32| is_same(slice_of(text, ends, number), value.as_bytes());
        let rehash = |&number: &u32| hash_of(hasher, slice_of(text, ends, number));
        match numbers.entry(hash, is_value, rehash) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                let number = u32::try_from(ends.len()).unwrap_or(0);
                place.insert(number);
                text.push_str(value);
                ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
                number
            }
        }
    }

    /// Makes the table, because a value is looked for.
    #[cold]
    fn look_up(&mut self) {
        let Self { text, ends, numbers, hasher, .. } = self;
        let hash = |number: u32| hash_of(hasher, slice_of(text, ends, number));
        numbers.clear();
        numbers.reserve(ends.len(), |&number| hash(number));
        for number in (0u32..).take(ends.len()).skip(1) {
            numbers.insert_unique(hash(number), number, |&number| hash(number));
        }
    }

    /// The number of `value`, if it is known.
    pub fn find(&self, value: &str) -> Option<u32> {
        if value.is_empty() {
            return Some(0);
        }
        if self.numbers.is_empty() {
            return (0u32..).zip(self.values()).find(|(_, known)| *known == value).map(|it| it.0);
        }
        let hash = hash_of(&self.hasher, value.as_bytes());
        let is_value = |&number: &u32| is_same(self.bytes_of(number), value.as_bytes());
        self.numbers.find(hash, is_value).copied()
    }

    /// The value with that number; empty if there is none.
    pub fn value(&self, number: u32) -> &str {
        self.text.get(range_of(&self.ends, number)).unwrap_or("")
    }

    fn bytes_of(&self, number: u32) -> &[u8] {
        slice_of(&self.text, &self.ends, number)
    }

    /// How many values there are, the empty one included.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is nothing but the empty value.
    pub fn is_empty(&self) -> bool {
        self.ends.len() == 1
    }

    /// Every value with its number, from 0.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        (0u32..).take(self.len()).map(|number| self.value(number))
    }

    /// All values, one behind the other.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many bytes each value has, from number 0.
    pub fn lengths(&self) -> impl Iterator<Item = u64> {
        let starts = std::iter::once(&0).chain(&self.ends);
        self.ends.iter().zip(starts).map(|(end, start)| u64::from(end.saturating_sub(*start)))
    }

    /// Bytes held, without the table.
    pub fn bytes_held(&self) -> usize {
        self.text.len() + self.ends.len() * size_of::<u32>()
    }
}

impl TextColumn {
    /// An empty column, with room for as much as this one holds.
    #[must_use]
    pub fn empty_alike(&self) -> Self {
        let Dictionary { text, ends, hasher, .. } = &self.dictionary;
        let mut empty = Dictionary::default();
        empty.text.reserve(text.len());
        empty.ends.reserve(ends.len());
        empty.numbers.reserve(ends.len(), |&number| hasher.hash_one(number));
        Self { dictionary: empty, rows: Vec::with_capacity(self.rows.len()) }
    }

    /// Nothing is left but its room.
    pub fn empty(&mut self) {
        let Dictionary { text, ends, numbers, serial, .. } = &mut self.dictionary;
        text.clear();
        ends.truncate(1);
        numbers.clear();
        *serial = Serial::default();
        self.rows.clear();
    }

    pub fn push(&mut self, value: &str) {
        let number = self.dictionary.number_of(value);
        self.rows.push(number);
    }

    /// Up to so many rows, those that are missing have no value.
    #[inline]
    pub fn fill_up(&mut self, rows: usize) {
        if self.rows.len() < rows {
            self.rows.resize(rows, 0);
        }
    }

    /// Like `push`, but quicker if the value has the number `hint`, as it had in an
    /// earlier row. Gives the number.
    #[inline]
    pub fn push_hinted(&mut self, value: &str, hint: u32) -> u32 {
        if self.push_known(value.as_bytes(), hint) {
            return hint;
        }
        let number = self.dictionary.number_of(value);
        self.rows.push(number);
        number
    }

    /// Like `push`, without a look at a value that has its seat in this column already.
    #[inline]
    pub fn push_seated(&mut self, value: &str, seat: &mut Seat) {
        let serial = self.dictionary.serial.0;
        if seat.serial != serial {
            *seat = Seat { serial, number: self.dictionary.number_of(value) };
        }
        self.rows.push(seat.number);
    }

    /// Adds the value with this number, if it is made of these bytes.
    #[inline]
    pub fn push_known(&mut self, bytes: &[u8], number: u32) -> bool {
        let is_known = is_same(self.dictionary.bytes_of(number), bytes);
        if is_known {
            self.rows.push(number);
        }
        is_known
    }

    /// The value of a row; empty if it is absent.
    pub fn get(&self, row: usize) -> &str {
        self.dictionary.value(self.number(row))
    }

    pub fn number(&self, row: usize) -> u32 {
        self.rows.get(row).copied().unwrap_or(0)
    }
}

impl PartialEq for TextColumn {
    fn eq(&self, other: &Self) -> bool {
        self.rows.len() == other.rows.len()
            && (0..self.rows.len()).all(|row| self.get(row) == other.get(row))
    }
}

/// Of the bytes alone: how many they are is part of their hash.
#[inline]
fn hash_of(hasher: &RandomState, bytes: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(bytes);
    state.finish()
}

fn slice_of<'a>(text: &'a str, ends: &[u32], number: u32) -> &'a [u8] {
    text.as_bytes().get(range_of(ends, number)).unwrap_or(&[])
}

/// Where a value stands; nowhere if there is none with that number.
fn range_of(ends: &[u32], number: u32) -> Range<usize> {
    let number = number as usize;
    let end = ends.get(number).copied().unwrap_or(0) as usize;
    let start = match number.checked_sub(1) {
        Some(before) => ends.get(before).copied().unwrap_or(0) as usize,
        None => 0,
    };
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_changes_nothing_but_the_speed() {
        let (mut plain, mut hinted) = (TextColumn::default(), TextColumn::default());
        let mut hint = 7;
        for value in ["a", "a", "bc", "", "bc", "a long value of more than eight", "a"] {
            plain.push(value);
            hint = hinted.push_hinted(value, hint);
        }
        assert_eq!(plain, hinted);
        assert_eq!(plain.rows, hinted.rows);
    }

    #[test]
    fn a_seat_is_good_in_its_own_column_alone() {
        let (mut one, mut other) = (TextColumn::default(), TextColumn::default());
        let mut seat = Seat::default();
        one.push("z");
        for _ in 0..2 {
            one.push_seated("a", &mut seat);
            other.push_seated("a", &mut seat);
        }
        let mut copy = one.clone();
        one.push("b");
        copy.push("c");
        let mut seat = Seat::default();
        one.push_seated("b", &mut seat);
        copy.push_seated("b", &mut seat);
        assert_eq!(
            [&one.rows, &other.rows, &copy.rows],
            [&vec![1, 2, 2, 3, 3], &vec![1, 1], &vec![1, 2, 2, 3, 4],]
        );
    }

    #[test]
    fn an_emptied_column_knows_nothing_of_what_was_in_it() {
        let (mut column, mut seat) = (TextColumn::default(), Seat::default());
        column.push("a");
        column.push_seated("b", &mut seat);
        column.empty();
        assert_eq!(column, TextColumn::default());
        column.push_seated("b", &mut seat);
        column.push("a");
        assert_eq!((&*column.rows, column.get(0), column.get(1)), (&[1, 2][..], "b", "a"));
        assert_eq!(column.dictionary.find("c"), None);
    }

    #[test]
    fn values_of_one_length_are_told_apart() {
        let mut column = TextColumn::default();
        for value in ["abcdefgh1", "abcdefgh2", "bbcdefgh1", "abcdefgh", "abcdefgi"] {
            column.push(value);
        }
        assert_eq!(column.rows, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_dictionary_that_was_read_finds_its_values() {
        let read = || Dictionary::of_distinct("abc".to_owned(), vec![0, 1, 3]);
        assert_eq!(["bc", "c", ""].map(|it| read().find(it)), [Some(2), None, Some(0)]);
        let mut dictionary = read();
        assert_eq!(["bc", "d", "a", "d"].map(|it| dictionary.number_of(it)), [2, 3, 1, 3]);
    }

    #[test]
    fn a_value_is_kept_once_and_found_again() {
        let mut column = TextColumn::default();
        for value in ["a", "", "bc", "a", "bc"] {
            column.push(value);
        }
        assert_eq!(column.rows, [1, 0, 2, 1, 2]);
        assert_eq!(column.get(4), "bc");
        assert_eq!(column.get(1), "");
        assert_eq!(column.get(99), "");
        assert_eq!(["", "bc", "b"].map(|it| column.dictionary.find(it)), [Some(0), Some(2), None]);
        assert_eq!(column.dictionary.values().collect::<Vec<_>>(), ["", "a", "bc"]);
    }
}
