//! Lines inside lines: docker's JSON, Kubernetes' CRI prefix, syslog's header, colours, names
//! of containers in front, text in a JSON object.

use std::borrow::Cow;

use memchr::memchr;
use memchr::memmem;

use crate::model::record::Field;

use super::tape::Tape;
use super::tape::Value;

/// What was inside.
pub(super) enum Peeled<'a> {
    Line(Field<'a>),
    /// The beginning of a line that goes on.
    Part,
}

/// What is wrapped in the line. `None` if it is no wrapper that is known.
pub(super) fn peel(line: &[u8]) -> Option<Peeled<'_>> {
    match *line {
        [b'{', b'"', b'l' | b's', ..] => docker(line).map(Peeled::Line),
        [b'{', ..] => None,
        [0x1B, ..] => Some(Peeled::Line(Cow::Owned(without_colours(line)))),
        [b'[', b'p', b'o', b'd', b'/', ..] => behind(line, b"] "),
        [b'<', ..] => syslog(line).map(|inner| Peeled::Line(Cow::Borrowed(inner))),
        [_, _, _, _, b'-', _, _, b'-', _, _, b'T', ..] => cri(line),
        [b'A'..=b'Z', _, _, b' ', ..] if bsd(line).is_some() => {
            bsd(line).map(|inner| Peeled::Line(Cow::Borrowed(inner)))
        }
        [b'a'..=b'z' | b'A'..=b'Z', ..] => named(line),
        [..] => None,
    }
}

/// The text that an object carries along, of a line that says nothing else: of Filebeat, of
/// the journal, of those that ship lines as JSON.
pub(super) fn carried(line: &[u8]) -> Option<Field<'_>> {
    let mut tape = Tape::default();
    tape.read(line)?;
    let root = Value::root(&tape, line);
    let is_line =
        |text: &Field<'_>| 8 < text.len() && text.contains(&b' ') | text.starts_with(b"{");
    ["message", "log", "MESSAGE", "msg", "line", "event", "_raw"]
        .iter()
        .find_map(|key| root.get(key)?.text().filter(is_line))
}

/// The `log` of `{"log":"…\n","stream":"stdout","time":"…"}`.
fn docker(line: &[u8]) -> Option<Field<'_>> {
    if !line.starts_with(b"{\"log\":") && !line.starts_with(b"{\"stream\":") {
        return None;
    }
    let mut tape = Tape::default();
    tape.read(line)?;
    let root = Value::root(&tape, line);
    root.get("stream")?;
    root.get("log")?.text()
}

/// What stands behind `web-1  | `, as several containers' lines are shown together.
fn named(line: &[u8]) -> Option<Peeled<'_>> {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let name = line.iter().take(NAME_BYTES_MAX).position(|byte| !is_of_name(byte))?;
    let rest = line.get(name..)?.trim_ascii_start();
    let rest = rest.strip_prefix(b"|")?;
    Some(Peeled::Line(match rest.first() {
        Some(b' ') => Cow::Borrowed(rest.get(1..)?),
        Some(0x1B) => Cow::Owned(without_colours(rest).trim_ascii_start().to_vec()),
        Some(_) | None => return None,
    }))
}

const NAME_BYTES_MAX: usize = 64;

fn behind<'a>(line: &'a [u8], end: &[u8]) -> Option<Peeled<'a>> {
    let at = memmem::find(line.get(..256.min(line.len()))?, end)?;
    Some(Peeled::Line(Cow::Borrowed(line.get(at + end.len()..)?)))
}

/// Without the colours of a terminal: `ESC [ 36 m`.
fn without_colours(line: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = memchr(0x1B, rest) {
        let (before, colour) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        plain.extend_from_slice(before);
        let end = colour.iter().skip(1).position(u8::is_ascii_alphabetic);
        rest = end.and_then(|end| colour.get(end + 2..)).unwrap_or(&[]);
    }
    plain.extend_from_slice(rest);
    plain
}

