//! nginx's error log, where it shares a stream with the access log.

use std::borrow::Cow;

use memchr::memmem;

use crate::model::EventKind;
use crate::model::Record;

use super::address;
use super::request;
use super::time::TimeReader;

/// `2024/05/06 07:08:09 [error] 7#7: *12 …, client: …, request: "…", host: "…"`. The
/// access log tells of the same request, so this is no second one: its kind is audit.
pub(super) fn read<'a>(line: &'a [u8], time: &mut TimeReader) -> Option<Record<'a>> {
    let (date, message) = line.split_at_checked("2024/05/06 07:08:09".len())?;
    let message = message.strip_prefix(b" [")?;
    let mut record = Record { kind: EventKind::Audit, ..Record::default() };
    record.time = Some(time.read(date)?);
    record.quirk = Some("error log line");
    if let Some(client) = field(message, b", client: ", b",") {
        record.source_ip = Some(Cow::Borrowed(address::bare(client)));
    }
    if let Some(line) = field(message, b", request: \"", b"\"") {
        request::set_request(&mut record, Cow::Borrowed(line));
    }
    if let Some(host) = field(message, b", host: \"", b"\"") {
        record.host = Some(Cow::Borrowed(address::bare(host)));
    }
    if let Some(referer) = field(message, b", referrer: \"", b"\"") {
        record.referer = Some(Cow::Borrowed(referer));
    }
    Some(record)
}

/// What stands behind `name`, up to `end` or the end of the line. The last one counts: the
/// message before it may quote what a client sent.
fn field<'a>(line: &'a [u8], name: &[u8], end: &[u8]) -> Option<&'a [u8]> {
    let at = memmem::rfind(line, name)?;
    let value = line.get(at + name.len()..)?;
    let length = memmem::find(value, end).unwrap_or(value.len());
    value.get(..length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_line_names_its_client() {
        let line = b"2024/05/06 07:08:09 [error] 7#7: *12 open() \"/a\" failed (2: No such file), \
            client: 192.0.2.44, server: _, request: \"GET /a?b=c HTTP/1.1\", host: \"example.com:80\"";
        let record = read(line, &mut TimeReader::default()).unwrap();
        assert_eq!(record.source_ip.as_deref(), Some(b"192.0.2.44".as_slice()));
        assert_eq!(record.path.as_deref(), Some(b"/a".as_slice()));
        assert_eq!(record.host.as_deref(), Some(b"example.com".as_slice()));
        assert_eq!(record.kind, EventKind::Audit);
    }

    #[test]
    fn another_line_is_none() {
        assert_eq!(read(b"hello world", &mut TimeReader::default()), None);
    }
}
