//! The values of a column of the table `events`: texts with their numbers, or plain numbers.

use polars::prelude::{
    BooleanChunked, Column as Series, DataType, Float64Chunked, Int64Chunked, IntoColumn as _,
    IntoSeries as _, NewChunkedArray as _, PolarsResult, StringChunked, TimeUnit, UInt32Chunked,
    UInt64Chunked,
};

use super::columns::COUNT;
use crate::model::{Dictionary, EventBatch, EventKind, TextColumn, Timestamp};

/// Rows of a column.
pub(super) enum Values {
    Text(TextColumn),
    Numbers(Vec<u64>),
}

impl Values {
    pub(super) fn of(name: &str) -> Self {
        if is_text(name) { Self::Text(TextColumn::default()) } else { Self::Numbers(Vec::new()) }
    }

    pub(super) fn append(&mut self, name: &str, batch: &EventBatch) {
        match self {
            Self::Numbers(numbers) => append_numbers(numbers, name, batch),
            Self::Text(text) => {
                let mut known = Vec::new();
                numbers_of_texts(&mut text.dictionary, &mut known, (name, batch), &mut text.rows);
            }
        }
    }

    pub(super) fn into_series(self, name: &'static str) -> PolarsResult<Series> {
        match self {
            Self::Text(text) => texts(name, &text.dictionary).take_slice(&text.rows),
            Self::Numbers(numbers) => numbers_as(name, numbers),
        }
    }
}

pub(super) fn is_text(name: &str) -> bool {
    match name {
        "time" | "hour" | "day" | "bytes" | "tokens_in" | "tokens_out" | "units"
        | "duration_ms" | "cost" | "status" | "asn" | "late" => false,
        name => name != COUNT,
    }
}

/// The values of a batch: milliseconds, microseconds, millionths, and 0 for a number that is absent.
pub(super) fn append_numbers(numbers: &mut Vec<u64>, name: &str, batch: &EventBatch) {
    match name {
        "time" => numbers.extend(batch.time.iter().map(|time| time.cast_unsigned())),
        "hour" => append_rounded(numbers, &batch.time, |time| time.hour().start()),
        "day" => append_rounded(numbers, &batch.time, |time| time.day().start()),
        "bytes" => numbers.extend_from_slice(&batch.bytes),
        "tokens_in" => numbers.extend_from_slice(&batch.input_tokens),
        "tokens_out" => numbers.extend_from_slice(&batch.output_tokens),
        "units" => numbers.extend_from_slice(&batch.count),
        "duration_ms" => numbers.extend_from_slice(&batch.duration_us),
        "cost" => numbers.extend_from_slice(&batch.cost_micros),
        "status" => numbers.extend(batch.status.iter().copied().map(u64::from)),
        "asn" => numbers.extend(batch.asn.iter().copied().map(u64::from)),
        "late" => numbers.extend(batch.late.iter().copied().map(u64::from)),
        _ => numbers.resize(numbers.len() + batch.len(), 1),
    }
}

/// Most rows lie in the hour, or on the day, of the one before.
fn append_rounded(numbers: &mut Vec<u64>, times: &[i64], round: fn(Timestamp) -> Timestamp) {
    let (mut rounded, mut next) = (0, 0);
    numbers.extend(times.iter().map(|&time| {
        if time < rounded || next <= time {
            rounded = round(Timestamp(time)).0;
            // Within the same minute it is the same, too.
            next = time - time.rem_euclid(60_000) + 60_000;
        }
        rounded.cast_unsigned()
    }));
}

