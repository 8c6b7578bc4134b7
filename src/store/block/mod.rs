//! A block: up to 8,192 events packed by column, small on disk and quick to read again.

mod apart;
mod blob;
mod bytes;
mod column;
mod directory;
mod filter;
mod header;
mod numbers;
mod order;
mod rows;
mod texts;

use thiserror::Error;

pub use column::{Column, Columns};
pub use directory::Directory;
pub use header::Header;
pub(in crate::store) use rows::{append, kept, rows_about, texts_about};

use crate::model::{EventBatch, EventKind, TextColumn};
use blob::{Packer, Unpacker};
use bytes::{Reader, write_varint};
use column::{View, ViewMut};
use directory::Packed;
use filter::KeyFilter;
use order::Order;

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
    block: Vec<u8>,
    column: Vec<u8>,
    scratch: Vec<u64>,
    arranged: Vec<u64>,
}

/// Behind a column's number: its values are in the order of its leader's.
const ARRANGED: u8 = 0x80;
/// A dictionary with a value for less rows than this is mostly of values that come once.
const ROWS_A_VALUE_FEW: usize = 8;

/// Reads blocks, the wanted columns only.
pub struct Decoder {
    unpacker: Unpacker,
}

/// Which rows of a block are of a key.
#[derive(Debug)]
pub struct RowsOfKey {
    places: Vec<usize>,
}

impl Encoder {
    pub fn new() -> Result<Self, BlockError> {
        let packer = Packer::new()?;
        let (block, column) = (Vec::new(), Vec::new());
        Ok(Self { packer, block, column, scratch: Vec::new(), arranged: Vec::new() })
    }

    /// The block of a batch, and what is known about it without reading it.
    pub fn encode(&mut self, batch: &EventBatch) -> Result<(Header, &[u8]), BlockError> {
        self.block.clear();
        let orders = Column::LEADERS.map(|leader| (leader, Order::by(leader, batch, batch.len())));
        for column in Column::ALL {
            self.column.clear();
            let led = orders.iter().find(|(leader, _)| column.leader() == Some(*leader));
            let order = led.and_then(|(_, order)| order.as_ref());
            self.encode_column(batch, column, order)?;
            let mark = if order.is_some() { ARRANGED } else { 0 };
            let Self { block, .. } = self;
            block.push(column.number() | mark);
            write_varint(block, self.column.len() as u64);
            block.extend_from_slice(&self.column);
        }
        let filter = KeyFilter::of(&batch.key.dictionary);
        Ok((Header::of(batch, &self.block, filter), &self.block))
    }

    fn encode_column(
        &mut self,
        batch: &EventBatch,
        column: Column,
        order: Option<&Order>,
    ) -> Result<(), BlockError> {
        let rows = batch.len();
        let Self { packer, column: out, scratch, arranged, .. } = self;
        let mut is_fresh = false;
        scratch.clear();
        match column.of(batch) {
            View::Text(text) => {
                texts::encode(out, packer, scratch, &text.dictionary)?;
                is_fresh = order.is_none() && rows < ROWS_A_VALUE_FEW * text.dictionary.len();
                scratch.clear();
                scratch.extend(text.rows.iter().map(|&number| u64::from(number)));
            }
            View::Times(times) => return numbers::encode_times(out, packer, scratch, times),
            View::Counts(counts) => scratch.extend_from_slice(counts),
            View::Kinds(kinds) => scratch.extend(kinds.iter().map(|&kind| kind_number(kind))),
            View::Statuses(values) => scratch.extend(values.iter().map(|&value| u64::from(value))),
            View::Asns(values) => scratch.extend(values.iter().map(|&value| u64::from(value))),
            View::Flags(values) => scratch.extend(values.iter().map(|&value| u64::from(value))),
        }
        if scratch.is_empty() {
            numbers::encode_nothing(out);
            return Ok(());
        }
        scratch.resize(rows, 0);
        if let Some(order) = order.filter(|_| !numbers::is_constant(scratch)) {
            order.arrange(scratch, arranged);
            return numbers::encode(out, packer, arranged);
        }
        if is_fresh {
            return numbers::encode_fresh(out, packer, scratch);
        }
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
        self.decode_some(&Directory::whole(header, block)?, block, wanted)
    }

