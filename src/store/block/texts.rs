//! A column of text: its distinct values once, then a number for each row.

use super::BlockError;
use super::apart::Apart;
use super::blob::{Packer, Unpacker};
use super::bytes::{Reader, write_varint};
use super::numbers;
use crate::model::{Dictionary, TextColumn};

/// The distinct values.
pub(super) fn encode(
    out: &mut Vec<u8>,
    packer: &mut Packer,
    scratch: &mut Vec<u64>,
    dictionary: &Dictionary,
) -> Result<(), BlockError> {
    let values = dictionary.len() - 1;
    write_varint(out, values as u64);
    if values == 0 {
        return Ok(());
    }
    let apart = if VALUES_APART_MIN <= values { Apart::of(dictionary.text()) } else { None };
    if apart.is_some() {
        out.push(APART);
    }
    scratch.clear();
    scratch.extend(dictionary.lengths().skip(1));
    numbers::encode(out, packer, scratch)?;
    let Some(mut apart) = apart else {
        return packer.write_bytes(out, dictionary.text().as_bytes());
    };
    packer.write_bytes(out, &apart.words)?;
    packer.write_bytes(out, &apart.digits)?;
    numbers::encode(out, packer, &mut apart.runs)
}

pub(super) fn decode(
    reader: &mut Reader<'_>,
    unpacker: &mut Unpacker,
    rows: usize,
) -> Result<TextColumn, BlockError> {
    let dictionary = decode_dictionary(reader, unpacker)?;
    let numbers = numbers::decode(reader, unpacker, rows)?;
    column(dictionary, &numbers)
}

/// The texts at these places alone.
pub(super) fn decode_at(
    reader: &mut Reader<'_>,
    unpacker: &mut Unpacker,
    rows: (usize, &[usize]),
) -> Result<TextColumn, BlockError> {
    let dictionary = decode_dictionary(reader, unpacker)?;
    let numbers = numbers::decode_at(reader, unpacker, rows)?;
    let whole = column(dictionary, &numbers)?;
    let mut texts = TextColumn::default();
    (0..whole.rows.len()).for_each(|row| texts.push(whole.get(row)));
    Ok(texts)
}

fn decode_dictionary(
    reader: &mut Reader<'_>,
    unpacker: &mut Unpacker,
) -> Result<Dictionary, BlockError> {
    let values = reader.length(VALUES_MAX)?;
    if values == 0 {
        return Ok(Dictionary::default());
    }
    let is_apart = reader.skips(APART);
    let lengths = numbers::decode(reader, unpacker, values)?;
    let text = unpacker.read(reader, Unpacker::MAX)?;
    let text = if is_apart { joined(text, (reader, unpacker))? } else { text };
    read(&lengths, text)
}

fn column(dictionary: Dictionary, numbers: &[u64]) -> Result<TextColumn, BlockError> {
    // All are looked at, whatever the first is: many at once.
    let largest = numbers.iter().fold(0, |largest: u64, number| largest.max(*number));
    if dictionary.len() as u64 <= largest {
        return Err(BlockError::Damaged("a row has a text that is not there"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "none is more than VALUES_MAX")]
    let rows = numbers.iter().map(|&number| number as u32).collect();
    Ok(TextColumn { dictionary, rows })
}

/// Puts long numbers back to where they were.
fn joined(
    words: Vec<u8>,
    (reader, unpacker): (&mut Reader<'_>, &mut Unpacker),
) -> Result<Vec<u8>, BlockError> {
    let digits = unpacker.read(reader, Unpacker::MAX)?;
    let runs = numbers::decode(reader, unpacker, Apart::runs_in(&words))?;
    Apart { words, digits, runs }.joined()
}

/// Before the lengths of texts whose long numbers stand apart. No column of numbers begins so.
const APART: u8 = 4;
/// Fewer texts have too few numbers to be worth it.
const VALUES_APART_MIN: usize = 256;
/// A batch has at most one new text a row.
const VALUES_MAX: usize = 1 << 16;

/// Whoever wrote them had each once.
fn read(lengths: &[u64], bytes: Vec<u8>) -> Result<Dictionary, BlockError> {
    let invalid = || BlockError::Damaged("a text is not UTF-8");
    let text = String::from_utf8(bytes).map_err(|_invalid| invalid())?;
    let mut ends = Vec::with_capacity(lengths.len() + 1);
    let mut end = 0usize;
    ends.push(0);
    for length in lengths {
        let length = usize::try_from(*length).unwrap_or(usize::MAX);
        end = end.saturating_add(length);
        if !text.is_char_boundary(end) {
            return Err(invalid());
        }
        ends.push(u32::try_from(end).map_err(|_large| invalid())?);
    }
    Ok(Dictionary::of_distinct(text, ends))
}
