//! A column of numbers: a first value and a step where that says it all, else byte by byte.

use super::BlockError;
use super::blob::{Packer, Unpacker};
use super::bytes::{Reader, unzigzag, write_varint, zigzag};

/// Each value is the one before plus a step; with step 0 it is a constant.
const PROGRESSION: u8 = 0;
/// All lowest bytes, then all second bytes, and so on: alike bytes stand together.
const PLANES: u8 = 1;
/// The same of values that have a common divisor, which comes first: milliseconds as microseconds.
const SCALED: u8 = 2;
/// Numbers of texts most of which are new: 0 for the next new one, else one more than the number.
const FRESH: u8 = 3;
const WIDTH_MAX: u8 = 8;

/// As a column of zeros.
pub(super) fn encode_nothing(out: &mut Vec<u8>) {
    encode_progression(out, (0, 0));
}

/// Leaves something else in `values`.
pub(super) fn encode(
    out: &mut Vec<u8>,
    packer: &mut Packer,
    values: &mut [u64],
) -> Result<(), BlockError> {
    let first = values.first().copied().unwrap_or(0);
    let step = values.get(1).map_or(0, |second| second.wrapping_sub(first));
    if is_progression(values, step) {
        encode_progression(out, (first, step));
        return Ok(());
    }
    let divisor = common_divisor(values);
    if divisor == 1 {
        out.push(PLANES);
    } else {
        out.push(SCALED);
        write_varint(out, divisor);
        divide(values, divisor);
    }
    let all_bits = values.iter().fold(0, |bits, value| bits | value);
    let width = (64 - all_bits.leading_zeros()).div_ceil(8);
    write_varint(out, u64::from(width));
    packer.raw.clear();
    for plane in 0..width {
        packer.raw.extend(values.iter().map(|&value| plane_byte(value, plane)));
    }
    packer.write(out)
}

fn encode_progression(out: &mut Vec<u8>, (first, step): (u64, u64)) {
    out.push(PROGRESSION);
    write_varint(out, first);
    write_varint(out, zigzag(step.cast_signed()));
}

/// Numbers of texts in the order of their first use.
pub(super) fn encode_fresh(
    out: &mut Vec<u8>,
    packer: &mut Packer,
    values: &mut [u64],
) -> Result<(), BlockError> {
    let mut newest = 0;
    for value in values.iter_mut() {
        let is_new = *value == newest + 1;
        newest += u64::from(is_new);
        *value = if is_new { 0 } else { *value + 1 };
    }
    out.push(FRESH);
    encode(out, packer, values)
}

pub(super) fn decode(
    reader: &mut Reader<'_>,
    unpacker: &mut Unpacker,
    rows: usize,
) -> Result<Vec<u64>, BlockError> {
    let form = reader.byte()?;
    decode_any(form, reader, unpacker, rows)
}

/// The values at these places alone.
pub(super) fn decode_at(
    reader: &mut Reader<'_>,
    unpacker: &mut Unpacker,
    (rows, places): (usize, &[usize]),
) -> Result<Vec<u64>, BlockError> {
    let form = reader.byte()?;
    let factor = match form {
        PLANES => 1,
        SCALED => reader.varint()?,
        form => {
            let values = decode_any(form, reader, unpacker, rows)?;
            return Ok(places.iter().map(|&at| values.get(at).copied().unwrap_or(0)).collect());
        }
    };
    let raw = read_planes(reader, unpacker, rows)?;
    let value = |&place: &usize| {
        let bytes = raw.iter().skip(place).step_by(rows.max(1));
        let value =
            bytes.zip(0..).fold(0, |value, (byte, plane)| value | u64::from(*byte) << (plane * 8));
        value.wrapping_mul(factor)
    };
    Ok(places.iter().map(value).collect())
}

fn decode_any(
    form: u8,
    reader: &mut Reader<'_>,
    unpacker: &mut Unpacker,
    rows: usize,
) -> Result<Vec<u64>, BlockError> {
    if form != FRESH {
        return decode_form(form, reader, unpacker, rows);
    }
    let form = reader.byte()?;
    let mut values = decode_form(form, reader, unpacker, rows)?;
    let mut newest = 0;
    for value in &mut values {
        newest += u64::from(*value == 0);
        *value = value.checked_sub(1).unwrap_or(newest);
    }
    Ok(values)
}

