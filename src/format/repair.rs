//! A second try at JSON that a hand-written log format made: only after the first failed.

use std::borrow::Cow;

/// Undoes what is often wrong: `\xHH` in texts, numbers that are empty, NaN, lists without
/// brackets, a comma before the end, bytes that are no text.
pub(super) fn repair(line: &[u8]) -> Option<Vec<u8>> {
    let line = match String::from_utf8_lossy(line) {
        Cow::Borrowed(text) => text.as_bytes().to_vec(),
        Cow::Owned(text) => text.into_bytes(),
    };
    let mut repaired = Vec::with_capacity(line.len() + 16);
    let mut rest = line.as_slice();
    while let Some((&byte, behind)) = rest.split_first() {
        match byte {
            b'"' => rest = text(behind, &mut repaired)?,
            b':' => {
                repaired.push(b':');
                rest = value(behind, &mut repaired);
            }
            b',' => {
                if !matches!(behind.trim_ascii_start().first(), Some(b'}' | b']' | b',') | None) {
                    repaired.push(b',');
                }
                rest = behind;
            }
            _ => {
                repaired.push(byte);
                rest = behind;
            }
        }
    }
    Some(repaired)
}

/// Copies a text up to its quote; `\xHH` becomes `\u00HH`.
fn text<'a>(mut rest: &'a [u8], repaired: &mut Vec<u8>) -> Option<&'a [u8]> {
    repaired.push(b'"');
    loop {
        let (&byte, behind) = rest.split_first()?;
        rest = behind;
        match (byte, behind) {
            (b'"', _) => {
                repaired.push(b'"');
                return Some(rest);
            }
            (b'\\', [b'x', high, low, tail @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                repaired.extend_from_slice(&[b'\\', b'u', b'0', b'0', *high, *low]);
                rest = tail;
            }
            (b'\\', [escaped, tail @ ..]) => {
                let is_known = b"\"\\/bfnrtu".contains(escaped);
                repaired.extend_from_slice(if is_known { b"\\" } else { b"\\\\" });
                repaired.push(*escaped);
                rest = tail;
            }
            (control @ 0..32, _) => {
                repaired.extend_from_slice(format!("\\u{control:04x}").as_bytes());
            }
            (_, _) => repaired.push(byte),
        }
    }
}

/// Copies a bare value behind a colon; `null` where it is none that JSON knows.
fn value<'a>(rest: &'a [u8], repaired: &mut Vec<u8>) -> &'a [u8] {
    let rest = rest.trim_ascii_start();
    if matches!(rest.first(), Some(b'"' | b'{' | b'[')) {
        return rest;
    }
    // A list without brackets goes on until the next key.
    let mut end = 0;
    for (at, byte) in rest.iter().enumerate() {
        let is_next_key = *byte == b'"';
        if matches!(byte, b'}' | b']') || is_next_key {
            end = at;
            break;
        }
        end = at + 1;
    }
    let (bare, mut behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
    let has_comma = bare.trim_ascii_end().ends_with(b",");
    let bare = bare.trim_ascii_end();
    let bare = bare.strip_suffix(b",").unwrap_or(bare).trim_ascii();
    let first = bare.split(|byte| *byte == b',').next().unwrap_or(bare).trim_ascii();
    let is_value = serde_json::from_slice::<serde::de::IgnoredAny>(first).is_ok();
    repaired.extend_from_slice(if is_value { first } else { b"null" });
    if has_comma && behind.first() == Some(&b'"') {
        repaired.push(b',');
    } else if behind.first() == Some(&b'"') {
        behind = &[];
    }
    behind
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let repaired = repair(line.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(repaired).unwrap(), expected);
    }

    #[test]
    fn what_servers_get_wrong_is_put_right() {
        check(r#"{"a":1,}"#, r#"{"a":1}"#);
        check(r#"{"a":,"b":2}"#, r#"{"a":null,"b":2}"#);
        check(r#"{"a":NaN}"#, r#"{"a":null}"#);
        check(r#"{"a":0.001, 0.049,"b":2}"#, r#"{"a":0.001,"b":2}"#);
        check(r#"{"a":-,"b":"\x22\d"}"#, r#"{"a":null,"b":"\u0022\\d"}"#);
        check(r#"{"a":{"b":1,"c":[1,2,]}}"#, r#"{"a":{"b":1,"c":[1,2]}}"#);
    }
}