/// What stands behind `TIME stdout F `, or behind `TIME host program: `.
fn cri(line: &[u8]) -> Option<Peeled<'_>> {
    let zone = memchr(b' ', line)?.checked_sub(1)?;
    if !line.get(zone).is_some_and(|end| end.is_ascii_digit() || *end == b'Z') {
        return None;
    }
    let mut words = line.splitn(4, |byte| *byte == b' ');
    let (_, stream, tag) = (words.next()?, words.next()?, words.next()?);
    if !matches!(stream, b"stdout" | b"stderr") {
        let inner = tag.ends_with(b":").then(|| words.next())??;
        return Some(Peeled::Line(Cow::Borrowed(inner)));
    }
    match tag.first()? {
        b'F' => Some(Peeled::Line(Cow::Borrowed(words.next().unwrap_or(&[])))),
        b'P' => Some(Peeled::Part),
        _ => None,
    }
}

/// What stands behind the header of RFC 3164 or 5424.
fn syslog(line: &[u8]) -> Option<&[u8]> {
    let line = line.get(memchr(b'>', line.get(..5)?)? + 1..)?;
    let Some(mut rest) = line.strip_prefix(b"1 ") else {
        return bsd(line);
    };
    for _ in 0..5 {
        rest = rest.get(memchr(b' ', rest)? + 1..)?;
    }
    let message = structured_data(rest)?.trim_ascii_start();
    Some(message.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(message))
}

/// What stands behind `Jul 29 10:26:06 host program[1]: `.
fn bsd(line: &[u8]) -> Option<&[u8]> {
    let (date, rest) = line.split_at_checked("Jul 29 10:26:06 ".len())?;
    if !matches!(date, [b'A'..=b'Z', _, _, b' ', _, _, b' ', _, _, b':', _, _, b':', _, _, b' ']) {
        return None;
    }
    let end = memmem::find(rest, b": ")?;
    rest.get(end + 2..)
}

/// Behind `-` or `[id name="value"]…`, in which `\]` is no end.
fn structured_data(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text.strip_prefix(b"-").unwrap_or(text);
    while rest.starts_with(b"[") {
        let mut from = 1;
        loop {
            let at = from + memchr(b']', rest.get(from..)?)?;
            from = at + 1;
            if rest.get(at - 1) != Some(&b'\\') {
                break;
            }
        }
        rest = rest.get(from..)?;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<&str>) {
        let inner = match peel(line.as_bytes()) {
            Some(Peeled::Line(inner)) => Some(String::from_utf8(inner.into_owned()).unwrap()),
            Some(Peeled::Part) => Some("part".to_owned()),
            None => None,
        };
        assert_eq!(inner.as_deref(), expected, "{line}");
    }

    #[test]
    fn wrappers_are_taken_off() {
        check(r#"{"log":"a b\n","stream":"stdout","time":"x"}"#, Some("a b\n"));
        check("2026-01-02T03:04:05.6Z stdout F a b", Some("a b"));
        check("2026-01-02T03:04:05.6Z stderr P a b", Some("part"));
        check("2026-01-02T03:04:05Z web1 nginx[7]: a b", Some("a b"));
        check("<190>Jan  2 03:04:05 web1 nginx: a b", Some("a b"));
        check("Jan  2 03:04:05 web1 nginx[7]: a b", Some("a b"));
        check("\u{1b}[36mweb-1  |\u{1b}[0m a b", Some("web-1  | a b"));
        check("web-1  | a b", Some("a b"));
        check("[pod/web-7d9/nginx] a b", Some("a b"));
        check(r#"<190>1 2026-01-02T03:04:05Z web1 nginx 7 - [x@1 a="b\]"] a b"#, Some("a b"));
    }

    #[test]
    fn a_text_that_an_object_carries_is_found() {
        let line = br#"{"@timestamp":"x","message":"192.0.2.1 - -"}"#;
        assert_eq!(carried(line).as_deref(), Some(b"192.0.2.1 - -".as_slice()));
        assert_eq!(carried(br#"{"message":"short"}"#), None);
    }

    #[test]
    fn a_bare_line_has_none() {
        for line in ["", "192.0.2.1 - - [x]", "{\"a\":1}", "<", "Jan", "2026-01-02T03:04:05Z a"] {
            check(line, None);
        }
    }
}
