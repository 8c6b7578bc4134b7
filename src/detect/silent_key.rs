//! A key that was always busy and has fallen silent.

use serde::{Deserialize, Serialize};

use super::plain::{count_text, mean_text, time_text};
use crate::baseline::{Expected, tail};
use crate::model::Timestamp;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SilentKey {
    /// Hours to learn from before the first judgement: a whole week and the day until it is learned.
    pub hours_min: u32,
    /// So many requests must have been due since the last one.
    pub missing_min: f64,
}

impl Default for SilentKey {
    fn default() -> Self {
        Self { hours_min: 168, missing_min: 40.0 }
    }
}

impl SilentKey {
    /// What one more hour without a request adds.
    pub fn hour_score(expected: &Expected) -> f64 {
        tail::silence(expected.mean_lower, expected.dispersion.max(0.5))
    }

    pub fn applies(&self, hours: u32, missing: f64) -> bool {
        self.hours_min <= hours && self.missing_min <= missing
    }

    pub fn because(last_used: Timestamp, missing: f64, hours: u32) -> String {
        format!(
            "no request since {}; {} were expected in these {} hours",
            time_text(last_used),
            mean_text(missing),
            count_text(u64::from(hours)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_key_is_missed_sooner_than_an_idle_one() {
        let of = |mean| {
            let expected = Expected {
                mean,
                mean_upper: mean,
                mean_lower: mean,
                dispersion: 0.1,
                busy: (mean, 0.1),
            };
            SilentKey::hour_score(&expected)
        };
        assert!(of(0.1) < 0.1);
        assert!(4.0 * of(100.0) > 9.0);
        assert!(SilentKey::default().applies(168, 40.0));
        assert!(!SilentKey::default().applies(167, 40.0));
        assert!(!SilentKey::default().applies(168, 11.9));
    }
}
