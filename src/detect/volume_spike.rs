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

/// That a key is used at all at an odd hour adds no more than this to how much it is used.
const ODD_MAX: f64 = 2.0;
/// What as many requests as in some hour before are worth of their score.
const KNOWN_SHARE: f64 = 0.25;

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

    /// What has been seen before at another hour is a quarter as unusual, and twice as much is as
    /// unusual as it seems.
    pub fn score((seen, most): (u32, u32), expected: &Expected) -> f64 {
        let of_hour = tail::upper(seen, expected.mean_upper.max(0.01), expected.dispersion);
        let (mean, dispersion) = expected.busy;
        let of_busy = if mean <= expected.mean_upper {
            of_hour
        } else {
            tail::upper(seen, mean, dispersion) + ODD_MAX
        };
        let score = of_hour.min(of_busy);
        let beyond = f64::from(seen) / (1.25 * f64::from(most.max(1)));
        score * (KNOWN_SHARE + (1.0 - KNOWN_SHARE) * beyond.log2().clamp(0.0, 1.0))
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

    const USUAL: Expected = Expected {
        mean: 38.0,
        mean_upper: 38.0,
        mean_lower: 38.0,
        dispersion: 0.1,
        busy: (38.0, 0.1),
    };

    #[test]
    fn nothing_is_a_spike_before_there_is_something_to_compare_with() {
        assert_eq!(VolumeSpike::default().limit(11, &USUAL), u32::MAX);
        let limit = VolumeSpike::default().limit(12, &USUAL);
        assert!((60..120).contains(&limit), "{limit}");
    }

    #[test]
    fn at_an_odd_hour_it_is_no_more_unusual_than_among_busy_hours_and_a_little() {
        let night = Expected { mean: 0.1, mean_upper: 0.1, dispersion: 2.0, ..USUAL };
        let as_by_day = VolumeSpike::score((60, 20), &night);
        let far_more = VolumeSpike::score((400, 20), &night);
        assert!(as_by_day < 5.0 && 10.0 < far_more, "{as_by_day} {far_more}");
    }

    #[test]
    fn thirty_times_the_usual_is_beyond_doubt_and_said_in_numbers() {
        assert!(10.0 < VolumeSpike::score((1240, 96), &USUAL));
        let [same, more, twice] =
            [600, 900, 2000].map(|most| VolumeSpike::score((1240, most), &USUAL));
        assert!(twice < more && more < same, "{same} {more} {twice}");
        assert!(VolumeSpike::score((45, 96), &USUAL) < 1.5);
        assert_eq!(
            VolumeSpike::because(1240, 96, (Hour(3), &USUAL)),
            "1,240 requests in the hour from 03:00 UTC, 33 times the 38 expected; the most in any hour before was 96"
        );
    }
}
