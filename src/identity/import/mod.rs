//! Lists of keys as other systems export them, told from their content, to one inventory.

mod aws;
mod elements;
mod entry;
mod json;
mod sources;
#[cfg(test)]
mod tests;
mod toml_list;

use std::collections::BTreeMap;

use super::inventory::{Inventory, InventoryKey};
use super::table::InventoryError;
use super::table::Table;
use crate::model::Name;
pub(super) use entry::{COLUMNS, Entry, SHOWN_BYTES_MAX};

/// How a list is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListFormat {
    /// Told from the content.
    #[default]
    Auto,
    Csv,
    Toml,
    /// An array or lines of objects with the columns' names.
    Json,
    /// `organization.admin_api_key` and `organization.project.api_key`.
    OpenAi,
    /// What `/key/list` of the proxy answers.
    LiteLlm,
    /// The credential report, or `iam list-access-keys`.
    Aws,
    /// `iam service-accounts keys list --format=json`.
    Gcp,
    /// `kubectl get serviceaccounts,secrets -A -o json`.
    Kubernetes,
}

/// A list, and what is odd about it.
pub(super) type Listed = Result<(Vec<Entry>, Vec<String>), InventoryError>;

impl ListFormat {
    /// By the names that a configuration uses.
    pub const NAMES: [(&str, Self); 9] = [
        ("auto", Self::Auto),
        ("csv", Self::Csv),
        ("toml", Self::Toml),
        ("json", Self::Json),
        ("openai", Self::OpenAi),
        ("litellm", Self::LiteLlm),
        ("aws", Self::Aws),
        ("gcp", Self::Gcp),
        ("kubernetes", Self::Kubernetes),
    ];
}

impl Inventory {
    /// Reads the file called `name`; with it come the warnings. An error names the line and
    /// the reason, and never a key.
    pub fn read(
        bytes: &[u8],
        (name, format): (&str, ListFormat),
    ) -> Result<(Self, Vec<String>), InventoryError> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let format = if format == ListFormat::Auto { told_from(bytes) } else { format };
        let (entries, warnings) = match format {
            ListFormat::Auto | ListFormat::Csv => {
                let table = Table::of_keys(bytes, name)?;
                (table.entries(), table.warnings)
            }
            ListFormat::Toml => toml_list::read(bytes, name)?,
            ListFormat::Aws if !is_json(bytes) => aws::report(bytes, name)?,
            ListFormat::Json
            | ListFormat::OpenAi
            | ListFormat::LiteLlm
            | ListFormat::Aws
            | ListFormat::Gcp
            | ListFormat::Kubernetes => json::read(bytes, name, format)?,
        };
        Ok((Self::of_entries(entries, name)?, warnings))
    }

    /// One list of several, in the order in which they are named: what the first says holds,
    /// the next fill in what it leaves open. With it comes what they say differently.
    pub fn merged(mut lists: Vec<(String, Self)>) -> (Self, Vec<String>) {
        // One list is what it is: a hundred thousand keys need not be put together again.
        if lists.len() == 1
            && let Some((_, only)) = lists.pop()
        {
            return (only, Vec::new());
        }
        let mut all: BTreeMap<Name, (InventoryKey, String)> = BTreeMap::new();
        let mut conflicts = Vec::new();
        for (name, list) in lists {
            for key in list.into_keys() {
                match all.get_mut(&key.key_id) {
                    Some((known, first)) => {
                        let said = known.fill_in(key);
                        if !said.is_empty() {
                            let id = shown(&known.key_id);
                            let said = said.join(", ");
                            conflicts.push(format!(
                                "{first} and {name} do not agree on {said} of {id}; {first} counts"
                            ));
                        }
                    }
                    None => drop(all.insert(key.key_id.clone(), (key, name.clone()))),
                }
            }
        }
        let more = conflicts.len().saturating_sub(CONFLICTS_SHOWN);
        if 0 < more {
            conflicts.truncate(CONFLICTS_SHOWN);
            conflicts.push(format!("and {more} more keys on which the lists do not agree"));
        }
        (Self::of(all.into_values().map(|(key, _)| key)), conflicts)
    }

    fn of_entries(entries: Vec<Entry>, name: &str) -> Result<Self, InventoryError> {
        let mut keys = Vec::with_capacity(entries.len());
        let mut lines: BTreeMap<Name, u64> = BTreeMap::new();
        for entry in entries {
            let key = entry.key(name)?;
            if let Some(first) = lines.insert(key.key_id.clone(), entry.line) {
                let (name, line) = (name.to_owned(), entry.line);
                return Err(InventoryError::Duplicate { name, first, line, column: "key_id" });
            }
            keys.push(key);
        }
        Ok(Self::of(keys))
    }
}

const CONFLICTS_SHOWN: usize = 20;
/// A longer id may be the key itself.
const ID_SHOWN_CHARS: usize = 6;

fn shown(id: &str) -> String {
    let start: String = id.chars().take(ID_SHOWN_CHARS).collect();
    format!("the key {start}…")
}

fn is_json(bytes: &[u8]) -> bool {
    matches!(bytes.trim_ascii_start(), [b'{', ..]) || is_json_array(bytes)
}

/// An array; not the `[[keys]]` of TOML.
fn is_json_array(bytes: &[u8]) -> bool {
    match bytes.trim_ascii_start() {
        [b'[', rest @ ..] => matches!(rest.trim_ascii_start(), [b'{' | b'"' | b']', ..]),
        _ => false,
    }
}

fn told_from(bytes: &[u8]) -> ListFormat {
    if is_json(bytes) {
        return ListFormat::Json;
    }
    let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !matches!(line, [] | [b'#', ..])).unwrap_or(&[]);
    let is_setting = first.contains(&b'=') && !first.contains(&b',');
    if first.starts_with(b"[") || is_setting {
        return ListFormat::Toml;
    }
    if first.starts_with(b"user,arn,") { ListFormat::Aws } else { ListFormat::Csv }
}
