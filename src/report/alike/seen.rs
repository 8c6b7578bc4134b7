//! The values of a column, each once and with a number.

use hashbrown::HashMap;
use polars::prelude::{Column as Series, PolarsResult};

use super::super::values;
use crate::model::{Dictionary, EventBatch};

pub(super) enum Seen {
    Texts { dictionary: Dictionary, known: Vec<u32> },
    Numbers(Numbers),
}

/// Numbers in the order in which they first came.
pub(super) struct Numbers {
    values: Vec<u64>,
    /// Where the small ones are, one more than their place.
    small: Vec<u32>,
    others: HashMap<u64, u32, ahash::RandomState>,
}

/// Statuses are.
const SMALL: usize = 1 << 10;
/// What a value takes in a hash table that is full, or half full.
const HASHED_BYTES: usize = 24;
/// The table lives as long as a question.
const SEEDS: [u64; 4] = [0x6b65_7976, 0x6967_696c, 0x616c_696b, 0x7365_656e];

impl Seen {
    pub(super) fn of(name: &str) -> Self {
        if values::is_text(name) {
            return Self::Texts { dictionary: Dictionary::default(), known: Vec::new() };
        }
        let [a, b, c, d] = SEEDS;
        let others = HashMap::with_hasher(ahash::RandomState::with_seeds(a, b, c, d));
        Self::Numbers(Numbers { values: Vec::new(), small: vec![0; SMALL], others })
    }

    /// How many there are, or may be: also texts that are in no row have a number.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Texts { dictionary, .. } => dictionary.len(),
            Self::Numbers(numbers) => numbers.values.len(),
        }
    }

    pub(super) fn text_bytes(&self) -> usize {
        match self {
            Self::Texts { dictionary, .. } => dictionary.text().len(),
            Self::Numbers(_) => 0,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let each = match self {
            Self::Texts { .. } => size_of::<u32>() + HASHED_BYTES / 2,
            Self::Numbers(_) => size_of::<u64>() + HASHED_BYTES,
        };
        self.len() * each + self.text_bytes()
    }

    /// The numbers that the values of a batch have. `raw` is room.
    pub(super) fn append(
        &mut self,
        (name, batch): (&str, &EventBatch),
        raw: &mut Vec<u64>,
        rows: &mut Vec<u32>,
    ) {
        match self {
            Self::Texts { dictionary, known } => {
                values::numbers_of_texts(dictionary, known, (name, batch), rows);
            }
            Self::Numbers(numbers) => {
                raw.clear();
                values::append_numbers(raw, name, batch);
                let mut last = (u64::MAX, u32::MAX);
                rows.extend(raw.iter().map(|&value| {
                    if last.0 != value || last.1 == u32::MAX {
                        last = (value, numbers.number_of(value));
                    }
                    last.1
                }));
            }
        }
    }

    pub(super) fn into_series(self, name: &'static str) -> PolarsResult<Series> {
        match self {
            Self::Texts { dictionary, .. } => Ok(values::texts(name, &dictionary)),
            Self::Numbers(numbers) => values::numbers_as(name, numbers.values),
        }
    }
}

impl Numbers {
    fn number_of(&mut self, value: u64) -> u32 {
        let Self { values, small, others } = self;
        let mut add = || {
            values.push(value);
            u32::try_from(values.len()).unwrap_or(u32::MAX) - 1
        };
        let Some(known) = usize::try_from(value).ok().and_then(|value| small.get_mut(value)) else {
            return *others.entry(value).or_insert_with(add);
        };
        if *known == 0 {
            *known = add() + 1;
        }
        *known - 1
    }
}
