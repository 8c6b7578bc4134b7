//! The list of keys that should exist: whose they are, what they may, and until when.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::append::Identity;
use super::networks::prefix_of;
use super::table::{InventoryError, Layout, Row, Table};
use crate::model::Timestamp;

/// The keys by their ids.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    keys: BTreeMap<String, InventoryKey>,
}

/// One key as its owner describes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InventoryKey {
    pub key_id: String,
    pub owner: String,
    pub role: String,
    pub created: Option<Timestamp>,
    pub last_rotated: Option<Timestamp>,
    pub expires: Option<Timestamp>,
    pub status: KeyStatus,
    /// Before this moment the key was active.
    pub status_since: Option<Timestamp>,
    /// The key that takes its place in a rotation.
    pub successor: Option<String>,
    /// A key that nobody should ever use.
    pub canary: bool,
    pub scopes: Vec<String>,
    /// Empty: from anywhere.
    pub allowed_networks: Vec<IpNet>,
    pub tenant: String,
    pub label: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyStatus {
    Active,
    Disabled,
    Revoked,
    Retired,
    #[default]
    Unknown,
}

const LAYOUT: Layout = Layout {
    key: "key_id",
    known: &[
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
    ],
    usual: &["owner", "role", "created", "last_rotated", "expires", "status", "status_since"],
    rows: "keys",
};
const STATUS_ALLOWED: &str = "active, disabled, revoked, retired, unknown, or nothing";
const CANARY_ALLOWED: &str = "true, false, or nothing";
const NETWORKS_ALLOWED: &str =
    "prefixes such as 192.0.2.0/24 or 2001:db8::/32, with ; or a space between them";

impl Inventory {
    /// Reads the file called `name`; with it come the warnings.
    pub fn from_csv(bytes: &[u8], name: &str) -> Result<(Self, Vec<String>), InventoryError> {
        let table = Table::read(bytes, name, &LAYOUT)?;
        let mut keys = BTreeMap::new();
        let mut lines = BTreeMap::new();
        for row in &table.rows {
            let key = key_of(&table, row)?;
            if let Some(first) = lines.insert(key.key_id.clone(), row.line) {
                return Err(InventoryError::Duplicate {
                    name: name.to_owned(),
                    first,
                    line: row.line,
                    column: "key_id",
                });
            }
            keys.insert(key.key_id.clone(), key);
        }
        Ok((Self { keys }, table.warnings))
    }

    /// The same list with every id as the log's events have it, so that no secret is in it.
    pub fn with_pseudonyms(self, identity: &Identity) -> Self {
        let renamed = |key: InventoryKey| {
            let key_id = identity.listed_key_id(&key.key_id);
            let successor = key.successor.as_deref().map(|id| identity.listed_key_id(id));
            let key = InventoryKey { key_id: key_id.clone(), successor, ..key };
            (key_id, key)
        };
        Self { keys: self.keys.into_values().map(renamed).collect() }
    }

    pub fn get(&self, key_id: &str) -> Option<&InventoryKey> {
        self.keys.get(key_id)
    }

    /// In the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &InventoryKey> {
        self.keys.values()
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl InventoryKey {
    /// Its status at that moment.
    pub fn status_at(&self, at: Timestamp) -> KeyStatus {
        match self.status_since {
            Some(since) if at < since => KeyStatus::Active,
            Some(_) | None => self.status,
        }
    }
}

impl KeyStatus {
    pub const ALL: [Self; 5] =
        [Self::Active, Self::Disabled, Self::Revoked, Self::Retired, Self::Unknown];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Revoked => "revoked",
            Self::Retired => "retired",
            Self::Unknown => "unknown",
        }
    }
}

fn key_of(table: &Table, row: &Row) -> Result<InventoryKey, InventoryError> {
    let text = |column| table.text(row, column).to_owned();
    Ok(InventoryKey {
        key_id: text("key_id"),
        owner: text("owner"),
        role: text("role"),
        created: table.time(row, "created")?,
        last_rotated: table.time(row, "last_rotated")?,
        expires: table.time(row, "expires")?,
        status: status_of(table, row)?,
        status_since: table.time(row, "status_since")?,
        successor: Some(text("successor")).filter(|id| !id.is_empty()),
        canary: is_canary(table, row)?,
        scopes: listed(table.text(row, "scopes")).map(str::to_owned).collect(),
        allowed_networks: networks_of(table, row)?,
        tenant: text("tenant"),
        label: text("label"),
    })
}

fn status_of(table: &Table, row: &Row) -> Result<KeyStatus, InventoryError> {
    let word = table.text(row, "status");
    if word.is_empty() || word == "-" {
        return Ok(KeyStatus::Unknown);
    }
    let same = |status: &KeyStatus| status.name().eq_ignore_ascii_case(word);
    match KeyStatus::ALL.into_iter().find(same) {
        Some(status) => Ok(status),
        None => Err(table.wrong(row, "status", STATUS_ALLOWED)),
    }
}

fn is_canary(table: &Table, row: &Row) -> Result<bool, InventoryError> {
    match table.text(row, "canary").to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" | "" | "-" => Ok(false),
        _ => Err(table.wrong(row, "canary", CANARY_ALLOWED)),
    }
}

fn networks_of(table: &Table, row: &Row) -> Result<Vec<IpNet>, InventoryError> {
    let mut networks = Vec::new();
    for word in listed(table.text(row, "allowed_networks")) {
        match prefix_of(word) {
            Some(prefix) => networks.push(prefix),
            None => return Err(table.wrong(row, "allowed_networks", NETWORKS_ALLOWED)),
        }
    }
    Ok(networks)
}

fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', ' ']).filter(|word| !word.is_empty())
}
