//! What a line became.

use std::borrow::Cow;

use crate::model::Record;
use crate::model::record::Field;
use crate::model::short::has;

/// What a line became. A bad line is data: it is counted, and reading goes on.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every line is an event, and a box would be an allocation for each"
)]
pub enum Outcome<'a> {
    Event(Record<'a>),
    /// A line that holds several records.
    Events(Vec<Record<'a>>),
    /// Nothing to read, and nothing wrong.
    Skip(&'static str),
    Malformed(&'static str),
    /// The rest of it comes with a later line.
    Pending(&'static str),
}

/// What a line became, where its one record was put into a place that was given: it is too large
/// to be handed on from function to function.
#[derive(Debug)]
pub enum Told<'a> {
    /// One record, which stands in that place.
    Event,
    Events(Vec<Record<'a>>),
    Skip(&'static str),
    Malformed(&'static str),
    Pending(&'static str),
}

impl<'a> Told<'a> {
    /// The same, with the record that it may speak of.
    pub(super) fn with(self, record: Record<'a>) -> Outcome<'a> {
        match self {
            Self::Event => Outcome::Event(record),
            Self::Events(records) => Outcome::Events(records),
            Self::Skip(reason) => Outcome::Skip(reason),
            Self::Malformed(reason) => Outcome::Malformed(reason),
            Self::Pending(reason) => Outcome::Pending(reason),
        }
    }

    /// Whether a pasted format did not fit, or took what is around the line for the client.
    pub(super) fn is_askew(&self, record: &Record<'_>) -> bool {
        match self {
            Self::Event => record.source_ip.as_deref().is_some_and(|it| has(it, b' ')),
            Self::Malformed(_) => true,
            Self::Events(_) | Self::Skip(_) | Self::Pending(_) => false,
        }
    }

    /// Whether the line has said nothing of a request: no client, no path, nobody's name.
    pub(super) fn is_poor(&self, record: &Record<'_>) -> bool {
        match self {
            Self::Event => {
                let said = [&record.source_ip, &record.path, &record.key, &record.operation];
                record.status.is_none() && said.iter().all(|said| said.is_none())
            }
            Self::Malformed(_) => true,
            Self::Events(_) | Self::Skip(_) | Self::Pending(_) => false,
        }
    }
}

impl<'o> Outcome<'o> {
    /// The same, its one record put into its place.
    pub(super) fn told(self, place: &mut Record<'o>) -> Told<'o> {
        match self {
            Self::Event(record) => {
                *place = record;
                Told::Event
            }
            Self::Events(records) => Told::Events(records),
            Self::Skip(reason) => Told::Skip(reason),
            Self::Malformed(reason) => Told::Malformed(reason),
            Self::Pending(reason) => Told::Pending(reason),
        }
    }

    /// The same, on its own feet: what it was read from may go.
    pub(super) fn into_owned<'a>(self) -> Outcome<'a> {
        match self {
            Self::Event(record) => Outcome::Event(owned(record)),
            Self::Events(records) => Outcome::Events(records.into_iter().map(owned).collect()),
            Self::Skip(reason) => Outcome::Skip(reason),
            Self::Malformed(reason) => Outcome::Malformed(reason),
            Self::Pending(reason) => Outcome::Pending(reason),
        }
    }
}

/// The same record, its fields copied.
pub(super) fn owned<'a>(record: Record<'_>) -> Record<'a> {
    let own = |field: Option<Field<'_>>| field.map(|field| Cow::Owned(field.into_owned()));
    Record {
        source_ip: own(record.source_ip),
        method: own(record.method),
        path: own(record.path),
        query: own(record.query),
        host: own(record.host),
        http_version: own(record.http_version),
        raw_request: own(record.raw_request),
        user_agent: own(record.user_agent),
        referer: own(record.referer),
        user: own(record.user),
        key: own(record.key),
        model: own(record.model),
        country: own(record.country),
        scheme: own(record.scheme),
        tls: own(record.tls),
        certificate: own(record.certificate),
        hops: own(record.hops),
        id: own(record.id),
        operation: own(record.operation),
        outcome: own(record.outcome),
        tenant: own(record.tenant),
        object: own(record.object),
        recipient: own(record.recipient),
        extras: record
            .extras
            .into_iter()
            .map(|(name, value)| (Cow::Owned(name.into_owned()), Cow::Owned(value.into_owned())))
            .collect(),
        kind: record.kind,
        count: record.count,
        time: record.time,
        status: record.status,
        bytes: record.bytes,
        request_bytes: record.request_bytes,
        duration_us: record.duration_us,
        key_is_user: record.key_is_user,
        input_tokens: record.input_tokens,
        output_tokens: record.output_tokens,
        cost_micros: record.cost_micros,
        asn: record.asn,
        quirk: record.quirk,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Options, Parser};
    use super::*;

    #[test]
    fn a_header_of_syslog_is_not_taken_for_the_client_of_a_pasted_format() {
        let log_format = Some("$remote_addr - - [$time_local] \"$request\" $status".to_owned());
        let options = Options { log_format, ..Options::default() };
        let mut parser = Parser::by_name("custom-nginx", &options).unwrap();
        let line = "192.0.2.1 - - [09/Mar/2026:00:00:00 +0000] \"GET /a HTTP/1.1\" 200";
        for around in
            ["", "Mar  9 00:00:00 lb haproxy[7]: ", "2026-03-09T00:00:00+00:00 lb haproxy[7]: "]
        {
            let line = format!("{around}{line}");
            let Outcome::Event(record) = parser.parse(line.as_bytes()) else { panic!("{line}") };
            assert_eq!(record.source_ip.as_deref(), Some(b"192.0.2.1".as_slice()), "{line}");
        }
    }
}
