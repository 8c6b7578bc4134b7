//! What the last day was like beside what was expected: a chart in numbers.

use serde::{Deserialize, Serialize};

use crate::model::Hour;

/// Requests an hour, one entry for each hour; empty where nothing was learned. The last
/// hour may still run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Curve {
    /// The hour of the first entry.
    pub first: Hour,
    pub hours: Vec<CurveHour>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurveHour {
    pub requests: u32,
    pub expected_low: u32,
    pub expected_high: u32,
}

impl Curve {
    /// The most that was seen in an hour.
    pub fn most(&self) -> u32 {
        self.hours.iter().map(|hour| hour.requests).max().unwrap_or(0)
    }
}
