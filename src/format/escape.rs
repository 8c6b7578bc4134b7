//! Undoing the escapes that servers put into quoted fields, after the line was cut.

use std::borrow::Cow;

use crate::model::record::Field;

/// How a server escapes what it logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Escape {
    /// nginx's default and Apache: `\xHH`, `\"`, `\\`, `\n`.
    #[default]
    Backslash,
    /// nginx's `escape=json`.
    Json,
    /// nginx's `escape=none`: what looks like an escape is data.
    None,
}

/// The text without its escapes; borrowed if there are none. Where undoing them gives
/// bytes that are no text (a TLS handshake on a plain port), they stay, so nothing is lost.
pub(super) fn undo(text: &[u8], escape: Escape) -> Field<'_> {
    let undone = match escape {
        Escape::None => return Cow::Borrowed(text),
        Escape::Backslash => undo_backslashes(text),
        Escape::Json => undo_json(text),
    };
    match undone {
        Some(undone) if std::str::from_utf8(&undone).is_ok() => Cow::Owned(undone),
        Some(_) | None => Cow::Borrowed(text),
    }
}

fn undo_backslashes(text: &[u8]) -> Option<Vec<u8>> {
    let mut undone = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at_checked(at)?;
        undone.extend_from_slice(plain);
        let (byte, length) = match *escape {
            [_, b'x', high, low, ..] => match (hex(high), hex(low)) {
                (Some(high), Some(low)) => (high << 4 | low, 4),
                (_, _) => (b'\\', 1),
            },
            [_, b'n', ..] => (b'\n', 2),
            [_, b't', ..] => (b'\t', 2),
            [_, b'r', ..] => (b'\r', 2),
            [_, byte @ (b'"' | b'\\'), ..] => (byte, 2),
            [..] => (b'\\', 1),
        };
        undone.push(byte);
        rest = escape.get(length..)?;
    }
    undone.extend_from_slice(rest);
    Some(undone)
}

fn undo_json(text: &[u8]) -> Option<Vec<u8>> {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    quoted.push(b'"');
    quoted.extend_from_slice(text);
    quoted.push(b'"');
    serde_json::from_slice::<String>(&quoted).ok().map(String::into_bytes)
}

pub(super) fn hex(digit: u8) -> Option<u8> {
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

    fn check(text: &str, escape: Escape, expected: &str) {
        assert_eq!(undo(text.as_bytes(), escape), expected.as_bytes(), "{text}");
    }

    #[test]
    fn escapes_are_undone_once() {
        check(r"plain", Escape::Backslash, "plain");
        check(r"a \x22b\x22", Escape::Backslash, "a \"b\"");
        check(r#"a \"b\" \\"#, Escape::Backslash, "a \"b\" \\");
        check(r"\\x22", Escape::Backslash, r"\x22");
        check(r"C:\dir\", Escape::Backslash, r"C:\dir\");
        check(r#"\u00e9 \"b\""#, Escape::Json, "é \"b\"");
        check(r"a \x22", Escape::None, r"a \x22");
    }

    #[test]
    fn binary_keeps_its_escapes() {
        check(r"\x16\x03\xF6", Escape::Backslash, r"\x16\x03\xF6");
        check(r"\x16\x03\x01", Escape::Backslash, "\x16\x03\x01");
    }
}
