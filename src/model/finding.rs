//! What a detector has to say.

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// How much a person should hurry.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    #[default]
    Low,
    Medium,
    High,
    Critical,
}

/// How a finding comes to be, and which budget it uses.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A rule was broken. Certain, on from the first second, uses no budget.
    Policy,
    /// Out of the ordinary, by a baseline. Uses the budget of false alarms.
    #[default]
    Statistical,
    /// About the credential, not its use: stale, overdue, expiring. Never an alert.
    Stale,
}

/// Whom it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entity {
    Key(String),
    Address(String),
    Route(String),
    /// What sends messages, or has an account of its own: not a key.
    App(String),
    #[default]
    Fleet,
}

/// One detector's word about one entity at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The detector's name, in snake case: `new_network`.
    pub kind: String,
    pub class: Class,
    pub severity: Severity,
    pub entity: Entity,
    /// When it is raised, on the log's own clock.
    pub at: Timestamp,
    /// When what it describes began.
    pub since: Timestamp,
    /// For a person: what was seen, what is usual, since when.
    pub because: String,
    /// How unusual: -log10 of a calibrated probability. Policy is 99.
    pub score: f64,
    /// The address that did most of it, where there is one.
    pub address: Option<String>,
    /// Other keys that are part of it.
    pub keys: Vec<String>,
}

impl Severity {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl Entity {
    /// The key's id, if it is one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Address(_) | Self::Route(_) | Self::App(_) | Self::Fleet => None,
        }
    }

    /// The address, if it is one.
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::Address(address) => Some(address),
            Self::Key(_) | Self::Route(_) | Self::App(_) | Self::Fleet => None,
        }
    }
}
