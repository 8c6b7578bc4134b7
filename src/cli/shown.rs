//! What a record says by the names of its fields, as JSON or as text, its secrets hidden.

use std::borrow::Cow;
use std::hash::BuildHasher as _;
use std::hash::RandomState;
use std::io::Write;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::format;
use crate::format::Outcome;
use crate::identity::Identity;
use crate::identity::KeyIs;
use crate::model::Record;
use crate::model::Timestamp;
use crate::model::record::Field;

/// What audit records say beside the fields of a request.
const AUDIT_NAMES: [&str; 14] = [
    "key.id",
    "service",
    "role",
    "arn",
    "access_key",
    "account",
    "region",
    "verb",
    "resource",
    "name",
    "subresource",
    "namespace",
    "subject",
    "error",
];

/// What hides secrets, as everywhere else in the program; or nothing does.
pub(super) struct Mask(Option<Box<Identity>>);

impl Mask {
    /// Marks of secrets of one run can be compared, of two runs they cannot.
    pub(super) fn hiding() -> Self {
        let mut pepper = [0; 32];
        for bytes in pepper.chunks_exact_mut(8) {
            bytes.copy_from_slice(&RandomState::new().hash_one(0).to_le_bytes());
        }
        Self(Some(Box::new(Identity::new(pepper, KeyIs::Secret))))
    }

    pub(super) const fn hiding_nothing() -> Self {
        Self(None)
    }

    /// A line that was not understood, or is shown whole.
    pub(super) fn line(&self, line: &[u8]) -> String {
        self.0.as_ref().map_or_else(|| text(line), |identity| identity.scrub_sample(line))
    }

    pub(super) fn text(&self, field: &[u8]) -> String {
        let text = text(field);
        self.0.as_ref().map_or_else(|| text.clone(), |it| it.scrub(&text).into_owned())
    }

    /// What stands behind a name that may say that it is a secret.
    fn named(&self, name: &str, field: &[u8]) -> String {
        let prefix = format!("{name}=");
        let shown = self.text(&[prefix.as_bytes(), field].concat());
        shown.strip_prefix(&prefix).map_or(shown.clone(), ToOwned::to_owned)
    }

    /// A user's name is no secret.
    fn key(&self, key: &[u8], record: &Record<'_>) -> String {
        if record.key_is_user { self.text(key) } else { self.named("api_key", key) }
    }
}

pub(super) fn as_json(outcome: &Outcome<'_>, mask: &Mask) -> Value {
    match outcome {
        Outcome::Event(record) => json!({ "event": both(event(record, mask)) }),
        Outcome::Events(records) => {
            let events: Vec<Value> =
                records.iter().map(|record| both(event(record, mask))).collect();
            json!({ "events": events })
        }
        Outcome::Skip(reason) => json!({ "skip": reason }),
        Outcome::Malformed(reason) => json!({ "error": reason }),
        Outcome::Pending(reason) => json!({ "pending": reason }),
    }
}

/// The dotted names, under which tables of mappings know some of the fields, beside the plain.
fn both(mut event: Value) -> Value {
    if let Value::Object(fields) = &mut event {
        for (plain, dotted) in DOTTED {
            if let Some(value) = fields.get(plain).cloned() {
                fields.insert(dotted.to_owned(), value);
            }
        }
    }
    event
}

const DOTTED: [(&str, &str); 9] = [
    ("key", "actor.key"),
    ("user", "actor.user"),
    ("source_ip", "src.ip"),
    ("user_agent", "src.ua"),
    ("method", "http.method"),
    ("path", "http.path"),
    ("status", "http.status"),
    ("input_tokens", "tokens.in"),
    ("output_tokens", "tokens.out"),
];

