//! Lines inside lines: docker's JSON, Kubernetes' CRI prefix, syslog's header.

use std::borrow::Cow;

use memchr::memchr;

use crate::model::Record;
use crate::model::record::Field;

use super::Outcome;
use super::clf;
use super::credential::Credentials;
use super::json::Json;
use super::time::TimeReader;
use super::tree::Tree;

/// What is wrapped around the line that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrapper {
    Docker,
    Cri,
    Syslog,
}

impl Wrapper {
    pub(super) fn parse<'a>(
        self,
        line: &'a [u8],
        time: &mut TimeReader,
        credentials: &Credentials,
    ) -> Outcome<'a> {
        let inner = match self {
            Self::Docker => match docker(line) {
                Some(Cow::Borrowed(inner)) => inner,
                Some(Cow::Owned(inner)) => {
                    return inner_outcome(&inner, time, credentials).into_owned();
                }
                None => return Outcome::Malformed("has no \"log\" in a JSON object"),
            },
            Self::Cri => match cri(line) {
                Some((inner, true)) => inner,
                Some((_, false)) => {
                    return Outcome::Pending("a part; the rest comes with a later line");
                }
                None => return Outcome::Malformed("has no CRI prefix"),
            },
            Self::Syslog => match syslog(line) {
                Some(inner) => inner,
                None => return Outcome::Malformed("has no syslog header"),
            },
        };
        inner_outcome(inner, time, credentials)
    }
}

fn inner_outcome<'a>(
    line: &'a [u8],
    time: &mut TimeReader,
    credentials: &Credentials,
) -> Outcome<'a> {
    let line = line.trim_ascii();
    if line.is_empty() {
        return Outcome::Skip("empty line");
    }
    if line.starts_with(b"{") {
        return Json::new(credentials.clone(), None).parse(line, time);
    }
    let mut record = Record::default();
    match clf::fill(&mut record, line, time, credentials) {
        Ok(()) => Outcome::Event(record),
        Err(reason) => Outcome::Malformed(reason),
    }
}

/// The `log` of `{"log":"…\n","stream":"stdout","time":"…"}`.
fn docker(line: &[u8]) -> Option<Field<'_>> {
    let (tree, _) = Tree::read(line)?;
    tree.get("log")?.text()
}

/// What stands behind `TIME stdout F `, and whether it is the end of its line.
fn cri(line: &[u8]) -> Option<(&[u8], bool)> {
    let mut words = line.splitn(4, |byte| *byte == b' ');
    let (_, stream, tag) = (words.next()?, words.next()?, words.next()?);
    let is_full = match tag.first()? {
        b'F' => true,
        b'P' => false,
        _ => return None,
    };
    matches!(stream, b"stdout" | b"stderr").then(|| (words.next().unwrap_or(&[]), is_full))
}

/// What stands behind the header of RFC 3164 or 5424.
fn syslog(line: &[u8]) -> Option<&[u8]> {
    let line = match line.strip_prefix(b"<") {
        Some(rest) => rest.get(memchr(b'>', rest)? + 1..)?,
        None => line,
    };
    let Some(rest) = line.strip_prefix(b"1 ") else {
        let colon =
            memchr::memmem::find_iter(line, b": ").find(|at| "Jul 29 10:26:06 ".len() < *at)?;
        return line.get(colon + 2..);
    };
    let mut rest = rest;
    for _ in 0..5 {
        rest = rest.get(memchr(b' ', rest)? + 1..)?;
    }
    let message = structured_data(rest)?.trim_ascii_start();
    Some(message.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(message))
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
