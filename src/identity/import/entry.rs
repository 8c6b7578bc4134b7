//! One key as a list describes it, still as texts by the names of our columns.

use ipnet::IpNet;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::identity::inventory::{InventoryKey, KeyStatus};
use crate::identity::networks::prefix_of;
use crate::identity::table::InventoryError;
use crate::model::{Name, Timestamp};

#[derive(Clone, Debug, Default)]
pub(in crate::identity) struct Entry {
    pub(in crate::identity) line: u64,
    texts: Vec<(&'static str, String)>,
}

/// The names of all columns; the first is the one that every key needs.
pub(in crate::identity) const COLUMNS: &[&str] = &[
    "key_id",
    "owner",
    "role",
    "created",
    "last_rotated",
    "expires",
    "status",
    "status_since",
    "successor",
    "canary",
    "scopes",
    "allowed_networks",
    "tenant",
    "label",
    "last_used",
    "owner_gone",
];

/// A longer value is not quoted in an error: it may be a key in the wrong column.
pub(in crate::identity) const SHOWN_BYTES_MAX: usize = 20;
const TIME_ALLOWED: &str =
    "RFC 3339 such as 2026-03-09T00:00:00Z, a date such as 2026-03-09, or nothing";
const STATUS_ALLOWED: &str = "active, disabled, revoked, retired, unknown, or nothing";
const CANARY_ALLOWED: &str = "true, false, or nothing";
const NETWORKS_ALLOWED: &str =
    "prefixes such as 192.0.2.0/24 or 2001:db8::/32, with ; or a space between them";

impl Entry {
    pub(in crate::identity) fn at(line: u64) -> Self {
        Self { line, texts: Vec::new() }
    }

    /// An empty text says nothing.
    pub(in crate::identity) fn set(&mut self, column: &'static str, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.texts.push((column, text));
        }
    }

    pub(in crate::identity) fn text(&self, column: &str) -> &str {
        let found = self.texts.iter().find(|(known, _)| *known == column);
        found.map_or("", |(_, text)| text)
    }

    /// What is meant, or what is wrong with it in the file called `name`.
    pub(in crate::identity) fn key(&self, name: &str) -> Result<InventoryKey, InventoryError> {
        if self.text("key_id").is_empty() {
            let (name, line) = (name.to_owned(), self.line);
            return Err(InventoryError::Missing { name, line, column: "key_id" });
        }
        let text = |column| self.text(column).to_owned();
        let time = |column| match self.text(column) {
            "" | "-" => Ok(None),
            text => time_of(text).map(Some).ok_or_else(|| self.wrong(name, column, TIME_ALLOWED)),
        };
        Ok(InventoryKey {
            key_id: text("key_id").into(),
            owner: text("owner").into(),
            owner_gone: match flag(self.text("owner_gone")) {
                Some(true) => Some(Timestamp::default()),
                Some(false) => None,
                None => time("owner_gone")?,
            },
            role: text("role").into(),
            created: time("created")?,
            last_rotated: time("last_rotated")?,
            expires: time("expires")?,
            last_used: time("last_used")?,
            status: self.status(name)?,
            status_since: time("status_since")?,
            successor: Some(Name::from(text("successor"))).filter(|id| !id.is_empty()),
            canary: flag(self.text("canary"))
                .ok_or_else(|| self.wrong(name, "canary", CANARY_ALLOWED))?,
            scopes: listed(self.text("scopes")).map(Name::from).collect(),
            allowed_networks: self.networks(name)?,
            tenant: text("tenant").into(),
            label: text("label").into(),
        })
    }

    fn status(&self, name: &str) -> Result<KeyStatus, InventoryError> {
        let word = self.text("status");
        if word.is_empty() || word == "-" {
            return Ok(KeyStatus::Unknown);
        }
        let same = |status: &KeyStatus| status.name().eq_ignore_ascii_case(word);
        let known = KeyStatus::ALL.into_iter().find(same);
        known.ok_or_else(|| self.wrong(name, "status", STATUS_ALLOWED))
    }

    fn networks(&self, name: &str) -> Result<Vec<IpNet>, InventoryError> {
        let prefixes = listed(self.text("allowed_networks")).map(prefix_of);
        let prefixes: Option<Vec<IpNet>> = prefixes.collect();
        prefixes.ok_or_else(|| self.wrong(name, "allowed_networks", NETWORKS_ALLOWED))
    }

    fn wrong(&self, name: &str, column: &'static str, allowed: &'static str) -> InventoryError {
        let text = self.text(column);
        let short = text.len() <= SHOWN_BYTES_MAX;
        let found = if short { format!("{text:?} ") } else { String::new() };
        InventoryError::Value { name: name.to_owned(), line: self.line, column, found, allowed }
    }
}

/// A moment, a date, or seconds or milliseconds since 1970.
fn time_of(text: &str) -> Option<Timestamp> {
    const DATE_BYTES: usize = 10;
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: i64 = text.parse().ok()?;
        return match text.len() {
            9 | 10 => Some(Timestamp::from_seconds(number)),
            12 | 13 => Some(Timestamp(number)),
            _ => None,
        };
    }
    if text.len() == DATE_BYTES {
        let date: Date = text.parse().ok()?;
        let start = date.to_zoned(TimeZone::UTC).ok()?;
        return Some(Timestamp(start.timestamp().as_millisecond()));
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp(time.as_millisecond()));
    }
    // Without a zone: databases write UTC so.
    let time: DateTime = text.strip_suffix(" UTC").unwrap_or(text).parse().ok()?;
    Some(Timestamp(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond()))
}

/// Nothing is no.
fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" | "" | "-" => Some(false),
        _ => None,
    }
}

fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', ' ']).filter(|word| !word.is_empty())
}
