//! Stand-ins of the engine's nouns, until the engine is merged.

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
