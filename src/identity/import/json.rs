//! Lists in JSON: each record is told by its own fields.

use serde_json::{Map, Value};

use super::elements::elements;
use super::entry::COLUMNS;
use super::{Entry, ListFormat, Listed, sources};
use crate::identity::table::InventoryError;

/// The fields of one record.
pub(super) type Fields = Map<String, Value>;

/// What a record gives.
pub(super) enum Read {
    Key(Entry),
    /// It is no key that anybody could look after, for this reason.
    Skipped(&'static str),
}

pub(super) fn read(bytes: &[u8], name: &str, format: ListFormat) -> Listed {
    let records = elements(bytes);
    if records.is_empty() && !bytes.trim_ascii_start().starts_with(b"[") {
        return Err(InventoryError::Empty { name: name.to_owned(), column: "key_id" });
    }
    let mut entries = Vec::with_capacity(records.len());
    let mut skipped: Vec<(&str, usize)> = Vec::new();
    let mut unknown: Vec<String> = Vec::new();
    for (line, record) in records {
        let value = parsed(record, (name, line))?;
        match entry_of(&value, (line, format), &mut unknown) {
            Some(Read::Key(entry)) => entries.push(entry),
            Some(Read::Skipped(why)) => match skipped.iter_mut().find(|(known, _)| *known == why) {
                Some((_, count)) => *count += 1,
                None => skipped.push((why, 1)),
            },
            None => return Err(InventoryError::NoRecord { name: name.to_owned(), line }),
        }
    }
    let mut warnings: Vec<String> =
        skipped.iter().map(|(why, count)| format!("{name}: {count} left out: {why}")).collect();
    if !unknown.is_empty() {
        unknown.truncate(8);
        warnings.push(format!("{name}: fields not known and not used: {}", unknown.join(", ")));
    }
    if entries.is_empty() {
        warnings.push(format!("{name}: no keys in it"));
    }
    Ok((entries, warnings))
}

fn parsed(record: &[u8], (name, line): (&str, u64)) -> Result<Value, InventoryError> {
    serde_json::from_slice(record).map_err(|error| {
        let behind = u64::try_from(error.line()).unwrap_or(1).saturating_sub(1);
        let reason = if error.is_eof() { "it ends too early" } else { "it is no JSON" };
        InventoryError::Json { name: name.to_owned(), line: line + behind, reason }
    })
}

fn entry_of(
    value: &Value,
    (line, format): (u64, ListFormat),
    unknown: &mut Vec<String>,
) -> Option<Read> {
    let Value::Object(fields) = value else {
        // LiteLLM's short list: nothing but the hashes of the keys.
        let token = value.as_str().filter(|_| format != ListFormat::Json || is_hash(value))?;
        let mut entry = Entry::at(line);
        entry.set("key_id", token);
        entry.set("status", "active");
        return Some(Read::Key(entry));
    };
    let read = match format {
        ListFormat::OpenAi => sources::openai,
        ListFormat::LiteLlm => sources::litellm,
        ListFormat::Aws => sources::aws,
        ListFormat::Gcp => sources::gcp,
        ListFormat::Kubernetes => sources::kubernetes,
        ListFormat::Auto | ListFormat::Csv | ListFormat::Toml | ListFormat::Json => {
            return sources::any(fields, line).or_else(|| own(fields, line, unknown));
        }
    };
    read(fields, line)
}

/// A record with the columns' own names.
fn own(fields: &Fields, line: u64, unknown: &mut Vec<String>) -> Option<Read> {
    fields.get("key_id")?;
    let mut entry = Entry::at(line);
    for (field, value) in fields {
        match COLUMNS.iter().find(|column| *column == field) {
            Some(column) => entry.set(column, text_of(value)),
            None if unknown.contains(field) => (),
            None => unknown.push(field.clone()),
        }
    }
    Some(Read::Key(entry))
}

/// The value as a column of a CSV file would have it.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::Null | Value::Object(_) => String::new(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => whole(number),
        Value::String(text) => text.trim().to_owned(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(";"),
    }
}

/// Seconds since 1970 may come with a fraction.
fn whole(number: &serde_json::Number) -> String {
    let text = number.to_string();
    text.split_once('.').map_or(text.clone(), |(whole, _)| whole.to_owned())
}

fn is_hash(value: &Value) -> bool {
    const HASH_DIGITS: usize = 64;
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    value.as_str().is_some_and(|text| text.len() == HASH_DIGITS && is_hex(text))
}
