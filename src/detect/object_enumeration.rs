//! A key that walks through objects by their numbers: the way to collect what is not its own.

use serde::{Deserialize, Serialize};

use super::plain::{count_text, hour_text, share_text};
use crate::model::Hour;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ObjectEnumeration {
    /// Hours to learn from before the first judgement.
    pub hours_min: u32,
    /// So many objects beside one another in an hour are worth a look.
    pub neighbours_min: u32,
}

impl Default for ObjectEnumeration {
    fn default() -> Self {
        Self { hours_min: 168, neighbours_min: 8 }
    }
}

impl ObjectEnumeration {
    pub const fn limit(&self, hours: u32) -> u32 {
        if hours < self.hours_min { u32::MAX } else { self.neighbours_min }
    }

    pub fn because((hits, trials): (u32, u32), (hour, usual): (Hour, f64)) -> String {
        format!(
            "{} of {} requests {} went from one object's number to the next ({}); {} is usual",
            count_text(u64::from(hits)),
            count_text(u64::from(trials)),
            hour_text(hour),
            share_text(f64::from(hits) / f64::from(trials.max(1))),
            share_text(usual)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_is_worth_a_look_once_a_week_is_learned() {
        let detector = ObjectEnumeration::default();
        assert_eq!((detector.limit(167), detector.limit(168)), (u32::MAX, 8));
        assert_eq!(
            ObjectEnumeration::because((412, 500), (Hour(3), 0.013)),
            "412 of 500 requests in the hour from 03:00 UTC went from one object's number to the next (82 %); 1.3 % is usual"
        );
    }
}
