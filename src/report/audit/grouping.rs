//! What events can be grouped by: each distinct value gets a number.

use std::collections::BTreeMap;

use crate::model::{Dictionary, EventBatch, EventKind, TextColumn, Timestamp};
use crate::report::Value;
use crate::store::Column;

/// A column of `events` by which is grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dim {
    Source,
    Kind,
    Key,
    Role,
    Method,
    Route,
    Client,
    Country,
    Model,
    Hour,
    Day,
}

/// Distinct values of one column that are told apart; what comes after is one group.
pub(super) const VALUES_MAX: usize = 50_000;

/// What that group is called.
const CROWD: &str = "(all further values together)";

/// The values of each column by their number, and the numbers of the rows of one batch.
#[derive(Default)]
pub(super) struct Numbers {
    texts: BTreeMap<Dim, Dictionary>,
    times: BTreeMap<Dim, Times>,
    rows: BTreeMap<Dim, Vec<u32>>,
}

#[derive(Default)]
struct Times {
    values: Vec<i64>,
    known: BTreeMap<i64, u32>,
}

impl Dim {
    /// As `events` calls it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Kind => "kind",
            Self::Key => "key",
            Self::Role => "role",
            Self::Method => "method",
            Self::Route => "route",
            Self::Client => "user_agent",
            Self::Country => "country",
            Self::Model => "model",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    pub(super) const fn column(self) -> Column {
        match self {
            Self::Source => Column::Source,
            Self::Kind => Column::Kind,
            Self::Key => Column::Key,
            Self::Role => Column::Role,
            Self::Method => Column::Method,
            Self::Route => Column::Route,
            Self::Client => Column::UserAgent,
            Self::Country => Column::Country,
            Self::Model => Column::Model,
            Self::Hour | Self::Day => Column::Time,
        }
    }

    const fn texts(self, batch: &EventBatch) -> Option<&TextColumn> {
        match self {
            Self::Source => Some(&batch.source),
            Self::Key => Some(&batch.key),
            Self::Role => Some(&batch.role),
            Self::Method => Some(&batch.method),
            Self::Route => Some(&batch.route),
            Self::Client => Some(&batch.user_agent),
            Self::Country => Some(&batch.country),
            Self::Model => Some(&batch.model),
            Self::Kind | Self::Hour | Self::Day => None,
        }
    }
}

impl Numbers {
    /// Numbers the rows of a batch, for these columns.
    pub(super) fn turn_to(&mut self, batch: &EventBatch, dims: impl Iterator<Item = Dim>) {
        self.rows.clear();
        for dim in dims {
            if !self.rows.contains_key(&dim) {
                let rows = self.number(dim, batch);
                self.rows.insert(dim, rows);
            }
        }
    }

    /// Of the rows of the batch at hand.
    pub(super) fn of(&self, dim: Dim) -> &[u32] {
        self.rows.get(&dim).map_or(&[], Vec::as_slice)
    }

    /// What stands behind a number.
    pub(super) fn value(&self, dim: Dim, number: u32) -> Value {
        if let Dim::Hour | Dim::Day = dim {
            let time = self.times.get(&dim).and_then(|it| it.values.get(number as usize));
            return time.map_or(Value::Absent, |&time| Value::Time(Timestamp(time)));
        }
        match self.texts.get(&dim).map_or("", |texts| texts.value(number)) {
            "" => Value::Absent,
            text => Value::Text(text.to_owned()),
        }
    }

    /// Whether not all values of that column were told apart.
    pub(super) fn is_crowded(&self, dim: Dim) -> bool {
        self.texts.get(&dim).is_some_and(|texts| texts.find(CROWD).is_some())
    }

    fn number(&mut self, dim: Dim, batch: &EventBatch) -> Vec<u32> {
        if let Some(column) = dim.texts(batch) {
            let texts = self.texts.entry(dim).or_default();
            // Only values that a row has: a block may know others.
            let mut known = vec![None; column.dictionary.len()];
            let mut number = |row: &u32| {
                let slot = known.get_mut(*row as usize)?;
                Some(*slot.get_or_insert_with(|| number_in(texts, column.dictionary.value(*row))))
            };
            return column.rows.iter().map(|row| number(row).unwrap_or(0)).collect();
        }
        if dim == Dim::Kind {
            let texts = self.texts.entry(dim).or_default();
            let number = |kind: &EventKind| number_in(texts, kind.name());
            return batch.kind.iter().map(number).collect();
        }
        let times = self.times.entry(dim).or_default();
        let mut last = None;
        let number = |&time: &i64| {
            let (day, hour) = (Timestamp(time).day().start(), Timestamp(time).hour().start());
            let start = if dim == Dim::Day { day.0 } else { hour.0 };
            if let Some((_, number)) = last.filter(|(known, _)| *known == start) {
                return number;
            }
            let number = times.number_of(start);
            last = Some((start, number));
            number
        };
        batch.time.iter().map(number).collect()
    }
}

fn number_in(texts: &mut Dictionary, value: &str) -> u32 {
    if texts.len() < VALUES_MAX {
        return texts.number_of(value);
    }
    texts.find(value).unwrap_or_else(|| texts.number_of(CROWD))
}

impl Times {
    fn number_of(&mut self, time: i64) -> u32 {
        *self.known.entry(time).or_insert_with(|| {
            self.values.push(time);
            u32::try_from(self.values.len() - 1).unwrap_or(0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_one_group_and_is_said_to_be() {
        let mut numbers = Numbers::default();
        let mut batch = EventBatch::default();
        for number in 0..VALUES_MAX + 7 {
            batch.key.push(&format!("k_{number}"));
        }
        numbers.turn_to(&batch, [Dim::Key].into_iter());
        let rows = numbers.of(Dim::Key);
        let last = *rows.last().unwrap();
        assert_eq!(rows.iter().filter(|&&row| row == last).count(), 8);
        assert_eq!(numbers.value(Dim::Key, last), Value::Text(CROWD.to_owned()));
        assert!(numbers.is_crowded(Dim::Key) && !numbers.is_crowded(Dim::Role));
    }

    #[test]
    fn hours_and_days_begin_where_they_begin() {
        let mut numbers = Numbers::default();
        let batch = EventBatch { time: vec![1, 3_600_001, 2], ..EventBatch::default() };
        numbers.turn_to(&batch, [Dim::Hour, Dim::Day].into_iter());
        assert_eq!((numbers.of(Dim::Hour), numbers.of(Dim::Day)), (&[0, 1, 0][..], &[0, 0, 0][..]));
        assert_eq!(numbers.value(Dim::Hour, 1), Value::Time(Timestamp(3_600_000)));
    }
}
