//! A block: up to 8,192 events packed by column, small on disk and quick to read again.

mod blob;
mod bytes;
mod column;
mod filter;
mod header;
mod numbers;
mod texts;

use thiserror::Error;

pub use column::{Column, Columns};
pub use header::Header;

use crate::model::{EventBatch, EventKind, Mention};
use blob::{Packer, Unpacker};
use bytes::{Reader, write_varint};
use column::{View, ViewMut};
use filter::KeyFilter;

/// What is wrong with the bytes of a block, or what hinders the making of one.
#[derive(Debug, Error)]
pub enum BlockError {
    #[error("the block is damaged: {0}")]
    Damaged(&'static str),
    #[error("the block was written by a newer keyvigil (form {0})")]
    Newer(u8),
    #[error("cannot compress a column")]
    Compress(#[source] std::io::Error),
}

/// Makes blocks; its buffers and its compressor serve one block after the other.
pub struct Encoder {
    packer: Packer,
    column: Vec<u8>,
    scratch: Vec<u64>,
}

/// Reads blocks, the wanted columns only.
pub struct Decoder {
    unpacker: Unpacker,
}

impl Encoder {
    pub fn new() -> Result<Self, BlockError> {
        Ok(Self { packer: Packer::new()?, column: Vec::new(), scratch: Vec::new() })
    }

    /// The block of a batch, and what is known about it without reading it.
    pub fn encode(&mut self, batch: &EventBatch) -> Result<(Header, Vec<u8>), BlockError> {
        let mut block = Vec::with_capacity(batch.len() * 32);
        for column in Column::ALL {
            self.column.clear();
            self.encode_column(batch, column)?;
            block.push(column.number());
            write_varint(&mut block, self.column.len() as u64);
            block.extend_from_slice(&self.column);
        }
        let filter = KeyFilter::of(&batch.key.dictionary);
        Ok((Header::of(batch, &block, filter), block))
    }

    fn encode_column(&mut self, batch: &EventBatch, column: Column) -> Result<(), BlockError> {
        let rows = batch.len();
        let Self { packer, column: out, scratch } = self;
        scratch.clear();
        match column.of(batch) {
            View::Text(text) => return texts::encode(out, packer, scratch, (text, rows)),
            View::Times(times) => return numbers::encode_times(out, packer, scratch, times),
            View::Counts(counts) => scratch.extend_from_slice(counts),
            View::Kinds(kinds) => scratch.extend(kinds.iter().map(|&kind| kind_number(kind))),
            View::Statuses(values) => scratch.extend(values.iter().map(|&value| u64::from(value))),
            View::Asns(values) => scratch.extend(values.iter().map(|&value| u64::from(value))),
            View::Flags(values) => scratch.extend(values.iter().map(|&value| u64::from(value))),
        }
        scratch.resize(rows, 0);
        numbers::encode(out, packer, scratch)
    }
}

impl Decoder {
    pub fn new() -> Result<Self, BlockError> {
        Ok(Self { unpacker: Unpacker::new()? })
    }

    /// The events of a block. Columns that are not wanted read as absent in every row.
    pub fn decode(
        &mut self,
        header: &Header,
        block: &[u8],
        wanted: Columns,
    ) -> Result<EventBatch, BlockError> {
        header.verify(block)?;
        let rows = header.rows as usize;
        let mut batch = EventBatch::default();
        let mut reader = Reader::new(block);
        let mut seen = Columns::NONE;
        while !reader.is_at_end() {
            let number = reader.byte()?;
            let length = reader.length(block.len())?;
            let bytes = reader.take(length)?;
            let Some(column) = Column::of_number(number) else {
                continue;
            };
            if wanted.holds(column) && !seen.holds(column) {
                seen = seen.with(column);
                self.decode_column(&mut batch, column, (bytes, rows))?;
            }
        }
        fill_the_rest(&mut batch, rows, seen);
        Ok(batch)
    }

    fn decode_column(
        &mut self,
        batch: &mut EventBatch,
        column: Column,
        (bytes, rows): (&[u8], usize),
    ) -> Result<(), BlockError> {
        let mut reader = Reader::new(bytes);
        let reader = &mut reader;
        let unpacker = &mut self.unpacker;
        match column.of_mut(batch) {
            ViewMut::Text(text) => *text = texts::decode(reader, unpacker, rows)?,
            ViewMut::Times(times) => *times = numbers::decode_times(reader, unpacker, rows)?,
            ViewMut::Counts(counts) => *counts = numbers::decode(reader, unpacker, rows)?,
            ViewMut::Kinds(kinds) => {
                *kinds = each(&numbers::decode(reader, unpacker, rows)?, kind_of)?;
            }
            ViewMut::Statuses(values) => {
                *values = each(&numbers::decode(reader, unpacker, rows)?, |n| n.try_into().ok())?;
            }
            ViewMut::Asns(values) => {
                *values = each(&numbers::decode(reader, unpacker, rows)?, |n| n.try_into().ok())?;
            }
            ViewMut::Flags(flags) => {
                *flags = each(&numbers::decode(reader, unpacker, rows)?, flag_of)?;
            }
        }
        Ok(())
    }
}

/// Adds the rows of a batch to another, column by column.
pub(super) fn append(to: &mut EventBatch, from: &EventBatch) {
    for column in Column::ALL {
        match (column.of_mut(to), column.of(from)) {
            (ViewMut::Text(to), View::Text(from)) => {
                for row in 0..from.rows.len() {
                    to.push(from.get(row));
                }
            }
            (ViewMut::Counts(to), View::Counts(from)) => to.extend_from_slice(from),
            (ViewMut::Times(to), View::Times(from)) => to.extend_from_slice(from),
            (ViewMut::Kinds(to), View::Kinds(from)) => to.extend_from_slice(from),
            (ViewMut::Statuses(to), View::Statuses(from)) => to.extend_from_slice(from),
            (ViewMut::Asns(to), View::Asns(from)) => to.extend_from_slice(from),
            (ViewMut::Flags(to), View::Flags(from)) => to.extend_from_slice(from),
            // One column has one sort of values.
            _ => (),
        }
    }
}

/// The rows that are marked.
pub(super) fn kept(from: &EventBatch, keep: &[bool]) -> EventBatch {
    fn some<T: Copy>(to: &mut Vec<T>, from: &[T], keep: &[bool]) {
        to.extend(from.iter().zip(keep).filter(|(_, keep)| **keep).map(|(value, _)| *value));
    }
    let mut batch = EventBatch::default();
    let to = &mut batch;
    for column in Column::ALL {
        match (column.of_mut(to), column.of(from)) {
            (ViewMut::Text(to), View::Text(from)) => {
                for (row, _) in (0..from.rows.len()).zip(keep).filter(|(_, keep)| **keep) {
                    to.push(from.get(row));
                }
            }
            (ViewMut::Counts(to), View::Counts(from)) => some(to, from, keep),
            (ViewMut::Times(to), View::Times(from)) => some(to, from, keep),
            (ViewMut::Kinds(to), View::Kinds(from)) => some(to, from, keep),
            (ViewMut::Statuses(to), View::Statuses(from)) => some(to, from, keep),
            (ViewMut::Asns(to), View::Asns(from)) => some(to, from, keep),
            (ViewMut::Flags(to), View::Flags(from)) => some(to, from, keep),
            // One column has one sort of values.
            _ => (),
        }
    }
    batch
}

/// Which rows name somebody, in any column that tells of people.
pub(super) fn rows_about(batch: &EventBatch, mention: &Mention) -> Vec<bool> {
    let mut about = vec![false; batch.len()];
    for column in Column::OF_PEOPLE {
        let View::Text(text) = column.of(batch) else { continue };
        let named: Vec<bool> = text.dictionary.values().map(|it| mention.is_in(it)).collect();
        if !named.contains(&true) {
            continue;
        }
        for (row, about) in about.iter_mut().enumerate() {
            *about |= named.get(text.number(row) as usize) == Some(&true);
        }
    }
    about
}

fn kind_number(kind: EventKind) -> u64 {
    EventKind::ALL.iter().zip(0..).find(|(other, _)| **other == kind).map_or(0, |(_, at)| at)
}

fn kind_of(number: u64) -> Option<EventKind> {
    EventKind::ALL.get(usize::try_from(number).ok()?).copied()
}

fn flag_of(number: u64) -> Option<bool> {
    (number <= 1).then_some(number == 1)
}

fn each<T>(values: &[u64], read: impl Fn(u64) -> Option<T>) -> Result<Vec<T>, BlockError> {
    let damaged = BlockError::Damaged("a number is out of its range");
    values.iter().map(|&value| read(value)).collect::<Option<_>>().ok_or(damaged)
}

/// Every column of a batch has an entry for each row, also one that was not read.
fn fill_the_rest(batch: &mut EventBatch, rows: usize, seen: Columns) {
    for column in Column::ALL.into_iter().filter(|&column| !seen.holds(column)) {
        match column.of_mut(batch) {
            ViewMut::Text(text) => text.rows.resize(rows, 0),
            ViewMut::Counts(counts) => counts.resize(rows, 0),
            ViewMut::Times(times) => times.resize(rows, 0),
            ViewMut::Kinds(kinds) => kinds.resize(rows, EventKind::default()),
            ViewMut::Statuses(values) => values.resize(rows, 0),
            ViewMut::Asns(values) => values.resize(rows, 0),
            ViewMut::Flags(flags) => flags.resize(rows, false),
        }
    }
}

#[cfg(test)]
mod tests;
