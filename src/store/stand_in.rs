//! Stand-ins until the rooms above are merged.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{EventBatch, Timestamp};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    #[serde(skip)]
    Batch(Arc<EventBatch>),
    Tick(Timestamp),
    Finish,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StateRow {
    pub id: String,
    pub value: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IncidentId(pub u64);

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum State {
    #[default]
    Open,
    Acknowledged,
    Resolved,
    Muted,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    pub id: IncidentId,
    pub opened: Timestamp,
    pub state: State,
    pub title: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum StaleState {
    #[default]
    Open,
    Resolved,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StaleFinding {
    pub key: String,
    pub kind: String,
    pub since: Timestamp,
    pub state: StaleState,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    pub id: u64,
    pub incident: IncidentId,
    pub due: Timestamp,
}
