//! `keyvigil parse --explain`: which bytes of a line each field came from, and what is missing.

use std::io::Write;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::shown::Mask;
use super::shown::as_json;
use super::shown::event;
use super::shown::write_field;
use super::shown::write_text;
use crate::format::FORMATS;
use crate::format::Origin;
use crate::format::Outcome;
use crate::format::Parser;
use crate::model::EventKind;
use crate::model::Record;

/// Explains one line, and says whether it names no key.
pub(super) fn explain(
    parser: &mut Parser,
    line: &[u8],
    (as_json_lines, mask): (bool, &Mask),
    output: &mut impl Write,
) -> anyhow::Result<bool> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let (outcome, origins) = parser.explain(line);
    let records = match &outcome {
        Outcome::Event(record) => std::slice::from_ref(record),
        Outcome::Events(records) => records.as_slice(),
        Outcome::Skip(_) | Outcome::Malformed(_) | Outcome::Pending(_) => &[],
    };
    let missing = records.first().map_or_else(Vec::new, missing);
    if as_json_lines {
        let mut answer = as_json(&outcome, mask);
        let bytes = origins.iter().filter_map(|origin| {
            let bytes = origin.bytes.clone()?;
            Some((origin.name.to_owned(), json!([bytes.start, bytes.end])))
        });
        if let Value::Object(answer) = &mut answer {
            answer.insert("bytes".to_owned(), Value::Object(bytes.collect()));
            answer.insert("missing".to_owned(), json!(missing));
        }
        serde_json::to_writer(&mut *output, &answer)?;
        writeln!(output)?;
        return Ok(false);
    }
    write_field("line", &json!(mask.line(line)), output)?;
    let Some(record) = records.first() else {
        write_text(&outcome, mask, output)?;
        return Ok(false);
    };
    if let Value::Object(fields) = event(record, mask) {
        write_origins(&origins, &fields, output)?;
    }
    if 1 < records.len() {
        writeln!(output, "  and {} more records like it", records.len() - 1)?;
    }
    if !missing.is_empty() {
        writeln!(output, "  the line gives no {}", missing.join(", no "))?;
    }
    Ok(missing.contains(&"key"))
}

/// Which bytes gave which field, in the order of the line; then what was worked out.
fn write_origins(
    origins: &[Origin],
    fields: &Map<String, Value>,
    output: &mut impl Write,
) -> anyhow::Result<()> {
    for origin in origins {
        let Some(value) = fields.get(origin.name) else { continue };
        let place = origin.bytes.as_ref().map_or_else(
            || "worked out".to_owned(),
            |bytes| format!("bytes {} to {}", bytes.start, bytes.end),
        );
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        write_field(&format!("{place:<16} {:<13}", origin.name), &json!(value), output)?;
    }
    for name in ["key_is_user", "quirk", "extras"] {
        if let Some(value) = fields.get(name) {
            write_field(&format!("{:<16} {name:<13}", ""), value, output)?;
        }
    }
    Ok(())
}

/// What people ask of a request, by their names, that the record does not say.
fn missing(record: &Record<'_>) -> Vec<&'static str> {
    let is_request = record.kind == EventKind::Request;
    let asked = [
        ("client", record.source_ip.is_some() || !is_request),
        ("time", record.time.is_some()),
        ("method", record.method.is_some() || record.operation.is_some() || !is_request),
        ("path", record.path.is_some() || record.operation.is_some() || !is_request),
        ("status", record.status.is_some() || record.outcome.is_some() || !is_request),
        ("key", record.key.is_some() || record.kind == EventKind::Delivery),
    ];
    asked.into_iter().filter(|(_, is_there)| !is_there).map(|(name, _)| name).collect()
}

/// How the server is told to log the id of a key.
pub(super) fn write_hint(format: &str, output: &mut impl Write) -> anyhow::Result<()> {
    let hint = FORMATS.iter().find(|info| info.name == format).and_then(|info| info.key_hint);
    if let Some(hint) = hint {
        writeln!(output, "To have the key's id in the log:")?;
        for line in hint.lines() {
            writeln!(output, "  {line}")?;
        }
    }
    Ok(())
}
