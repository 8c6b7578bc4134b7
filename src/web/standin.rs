//! Stand-ins for the incident room's nouns.

use std::fmt;

use crate::model::{Class, Entity, Severity, Timestamp};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    #[default]
    Open,
    Acknowledged,
    Resolved,
    Muted,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IncidentId(pub u64);

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "INC-{:06x}", self.0)
    }
}

#[derive(Clone, Debug, Default)]
pub struct Contribution {
    pub kind: String,
    pub because: String,
    pub score: f64,
    pub at: Timestamp,
}

#[derive(Clone, Debug, Default)]
pub struct EvidenceLine {
    pub at: Timestamp,
    pub source_ip: String,
    pub method: String,
    pub path: String,
    pub status: u16,
    pub user_agent: String,
}

#[derive(Clone, Debug, Default)]
pub struct Incident {
    pub id: IncidentId,
    pub kind: String,
    pub entity: Entity,
    pub keys: Vec<String>,
    pub addresses: Vec<String>,
    pub role: String,
    pub owner: String,
    pub class: Class,
    pub severity: Severity,
    pub state: State,
    pub opened: Timestamp,
    pub since: Timestamp,
    pub last_seen: Timestamp,
    pub resolved: Option<Timestamp>,
    pub score: f64,
    pub below: bool,
    pub title: String,
    pub findings: Vec<Contribution>,
    pub evidence: Vec<EvidenceLine>,
    pub events: u64,
    pub revision: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StaleState {
    #[default]
    Open,
    Resolved,
}

#[derive(Clone, Debug, Default)]
pub struct StaleFinding {
    pub key: String,
    pub kind: String,
    pub severity: Severity,
    pub owner: String,
    pub role: String,
    pub since: Timestamp,
    pub at: Timestamp,
    pub because: String,
    pub next: String,
    pub state: StaleState,
}

pub struct Words {
    pub kind: &'static str,
    pub title: &'static str,
    pub why_it_matters: &'static str,
    pub next_steps: &'static [&'static str],
    pub attack: &'static [&'static str],
    pub owasp: &'static [&'static str],
}

pub fn words(_kind: &str) -> Option<&'static Words> {
    None
}

#[derive(Clone, Debug, Default)]
pub struct KeyRow {
    pub key: String,
    pub role: String,
    pub owner: String,
    pub first_used: Option<Timestamp>,
    pub last_used: Option<Timestamp>,
    pub requests: u64,
    pub errors: u64,
    pub hours_learned: u32,
    pub state: &'static str,
    pub last_hours: Vec<u32>,
    pub stale: Vec<String>,
}
