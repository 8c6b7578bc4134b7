//! The values of a record under the names that people see.

use crate::model::Record;
use crate::model::record::Field;

/// What a record says under a name, as text: for comparing it with what was promised.
pub(super) fn value(record: &Record<'_>, name: &str) -> Option<String> {
    let text = |field: &Option<Field<'_>>| {
        field.as_ref().map(|field| String::from_utf8_lossy(field).into_owned())
    };
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    match name {
        "kind" => Some(record.kind.name().to_owned()),
        "time" => record.time.map(rfc3339),
        "source_ip" => text(&record.source_ip),
        "method" => text(&record.method),
        "path" => text(&record.path),
        "query" => text(&record.query),
        "host" => text(&record.host),
        "http_version" => text(&record.http_version),
        "status" => record.status.map(|status| status.to_string()),
        "bytes" => number(record.bytes),
        "request_bytes" => number(record.request_bytes),
        "duration_ms" => record.duration_us.map(thousandths),
        "user_agent" => text(&record.user_agent),
        "referer" => text(&record.referer),
        "user" => text(&record.user),
        "key" => text(&record.key),
        "model" => text(&record.model),
        "input_tokens" | "tokens_in" => number(record.input_tokens),
        "output_tokens" | "tokens_out" => number(record.output_tokens),
        "cost" => record.cost_micros.map(millionths),
        "asn" => record.asn.map(|asn| asn.to_string()),
        "country" => text(&record.country),
        "scheme" => text(&record.scheme),
        "tls" => text(&record.tls),
        "certificate" => text(&record.certificate),
        "id" => text(&record.id),
        "op" | "operation" | "action" => text(&record.operation),
        "outcome" => text(&record.outcome),
        "tenant" => text(&record.tenant),
        "object" | "subject" | "template" => text(&record.object),
        "recipient" => text(&record.recipient),
        "count" => number(record.count),
        "quirk" => record.quirk.map(ToOwned::to_owned),
        name => {
            let extra = record.extras.iter().find(|(known, _)| **known == *name.as_bytes());
            extra.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
        }
    }
}

fn rfc3339(at: crate::model::Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| String::new(), |at| format!("{at:.3}"))
}

#[expect(clippy::cast_precision_loss, reason = "a duration of 2^53 µs is 285 years")]
fn thousandths(micros: u64) -> String {
    format!("{:?}", micros as f64 / 1e3)
}

#[expect(clippy::cast_precision_loss, reason = "2^53 millionths are nine billion")]
fn millionths(micros: u64) -> String {
    format!("{:?}", micros as f64 / 1e6)
}
