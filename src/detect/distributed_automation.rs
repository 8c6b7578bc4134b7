//! Many addresses without keys, each with few requests, that together make up most visits
//! to one route which changes something: sign-up spam, a botnet trying passwords.

use serde::{Deserialize, Serialize};

use super::Verdict;
use super::plain::{count_text, time_text};
use crate::model::Severity;
use crate::profile::forms::Crowd;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DistributedAutomation {
    /// Addresses within 24 hours.
    pub addresses_min: usize,
    /// More requests of one address are not few.
    pub requests_few_max: u32,
    /// Their share of all visits to the route.
    pub share_min: f64,
    /// How many times the usual crowd of the route it must be, once there is a usual one.
    pub factor_min: f64,
    /// Hours of watching a log with keys before the first judgement.
    pub keyed_hours_min: u32,
}

impl Default for DistributedAutomation {
    fn default() -> Self {
        Self {
            addresses_min: 20,
            requests_few_max: 10,
            share_min: 0.5,
            factor_min: 2.0,
            keyed_hours_min: 48,
        }
    }
}

impl DistributedAutomation {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    pub fn judge(&self, crowd: &Crowd) -> Option<Verdict> {
        let share = crowd.requests as f64 / crowd.requests_of_all.max(1) as f64;
        let is_usual = (crowd.addresses as f64) < self.factor_min * crowd.usual as f64;
        if crowd.addresses < self.addresses_min || share < self.share_min || is_usual {
            return None;
        }
        let because = format!(
            "{} visits from {} addresses without keys since {}: {:.0} % of all visits; none of them came more than {} times or did much else",
            count_text(crowd.requests),
            count_text(crowd.addresses as u64),
            time_text(crowd.since),
            share * 100.0,
            self.requests_few_max,
        );
        let score = 6.0 + (crowd.addresses as f64 / self.addresses_min as f64).log10() * 2.0;
        Some(Verdict { kind: "distributed_automation", severity: Severity::Medium, score, because })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_addresses_with_most_of_the_visits_are_a_crowd() {
        let crowd = Crowd { addresses: 20, requests: 40, requests_of_all: 60, ..Crowd::default() };
        let judge = |crowd: &Crowd| DistributedAutomation::default().judge(crowd).is_some();
        assert!(judge(&crowd));
        assert!(!judge(&Crowd { addresses: 19, ..crowd.clone() }));
        assert!(!judge(&Crowd { usual: 11, ..crowd.clone() }));
        assert!(!judge(&Crowd { requests_of_all: 81, ..crowd }));
    }
}
