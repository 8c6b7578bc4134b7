//! Where a value of the log belongs in a record.

use std::borrow::Cow;

use crate::model::Record;
use crate::model::record::Field;

use super::address;
use super::number;
use super::request;
use super::time::TimeReader;

/// What a variable of a format, or a field of a JSON line, stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Client,
    /// The client, if it is an address and no service's name.
    Address,
    /// The client's address as the four bytes that nginx calls binary.
    BinaryClient,
    /// A list of hops; the last is the client, if nothing else names one.
    Hops,
    User,
    Time,
    Request,
    Method,
    Target,
    Path,
    Query,
    Host,
    Version,
    Status,
    Bytes,
    /// Apache writes `-` where no bytes were sent.
    BytesOrDash,
    /// Headers and body; counts if the body alone is not given.
    AllBytes,
    RequestBytes,
    Seconds,
    Millis,
    Micros,
    Nanos,
    /// With its unit: `4.529ms`, `1.2s`, `850µs`.
    Spelt,
    UserAgent,
    Referer,
    /// Nothing but a credential.
    Key,
    Model,
    InputTokens,
    OutputTokens,
    Cost,
    Asn,
    Country,
    /// `http` or `https`.
    Scheme,
    Tls,
    Certificate,
    Id,
    Operation,
    Outcome,
    Tenant,
    Object,
    Recipient,
    Count,
    /// Has no place of its own: an extra.
    #[default]
    Extra,
    /// A column that says nothing.
    Skip,
}

impl Place {
    /// What of {client, time, method, path, status, identity} a value here gives.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most places have no part in this question")]
    pub(super) const fn gives(self) -> &'static [&'static str] {
        match self {
            Self::Client | Self::Address | Self::BinaryClient | Self::Hops => &["client"],
            Self::User | Self::Key => &["identity"],
            Self::Time => &["time"],
            Self::Request => &["method", "path"],
            Self::Method => &["method"],
            Self::Target | Self::Path => &["path"],
            Self::Status => &["status"],
            _ => &[],
        }
    }

    /// Whether a value here stands nowhere else in the record than under its own name.
    pub(super) const fn is_plain(self) -> bool {
        matches!(
            self,
            Self::Client
                | Self::BinaryClient
                | Self::User
                | Self::Time
                | Self::Request
                | Self::Method
                | Self::Target
                | Self::Query
                | Self::Host
                | Self::Status
                | Self::Bytes
                | Self::BytesOrDash
                | Self::UserAgent
                | Self::Referer
                | Self::Key
                | Self::Skip
        )
    }

    pub(super) const fn is_duration(self) -> bool {
        matches!(self, Self::Seconds | Self::Millis | Self::Micros | Self::Nanos | Self::Spelt)
    }

    /// Whether a value here is one word, so that what follows a space is another column.
    pub(super) const fn is_word(self) -> bool {
        matches!(
            self,
            Self::Client
                | Self::Method
                | Self::Status
                | Self::Bytes
                | Self::BytesOrDash
                | Self::AllBytes
                | Self::RequestBytes
                | Self::Seconds
                | Self::Millis
                | Self::Micros
                | Self::Spelt
        )
    }
}

/// Puts `value` in its place. `-` and the empty text are absent.
#[expect(clippy::wildcard_enum_match_arm, reason = "what is no text is a number")]
pub(super) fn set<'a>(
    record: &mut Record<'a>,
    place: Place,
    value: Field<'a>,
    time: &mut TimeReader,
) {
    time.note(place, &value);
    if matches!(*value, [] | [b'-']) {
        set_absent(record, place, value);
        return;
    }
    match place {
        Place::Client => set_client(record, value),
        Place::Address if address::address(&value).is_some() => set_client(record, value),
        Place::BinaryClient => record.source_ip = binary_address(&value),
        Place::Hops => {
            record.hops = Some(value.clone());
            if record.source_ip.is_none() {
                set_client(record, value);
            }
        }
        Place::Scheme => record.scheme = Some(value),
        Place::Tls => record.tls = Some(value),
        Place::Certificate => record.certificate = Some(value),
        Place::User => record.user = Some(value),
        Place::Time => set_time(record, &value, time),
        Place::Request => request::set_request(record, value),
        Place::Method => record.method = Some(value),
        Place::Target if record.path.is_none() => request::set_target(record, &value),
        Place::Path if record.path.is_none() => record.path = Some(value),
        Place::Query => record.query = Some(without_mark(value)),
        Place::Host => record.host = Some(value),
        Place::Version => record.http_version = Some(version(value)),
        Place::UserAgent => record.user_agent = Some(value),
        Place::Referer => record.referer = Some(value),
        Place::Model => record.model = Some(value),
        Place::Country => record.country = Some(value),
        Place::Id => record.id = Some(value),
        Place::Operation => record.operation = Some(value),
        Place::Outcome => record.outcome = Some(value),
        Place::Tenant => record.tenant = Some(value),
        Place::Object => record.object = Some(value),
        Place::Recipient => record.recipient = Some(value),
        Place::Asn => record.asn = asn(&value),
        Place::Address | Place::Target | Place::Path | Place::Key | Place::Extra | Place::Skip => {}
        _ => set_number(record, place, &value),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "most places have no part in this question")]
