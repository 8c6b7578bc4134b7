//! The state at a glance, for the page, `status` and JSON.

use crate::model::{Hour, Timestamp};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    pub watermark: Option<Timestamp>,
    pub events: u64,
    /// Came after their slot was judged.
    pub late: u64,
    /// The first event ever.
    pub since: Option<Timestamp>,
    pub roles: Vec<RoleRow>,
    pub keys: Vec<KeyRow>,
    /// The last 168, ascending; hours without a single request are left out.
    pub hours: Vec<HourRow>,
    /// The threshold of statistical alarms, and what it promises.
    pub theta: f64,
    pub false_alarms_per_day: f64,
    /// Whether theta rests on scores seen, or still on the first guess.
    pub theta_is_learned: bool,
    pub open_incidents: usize,
    /// Incidents above the threshold since the beginning.
    pub alarms: u64,
    /// Slots that wait to be judged, and addresses under watch.
    pub waiting_slots: usize,
    pub addresses: usize,
    /// Unknown keys that were forgotten because there were too many.
    pub keys_forgotten: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleRow {
    pub role: String,
    pub keys: usize,
    pub requests: u64,
    pub errors: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRow {
    pub key: String,
    pub role: String,
    pub owner: String,
    pub first_used: Option<Timestamp>,
    pub last_used: Option<Timestamp>,
    pub requests: u64,
    pub errors: u64,
    pub hours_learned: u32,
    /// `learning`, `on the role's` or `ready`.
    pub state: &'static str,
    /// Requests in the last 24 closed hours, the latest last.
    pub last_hours: Vec<u32>,
    /// The kinds of its open stale findings.
    pub stale: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HourRow {
    pub hour: Hour,
    pub requests: u32,
    pub errors: u32,
    pub expected_low: u32,
    pub expected_high: u32,
    pub active_keys: u32,
}