    /// The same of a block of which no more need be there than the directory told.
    pub fn decode_some(
        &mut self,
        directory: &Directory,
        block: &[u8],
        wanted: Columns,
    ) -> Result<EventBatch, BlockError> {
        let mut batch = EventBatch::default();
        let seen = self.decode_columns(&mut batch, (directory, block), wanted)?;
        fill_the_rest(&mut batch, directory.rows, (seen.of(wanted), wanted));
        Ok(batch)
    }

    /// The rows of one key; `None` if the block has none.
    pub fn rows_of(
        &mut self,
        (directory, block): (&Directory, &[u8]),
        key: &str,
    ) -> Result<Option<RowsOfKey>, BlockError> {
        let mut batch = EventBatch::default();
        let keys = Columns::NONE.with(Column::Key);
        let names = self.decode_columns(&mut batch, (directory, block), keys)?;
        let number = batch.key.dictionary.find(key).filter(|_| names.holds(Column::Key));
        let Some(number) = number else { return Ok(None) };
        let of_key = |(_, of): &(usize, &u32)| **of == number;
        let places: Vec<usize> =
            batch.key.rows.iter().enumerate().filter(of_key).map(|(place, _)| place).collect();
        Ok(Some(RowsOfKey { places }))
    }

    /// The events of one key: of all columns but those that lead others, its values alone are read.
    pub fn decode_rows(
        &mut self,
        (directory, block): (&Directory, &[u8]),
        RowsOfKey { places }: &RowsOfKey,
        wanted: Columns,
    ) -> Result<EventBatch, BlockError> {
        let wanted = wanted.with(Column::Key);
        let of_all = Column::LEADERS.into_iter().fold(Columns::NONE, Columns::with);
        let of_all = of_all.of(directory.needed(wanted));
        let mut whole = EventBatch::default();
        let mut seen = self.decode_columns(&mut whole, (directory, block), of_all)?.of(wanted);
        let mut batch = rows::picked(&whole, places, seen);
        let led = Column::LEADERS.map(|leader| {
            let order = Order::by(leader, &whole, directory.rows);
            (leader, order.map(|order| order.places_of(places)))
        });
        for it in &directory.packed(block, wanted) {
            if of_all.holds(it.column) || seen.holds(it.column) {
                continue;
            }
            seen = seen.with(it.column);
            let led =
                led.iter().find(|it_led| it.is_arranged && it.column.leader() == Some(it_led.0));
            let at = led.and_then(|(_, at)| at.as_deref()).unwrap_or(places);
            self.decode_column(&mut batch, it, (directory.rows, Of::Places(at)))?;
        }
        fill_the_rest(&mut batch, places.len(), (seen, wanted));
        Ok(batch)
    }

    /// The wanted columns, and those that they hang on; which those are.
    fn decode_columns(
        &mut self,
        batch: &mut EventBatch,
        (directory, block): (&Directory, &[u8]),
        wanted: Columns,
    ) -> Result<Columns, BlockError> {
        let rows = directory.rows;
        let mut seen = Columns::NONE;
        let mut order: (Option<Column>, Option<Order>) = (None, None);
        for it in &directory.packed(block, wanted) {
            if seen.holds(it.column) {
                continue;
            }
            seen = seen.with(it.column);
            let leader = it.column.leader().filter(|_| it.is_arranged);
            if order.0 != leader {
                order = (leader, leader.and_then(|by| Order::by(by, batch, rows)));
            }
            self.decode_column(batch, it, (rows, Of::All(order.1.as_ref())))?;
        }
        Ok(seen)
    }

