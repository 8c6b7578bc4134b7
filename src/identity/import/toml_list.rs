//! A list in TOML: `[[keys]]` tables, or `[keys.ID]`, with the columns' names.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::entry::COLUMNS;
use super::{Entry, Listed};
use crate::identity::table::InventoryError;

pub(super) fn read(bytes: &[u8], name: &str) -> Listed {
    let text = String::from_utf8_lossy(bytes);
    let ends: Vec<usize> = memchr::memchr_iter(b'\n', text.as_bytes()).collect();
    let line_of =
        |at: usize| 1 + u64::try_from(ends.partition_point(|end| *end < at)).unwrap_or_default();
    let document = DeTable::parse(&text).map_err(|error| {
        let line = line_of(error.span().map_or(0, |span| span.start));
        InventoryError::Toml { name: name.to_owned(), line, reason: error.message().to_owned() }
    })?;
    let Some(keys) = document.get_ref().get("keys") else {
        return Err(InventoryError::NoRecord { name: name.to_owned(), line: 1 });
    };
    let mut entries = Vec::new();
    let mut unknown: Vec<String> = Vec::new();
    match keys.get_ref() {
        DeValue::Array(items) => {
            for item in items {
                let line = line_of(item.span().start);
                let DeValue::Table(table) = item.get_ref() else {
                    return Err(InventoryError::NoRecord { name: name.to_owned(), line });
                };
                entries.push(entry_of(table, line, &mut unknown));
            }
        }
        DeValue::Table(table) => {
            for (id, item) in table {
                let line = line_of(id.span().start);
                let DeValue::Table(table) = item.get_ref() else {
                    return Err(InventoryError::NoRecord { name: name.to_owned(), line });
                };
                let mut entry = entry_of(table, line, &mut unknown);
                entry.set("key_id", id.get_ref().as_ref());
                entries.push(entry);
            }
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => {
            let line = line_of(keys.span().start);
            return Err(InventoryError::NoRecord { name: name.to_owned(), line });
        }
    }
    unknown.truncate(8);
    let warnings = match unknown.as_slice() {
        [] => Vec::new(),
        unknown => vec![format!("{name}: names not known and not used: {}", unknown.join(", "))],
    };
    Ok((entries, warnings))
}

fn entry_of(table: &DeTable<'_>, line: u64, unknown: &mut Vec<String>) -> Entry {
    let mut entry = Entry::at(line);
    for (field, value) in table {
        let field = field.get_ref().as_ref();
        match COLUMNS.iter().find(|column| **column == field) {
            Some(column) => entry.set(column, text_of(value)),
            None if unknown.iter().any(|known| known == field) => (),
            None => unknown.push(field.to_owned()),
        }
    }
    entry
}

fn text_of(value: &Spanned<DeValue<'_>>) -> String {
    match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(";"),
        DeValue::Table(_) => String::new(),
    }
}
