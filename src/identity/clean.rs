//! Bytes of a line as text that can be stored: no byte is lost, and none can break a line.

use std::borrow::Cow;

use core::fmt::Write as _;

/// The bytes as text: what is no UTF-8 is replaced, control characters are shown as `\xHH`.
pub(super) fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    let is_plain = bytes.iter().fold(true, |plain, byte| plain & (b' '..=b'~').contains(byte));
    if is_plain && let Ok(text) = str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let text = String::from_utf8_lossy(bytes);
    if !text.chars().any(is_hidden) {
        return text;
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if is_hidden(letter) {
            // Writing to a String cannot fail.
            write!(shown, "\\x{:02X}", u32::from(letter)).unwrap_or_default();
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

/// The text up to a number of bytes, with `…` if something was cut.
pub(super) fn cut(text: &mut String, bytes_max: usize) {
    if bytes_max < text.len() {
        text.truncate(text.floor_char_boundary(bytes_max));
        text.push('…');
    }
}

/// `%41` as `A`, once.
pub(super) fn decoded(bytes: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'%', bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, behind)) = rest.split_first() {
        let value = match behind {
            [high, low, ..] if first == b'%' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        if let Some((high, low)) = value {
            plain.push(high << 4 | low);
            rest = behind.get(2..).unwrap_or(&[]);
        } else {
            plain.push(first);
            rest = behind;
        }
    }
    Cow::Owned(plain)
}

fn is_hidden(letter: char) -> bool {
    letter.is_control() || letter == '\u{2028}' || letter == '\u{2029}'
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_foreign_bytes_are_shown() {
        assert_eq!(text_of(b"a\0b\nc\x1b[31m"), "a\\x00b\\x0Ac\\x1B[31m");
        assert_eq!(text_of(b"caf\xe9"), "caf\u{fffd}");
        assert_eq!(text_of("café".as_bytes()), "café");
    }

    #[test]
    fn a_percent_sign_is_undone_once() {
        assert_eq!(decoded(b"%61pi%5Fkey").as_ref(), b"api_key");
        assert_eq!(decoded(b"%2541%4").as_ref(), b"%41%4");
    }

    #[test]
    fn a_cut_falls_between_characters() {
        let mut text = "aé".repeat(3);
        cut(&mut text, 5);
        assert_eq!(text, "aéa…");
    }
}