/// The numbers that the texts of a batch have in a dictionary. `known` is room for what a number of
/// the batch means.
pub(super) fn numbers_of_texts(
    dictionary: &mut Dictionary,
    known: &mut Vec<u32>,
    (name, batch): (&str, &EventBatch),
    rows: &mut Vec<u32>,
) {
    if name == "kind" {
        let numbers = EventKind::ALL.map(|kind| (kind, dictionary.number_of(kind.name())));
        let number_of = |kind: &EventKind| {
            numbers.iter().find(|(other, _)| other == kind).map_or(0, |(_, number)| *number)
        };
        rows.extend(batch.kind.iter().map(number_of));
        return;
    }
    let Some(more) = text_of(name, batch) else { return };
    known.clear();
    known.extend(more.dictionary.values().map(|value| dictionary.number_of(value)));
    rows.extend(more.rows.iter().map(|row| known.get(*row as usize).copied().unwrap_or(0)));
}

/// Every text of a dictionary once; the empty one is absent.
pub(super) fn texts(name: &'static str, dictionary: &Dictionary) -> Series {
    let values = dictionary.values().map(|value| Some(value).filter(|value| !value.is_empty()));
    StringChunked::from_iter_options(name.into(), values).into_column()
}

pub(super) fn numbers_as(name: &'static str, numbers: Vec<u64>) -> PolarsResult<Series> {
    let plain = name.into();
    Ok(match name {
        "time" | "hour" | "day" => {
            let times = numbers.into_iter().map(u64::cast_signed).collect();
            let times = Int64Chunked::from_vec(plain, times).into_series();
            times.cast(&DataType::Datetime(TimeUnit::Milliseconds, None))?.into_column()
        }
        "duration_ms" => {
            Float64Chunked::from_vec(plain, numbers.into_iter().map(millis).collect()).into_column()
        }
        "cost" => {
            let cost = numbers.into_iter().map(|micros| millis(micros) / 1e3);
            Float64Chunked::from_vec(plain, cost.collect()).into_column()
        }
        "status" | "asn" => {
            let known = |number| u32::try_from(number).ok().filter(|&number| 0 < number);
            UInt32Chunked::from_iter_options(plain, numbers.into_iter().map(known)).into_column()
        }
        "late" => {
            let flags: Vec<bool> = numbers.into_iter().map(|flag| flag == 1).collect();
            BooleanChunked::from_slice(plain, &flags).into_column()
        }
        COUNT => {
            let counts = numbers.into_iter().map(|count| u32::try_from(count).unwrap_or(u32::MAX));
            UInt32Chunked::from_vec(plain, counts.collect()).into_column()
        }
        _ => UInt64Chunked::from_vec(plain, numbers).into_column(),
    })
}

#[expect(clippy::cast_precision_loss, reason = "durations lie far below 2^53 microseconds")]
fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

fn text_of<'a>(name: &str, batch: &'a EventBatch) -> Option<&'a TextColumn> {
    match name {
        "source" => Some(&batch.source),
        "format" => Some(&batch.format),
        "key" => Some(&batch.key),
        "role" => Some(&batch.role),
        "source_ip" => Some(&batch.source_ip),
        "method" => Some(&batch.method),
        "path" => Some(&batch.path),
        "query" => Some(&batch.query),
        "route" => Some(&batch.route),
        "user_agent" => Some(&batch.user_agent),
        "model" => Some(&batch.model),
        "operation" => Some(&batch.operation),
        "outcome" => Some(&batch.outcome),
        "tenant" => Some(&batch.tenant),
        "object" => Some(&batch.object),
        "country" => Some(&batch.country),
        "city" => Some(&batch.city),
        "referer" => Some(&batch.referer),
        "user" => Some(&batch.user),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_whatever_their_order() {
        let batch = EventBatch {
            time: vec![0, 3_599_999, 3_600_000, 59_999, -1, 86_400_000, -3_600_001, 3_540_001],
            ..EventBatch::default()
        };
        for name in ["hour", "day"] {
            let mut numbers = Vec::new();
            append_numbers(&mut numbers, name, &batch);
            let exact = batch.time.iter().map(|&time| match name {
                "hour" => Timestamp(time).hour().start().0.cast_unsigned(),
                _ => Timestamp(time).day().start().0.cast_unsigned(),
            });
            assert_eq!(numbers, exact.collect::<Vec<_>>(), "{name}");
        }
    }
}