/// A record by the names of its fields. What it does not give is not in it.
pub(super) fn event(record: &Record<'_>, mask: &Mask) -> Value {
    let mut event = Map::new();
    event.insert("kind".to_owned(), json!(record.kind.name()));
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            event.insert(name.to_owned(), value);
        }
    };
    put("time", record.time.and_then(rfc3339).map(Value::String));
    put("source_ip", record.source_ip.as_ref().map(|address| json!(canonical(address))));
    for (name, field) in texts(record) {
        put(name, field.as_ref().map(|field| json!(mask.text(field))));
    }
    put("query", record.query.as_ref().map(|query| json!(mask.text(query))));
    put("key", record.key.as_ref().map(|key| json!(mask.key(key, record))));
    put("status", record.status.map(|status| json!(status)));
    for (name, number) in numbers(record) {
        put(name, number.map(|number| json!(number)));
    }
    put("duration_ms", record.duration_us.map(|micros| json!(in_thousandths(micros))));
    put("cost", record.cost_micros.map(|micros| json!(in_thousandths(micros) / 1000.0)));
    put("asn", record.asn.map(|asn| json!(asn)));
    put("quirk", record.quirk.map(|quirk| json!(quirk)));
    let extras: Map<String, Value> = record
        .extras
        .iter()
        .map(|(name, value)| (text(name), json!(mask.named(&text(name), value))))
        .collect();
    for name in AUDIT_NAMES {
        if let Some(value) = extras.get(name) {
            event.insert(name.to_owned(), value.clone());
        }
    }
    if !extras.is_empty() {
        event.insert("extras".to_owned(), Value::Object(extras));
    }
    Value::Object(event)
}

fn texts<'r, 'a>(record: &'r Record<'a>) -> [(&'static str, &'r Option<Field<'a>>); 20] {
    [
        ("id", &record.id),
        ("op", &record.operation),
        ("action", &record.operation),
        ("outcome", &record.outcome),
        ("tenant", &record.tenant),
        ("object", &record.object),
        ("recipient", &record.recipient),
        ("method", &record.method),
        ("path", &record.path),
        ("host", &record.host),
        ("http_version", &record.http_version),
        ("user", &record.user),
        ("user_agent", &record.user_agent),
        ("referer", &record.referer),
        ("raw_request", &record.raw_request),
        ("model", &record.model),
        ("country", &record.country),
        ("scheme", &record.scheme),
        ("tls", &record.tls),
        ("certificate", &record.certificate),
    ]
}

fn numbers(record: &Record<'_>) -> [(&'static str, Option<u64>); 5] {
    [
        ("count", record.count),
        ("bytes", record.bytes),
        ("request_bytes", record.request_bytes),
        ("input_tokens", record.input_tokens),
        ("output_tokens", record.output_tokens),
    ]
}

pub(super) fn write_text(
    outcome: &Outcome<'_>,
    mask: &Mask,
    output: &mut impl Write,
) -> anyhow::Result<()> {
    let records = match outcome {
        Outcome::Event(record) => std::slice::from_ref(record),
        Outcome::Events(records) => records.as_slice(),
        Outcome::Skip(reason) => return Ok(writeln!(output, "skipped: {reason}")?),
        Outcome::Malformed(reason) => return Ok(writeln!(output, "malformed: the line {reason}")?),
        Outcome::Pending(reason) => return Ok(writeln!(output, "waits: {reason}")?),
    };
    for record in records {
        writeln!(output, "event")?;
        let Value::Object(fields) = event(record, mask) else { continue };
        for (name, value) in fields {
            let Value::Object(extras) = value else {
                write_field(&name, &value, output)?;
                continue;
            };
            for (name, value) in extras {
                write_field(&format!("${name}"), &value, output)?;
            }
        }
    }
    Ok(())
}

/// What a log line says is never written to a terminal as it is.
pub(super) fn write_field(
    name: &str,
    value: &Value,
    output: &mut impl Write,
) -> anyhow::Result<()> {
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let value: String =
        value.chars().map(|letter| if letter.is_control() { '\u{FFFD}' } else { letter }).collect();
    writeln!(output, "  {name:<14} {value}")?;
    Ok(())
}

fn rfc3339(at: Timestamp) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(at.0).ok()?;
    Some(format!("{at:.3}"))
}

fn canonical(text_of_address: &[u8]) -> String {
    format::address(text_of_address)
        .map_or_else(|| text(text_of_address), |address| address.to_string())
}

/// Text as it is; bytes that are none as `\xHH`.
fn text(bytes: &[u8]) -> String {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(_) => bytes.escape_ascii().to_string(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a duration of 2^53 µs is 285 years")]
fn in_thousandths(micros: u64) -> f64 {
    micros as f64 / 1000.0
}
