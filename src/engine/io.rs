//! What the engine is told and what it answers: all that it may know comes in as an input,
//! in an order that is written down, and all that follows goes out as an action.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Settings;
use crate::identity::Inventory;
use crate::incident::{Alert, Incident, IncidentId, Notice, StaleFinding};
use crate::model::{EventBatch, Timestamp};

/// One input. There is none for the networks: events bring theirs along. A batch is stored as a block and not through serde: it stands last, so that
/// the others keep their numbers in stored form.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Input {
    /// No source will bring anything earlier than this any more, but for latecomers.
    Tick(Timestamp),
    Verdict(Verdict),
    Inventory(#[serde(with = "super::shared")] Arc<Inventory>),
    Settings(Box<Settings>),
    /// The end of all files: every slot up to the watermark is closed at once, and what
    /// lies beyond it is set aside.
    Finish,
    #[serde(skip)]
    Batch(Arc<EventBatch>),
}

/// A person's word about an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub incident: IncidentId,
    pub at: Timestamp,
    pub by: String,
    pub judgement: Judgement,
    #[serde(default)]
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Judgement {
    /// It was what it seemed.
    Confirmed,
    /// It was nothing: alarms should be a little rarer.
    FalseAlarm,
    /// Someone looks into it.
    Acknowledged,
    /// Nobody is told until then.
    Muted { until: Timestamp },
    /// It is over.
    Resolved,
    /// It is right so, and will be: it is learned like any other use.
    Expected,
}

impl Judgement {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::FalseAlarm => "false alarm",
            Self::Acknowledged => "acknowledged",
            Self::Muted { .. } => "muted",
            Self::Resolved => "resolved",
            Self::Expected => "expected",
        }
    }
}

/// What the outside world must now do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A row of the batch just given came after its slot was judged. It is stored and
    /// learned from all the same.
    SetAside {
        row: u32,
    },
    /// As it stands now: opened or changed.
    Incident(Box<Incident>),
    Alert(Box<Alert>),
    Notice(Box<Notice>),
    /// Shared by all who remember it: there may be some for each of a hundred thousand keys.
    Stale(Arc<StaleFinding>),
}

/// One row of the stored state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateRow {
    pub id: String,
    /// `None` removes the row.
    pub value: Option<Vec<u8>>,
}

/// Why a stored state cannot be taken up again.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    #[error("the stored state's row {id} was written by another version ({version})")]
    Version { id: String, version: u8 },
    #[error("the stored state's row {id} cannot be read")]
    Unreadable { id: String },
}
