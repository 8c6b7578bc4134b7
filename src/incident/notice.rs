//! A word to people that is due: an incident was opened, grew, or is over.

use serde::{Deserialize, Serialize};

use super::id::first_eight;
use super::{Incident, IncidentId};
use crate::model::{Class, Millis, Severity, Timestamp};

/// Delivered at least once. Its id follows from its content, so that a notice made again
/// after a crash is the same one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub id: u64,
    pub incident: IncidentId,
    /// The incident's revision that caused it.
    pub revision: u32,
    pub transition: Transition,
    /// Not before this moment, on the log's own clock.
    pub due: Timestamp,
}

/// What happened to the incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transition {
    Opened,
    Update,
    Resolved,
    /// Someone looks into it.
    Acknowledged,
    /// Nothing happened: it is still open, and nobody looks into it.
    Reminder,
}

/// What is not certain waits this long, so that its companions come in the same mail.
pub const GROUP_WAIT: Millis = Millis::seconds(3);

impl Notice {
    pub(super) fn of(incident: &Incident, transition: Transition, at: Timestamp) -> Self {
        let certain = transition == Transition::Acknowledged
            || incident.class == Class::Policy
            || incident.severity == Severity::Critical;
        let due = if certain { at } else { at.plus(GROUP_WAIT) };
        let id = id_of(incident, transition.name(), None);
        Self { id, incident: incident.id, revision: incident.revision, transition, due }
    }

    /// That an incident is still open.
    pub fn reminder(incident: &Incident, at: Timestamp) -> Self {
        let transition = Transition::Reminder;
        let id = id_of(incident, transition.name(), Some(at));
        Self { id, incident: incident.id, revision: incident.revision, transition, due: at }
    }

    /// About no single incident: a report of that name that is due.
    pub fn report(name: &str, at: Timestamp) -> Self {
        let nobody = Incident::default();
        let id = id_of(&nobody, name, Some(at));
        Self { id, incident: nobody.id, revision: 0, transition: Transition::Opened, due: at }
    }
}

fn id_of(incident: &Incident, what: &str, at: Option<Timestamp>) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&incident.id.0.to_be_bytes()).update(&incident.revision.to_be_bytes());
    hasher.update(what.as_bytes());
    if let Some(at) = at {
        hasher.update(&at.0.to_be_bytes());
    }
    first_eight(&hasher)
}

impl Transition {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Update => "update",
            Self::Resolved => "resolved",
            Self::Acknowledged => "acknowledged",
            Self::Reminder => "reminder",
        }
    }
}
