//! What a record says, put into the cells of its row. Where it says nothing, a column is left behind.

use super::append::Seen;
use super::audit::KeyDeed;
use super::clean::text_of;
use super::columns::{Desk, TextMemo};
use super::namer::Namer;
use super::told::bytes_of;
use crate::model::{EventBatch, Record};

const METHOD_BYTES_MAX: usize = 16;

pub(super) fn append_numbers(record: &Record<'_>, seen: &Seen<'_>, batch: &mut EventBatch) {
    let row = batch.len();
    batch.time.push(record.time.unwrap_or(seen.arrival).0);
    put(&mut batch.kind, row, record.kind);
    put(&mut batch.status, row, record.status.unwrap_or(0));
    put(&mut batch.bytes, row, record.bytes.unwrap_or(0));
    put(&mut batch.request_bytes, row, record.request_bytes.unwrap_or(0));
    put(&mut batch.duration_us, row, record.duration_us.unwrap_or(0));
    put(&mut batch.input_tokens, row, record.input_tokens.unwrap_or(0));
    put(&mut batch.output_tokens, row, record.output_tokens.unwrap_or(0));
    put(&mut batch.cost_micros, row, record.cost_micros.unwrap_or(0));
    put(&mut batch.count, row, record.count.unwrap_or(0));
}

/// Puts a value into a column's row. Nothing need not be put anywhere.
#[inline]
pub(super) fn put<T: Clone + Default + PartialEq>(column: &mut Vec<T>, row: usize, value: T) {
    if value == T::default() {
        return;
    }
    if column.len() < row {
        column.resize(row, T::default());
    }
    column.push(value);
}

/// What something was done to; a key by the name that its own use has.
pub(super) fn append_object(
    record: &Record<'_>,
    (batch, row): (&mut EventBatch, usize),
    (namer, memo, desk): (&Namer, &mut TextMemo, &mut Desk<'_>),
) {
    let object = bytes_of(record.object.as_ref());
    let operation = bytes_of(record.operation.as_ref());
    if !object.is_empty() && KeyDeed::of(&text_of(operation)).is_some() {
        batch.object.fill_up(row);
        batch.object.push(&namer.listed(&text_of(object)));
    } else {
        memo.put(Some(object), (&mut batch.object, row), desk);
    }
}

pub(super) fn append_method(
    record: &Record<'_>,
    (batch, row): (&mut EventBatch, usize),
    (last, memo, desk): (&mut u32, &mut TextMemo, &mut Desk<'_>),
) {
    let raw = bytes_of(record.method.as_ref());
    batch.method.fill_up(row);
    if batch.method.push_known(raw, *last) {
        return;
    }
    let is_plain = raw.len() <= METHOD_BYTES_MAX && raw.iter().all(u8::is_ascii_uppercase);
    match str::from_utf8(raw) {
        Ok(method) if is_plain => *last = batch.method.push_hinted(method, *last),
        Ok(_) | Err(_) => memo.put(Some(raw), (&mut batch.method, row), desk),
    }
}
