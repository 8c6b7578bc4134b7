//! Where in a line each value of its record came from.

use std::borrow::Cow;
use std::ops::Range;

use crate::model::Record;
use crate::model::record::Field;

use super::Outcome;
use super::Parser;
use super::place::Place;
use super::time::Note;

/// A field of a record by the name that people see, and the bytes of the line that gave it.
/// No bytes: its escapes were undone, or it was worked out from another field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub name: &'static str,
    pub bytes: Option<Range<usize>>,
}

impl Parser {
    /// What the line says, as [`Parser::parse`], and where of the (first) record each field
    /// stands, in the order of the line.
    pub fn explain<'a>(&mut self, line: &'a [u8]) -> (Outcome<'a>, Vec<Origin>) {
        self.time.take_notes();
        let outcome = self.parse(line);
        let notes = self.time.notes();
        let record = match &outcome {
            Outcome::Event(record) => Some(record),
            Outcome::Events(records) => records.first(),
            Outcome::Skip(_) | Outcome::Malformed(_) | Outcome::Pending(_) => None,
        };
        let mut origins = record.map_or_else(Vec::new, |record| origins(record, line, &notes));
        let start = |origin: &Origin| origin.bytes.as_ref().map_or(usize::MAX, |bytes| bytes.start);
        origins.sort_by_key(|origin| (start(origin), origin.name));
        (outcome, origins)
    }
}

fn origins(record: &Record<'_>, line: &[u8], notes: &[Note]) -> Vec<Origin> {
    let lies = |address: usize, length: usize| {
        let start = address.checked_sub(line.as_ptr().addr())?;
        let end = start.checked_add(length)?;
        (end <= line.len()).then_some(start..end)
    };
    let source = |places: &[Place]| {
        let note = notes.iter().rev().find(|note| places.contains(&note.place));
        note.and_then(|note| lies(note.address, note.length))
    };
    let text = |field: &Field<'_>, places: &[Place]| {
        match field {
            Cow::Borrowed(text) => lies(text.as_ptr().addr(), text.len()),
            Cow::Owned(_) => None,
        }
        .or_else(|| source(places))
    };
    let texts = texts(record).into_iter().filter_map(|(name, field, places)| {
        field.map(|field| Origin { name, bytes: text(field, places) })
    });
    let numbers = numbers(record).into_iter().filter(|(_, is_there, _)| *is_there);
    let numbers = numbers.map(|(name, _, places)| Origin { name, bytes: source(places) });
    texts.chain(numbers).collect()
}

type Text<'r, 'a> = (&'static str, Option<&'r Field<'a>>, &'static [Place]);

fn texts<'r, 'a>(record: &'r Record<'a>) -> [Text<'r, 'a>; 23] {
    let request: &[Place] = &[Place::Target, Place::Request];
    [
        ("source_ip", record.source_ip.as_ref(), &[Place::Client, Place::Address, Place::Hops]),
        ("user", record.user.as_ref(), &[Place::User]),
        ("key", record.key.as_ref(), &[Place::Key]),
        ("method", record.method.as_ref(), &[Place::Method, Place::Request]),
        ("path", record.path.as_ref(), request),
        ("query", record.query.as_ref(), request),
        ("host", record.host.as_ref(), &[Place::Host, Place::Target, Place::Request]),
        ("http_version", record.http_version.as_ref(), &[Place::Version, Place::Request]),
        ("raw_request", record.raw_request.as_ref(), &[Place::Request]),
        ("user_agent", record.user_agent.as_ref(), &[Place::UserAgent]),
        ("referer", record.referer.as_ref(), &[Place::Referer]),
        ("model", record.model.as_ref(), &[Place::Model]),
        ("country", record.country.as_ref(), &[Place::Country]),
        ("scheme", record.scheme.as_ref(), &[Place::Scheme]),
        ("tls", record.tls.as_ref(), &[Place::Tls]),
        ("certificate", record.certificate.as_ref(), &[Place::Certificate]),
        ("id", record.id.as_ref(), &[Place::Id]),
        ("op", record.operation.as_ref(), &[Place::Operation]),
        ("outcome", record.outcome.as_ref(), &[Place::Outcome]),
        ("tenant", record.tenant.as_ref(), &[Place::Tenant]),
        ("object", record.object.as_ref(), &[Place::Object]),
        ("recipient", record.recipient.as_ref(), &[Place::Recipient]),
        ("asn", None, &[Place::Asn]),
    ]
}

const fn numbers(record: &Record<'_>) -> [(&'static str, bool, &'static [Place]); 10] {
    let durations: &[Place] =
        &[Place::Seconds, Place::Millis, Place::Micros, Place::Nanos, Place::Spelt];
    let bytes: &[Place] = &[Place::Bytes, Place::BytesOrDash, Place::AllBytes];
    [
        ("time", record.time.is_some(), &[Place::Time]),
        ("status", record.status.is_some(), &[Place::Status]),
        ("bytes", record.bytes.is_some(), bytes),
        ("request_bytes", record.request_bytes.is_some(), &[Place::RequestBytes]),
        ("duration_ms", record.duration_us.is_some(), durations),
        ("input_tokens", record.input_tokens.is_some(), &[Place::InputTokens]),
        ("output_tokens", record.output_tokens.is_some(), &[Place::OutputTokens]),
        ("cost", record.cost_micros.is_some(), &[Place::Cost]),
        ("count", record.count.is_some(), &[Place::Count]),
        ("asn", record.asn.is_some(), &[Place::Asn]),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::Options;
    use super::*;

    fn check(format: &str, line: &str, expected: &[(&str, &str)]) {
        let mut parser = Parser::by_name(format, &Options::default()).unwrap();
        let (_, origins) = parser.explain(line.as_bytes());
        for (name, text) in expected {
            let origin = origins.iter().find(|origin| origin.name == *name).unwrap();
            let bytes = origin.bytes.clone().and_then(|bytes| line.get(bytes));
            assert_eq!(bytes, Some(*text), "{name} of {line}");
        }
    }

    #[test]
    fn every_field_shows_its_bytes() {
        check(
            "nginx",
            "192.0.2.7 - bob [21/Nov/2026:10:00:00 +0000] \"GET /a?b=c HTTP/1.1\" 200 91 \"-\" \"x\"",
            &[
                ("source_ip", "192.0.2.7"),
                ("user", "bob"),
                ("time", "21/Nov/2026:10:00:00 +0000"),
                ("method", "GET"),
                ("path", "/a"),
                ("query", "b=c"),
                ("status", "200"),
                ("bytes", "91"),
            ],
        );
        check(
            "kong",
            r#"{"request":{"method":"GET","uri":"/a"},"response":{"status":200},"client_ip":"192.0.2.7","authenticated_entity":{"id":"k-1"},"started_at":1795255200123,"latencies":{"request":41}}"#,
            &[("key", "k-1"), ("status", "200"), ("time", "1795255200123"), ("duration_ms", "41")],
        );
    }

    #[test]
    fn what_is_no_event_has_no_origins() {
        let mut parser = Parser::by_name("nginx", &Options::default()).unwrap();
        assert_eq!(parser.explain(b"oops").1, []);
    }
}
