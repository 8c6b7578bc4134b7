//! A credential that has gone stale: a piece of hygiene for a report, never an alert.

use serde::{Deserialize, Serialize};

use crate::model::{Name, Names, Severity, Timestamp};

/// Raised once, reminded weekly, and gone by itself when the inventory or the use changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaleFinding {
    /// Empty where it is about requests without a key.
    pub key: Name,
    /// The route, where it is about requests without a key.
    #[serde(default)]
    pub route: Name,
    /// `unused`, `never_used`, `rotation_overdue`, …
    pub kind: Name,
    pub severity: Severity,
    pub owner: Name,
    pub role: Name,
    pub since: Timestamp,
    /// When it was found or last reminded.
    pub at: Timestamp,
    /// For a person: what was seen, what is allowed.
    pub because: String,
    /// What to do about it.
    pub next: Name,
    pub state: StaleState,
    #[serde(default)]
    pub first_used: Option<Timestamp>,
    #[serde(default)]
    pub last_used: Option<Timestamp>,
    /// What it could do, as scopes and routes.
    #[serde(default)]
    pub may: Names,
    /// What it did in the last months.
    #[serde(default)]
    pub did: Names,
}

impl StaleFinding {
    /// What it is about: with the kind, this is one finding and no other.
    pub fn subject(&self) -> &str {
        if self.key.is_empty() { &self.route } else { &self.key }
    }
}

#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum StaleState {
    #[default]
    Open,
    Resolved,
}

impl StaleState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }
}
