//! A key whose answers are far larger than usual: somebody takes more than they need.

use serde::{Deserialize, Serialize};

use super::plain::{bytes_text, count_text, hour_text};
use crate::model::Hour;
use crate::profile::Counts;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LargeAnswers {
    /// Hours to learn from before the first judgement.
    pub hours_min: u32,
    /// Fewer requests in an hour say nothing.
    pub requests_min: u32,
}

impl Default for LargeAnswers {
    fn default() -> Self {
        Self { hours_min: 24, requests_min: 10 }
    }
}

impl LargeAnswers {
    /// Whether there is enough to judge by.
    pub const fn applies(&self, hours: u32, requests: u32) -> bool {
        self.hours_min <= hours && self.requests_min <= requests
    }

    #[expect(clippy::cast_precision_loss, reason = "three digits of it are shown")]
    pub fn because(counts: &Counts, hour: Hour, usual: f64) -> String {
        let size = counts.bytes as f64 / f64::from(counts.requests.max(1));
        format!(
            "{} an answer {}, over {} requests; {} is usual",
            bytes_text(size),
            hour_text(hour),
            count_text(u64::from(counts.requests)),
            bytes_text(usual),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_large_and_how_large_is_usual() {
        let counts = Counts { requests: 20, bytes: 1_000_000, ..Counts::default() };
        assert_eq!(
            LargeAnswers::because(&counts, Hour(3), 2100.4),
            "50 kB an answer in the hour from 03:00 UTC, over 20 requests; 2.1 kB is usual"
        );
        assert!(LargeAnswers::default().applies(24, 10));
        assert!(!LargeAnswers::default().applies(23, 10));
    }
}
