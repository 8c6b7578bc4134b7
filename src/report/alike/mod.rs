//! Rows that are alike in all columns that a question names are one row, with a count. What is held
//! grows with what differs, not with the events.

mod pairs;
mod seen;

use std::ops::Range;

use polars::prelude::{Column as Series, DataFrame, PolarsResult};

use super::columns::COUNT;
use super::values;
use crate::model::EventBatch;
use pairs::Pairs;
use seen::Seen;

/// The rows so far.
pub(super) struct Rows {
    columns: Vec<Alike>,
    counts: Vec<u32>,
    sums: Vec<Sum>,
    events: u64,
    /// When it is asked again whether it helps.
    asked_at: u64,
    /// Which row each one of the batch is.
    places: Vec<u32>,
    raw: Vec<u64>,
}

/// A column in which the rows of one place are the same.
struct Alike {
    name: &'static str,
    seen: Seen,
    pairs: Pairs,
    /// For each row, the number of its value.
    numbers: Vec<u32>,
    /// The same for the batch.
    of_batch: Vec<u32>,
}

/// A column that is added up.
struct Sum {
    name: &'static str,
    sums: Vec<u64>,
}

/// All of them, to become frames.
pub(super) struct Done {
    columns: Vec<(Series, Vec<u32>)>,
    counts: Vec<u32>,
    sums: Vec<Sum>,
    next: usize,
}

/// It is not asked before so many events whether it helps, and then whenever they have doubled.
const ASKED_AT_FIRST: u64 = if cfg!(test) { 16 } else { 1 << 20 };
/// Texts have their ends in 32 bits.
const TEXT_BYTES_MAX: usize = 1 << 30;

impl Rows {
    pub(super) fn of(alike: &[&'static str], sums: &[&'static str]) -> Self {
        Self {
            columns: alike.iter().map(|name| Alike::of(name)).collect(),
            counts: Vec::new(),
            sums: sums.iter().map(|name| Sum { name, sums: Vec::new() }).collect(),
            events: 0,
            asked_at: ASKED_AT_FIRST,
            places: Vec::new(),
            raw: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    /// What they take in memory.
    pub(super) fn bytes(&self) -> u64 {
        let columns: usize = self.columns.iter().map(Alike::bytes).sum();
        let row = size_of::<u32>() + self.sums.len() * size_of::<u64>();
        (columns + row * self.len()) as u64
    }

    /// Whether most events are a row of their own. It is asked now and then, as traffic changes.
    pub(super) fn are_too_many(&mut self) -> bool {
        if self.columns.iter().any(|column| TEXT_BYTES_MAX < column.seen.text_bytes()) {
            return true;
        }
        if self.events < self.asked_at {
            return false;
        }
        self.asked_at = self.events * 2;
        self.events < 2 * self.len() as u64
    }

    pub(super) fn add(&mut self, batch: &EventBatch) {
        let Self { columns, places, raw, .. } = self;
        places.clear();
        places.resize(batch.len(), 0);
        let mut kinds = 1;
        for Alike { name, seen, pairs, of_batch, .. } in columns {
            of_batch.clear();
            seen.append((name, batch), raw, of_batch);
            pairs.put_together(places, of_batch, (kinds, seen.len()));
            kinds = pairs.len();
        }
        self.events += batch.len() as u64;
        self.count();
        for Sum { name, sums } in &mut self.sums {
            self.raw.clear();
            values::append_numbers(&mut self.raw, name, batch);
            for (place, value) in self.places.iter().zip(&self.raw) {
                if let Some(sum) = sums.get_mut(*place as usize) {
                    *sum = sum.wrapping_add(*value);
                }
            }
        }
    }

    /// Counts the rows of the batch; new ones come in the order of their numbers.
    fn count(&mut self) {
        let Self { columns, counts, sums, places, .. } = self;
        for (row, place) in places.iter().enumerate() {
            if let Some(count) = counts.get_mut(*place as usize) {
                *count = count.saturating_add(1);
                continue;
            }
            counts.push(1);
            for Alike { numbers, of_batch, .. } in &mut *columns {
                numbers.push(of_batch.get(row).copied().unwrap_or(0));
            }
            for Sum { sums, .. } in &mut *sums {
                sums.push(0);
            }
        }
    }

    /// No more come.
    pub(super) fn done(self) -> PolarsResult<Done> {
        let Self { columns, counts, sums, .. } = self;
        let columns = columns.into_iter().map(|Alike { name, seen, numbers, .. }| {
            let values = seen.into_series(name)?;
            Ok((values, numbers))
        });
        Ok(Done { columns: columns.collect::<PolarsResult<_>>()?, counts, sums, next: 0 })
    }
}

impl Alike {
    fn of(name: &'static str) -> Self {
        let (seen, pairs) = (Seen::of(name), Pairs::default());
        Self { name, seen, pairs, numbers: Vec::new(), of_batch: Vec::new() }
    }

    fn bytes(&self) -> usize {
        self.numbers.len() * size_of::<u32>() + self.seen.bytes() + self.pairs.bytes()
    }
}

impl Done {
    pub(super) const fn is_over(&self) -> bool {
        self.counts.len() <= self.next
    }

    /// A frame of the next rows, at most so many.
    pub(super) fn next(&mut self, rows_max: usize) -> PolarsResult<DataFrame> {
        let rows = self.next..self.counts.len().min(self.next.saturating_add(rows_max));
        self.next = rows.end;
        let mut frame = Vec::with_capacity(self.columns.len() + self.sums.len() + 1);
        for (values, numbers) in &self.columns {
            frame.push(values.take_slice(some(numbers, &rows))?);
        }
        for Sum { name, sums } in &self.sums {
            frame.push(values::numbers_as(name, some(sums, &rows).to_vec())?);
        }
        let counts = some(&self.counts, &rows).iter().copied().map(u64::from).collect();
        frame.push(values::numbers_as(COUNT, counts)?);
        DataFrame::new(rows.len(), frame)
    }
}

fn some<'v, T>(values: &'v [T], rows: &Range<usize>) -> &'v [T] {
    values.get(rows.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
