//! The common log format and its kin, without a pasted string: nginx, Apache, with a
//! virtual host in front, or with columns behind.

use std::borrow::Cow;

use memchr::memchr;
use memchr::memchr2;
use memchr::memmem;

use crate::model::Record;
use crate::model::short::find;

use super::address;
use super::combined::fill_common;
use super::combined::plain_quoted;
use super::credential::Best;
use super::credential::Credentials;
use super::escape::Escape;
use super::escape::undo;
use super::number;
use super::ordinary::set_address;
use super::ordinary::set_ordinary;
use super::place::Place;
use super::place::set;
use super::plan;
use super::time::TimeReader;

const FORWARDED_FOR: &[u8] = b"http_x_forwarded_for";
const FURTHER_COLUMNS: &str = "extra columns";

/// Reads a line of the family. Everything hangs on ` [date] "`: what is missing or too
/// much on the left cannot shift the columns on the right.
pub(super) fn fill<'a>(
    record: &mut Record<'a>,
    line: &'a [u8],
    time: &mut TimeReader,
    credentials: &Credentials,
) -> Result<(), &'static str> {
    if !time.takes_any_notes() {
        if fill_ordinary(record, line, time).is_some() {
            settle(record, credentials);
            return Ok(());
        }
        *record = Record::default();
    }
    fill_any(record, line, time)?;
    settle(record, credentials);
    Ok(())
}

fn settle(record: &mut Record<'_>, credentials: &Credentials) {
    let mut best = Best::none();
    if let Some(user) = record.user.clone()
        && let Some(rank) = credentials.rank("remote_user")
    {
        best.offer(record, rank, &user);
    }
    credentials.settle(record, &best);
}

/// `client - user [time] "request" status bytes`, mostly with `"referer" "agent"` behind it:
/// most lines are so. `None` for any other, whose record may then be half full.
fn fill_ordinary<'a>(record: &mut Record<'a>, line: &'a [u8], time: &mut TimeReader) -> Option<()> {
    let (client, rest) = line.split_at_checked(find(line, b' ')?)?;
    if !set_address(record, client) {
        return None;
    }
    let mut rest = fill_common(record, rest, (Place::BytesOrDash, &mut *time))?;
    for place in [Place::Referer, Place::UserAgent] {
        if rest.is_empty() {
            return Some(());
        }
        let (value, behind) = plain_quoted(rest.strip_prefix(b" \"")?)?;
        set_ordinary(record, place, value, time);
        rest = behind;
    }
    fill_further(record, rest)
}

/// `"forwarded for"`, which is a column of many, and others that nobody knows.
fn fill_further<'a>(record: &mut Record<'a>, rest: &'a [u8]) -> Option<()> {
    let mut rest = rest.trim_ascii_start();
    if let Some(inner) = rest.strip_prefix(b"\"") {
        let (value, behind) = plain_quoted(inner)?;
        if !matches!(value, [] | [b'-']) {
            record.extras.push((Cow::Borrowed(FORWARDED_FOR), Cow::Borrowed(value)));
        }
        rest = behind.trim_ascii_start();
    }
    if !rest.is_empty() {
        record.quirk = Some(FURTHER_COLUMNS);
    }
    Some(())
}

fn fill_any<'a>(
    record: &mut Record<'a>,
    line: &'a [u8],
    time: &mut TimeReader,
) -> Result<(), &'static str> {
    let bracket = plan::bracket(line).or_else(|| later_bracket(line));
    let bracket = bracket.ok_or("has no [time] \"request\"")?;
    let (left, right) = line.split_at_checked(bracket + 1).ok_or("has no [time]")?;
    let close = memchr(b']', right).ok_or("has no end of its [time]")?;
    let (date, right) = right.split_at_checked(close).ok_or("has no end of its [time]")?;
    let right = right.strip_prefix(b"] \"").ok_or("has no request behind its [time]")?;
    if memchr(b'/', date).is_none() && memchr(b'-', date).is_none() {
        return Err("has no date in its brackets");
    }
    set(record, Place::Time, Cow::Borrowed(date), time);
    fill_left(record, left.strip_suffix(b"[").unwrap_or(left).trim_ascii());
    let (request, right) = quoted(right).ok_or("has no end of its request")?;
    set(record, Place::Request, request, time);
    fill_right(record, right.trim_ascii_start(), time)
}

