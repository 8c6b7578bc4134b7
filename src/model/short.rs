//! Searches in short texts: eight bytes at a time first, and the wide search for what is longer.

use memchr::memchr;
use memchr::memchr2;

/// Up to here a call would cost more than it saves.
const SHORT_BYTES: usize = 32;

/// Where `byte` first stands.
#[inline]
pub fn find(text: &[u8], byte: u8) -> Option<usize> {
    search(text, |word| has_byte(word, byte), |rest| memchr(byte, rest))
}

/// Where the first of both bytes stands.
#[inline]
pub fn find_either(text: &[u8], [one, other]: [u8; 2]) -> Option<usize> {
    let hits = |word| has_byte(word, one) | has_byte(word, other);
    search(text, hits, |rest| memchr2(one, other, rest))
}

#[expect(clippy::inline_always, reason = "most fields end within a few words: a call costs more")]
#[inline(always)]
fn search(
    text: &[u8],
    hits: impl Fn(u64) -> u64,
    wide: impl FnOnce(&[u8]) -> Option<usize>,
) -> Option<usize> {
    let words = text.as_chunks().0;
    let near = words.get(..SHORT_BYTES / 8).unwrap_or(words);
    let mut at = 0;
    for word in near {
        let found = hits(u64::from_le_bytes(*word));
        if found != 0 {
            return Some(at + (found.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    if near.len() < words.len() {
        return wide(text.get(at..)?).map(|found| at + found);
    }
    search_few(text, at, hits)
}

/// Fewer than eight bytes, as a word whose upper bytes are 0.
#[inline]
fn search_few(text: &[u8], from: usize, hits: impl Fn(u64) -> u64) -> Option<usize> {
    let rest = text.get(from..)?;
    let word = match text.last_chunk::<8>() {
        // Those before them are shifted out.
        Some(_) if rest.is_empty() => return None,
        Some(last) => u64::from_le_bytes(*last) >> (64 - 8 * rest.len()),
        None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    let at = (hits(word).trailing_zeros() / 8) as usize;
    (at < rest.len()).then_some(from + at)
}

/// The high bit of each byte that is `byte`, right up to the first of them.
#[inline]
const fn has_byte(word: u64, byte: u8) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let zeros = word ^ (ONES * byte as u64);
    zeros.wrapping_sub(ONES) & !zeros & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_found_wherever_it_stands() {
        for length in 0..80 {
            for at in 0..=length {
                let mut text = vec![b'a'; length];
                text.extend_from_slice(b"\\\"\\");
                text.truncate(length);
                if let Some(byte) = text.get_mut(at) {
                    *byte = b'"';
                }
                let expected = text.iter().position(|byte| *byte == b'"');
                assert_eq!(find(&text, b'"'), expected, "{length} {at}");
                assert_eq!(find_either(&text, [b'"', b'\\']), expected, "{length} {at}");
                assert_eq!(find(&text, b'\0'), None);
            }
        }
        assert_eq!(find_either(b"ab\\c\"", [b'"', b'\\']), Some(2));
    }
}
