//! Keys that nobody has seen before, by the dozen: somebody invents them.

use serde::{Deserialize, Serialize};

use super::Verdict;
use super::plain::count_text;
use crate::model::Severity;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyFlood {
    /// Keys seen for the first time within an hour.
    pub keys_min: u32,
    /// As a share of the keys known before.
    pub share_min: f64,
    /// The first hours of watching: everything is new then.
    pub hours_min: u32,
}

impl Default for KeyFlood {
    fn default() -> Self {
        Self { keys_min: 50, share_min: 0.25, hours_min: 6 }
    }
}

impl KeyFlood {
    /// New keys that were never let in, and keys known before.
    pub fn judge(&self, (new, known): (u32, u32), hours: u32) -> Option<Verdict> {
        let is_enough = self.keys_min <= new && self.share_min * f64::from(known) <= f64::from(new);
        if !is_enough || hours < self.hours_min {
            return None;
        }
        Some(Verdict {
            kind: "key_flood",
            severity: Severity::High,
            score: 6.0 + (f64::from(new) / f64::from(self.keys_min)).log10() * 2.0,
            because: format!(
                "{} keys never seen before were refused within the hour; {} keys are known",
                count_text(u64::from(new)),
                count_text(u64::from(known)),
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_strangers_among_two_hundred_are_a_flood() {
        assert!(KeyFlood::default().judge((50, 200), 6).is_some());
        assert!(KeyFlood::default().judge((49, 200), 6).is_none());
        assert!(KeyFlood::default().judge((50, 201), 6).is_none());
        assert!(KeyFlood::default().judge((50, 200), 5).is_none());
    }
}