/// A quote to the left of the time: a quoted user or host.
fn later_bracket(line: &[u8]) -> Option<usize> {
    let end = memmem::find(line, b"] \"")?;
    memchr::memrchr(b'[', line.get(..end)?)
}

/// `client - user`, with a host before it, a list of hops, or parts missing.
fn fill_left<'a>(record: &mut Record<'a>, left: &'a [u8]) {
    let (first, rest) = word(left);
    let (second, behind) = word(rest);
    let is_client = |text: &[u8]| text == b"-" || address::may_be_address(text);
    let is_host = !is_client(first) && !first.ends_with(b",");
    let (client, rest) = if is_host && address::may_be_address(second) {
        record.host = Some(Cow::Borrowed(address::bare(first)));
        (second, behind)
    } else {
        (first, rest)
    };
    let (client, rest) = hops(client, rest);
    if client != b"-" && !client.is_empty() && !client.starts_with(b"unix:") {
        record.source_ip = Some(Cow::Borrowed(address::bare(client)));
    }
    let (ident, user) = word(rest);
    let user = if user.is_empty() { ident } else { user };
    if !matches!(user, b"" | b"-" | b"\"\"" | b"\"-\"") {
        record.user = Some(Cow::Borrowed(user));
    }
}

/// The last of `a, b, c`.
fn hops<'a>(mut client: &'a [u8], mut rest: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    while client.ends_with(b",") {
        (client, rest) = word(rest);
    }
    (address::last_hop(client), rest)
}

/// `status bytes "referer" "agent"`, a duration somewhere, and further columns.
fn fill_right<'a>(
    record: &mut Record<'a>,
    right: &'a [u8],
    time: &mut TimeReader,
) -> Result<(), &'static str> {
    let (status, rest) = word(right);
    if status != b"-" && (3 < status.len() || number::whole(status).is_none()) {
        return Err("has no status behind its request");
    }
    set(record, Place::Status, Cow::Borrowed(status), time);
    let (bytes, mut rest) = word(rest);
    if bytes.is_empty() {
        return Err("ends before its bytes");
    }
    set(record, Place::BytesOrDash, Cow::Borrowed(bytes), time);
    if rest.first().is_some_and(u8::is_ascii_digit) {
        let (duration, behind) = word(rest);
        set(record, Place::Seconds, Cow::Borrowed(duration), time);
        rest = behind;
    }
    for place in [Place::Referer, Place::UserAgent, Place::Extra] {
        let Some(inner) = rest.strip_prefix(b"\"") else { break };
        let cut = quoted(inner);
        if cut.is_none() {
            record.quirk = Some("unclosed quote");
        }
        let (value, behind) = cut.unwrap_or((Cow::Borrowed(inner), &[]));
        if place == Place::Extra && !matches!(*value, [] | [b'-']) {
            record.extras.push((Cow::Borrowed(FORWARDED_FOR), value));
        } else {
            set(record, place, value, time);
        }
        rest = behind.trim_ascii_start();
    }
    if !rest.is_empty() {
        record.quirk = Some(FURTHER_COLUMNS);
    }
    Ok(())
}

/// The first word and what is behind it.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    let end = memchr(b' ', text).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).unwrap_or((text, &[]));
    (word, rest.trim_ascii_start())
}

