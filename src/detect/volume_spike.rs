//! A key that asks far more than it usually does at this hour of this kind of day.

use serde::{Deserialize, Serialize};

use super::plain::{count_text, hour_text, times_text};
use crate::baseline::{Expected, tail};
use crate::model::Hour;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VolumeSpike {
    /// Hours to learn from before the first judgement.
    pub hours_min: u32,
    /// Fewer requests in an hour are never a spike.
    pub requests_min: u32,
    /// How many times the usual it must be.
    pub factor_min: f64,
}

impl Default for VolumeSpike {
    fn default() -> Self {
        Self { hours_min: 12, requests_min: 30, factor_min: 1.5 }
    }
}

impl VolumeSpike {
    /// The count from which an hour is worth scoring: about one in a thousand.
    pub fn limit(&self, hours: u32, expected: &Expected) -> u32 {
        if hours < self.hours_min {
            return u32::MAX;
        }
        let limit = tail::limit(expected.mean_upper, expected.dispersion, 2.5);
        limit.max(self.requests_min).max(times(expected.mean_upper, self.factor_min))
    }

    /// What has been seen before at another hour is half as unusual.
    pub fn score((seen, most): (u32, u32), expected: &Expected) -> f64 {
        let score = tail::upper(seen, expected.mean_upper.max(0.01), expected.dispersion);
        if seen <= most.saturating_add(most / 4) { score / 2.0 } else { score }
    }

    pub fn because(seen: u32, most: u32, (hour, expected): (Hour, &Expected)) -> String {
        format!(
            "{} requests {}, {} expected; the most in any hour before was {}",
            count_text(u64::from(seen)),
            hour_text(hour),
            times_text(f64::from(seen), expected.mean),
            count_text(u64::from(most)),
        )
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float's cast saturates"
)]
fn times(mean: f64, factor: f64) -> u32 {
    (mean * factor) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Expected =
        Expected { mean: 38.0, mean_upper: 38.0, mean_lower: 38.0, dispersion: 0.1 };

    #[test]
    fn nothing_is_a_spike_before_there_is_something_to_compare_with() {
        assert_eq!(VolumeSpike::default().limit(11, &USUAL), u32::MAX);
        let limit = VolumeSpike::default().limit(12, &USUAL);
        assert!((60..120).contains(&limit), "{limit}");
    }

    #[test]
    fn thirty_times_the_usual_is_beyond_doubt_and_said_in_numbers() {
        assert!(10.0 < VolumeSpike::score((1240, 96), &USUAL));
        assert!(VolumeSpike::score((45, 96), &USUAL) < 1.5);
        assert_eq!(
            VolumeSpike::because(1240, 96, (Hour(3), &USUAL)),
            "1,240 requests in the hour from 03:00 UTC, 33 times the 38 expected; the most in any hour before was 96"
        );
    }
}
