//! An unusual share of a key's requests that is refused or fails.

use serde::{Deserialize, Serialize};

use super::plain::{count_text, hour_text, share_text};
use crate::model::Hour;
use crate::profile::Failure;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Failures {
    /// Hours to learn from before the first judgement.
    pub hours_min: u32,
    /// So many 401 or 403 in an hour are worth a look.
    pub refused_min: u32,
    /// So many 404, 429 or 5xx.
    pub failed_min: u32,
}

impl Default for Failures {
    fn default() -> Self {
        Self { hours_min: 12, refused_min: 6, failed_min: 15 }
    }
}

impl Failures {
    pub const fn limit(&self, hours: u32, failure: Failure) -> u32 {
        if hours < self.hours_min {
            return u32::MAX;
        }
        match failure {
            Failure::Unauthorized | Failure::Forbidden => self.refused_min,
            Failure::Missing | Failure::Throttled | Failure::Broken => self.failed_min,
        }
    }

    pub fn because(failure: Failure, (hits, trials): (u32, u32), at: (Hour, f64)) -> String {
        let (hour, usual) = at;
        format!(
            "{} of {} requests {} ended in {} ({}); {} is usual",
            count_text(u64::from(hits)),
            count_text(u64::from(trials)),
            hour_text(hour),
            failure.name(),
            share_text(f64::from(hits) / f64::from(trials.max(1))),
            share_text(usual),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_many_and_how_many_are_usual() {
        assert_eq!(
            Failures::because(Failure::Forbidden, (30, 64), (Hour(3), 0.012)),
            "30 of 64 requests in the hour from 03:00 UTC ended in 403 forbidden (47 %); 1.2 % is usual"
        );
        assert_eq!(Failures::default().limit(11, Failure::Broken), u32::MAX);
        assert_eq!(Failures::default().limit(12, Failure::Broken), 15);
    }
}