    fn decode_column(
        &mut self,
        batch: &mut EventBatch,
        Packed { column, bytes, .. }: &Packed<'_>,
        rows: (usize, Of<'_>),
    ) -> Result<(), BlockError> {
        let mut reader = Reader::new(bytes);
        let reader = &mut reader;
        let unpacker = &mut self.unpacker;
        match column.of_mut(batch) {
            ViewMut::Text(text) => *text = rows.1.texts(rows.0, reader, unpacker)?,
            ViewMut::Times(times) => {
                *times = rows.1.of(numbers::decode_times(reader, unpacker, rows.0)?);
            }
            ViewMut::Counts(counts) => *counts = rows.1.numbers(rows.0, reader, unpacker)?,
            ViewMut::Kinds(kinds) => {
                *kinds = each(&rows.1.numbers(rows.0, reader, unpacker)?, kind_of)?;
            }
            ViewMut::Statuses(values) => {
                let numbers = rows.1.numbers(rows.0, reader, unpacker)?;
                *values = each(&numbers, |n| n.try_into().ok())?;
            }
            ViewMut::Asns(values) => {
                let numbers = rows.1.numbers(rows.0, reader, unpacker)?;
                *values = each(&numbers, |n| n.try_into().ok())?;
            }
            ViewMut::Flags(flags) => {
                *flags = each(&rows.1.numbers(rows.0, reader, unpacker)?, flag_of)?;
            }
        }
        Ok(())
    }
}

/// Of which rows values are read.
#[derive(Clone, Copy)]
enum Of<'a> {
    /// Of all, which were packed in an order.
    All(Option<&'a Order>),
    /// Of those that stand at these places.
    Places(&'a [usize]),
}

impl Of<'_> {
    fn numbers(
        self,
        rows: usize,
        reader: &mut Reader<'_>,
        unpacker: &mut Unpacker,
    ) -> Result<Vec<u64>, BlockError> {
        match self {
            Self::All(_) => Ok(self.of(numbers::decode(reader, unpacker, rows)?)),
            Self::Places(places) => numbers::decode_at(reader, unpacker, (rows, places)),
        }
    }

    fn texts(
        self,
        rows: usize,
        reader: &mut Reader<'_>,
        unpacker: &mut Unpacker,
    ) -> Result<TextColumn, BlockError> {
        match self {
            Self::All(_) => {
                let TextColumn { dictionary, rows } = texts::decode(reader, unpacker, rows)?;
                Ok(TextColumn { dictionary, rows: self.of(rows) })
            }
            Self::Places(places) => texts::decode_at(reader, unpacker, (rows, places)),
        }
    }

    /// Those of all values that are meant, in the order of the rows.
    fn of<T: Copy + Default + PartialEq>(self, values: Vec<T>) -> Vec<T> {
        match self {
            Self::All(None) => values,
            Self::All(Some(order)) => order.restore(&values),
            Self::Places(places) => {
                places.iter().map(|&at| values.get(at).copied().unwrap_or_default()).collect()
            }
        }
    }
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

fn each<T: Clone>(values: &[u64], read: impl Fn(u64) -> Option<T>) -> Result<Vec<T>, BlockError> {
    let damaged = BlockError::Damaged("a number is out of its range");
    let read = match values.first() {
        // As in most blocks.
        Some(first) if numbers::is_constant(values) => {
            read(*first).map(|value| vec![value; values.len()])
        }
        Some(_) | None => values.iter().map(|&value| read(value)).collect(),
    };
    read.ok_or(damaged)
}

/// Every wanted column of a batch has an entry for each row, also one that was not there. How many
/// rows there are, the times tell.
fn fill_the_rest(batch: &mut EventBatch, rows: usize, (seen, wanted): (Columns, Columns)) {
    let of_each = wanted.with(Column::Time);
    for column in Column::ALL.into_iter().filter(|&column| !seen.holds(column)) {
        if !of_each.holds(column) {
            column.of_mut(batch).clear();
            continue;
        }
        match column.of_mut(batch) {
            ViewMut::Text(text) => {
                *text = TextColumn::default();
                text.rows.resize(rows, 0);
            }
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
