//! The request line: method, target, version; or whatever else somebody sent.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;
use memchr::memrchr;

use crate::model::Record;
use crate::model::record::Field;

const METHOD_BYTES_MAX: usize = 32;

/// Puts the parts of a request line where they belong. What is not METHOD SP target is
/// kept whole as `raw_request`.
pub(super) fn set_request<'a>(record: &mut Record<'a>, line: Field<'a>) {
    let Some((method, target, version)) = parts(&line) else {
        record.raw_request = Some(line);
        return;
    };
    record.http_version = version.map(|version| piece(&line, version));
    record.method = Some(piece(&line, method));
    set_target(record, &piece(&line, target));
}

/// Puts a request's target where it belongs: path and query, kept as they are, and the
/// host, if the target is a whole URL.
pub(super) fn set_target<'a>(record: &mut Record<'a>, target: &Field<'a>) {
    let (host, path) = match absolute(target) {
        Some((host, path)) => (Some(host), path),
        None => (None, 0..target.len()),
    };
    if let Some(host) = host
        && record.host.is_none()
    {
        record.host = Some(piece(target, host));
    }
    let text = target.get(path.clone()).unwrap_or(&[]);
    match memchr(b'?', text) {
        Some(mark) => {
            record.path = Some(piece(target, path.start..path.start + mark));
            let query = path.start + mark + 1..path.end;
            record.query = Some(piece(target, query)).filter(|query| !query.is_empty());
        }
        None if text.is_empty() => record.path = Some(Cow::Borrowed(b"/")),
        None => record.path = Some(piece(target, path)),
    }
}

/// Where method, target and version lie.
type Parts = (Range<usize>, Range<usize>, Option<Range<usize>>);

/// The method is the first token, the version the last ` HTTP/x`, and what is between
/// is the target, spaces and all.
fn parts(line: &[u8]) -> Option<Parts> {
    let method = memchr(b' ', line)?;
    if !is_method(line.get(..method)?) {
        return None;
    }
    let last = memrchr(b' ', line)?;
    let word = line.get(last + 1..)?;
    let is_version = word.get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"HTTP/"));
    if is_version && method < last {
        return Some((0..method, method + 1..last, Some(last + 6..line.len())));
    }
    // Without a version, only what looks like a target is one: `GET /`.
    let target = line.get(method + 1..)?;
    let is_target = target.starts_with(b"/") || target == b"*" || absolute(target).is_some();
    is_target.then(|| (0..method, method + 1..line.len(), None))
}

fn is_method(word: &[u8]) -> bool {
    word.len() <= METHOD_BYTES_MAX
        && word.first().is_some_and(u8::is_ascii_alphabetic)
        && word.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Where host and path lie in `http://host:port/path`.
fn absolute(target: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
    if target.first().is_none_or(|first| !first.is_ascii_alphabetic()) {
        return None;
    }
    let colon = memchr(b':', target.get(..8.min(target.len()))?)?;
    let rest = target.get(colon..)?.strip_prefix(b"://")?;
    let start = colon + 3;
    let length = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    let host = rest.get(..length)?;
    let bare = super::address::bare(host);
    let host = match memchr(b'[', host) {
        Some(_) => start + 1..start + 1 + bare.len(),
        None => start..start + bare.len(),
    };
    Some((host, start + length..target.len()))
}

/// A part of a field: borrowed where the field is.
fn piece<'a>(field: &Field<'a>, part: Range<usize>) -> Field<'a> {
    match field {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(part).unwrap_or(&[])),
        Cow::Owned(text) => Cow::Owned(text.get(part).unwrap_or(&[]).to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: [&str; 5]) {
        let mut record = Record::default();
        set_request(&mut record, Cow::Borrowed(line.as_bytes()));
        let text = |field: &Option<Field<'_>>| match field {
            Some(field) => String::from_utf8_lossy(field).into_owned(),
            None => "none".to_owned(),
        };
        let got = [
            text(&record.method),
            text(&record.host),
            text(&record.path),
            text(&record.query),
            text(&record.http_version),
        ];
        assert_eq!(got, expected, "{line}");
        assert_eq!(record.raw_request.is_some(), expected[0] == "none", "{line}");
    }

    #[test]
    fn a_target_may_hold_anything() {
        check("GET / HTTP/1.1", ["GET", "none", "/", "none", "1.1"]);
        check("GET /", ["GET", "none", "/", "none", "none"]);
        check("OPTIONS * HTTP/1.0", ["OPTIONS", "none", "*", "none", "1.0"]);
        check("GET /a b?c=1 2 HTTP/2", ["GET", "none", "/a b", "c=1 2", "2"]);
        check("GET /x HTTP/1.1 HTTP/1.1", ["GET", "none", "/x HTTP/1.1", "none", "1.1"]);
        check("get / http/1.1", ["get", "none", "/", "none", "1.1"]);
        check("M-SEARCH * HTTP/1.1", ["M-SEARCH", "none", "*", "none", "1.1"]);
    }

    #[test]
    fn a_whole_url_gives_its_host() {
        check(
            "POST https://api.example.com:443/v1?a=b HTTP/1.1",
            ["POST", "api.example.com", "/v1", "a=b", "1.1"],
        );
        check("GET http://example.com HTTP/1.1", ["GET", "example.com", "/", "none", "1.1"]);
        check(
            "GET http://[2001:db8::1]:80/a HTTP/1.1",
            ["GET", "2001:db8::1", "/a", "none", "1.1"],
        );
    }

    #[test]
    fn what_is_no_request_is_kept_raw() {
        for line in
            ["", "-", "HELP", "a|'|'|b 7 x", "\x16\x03\x01", "USER anonymous", " / HTTP/1.1"]
        {
            check(line, ["none"; 5]);
        }
    }
}