fn set_number(record: &mut Record<'_>, place: Place, text: &[u8]) {
    let micros_times = |factor: fn(u64) -> u64| number::millionths(text).map(factor);
    match place {
        Place::Status => record.status = number::status(text),
        Place::Bytes | Place::BytesOrDash => record.bytes = number::whole(text),
        Place::AllBytes if record.bytes.is_none() => record.bytes = number::whole(text),
        Place::RequestBytes => record.request_bytes = number::whole(text),
        Place::Seconds => record.duration_us = micros_times(|micros| micros),
        Place::Millis => record.duration_us = micros_times(|micros| micros / 1000),
        Place::Micros => record.duration_us = micros_times(|micros| micros / 1_000_000),
        Place::Nanos => record.duration_us = number::whole(text).map(|nanos| nanos / 1000),
        Place::Spelt => record.duration_us = number::spelt_micros(text),
        Place::Count => record.count = number::whole(text),
        Place::InputTokens => record.input_tokens = number::whole(text),
        Place::OutputTokens => record.output_tokens = number::whole(text),
        // What is to be paid is a debit in some bills.
        Place::Cost => {
            let text = text.strip_prefix(b"-").unwrap_or(text);
            record.cost_micros = number::millionths(text);
        }
        _ => {}
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "most places have no part in this question")]
fn set_absent<'a>(record: &mut Record<'a>, place: Place, value: Field<'a>) {
    match place {
        Place::Request => record.raw_request = Some(value),
        Place::BytesOrDash => record.bytes = Some(0),
        _ => {}
    }
}

fn set_time(record: &mut Record<'_>, text: &[u8], time: &mut TimeReader) {
    record.time = time.read(text);
    if record.time.is_none() {
        record.quirk = Some("unreadable time");
    }
}

fn set_client<'a>(record: &mut Record<'a>, value: Field<'a>) {
    if value.starts_with(b"unix:") {
        return;
    }
    record.source_ip = Some(match value {
        Cow::Borrowed(text) => Cow::Borrowed(address::bare(address::last_hop(text))),
        Cow::Owned(text) => Cow::Owned(address::bare(address::last_hop(&text)).to_vec()),
    });
}

fn binary_address(text: &[u8]) -> Option<Field<'static>> {
    let bytes = text.split(|&byte| byte == b'x').skip(1).map(|pair| match *pair {
        [high, low] | [high, low, b'\\'] => {
            Some(super::escape::hex(high)? << 4 | super::escape::hex(low)?)
        }
        _ => None,
    });
    let bytes = if text.len() == 4 { Some(text.to_vec()) } else { bytes.collect() };
    let octets = <[u8; 4]>::try_from(bytes?).ok()?;
    Some(Cow::Owned(std::net::Ipv4Addr::from(octets).to_string().into_bytes()))
}

fn without_mark(value: Field<'_>) -> Field<'_> {
    match value {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_prefix(b"?").unwrap_or(text)),
        Cow::Owned(text) => Cow::Owned(text.strip_prefix(b"?").unwrap_or(&text).to_vec()),
    }
}

/// `HTTP/1.1` is version 1.1.
fn version(value: Field<'_>) -> Field<'_> {
    let is_prefixed = value.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"HTTP/"));
    match value {
        _ if !is_prefixed => value,
        Cow::Borrowed(text) => Cow::Borrowed(text.get(5..).unwrap_or(&[])),
        Cow::Owned(text) => Cow::Owned(text.get(5..).unwrap_or(&[]).to_vec()),
    }
}

/// `AS64496` or `64496`.
fn asn(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"AS").unwrap_or(text);
    u32::try_from(number::whole(digits)?).ok()
}
