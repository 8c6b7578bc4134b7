//! Ordinary values, put into a record without a detour. What is odd in any way goes the long way.

use std::borrow::Cow;

use crate::model::Record;
use crate::model::record::Field;
use crate::model::short::find;

use super::place::Place;
use super::place::set;
use super::time::TimeReader;

/// As [`set`], which it falls back on.
#[expect(clippy::wildcard_enum_match_arm, reason = "the usual places; `set` knows all")]
#[inline]
pub(super) fn set_ordinary<'a>(
    record: &mut Record<'a>,
    place: Place,
    text: &'a [u8],
    time: &mut TimeReader,
) {
    let is_set = match place {
        Place::Key | Place::Extra | Place::Skip => true,
        Place::Client => set_address(record, text),
        Place::Request => set_request(record, text),
        Place::Status => set_status(record, text),
        Place::Bytes | Place::BytesOrDash => {
            whole(text).map(|it| record.bytes = Some(it)).is_some()
        }
        Place::Seconds => seconds(text).map(|it| record.duration_us = Some(it)).is_some(),
        Place::UserAgent => set_text(&mut record.user_agent, text),
        Place::Referer => set_text(&mut record.referer, text),
        Place::User => set_text(&mut record.user, text),
        Place::Method => set_text(&mut record.method, text),
        Place::Host => set_text(&mut record.host, text),
        Place::Target => record.path.is_none() && set_target(record, text),
        _ => false,
    };
    if !is_set {
        set(record, place, Cow::Borrowed(text), time);
    }
}

/// `-` and nothing say nothing.
#[inline]
fn set_text<'a>(field: &mut Option<Field<'a>>, text: &'a [u8]) -> bool {
    if !matches!(text, [] | [b'-']) {
        *field = Some(Cow::Borrowed(text));
    }
    true
}

/// An IPv4 address.
#[inline]
pub(super) fn set_address<'a>(record: &mut Record<'a>, text: &'a [u8]) -> bool {
    let is_ip4 = text.len() <= "255.255.255.255".len()
        && text.first().is_some_and(u8::is_ascii_digit)
        && is_of_digits_and_dots(text);
    if is_ip4 {
        record.source_ip = Some(Cow::Borrowed(text));
    }
    is_ip4
}

/// `GET /path?query HTTP/1.1`
pub(super) fn set_request<'a>(record: &mut Record<'a>, text: &'a [u8]) -> bool {
    let Some((method, target, version)) = parts(text) else { return false };
    record.http_version = Some(Cow::Borrowed(version));
    record.method = Some(Cow::Borrowed(method));
    set_target(record, target)
}

/// `/path?query`
#[inline]
fn set_target<'a>(record: &mut Record<'a>, target: &'a [u8]) -> bool {
    if target.first() != Some(&b'/') {
        return false;
    }
    let mark = find(target, b'?').unwrap_or(target.len());
    let (path, query) = target.split_at_checked(mark).unwrap_or((target, &[]));
    record.path = Some(Cow::Borrowed(path));
    if let Some(query) = query.get(1..) {
        record.query = (!query.is_empty()).then_some(Cow::Borrowed(query));
    }
    true
}

fn parts(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (method, rest) = text.split_at_checked(find(text, b' ')?)?;
    let rest = rest.get(1..)?;
    let (rest, version) = match *rest.last_chunk::<9>()? {
        [b' ', b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
            (rest.get(..rest.len() - 9)?, rest.get(rest.len() - 3..)?)
        }
        [_, _, b' ', b'H', b'T', b'T', b'P', b'/', b'0'..=b'9'] => {
            (rest.get(..rest.len() - 7)?, rest.get(rest.len() - 1..)?)
        }
        _ => return None,
    };
    let is_method = (1..=16).contains(&method.len()) && method.iter().all(u8::is_ascii_uppercase);
    (is_method && rest.first() == Some(&b'/')).then_some((method, rest, version))
}

fn is_of_digits_and_dots(text: &[u8]) -> bool {
    let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) else {
        return text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.'));
    };
    // They overlap, or meet: an address has no more than fifteen bytes.
    text.len() <= 16 && has_only_digits_and_dots(*first) && has_only_digits_and_dots(*last)
}

