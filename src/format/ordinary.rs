//! Ordinary values, put into a record without a detour. What is odd in any way goes the long way.

use std::borrow::Cow;

use crate::model::Record;

use super::place::Place;
use super::place::set;
use super::short::find;
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
    let said = || Some(Cow::Borrowed(text)).filter(|text| !matches!(**text, [] | [b'-']));
    let is_set = match place {
        Place::Client => set_address(record, text),
        Place::Request => set_request(record, text),
        Place::Status => set_status(record, text),
        Place::Bytes | Place::BytesOrDash => {
            whole(text).map(|bytes| record.bytes = Some(bytes)).is_some()
        }
        Place::Seconds => seconds(text).map(|micros| record.duration_us = Some(micros)).is_some(),
        Place::UserAgent => {
            record.user_agent = said().or(record.user_agent.take());
            true
        }
        Place::Referer => {
            record.referer = said().or(record.referer.take());
            true
        }
        Place::User => {
            record.user = said().or(record.user.take());
            true
        }
        Place::Key | Place::Extra | Place::Skip => true,
        _ => false,
    };
    if !is_set {
        set(record, place, Cow::Borrowed(text), time);
    }
}

/// An IPv4 address.
pub(super) fn set_address<'a>(record: &mut Record<'a>, text: &'a [u8]) -> bool {
    let is_ip4 = text.len() <= "255.255.255.255".len()
        && text.first().is_some_and(u8::is_ascii_digit)
        && text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.'));
    if is_ip4 {
        record.source_ip = Some(Cow::Borrowed(text));
    }
    is_ip4
}

/// `GET /path?query HTTP/1.1`
fn set_request<'a>(record: &mut Record<'a>, text: &'a [u8]) -> bool {
    let Some((method, target, version)) = parts(text) else { return false };
    record.http_version = Some(Cow::Borrowed(version));
    record.method = Some(Cow::Borrowed(method));
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
    let (whole_part, fraction) = text.split_at_checked(find(text, b'.')?)?;
    let fraction = fraction.get(1..).filter(|fraction| fraction.len() <= 6)?;
    let scale = [1_000_000, 100_000, 10_000, 1000, 100, 10, 1].get(fraction.len())?;
    let micros = whole(fraction)? * scale;
    whole(whole_part).filter(|_| whole_part.len() <= 9).map(|seconds| seconds * 1_000_000 + micros)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLACES: [Place; 12] = [
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

    proptest! {
        #[test]
        fn whatever_the_text_is(text in "[A-Z]{0,4}[ /?a-z0-9.:-]{0,12}( HTTP/[0-9.]{0,3})?|[0-9.,-]{0,24}") {
            for place in PLACES {
                check(place, &text);
            }
        }
    }
}
