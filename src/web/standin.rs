//! A stand-in for the engine's row of a key.

use crate::model::Timestamp;

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