/// A field up to its closing quote, its escapes undone, and what is behind.
fn quoted(text: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let mut from = 0;
    let mut is_escaped = false;
    loop {
        let at = from + memchr2(b'"', b'\\', text.get(from..)?)?;
        let (inner, behind) = text.split_at_checked(at)?;
        let is_end = matches!(behind, [b'"'] | [b'"', b' ', ..]);
        if is_end {
            let value =
                if is_escaped { undo(inner, Escape::Backslash) } else { Cow::Borrowed(inner) };
            return Some((value, behind.get(1..)?));
        }
        let is_escape = behind.first() == Some(&b'\\');
        is_escaped |= is_escape;
        from = at + if is_escape { 2 } else { 1 };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(left: &str, client: &str, user: &str, host: &str) {
        let line =
            format!("{left}[09/Mar/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"x\"");
        let mut record = Record::default();
        let credentials = Credentials::new(None);
        let filled = fill(&mut record, line.as_bytes(), &mut TimeReader::default(), &credentials);
        assert_eq!(filled, Ok(()), "{line}");
        let text = |field: Option<&Cow<'_, [u8]>>| {
            field.map_or(String::new(), |field| String::from_utf8(field.to_vec()).unwrap())
        };
        let got = [&record.source_ip, &record.user, &record.host].map(|field| text(field.as_ref()));
        assert_eq!(got, [client, user, host], "{line}");
        assert_eq!((record.status, record.bytes), (Some(200), Some(5)));
    }

    #[test]
    fn nothing_on_the_left_shifts_the_columns() {
        check("192.0.2.1 - - ", "192.0.2.1", "", "");
        check("192.0.2.1 - bob ", "192.0.2.1", "bob", "");
        check("192.0.2.1 - John Smith ", "192.0.2.1", "John Smith", "");
        check("192.0.2.1 - ", "192.0.2.1", "", "");
        check("192.0.2.1 ", "192.0.2.1", "", "");
        check("192.0.2.1:4711 - - ", "192.0.2.1", "", "");
        check("example.com 192.0.2.1 - bob ", "192.0.2.1", "bob", "example.com");
        check("example.com:443 192.0.2.1 - bob ", "192.0.2.1", "bob", "example.com");
        check("198.51.100.9, 192.0.2.1 - bob ", "192.0.2.1", "bob", "");
        check("unix: - - ", "", "", "");
        check("- - - ", "", "", "");
    }

    proptest! {
        #[test]
        fn the_short_way_comes_to_the_same(
            (left, user) in ("[0-9.,: ]{1,16}|-|::1|[a-z.]{3,9} 192.0.2.1", "[a-z \"\\[-]{0,12}|-"),
            (request, status, bytes) in ("[A-Z]{0,5} ?[a-z/?=_ \\\\\"-]{0,30}( HTTP/[0-9.]{1,3})?", "[0-9 -]{0,4}", "[0-9 -]{0,20}"),
            (agent, tail) in ("[ -~]{0,60}", "( \"([0-9.]{3}|-|[ -~]{0,4})\"| [a-z]{2}| )?( {1,2}\"?[0-9a-z]{2}\"?)?"),
            at in any::<proptest::sample::Index>(),
        ) {
            let line = format!(
                "{left} - {user} [09/Mar/2026:12:34:56 +0100] \"{request}\" {status} {bytes} \"-\" \"{agent}\"{tail}"
            );
            let place = at.index(line.len());
            let damaged = format!("{}{}", line.get(..place).unwrap_or(""), line.get(place + 1..).unwrap_or(""));
            for line in [line, damaged] {
                let (mut short, mut long) = (Record::default(), Record::default());
                let time = &mut TimeReader::default();
                if fill_ordinary(&mut short, line.as_bytes(), time).is_some() {
                    prop_assert_eq!(fill_any(&mut long, line.as_bytes(), time), Ok(()), "{}", line);
                    prop_assert_eq!(short, long, "{}", line);
                }
            }
        }
    }

    #[test]
    fn a_duration_and_further_columns_are_taken_along() {
        let line = b"192.0.2.1 - - [09/Mar/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 5 0.2 \"r\" \"x\" \"192.0.2.9\" z";
        let mut record = Record::default();
        let credentials = Credentials::new(None);
        assert_eq!(fill(&mut record, line, &mut TimeReader::default(), &credentials), Ok(()));
        assert_eq!(record.duration_us, Some(200_000));
        assert_eq!(record.referer.as_deref(), Some(b"r".as_slice()));
        assert_eq!(record.source_ip.as_deref(), Some(b"192.0.2.1".as_slice()));
        assert_eq!(record.quirk, Some("extra columns"));
    }
}
