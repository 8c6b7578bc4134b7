//! The file of sled 0.34 is made of segments of 512 KiB, and these of messages, each with its
//! checksum: what of a segment can be read, whatever has become of the rest.

use flate2::Crc;

pub(super) const BYTES: usize = 512 * 1024;
const HEADER_BYTES: usize = 20;
/// The checksum, the kind, and three numbers.
const MESSAGE_BYTES_MIN: usize = 4 + 1 + 3;
const KINDS_MAX: u8 = 11;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) page: u64,
    /// Where it stands in all that was ever written: later is higher.
    pub(super) lsn: u64,
    /// Where the next one may stand.
    pub(super) end: u64,
    pub(super) kind: Kind,
    /// Where its body lies in the file.
    pub(super) at: u64,
    pub(super) length: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A page as a whole.
    Page,
    /// One change of a page.
    Change,
    Free,
    /// The beginning of a batch, and where its last message is.
    Batch(u64),
    Other,
}

/// A message as it lies in its segment.
struct Found {
    kind: u8,
    segment: u64,
    page: u64,
    /// Where its body begins in the segment.
    body: usize,
    length: usize,
}

/// Adds the messages of a segment that begins here in the file. Returns how many bytes between
/// them are damaged.
pub(super) fn read(segment: &[u8], start: u64, messages: &mut Vec<Message>) -> u64 {
    let known = number_of(segment);
    let mut number = known;
    let mut at = HEADER_BYTES;
    let mut damaged = if known.is_none() { HEADER_BYTES as u64 } else { 0 };
    while at + MESSAGE_BYTES_MIN <= segment.len() {
        let found = message_at(segment, at, number);
        let Some((place, found)) = found.map(|found| (at, found)).or_else(|| {
            // Never written, or damaged: then there is more behind it.
            (at + 1..segment.len()).find_map(|at| Some((at, message_at(segment, at, number)?)))
        }) else {
            break;
        };
        damaged += (place - at) as u64;
        number = Some(found.segment);
        let body = segment.get(found.body..found.body + found.length).unwrap_or_default();
        let base = found.segment.saturating_mul(BYTES as u64);
        messages.push(Message {
            page: found.page,
            lsn: base.saturating_add(place as u64),
            end: base.saturating_add((found.body + found.length) as u64),
            kind: kind_of(found.kind, body),
            at: start + found.body as u64,
            length: found.length,
        });
        if found.kind == CAP {
            break;
        }
        at = found.body + found.length;
    }
    // A segment that was never used, or a piece of one, has nothing in it.
    if number.is_none() { u64::from(segment.iter().any(|byte| *byte != 0)) } else { damaged }
}

const CAP: u8 = 2;

fn kind_of(kind: u8, body: &[u8]) -> Kind {
    match kind {
        3 => body.first_chunk().map_or(Kind::Other, |last| Kind::Batch(u64::from_le_bytes(*last))),
        4 => Kind::Free,
        8 => Kind::Page,
        10 => Kind::Change,
        // Cancelled, padding, counters, the names of trees; values in files of their own.
        _ => Kind::Other,
    }
}

/// The segment's place in all that was ever written, if its header holds.
fn number_of(segment: &[u8]) -> Option<u64> {
    let (checksum, rest) = segment.split_first_chunk::<4>()?;
    let lsn = rest.first_chunk::<8>()?;
    if u32::from_le_bytes(*checksum) != checksum_of(&[rest.get(..HEADER_BYTES - 4)?]) {
        return None;
    }
    let lsn = u64::from_le_bytes(*lsn) ^ (u64::MAX >> 1);
    lsn.is_multiple_of(BYTES as u64).then_some(lsn / BYTES as u64)
}

/// A message whose checksum holds and that belongs to its segment.
fn message_at(segment: &[u8], at: usize, number: Option<u64>) -> Option<Found> {
    let message = segment.get(at..)?;
    let (checksum, rest) = message.split_first_chunk::<4>()?;
    let (&kind, mut rest) = rest.split_first()?;
    if kind == 0 || KINDS_MAX < kind {
        return None;
    }
    let length = usize::try_from(varint(&mut rest)?).ok()?;
    let of_segment = varint(&mut rest)?;
    if number.is_some_and(|number| number != of_segment) {
        return None;
    }
    let page = varint(&mut rest)?;
    let body = rest.get(..length)?;
    let head = message.len() - rest.len();
    if u32::from_le_bytes(*checksum) != checksum_of(&[body, message.get(4..head)?]) {
        return None;
    }
    Some(Found { kind, segment: of_segment, page, body: at + head, length })
}

fn checksum_of(pieces: &[&[u8]]) -> u32 {
    let mut crc = Crc::new();
    for piece in pieces {
        crc.update(piece);
    }
    !crc.sum()
}

/// A number as sled writes it: small ones are short.
pub(super) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let (&first, rest) = bytes.split_first()?;
    let (value, rest) = match first {
        0..=240 => (u64::from(first), rest),
        241..=248 => {
            let (&low, rest) = rest.split_first()?;
            (240 + 256 * (u64::from(first) - 241) + u64::from(low), rest)
        }
        249 => {
            let ([high, low], rest) = rest.split_first_chunk()?;
            (2288 + 256 * u64::from(*high) + u64::from(*low), rest)
        }
        250..=255 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first) - 247)?;
            let shifted = bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
            (shifted, rest)
        }
    };
    *bytes = rest;
    Some(value)
}
