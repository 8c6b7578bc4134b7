//! A column of text: its distinct values once, then a number for each row.

use super::BlockError;
use super::blob::{Packer, Unpacker};
use super::bytes::{Reader, write_varint};
use super::numbers;
use crate::model::{Dictionary, TextColumn};

pub(super) fn encode(
    out: &mut Vec<u8>,
    packer: &mut Packer,
    scratch: &mut Vec<u64>,
    (text, rows): (&TextColumn, usize),
) -> Result<(), BlockError> {
    let values = text.dictionary.len() - 1;
    write_varint(out, values as u64);
    if 0 < values {
        scratch.clear();
        scratch.extend(text.dictionary.values().skip(1).map(|value| value.len() as u64));
        numbers::encode(out, packer, scratch)?;
        packer.raw.clear();
        for value in text.dictionary.values() {
            packer.raw.extend_from_slice(value.as_bytes());
        }
        packer.write(out)?;
    }
    scratch.clear();
    scratch.extend(text.rows.iter().map(|&number| u64::from(number)));
    scratch.resize(rows, 0);
    numbers::encode(out, packer, scratch)
}

pub(super) fn decode(
    reader: &mut Reader<'_>,
    unpacker: &mut Unpacker,
    rows: usize,
) -> Result<TextColumn, BlockError> {
    let values = reader.length(VALUES_MAX)?;
    let mut dictionary = Dictionary::default();
    if 0 < values {
        let lengths = numbers::decode(reader, unpacker, values)?;
        let bytes = unpacker.read(reader, Unpacker::MAX)?;
        fill(&mut dictionary, &lengths, &bytes)?;
    }
    let numbers = numbers::decode(reader, unpacker, rows)?;
    let known = |number: u64| u32::try_from(number).ok().filter(|_| number <= values as u64);
    let rows = numbers.into_iter().map(known).collect::<Option<_>>();
    let rows = rows.ok_or(BlockError::Damaged("a row has a text that is not there"))?;
    Ok(TextColumn { dictionary, rows })
}

/// A batch has at most one new text a row.
const VALUES_MAX: usize = 1 << 16;

fn fill(dictionary: &mut Dictionary, lengths: &[u64], bytes: &[u8]) -> Result<(), BlockError> {
    let mut reader = Reader::new(bytes);
    for (length, number) in lengths.iter().zip(1u32..) {
        let length = usize::try_from(*length).unwrap_or(usize::MAX);
        let value = std::str::from_utf8(reader.take(length)?)
            .map_err(|_invalid| BlockError::Damaged("a text is not UTF-8"))?;
        if dictionary.number_of(value) != number {
            return Err(BlockError::Damaged("a text stands twice in its dictionary"));
        }
    }
    Ok(())
}
