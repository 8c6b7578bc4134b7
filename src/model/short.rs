//! Searches in short texts, and comparing them: eight bytes at a time first, and the wide search for what is
//! longer.

use memchr::memchr;
use memchr::memchr2;

/// Up to here a call would cost more than it saves.
const SHORT_BYTES: usize = 32;

/// Where `byte` first stands.
#[inline]
pub fn find(text: &[u8], byte: u8) -> Option<usize> {
    search(text, |word| has_byte(word, byte), |rest| memchr(byte, rest))
}

/// Whether `byte` stands in the text at all.
#[inline]
pub fn has(text: &[u8], byte: u8) -> bool {
    match (text.first_chunk(), text.last_chunk()) {
        // They overlap, or meet.
        (Some(first), Some(last)) if text.len() <= 16 => {
            let [first, last] = [*first, *last].map(u64::from_le_bytes);
            has_byte(first, byte) | has_byte(last, byte) != 0
        }
        _ => find(text, byte).is_some(),
    }
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

/// With how many digits the text ends, eight at most, and their number; `None` for a text of less than
/// eight bytes.
#[inline]
pub fn last_digits(text: &[u8]) -> Option<(usize, u64)> {
    let word = u64::from_le_bytes(*text.last_chunk()?) ^ (ONES * u64::from(b'0'));
    // The upper bit of each byte that is no digit. What carries over comes from such a byte, and
    // makes none of a digit that stands behind it: that one is not counted then, nor those before it.
    let others = (word | word.wrapping_add(ONES * (0x80 - 10))) & (ONES << 7);
    let digits = others.leading_zeros() / 8;
    let of_digits = word.checked_shr(64 - 8 * digits).unwrap_or(0);
    let ones = of_digits.checked_shl(64 - 8 * digits).unwrap_or(0);
    // Two digits, then four, then eight, beside one another: the first one stands lowest.
    let twos = (ones.wrapping_mul(10 << 8 | 1) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_ffff_0000_ffff;
    let eight = fours.wrapping_mul(10_000 << 32 | 1) >> 32;
    Some((digits as usize, eight))
}

/// As `==`, but in eights instead of a call: these values are short and there are many.
#[inline]
pub fn is_same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let (Some(left_end), Some(right_end)) = (left.last_chunk(), right.last_chunk()) else {
        return word_of_few(left) == word_of_few(right);
    };
    let differs = |left: &[u8; 8], right| u64::from_ne_bytes(*left) ^ u64::from_ne_bytes(right);
    let pairs = left.as_chunks().0.iter().zip(right.as_chunks().0);
    // The last eight overlap those before them.
    pairs.fold(differs(left_end, *right_end), |seen, (left, right)| seen | differs(left, *right))
        == 0
}

/// Fewer than eight bytes: the first four and the last four, or as many as there are, which may overlap. Of
/// two texts of one length it is the same only if they are.
#[inline]
pub fn word_of_few(bytes: &[u8]) -> u64 {
    let both = |first: u32, last: u32| u64::from(first) << 32 | u64::from(last);
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return both(u32::from_le_bytes(*first), u32::from_le_bytes(*last));
    }
    match bytes {
        [] => 0,
        [one] => u64::from(*one),
        [first, .., last] => {
            let middle = bytes.get(1).copied().unwrap_or_default();
            both(u32::from(*first) << 8 | u32::from(middle), u32::from(*last))
        }
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// The high bit of each byte that is `byte`, right up to the first of them.
#[inline]
const fn has_byte(word: u64, byte: u8) -> u64 {
    let zeros = word ^ (ONES * byte as u64);
    zeros.wrapping_sub(ONES) & !zeros & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_at_the_end_are_counted_and_read() {
        for (text, expected) in [
            ("/orders/76397250", Some((8, 76_397_250))),
            ("123456789", Some((8, 23_456_789))),
            ("/orders/0070", Some((4, 70))),
            ("/orders/7", Some((1, 7))),
            ("/orders/", Some((0, 0))),
            ("/order/:9", Some((1, 9))),
            ("/a/1234", None),
        ] {
            assert_eq!(last_digits(text.as_bytes()), expected, "{text}");
        }
        for byte in (0..=u8::MAX).filter(|byte| !byte.is_ascii_digit()) {
            let text = [b"12345".as_slice(), &[byte], b"8901"].concat();
            let (digits, number) = last_digits(&text).unwrap();
            assert!(digits <= 4 && [0, 1, 901, 8901].contains(&number), "{byte} {digits} {number}");
            assert!(byte != b'/' || (digits, number) == (4, 8901));
        }
    }

    #[test]
    fn texts_are_the_same_only_if_every_byte_is() {
        for length in 0..40 {
            let text: Vec<u8> = (0..length).collect();
            assert!(is_same(&text, &text.clone()));
            assert!(!is_same(&text, &[&text[..], b"x"].concat()));
            for at in 0..text.len() {
                let mut other = text.clone();
                other[at] ^= 0x80;
                assert!(!is_same(&text, &other), "{length} {at}");
            }
        }
    }

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
                assert_eq!(has(&text, b'"'), expected.is_some());
            }
        }
        assert_eq!(find_either(b"ab\\c\"", [b'"', b'\\']), Some(2));
    }
}
