//! Secrets that are told by the name in front of them: `api_key=…`, `Authorization: …`.

use core::ops::Range;

use super::clean::decoded;
use super::shapes::Place;
use super::words::{is_secret_name, takes_the_rest};

/// Longer names are cut in front: only their end counts.
const NAME_BYTES_MAX: usize = 96;
/// How the label begins that stands for a secret that was hidden before.
const LABEL_NAME: &[u8] = b"[secret";

/// Adds the places of all values in `text` whose names say that they are secret.
pub(super) fn find_named(text: &[u8], place: Place, hits: &mut Vec<Range<usize>>) {
    let mut from = 0;
    while let Some((sign, behind)) = next_sign(text, from, place) {
        from = behind;
        let before = text.get(..sign).unwrap_or(&[]);
        if before.ends_with(LABEL_NAME) && is_label(text.get(sign - LABEL_NAME.len()..)) {
            continue;
        }
        let Some(takes_rest) = secret_name_at_end(before) else { continue };
        let value = value_at(text, behind, place, takes_rest);
        if !value.is_empty() {
            from = value.end;
            hits.push(value);
        }
    }
    find_url_passwords(text, hits);
}

/// The next `=`, `%3D`, or in a text `:`; where it stands and what is behind it.
fn next_sign(text: &[u8], from: usize, place: Place) -> Option<(usize, usize)> {
    let mut at = from;
    loop {
        let rest = text.get(at..)?;
        let found = match place {
            Place::Path | Place::Query => memchr::memchr2(b'=', b'%', rest)?,
            Place::Text | Place::Sample => memchr::memchr3(b'=', b'%', b':', rest)?,
        };
        let sign = at + found;
        match text.get(sign..)? {
            [b'%', b'3', b'D' | b'd', ..] => return Some((sign, sign + 3)),
            [b'%', ..] => at = sign + 1,
            _ => return Some((sign, sign + 1)),
        }
    }
}

/// Whether a secret's name stands at the end, and if so, whether all that follows is secret.
fn secret_name_at_end(before: &[u8]) -> Option<bool> {
    // Quotes and blanks may stand between a name and its sign: `"token" : "…"`.
    let unquoted = before.trim_ascii_end();
    let quotes = unquoted.iter().rev().take_while(|byte| matches!(byte, b'"' | b'\'' | b'\\'));
    let quotes = quotes.count();
    let before = unquoted.get(..unquoted.len() - quotes)?;
    let start = before.iter().rev().take(NAME_BYTES_MAX).take_while(|byte| is_of_name(**byte));
    let name = before.get(before.len() - start.count()..)?;
    let name = decoded(name);
    let word = name.rsplit(|byte| !is_of_name(*byte) || *byte == b'%').next()?;
    is_secret_name(word).then(|| takes_the_rest(word))
}

const fn is_of_name(byte: u8) -> bool {
    matches!(byte, b'-' | b'_' | b'.' | b'%' | b'[' | b']' | b'$') || byte.is_ascii_alphanumeric()
}

fn value_at(text: &[u8], from: usize, place: Place, takes_rest: bool) -> Range<usize> {
    let rest = text.get(from..).unwrap_or(&[]);
    let lead = match place {
        Place::Path | Place::Query => 0,
        Place::Text | Place::Sample => {
            rest.iter().take_while(|byte| matches!(byte, b' ' | b'"' | b'\'' | b'\\')).count()
        }
    };
    let value = rest.get(lead..).unwrap_or(&[]);
    if matches!(place, Place::Text | Place::Sample) && !is_label(Some(value)) {
        match value.first() {
            // A list of values: `"X-Api-Key": ["…"]`.
            Some(b'[') => {
                let length = memchr::memchr(b']', value).map_or(value.len(), |end| end + 1);
                return from + lead..from + lead + length;
            }
            // An object has names of its own.
            Some(b'{') => return from + lead..from + lead,
            Some(_) | None => (),
        }
    }
    let ends = |byte: &u8| match place {
        Place::Query => *byte == b'&' || *byte == b'#',
        Place::Path => matches!(byte, b'/' | b';' | b'&' | b'?' | b'#' | b','),
        Place::Text | Place::Sample if takes_rest => matches!(byte, b'"' | b'\\'),
        Place::Text | Place::Sample => {
            matches!(byte, b' ' | b'"' | b'\'' | b'\\' | b'&' | b';' | b',' | b'}' | b')' | b'>')
        }
    };
    let mut length = value.iter().position(ends).unwrap_or(value.len());
    let whole = value.get(..length).unwrap_or(&[]);
    if let Some(encoded_and) = memchr::memmem::find(whole, b"%26") {
        length = encoded_and;
    }
    if value.get(..length) == Some(b"-") || is_label(Some(value)) {
        length = 0;
    }
    from + lead..from + lead + length
}

/// `https://user:password@host`.
fn find_url_passwords(text: &[u8], hits: &mut Vec<Range<usize>>) {
    for found in memchr::memmem::find_iter(text, b"://") {
        let start = found + 3;
        let rest = text.get(start..).unwrap_or(&[]);
        let authority = rest.split(|byte| matches!(byte, b'/' | b'?' | b'#' | b' ' | b'"')).next();
        let authority = authority.unwrap_or(&[]);
        let Some(at) = memchr::memrchr(b'@', authority) else { continue };
        if let Some(colon) = memchr::memchr(b':', authority)
            && colon + 1 < at
            && !is_label(authority.get(colon + 1..))
        {
            hits.push(start + colon + 1..start + at);
        }
    }
}

/// Whether a label stands there, of a secret that was hidden before.
fn is_label(text: Option<&[u8]>) -> bool {
    let behind = text.and_then(|text| text.strip_prefix(LABEL_NAME)).unwrap_or(&[]);
    let letter = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    behind.split_at_checked(8).is_some_and(
        |(label, _rest)| matches!(label, [b':', letters @ .., b']'] if letters.iter().all(letter)),
    )
}
