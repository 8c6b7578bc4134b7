//! A key that is used at an hour at which it never is: little by itself, but it tells a thief
//! from the owner.

use serde::{Deserialize, Serialize};

use super::plain::{count_text, hour_text, mean_text};
use crate::baseline::{Expected, tail};
use crate::model::Hour;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OddHours {
    /// Hours to learn from before the first judgement.
    pub hours_min: u32,
    /// Fewer requests say nothing.
    pub requests_min: u32,
    /// An hour in which more are expected is none of the quiet ones.
    pub expected_max: f64,
}

/// Who works late once does not come in the way of chance.
const DISPERSION_MIN: f64 = 2.0;

impl Default for OddHours {
    fn default() -> Self {
        Self { hours_min: 168, requests_min: 5, expected_max: 0.7 }
    }
}

impl OddHours {
    pub const fn limit(&self, hours: u32, expected: &Expected) -> u32 {
        let is_quiet = expected.mean_upper < self.expected_max;
        if hours < self.hours_min || !is_quiet { u32::MAX } else { self.requests_min }
    }

    pub fn score(seen: u32, expected: &Expected) -> f64 {
        let dispersion = expected.dispersion.max(DISPERSION_MIN);
        tail::upper(seen, expected.mean_upper.max(0.02), dispersion)
    }

    pub fn because(seen: u32, (hour, expected): (Hour, &Expected)) -> String {
        format!(
            "{} requests {}, an hour at which {} are usual",
            count_text(u64::from(seen)),
            hour_text(hour),
            mean_text(expected.mean_upper),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_requests_at_night_are_odd_and_a_busy_hour_is_not_looked_at() {
        let night = Expected {
            mean: 0.02,
            mean_upper: 0.02,
            mean_lower: 0.02,
            dispersion: 0.5,
            busy: (2.0, 0.5),
        };
        let day = Expected { mean_upper: 8.0, ..night };
        let detector = OddHours::default();
        assert_eq!((detector.limit(168, &night), detector.limit(167, &night)), (5, u32::MAX));
        assert_eq!(detector.limit(168, &day), u32::MAX);
        assert!(2.0 < OddHours::score(20, &night));
        assert_eq!(
            OddHours::because(20, (Hour(3), &night)),
            "20 requests in the hour from 03:00 UTC, an hour at which hardly any are usual"
        );
    }
}
