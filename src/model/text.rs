//! A column of text: every distinct value once, and a number for each row.

use ahash::RandomState;
use hashbrown::HashTable;

/// Distinct values in the order of their first use. Number 0 is always the empty text,
/// which stands for "absent".
#[derive(Clone, Debug)]
pub struct Dictionary {
    bytes: Vec<u8>,
    /// Where each value ends in `bytes`.
    ends: Vec<u32>,
    numbers: HashTable<u32>,
    hasher: RandomState,
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
        Self { bytes: Vec::new(), ends: vec![0], numbers: HashTable::new(), hasher }
    }
}

impl Dictionary {
    /// The number of `value`, which is added if it is new.
    pub fn number_of(&mut self, value: &str) -> u32 {
        if value.is_empty() {
            return 0;
        }
        let Self { bytes, ends, numbers, hasher } = self;
        let hash = hasher.hash_one(value.as_bytes());
        let is_value = |&number: &u32| slice_of(bytes, ends, number) == value.as_bytes();
        if let Some(&number) = numbers.find(hash, is_value) {
            return number;
        }
        let number = u32::try_from(ends.len()).unwrap_or(0);
        bytes.extend_from_slice(value.as_bytes());
        ends.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        numbers
            .insert_unique(hash, number, |&number| hasher.hash_one(slice_of(bytes, ends, number)));
        number
    }

    /// The value with that number; empty if there is none.
    pub fn value(&self, number: u32) -> &str {
        std::str::from_utf8(slice_of(&self.bytes, &self.ends, number)).unwrap_or("")
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

    /// Bytes held, without the table.
    pub fn bytes_held(&self) -> usize {
        self.bytes.len() + self.ends.len() * size_of::<u32>()
    }
}

impl TextColumn {
    pub fn push(&mut self, value: &str) {
        let number = self.dictionary.number_of(value);
        self.rows.push(number);
    }

    /// Like `push`, but quicker if the value has the number `hint`, as it had in an
    /// earlier row. Gives the number.
    pub fn push_hinted(&mut self, value: &str, hint: u32) -> u32 {
        let known = self.dictionary.value(hint) == value;
        let number = if known { hint } else { self.dictionary.number_of(value) };
        self.rows.push(number);
        number
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

fn slice_of<'a>(bytes: &'a [u8], ends: &[u32], number: u32) -> &'a [u8] {
    let number = number as usize;
    let end = ends.get(number).copied().unwrap_or(0) as usize;
    let start = match number.checked_sub(1) {
        Some(before) => ends.get(before).copied().unwrap_or(0) as usize,
        None => 0,
    };
    bytes.get(start..end).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(column.dictionary.values().collect::<Vec<_>>(), ["", "a", "bc"]);
    }
}