/// Eight bytes at once: none below the dot, none above the nine, no slash between them.
const fn has_only_digits_and_dots(bytes: [u8; 8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES << 7;
    let word = u64::from_le_bytes(bytes);
    let is_no_ascii = word & HIGH;
    let above_nine = (word & !HIGH) + ONES * (0x7f - b'9' as u64);
    let not_below_dot = (word & !HIGH) + ONES * (0x80 - b'.' as u64);
    let no_slash = ((word ^ (ONES * b'/' as u64)) & !HIGH) + ONES * 0x7f;
    is_no_ascii | (above_nine & HIGH) == 0 && not_below_dot & no_slash & HIGH == HIGH
}

/// Three digits.
fn set_status(record: &mut Record<'_>, text: &[u8]) -> bool {
    let [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] = *text else { return false };
    let number = u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0');
    record.status = (number != 0).then_some(number);
    true
}

/// Digits, not too many.
fn whole(text: &[u8]) -> Option<u64> {
    if !(1..=18).contains(&text.len()) {
        return None;
    }
    text.iter().try_fold(0u64, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0'))
    })
}

/// `0.123`, in microseconds.
fn seconds(text: &[u8]) -> Option<u64> {
    const SECONDS_DIGITS_MAX: usize = 9;
    let dot = text.iter().take(SECONDS_DIGITS_MAX + 1).position(|byte| *byte == b'.')?;
    let (seconds, fraction) = text.split_at_checked(dot)?;
    let fraction = fraction.get(1..)?;
    let scale = [1_000_000, 100_000, 10_000, 1000, 100, 10, 1].get(fraction.len())?;
    Some(whole(seconds)? * 1_000_000 + whole(fraction)? * scale)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLACES: [Place; 14] = [
        Place::Method,
        Place::Target,
        Place::Client,
        Place::Request,
        Place::Status,
        Place::Bytes,
        Place::BytesOrDash,
        Place::Seconds,
        Place::UserAgent,
        Place::Referer,
        Place::User,
        Place::Key,
        Place::Extra,
        Place::Host,
    ];

    fn check(place: Place, text: &str) {
        let (mut short, mut long) = (Record::default(), Record::default());
        set_ordinary(&mut short, place, text.as_bytes(), &mut TimeReader::default());
        set(&mut long, place, Cow::Borrowed(text.as_bytes()), &mut TimeReader::default());
        assert_eq!(short, long, "{place:?} {text:?}");
    }

    #[test]
    fn the_short_way_comes_to_the_same() {
        for text in [
            "GET /a?b=1 HTTP/1.1",
            "GET /a HTTP/2",
            "GET / HTTP/1.1 HTTP/1.1",
            "GET HTTP/1.1",
            "GET  HTTP/1.1",
            "get / HTTP/1.1",
            "GET /?  HTTP/1.0",
            "GET /",
            "GET http://a/b HTTP/1.1",
            "POST /a b c?d=? HTTP/3",
            "-",
            "",
            "192.0.2.1",
            "192.0.2.1:80",
            "1",
            "[::1]",
            "unix:",
            "000",
            "200",
            "42",
            "0200",
            "007",
            "99999999999999999999",
            "0.123",
            "1.",
            ".5",
            "1.5e-05",
            "12.1234567",
            "0.000001",
            "1234567890.5",
            "0.12x",
            "4 5",
        ] {
            for place in PLACES {
                check(place, text);
            }
        }
    }

    #[test]
    fn eight_bytes_at_once_are_told_as_one_by_one() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                let mut bytes = *b"192.0.2.";
                if let Some(at) = bytes.get_mut(place) {
                    *at = byte;
                }
                let expected = byte.is_ascii_digit() || byte == b'.';
                assert_eq!(has_only_digits_and_dots(bytes), expected, "{byte} at {place}");
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_the_text_is(text in "[A-Z]{0,4}[ /?a-z0-9.:-]{0,12}( HTTP/[0-9.]{0,3})?|[0-9.,-]{0,24}") {
            for place in PLACES {
                check(place, &text);
            }
        }
    }
}