fn decode_form(
    form: u8,
    reader: &mut Reader<'_>,
    unpacker: &mut Unpacker,
    rows: usize,
) -> Result<Vec<u64>, BlockError> {
    match form {
        PROGRESSION => {
            let first = reader.varint()?;
            let step = unzigzag(reader.varint()?).cast_unsigned();
            let value = |row: u64| first.wrapping_add(step.wrapping_mul(row));
            Ok((0..rows as u64).map(value).collect())
        }
        PLANES => decode_planes(reader, unpacker, rows),
        SCALED => {
            let divisor = reader.varint()?;
            let mut values = decode_planes(reader, unpacker, rows)?;
            for value in &mut values {
                *value = value.wrapping_mul(divisor);
            }
            Ok(values)
        }
        _ => Err(BlockError::Damaged("a column of numbers has an unknown form")),
    }
}

fn decode_planes(
    reader: &mut Reader<'_>,
    unpacker: &mut Unpacker,
    rows: usize,
) -> Result<Vec<u64>, BlockError> {
    Ok(join_planes(&read_planes(reader, unpacker, rows)?, rows))
}

fn read_planes(
    reader: &mut Reader<'_>,
    unpacker: &mut Unpacker,
    rows: usize,
) -> Result<Vec<u8>, BlockError> {
    let width = reader.length(usize::from(WIDTH_MAX))?;
    let raw = unpacker.read(reader, rows * width)?;
    if raw.len() != rows * width {
        return Err(BlockError::Damaged("a column of numbers has a wrong length"));
    }
    Ok(raw)
}

/// Times as the first one and the differences from row to row.
pub(super) fn encode_times(
    out: &mut Vec<u8>,
    packer: &mut Packer,
    scratch: &mut Vec<u64>,
    times: &[i64],
) -> Result<(), BlockError> {
    write_varint(out, zigzag(times.first().copied().unwrap_or(0)));
    scratch.clear();
    let behind_first = times.iter().skip(1);
    scratch.extend(times.iter().zip(behind_first).map(|(a, b)| zigzag(b.wrapping_sub(*a))));
    encode(out, packer, scratch)
}

pub(super) fn decode_times(
    reader: &mut Reader<'_>,
    unpacker: &mut Unpacker,
    rows: usize,
) -> Result<Vec<i64>, BlockError> {
    let mut time = unzigzag(reader.varint()?);
    let steps = decode(reader, unpacker, rows.saturating_sub(1))?;
    let mut times = Vec::with_capacity(rows);
    if 0 < rows {
        times.push(time);
    }
    for step in steps {
        time = time.wrapping_add(unzigzag(step));
        times.push(time);
    }
    Ok(times)
}

/// The largest number that all are a multiple of; 1 at least.
fn common_divisor(values: &[u64]) -> u64 {
    let mut divisor = 0u64;
    for &value in values {
        if is_multiple(value, divisor) {
            continue;
        }
        let (mut a, mut b) = (divisor, value);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        divisor = a;
        if divisor == 1 {
            break;
        }
    }
    divisor.max(1)
}

/// Divisions of short numbers take half the time.
fn is_multiple(value: u64, divisor: u64) -> bool {
    match (u32::try_from(value), u32::try_from(divisor)) {
        (Ok(value), Ok(divisor)) => value.is_multiple_of(divisor),
        (Err(_), _) | (_, Err(_)) => value.is_multiple_of(divisor),
    }
}

fn divide(values: &mut [u64], divisor: u64) {
    for value in values {
        *value = match (u32::try_from(*value), u32::try_from(divisor)) {
            (Ok(value), Ok(divisor)) => u64::from(value / divisor),
            (Err(_), _) | (_, Err(_)) => *value / divisor,
        };
    }
}

/// Looked at by and large: it takes a word of a few bits a value.
pub(super) fn is_constant(values: &[u64]) -> bool {
    let Some(first) = values.first() else { return true };
    let differ = |some: &[u64]| some.iter().fold(0, |bits, value| bits | (value ^ first)) != 0;
    !values.chunks(64).any(differ)
}

fn is_progression(values: &[u64], step: u64) -> bool {
    if step == 0 {
        return is_constant(values);
    }
    values.windows(2).all(|pair| matches!(pair, [a, b] if b.wrapping_sub(*a) == step))
}

#[expect(clippy::cast_possible_truncation, reason = "one byte of the number is meant")]
fn plane_byte(value: u64, plane: u32) -> u8 {
    (value >> (plane * 8)) as u8
}

fn join_planes(raw: &[u8], rows: usize) -> Vec<u64> {
    let mut values = vec![0u64; rows];
    if rows == 0 {
        return values;
    }
    for (plane, bytes) in raw.chunks_exact(rows).enumerate() {
        for (value, byte) in values.iter_mut().zip(bytes) {
            *value |= u64::from(*byte) << (plane * 8);
        }
    }
    values
}
