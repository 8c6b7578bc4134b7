//! All keys of a role together, or everyone: what they do in five minutes, though no single key
//! stands out.

use serde::{Deserialize, Serialize};

use super::plain::{bytes_text, count_text, time_text};
use crate::model::Timestamp;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrafficShift {
    /// Days to learn from before the first judgement.
    pub days_min: u32,
    /// Five minutes are looked at 288 times a day, for each role and in three ways; a key is
    /// looked at four times. So much more is asked of them, in powers of ten.
    pub rarer_by: f64,
    /// Where fewer come and fewer are usual, in five minutes, nothing is said: one failure of a role
    /// that never fails is rare, and nobody's business.
    pub requests_min: f64,
    pub errors_min: f64,
    pub bytes_min: f64,
}

/// What is added up over all keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Total {
    Requests,
    Errors,
    Bytes,
}

impl Default for TrafficShift {
    fn default() -> Self {
        Self { days_min: 8, rarer_by: 4.0, requests_min: 50.0, errors_min: 25.0, bytes_min: 5e6 }
    }
}

impl Total {
    pub const ALL: [Self; 3] = [Self::Requests, Self::Errors, Self::Bytes];

    fn text(self, amount: f64) -> String {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float's cast saturates"
        )]
        let count = amount.round() as u64;
        match self {
            Self::Requests => format!("{} requests", count_text(count)),
            Self::Errors => format!("{} requests that failed", count_text(count)),
            Self::Bytes => bytes_text(amount),
        }
    }
}

impl TrafficShift {
    pub fn applies(&self, total: Total, (seen, usual): (f64, f64)) -> bool {
        let least = match total {
            Total::Requests => self.requests_min,
            Total::Errors => self.errors_min,
            Total::Bytes => self.bytes_min,
        };
        least <= seen.max(usual)
    }

    /// What so rare five minutes are worth beside what single keys do.
    pub fn score(&self, rarity: f64) -> f64 {
        rarity - self.rarer_by
    }

    /// `role` is empty for everyone.
    pub fn because(
        total: Total,
        (role, end): (&str, Timestamp),
        (seen, usual): (f64, f64),
    ) -> String {
        let whose =
            if role.is_empty() { "all keys".to_owned() } else { format!("keys of role {role}") };
        format!(
            "{whose}: {} in the five minutes to {}; {} are usual at this time",
            total.text(seen),
            time_text(end),
            total.text(usual),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_whose_traffic_it_is_and_what_is_usual() {
        let end = Timestamp::from_seconds(1_773_712_800);
        assert_eq!(
            TrafficShift::because(Total::Requests, ("partner", end), (9_400.2, 3_100.0)),
            "keys of role partner: 9,400 requests in the five minutes to 2026-03-17 02:00 UTC; 3,100 requests are usual at this time"
        );
        let all = TrafficShift::because(Total::Bytes, ("", end), (0.0, 2e6));
        assert!(all.starts_with("all keys: "), "{all}");
        let detector = TrafficShift::default();
        assert!(detector.score(9.5) < 6.0);
        assert!(detector.applies(Total::Requests, (0.0, 50.0)));
        assert!(!detector.applies(Total::Errors, (24.0, 1.0)));
    }
}
