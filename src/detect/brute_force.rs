//! One address that is refused again and again or with many keys, or one key that is
//! refused from many addresses.

use serde::{Deserialize, Serialize};

use super::Verdict;
use super::plain::{count_text, time_text};
use crate::model::Severity;
use crate::profile::Source;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BruteForce {
    /// 401 answers to one address within an hour.
    pub unauthorized_min: u32,
    /// Distinct keys it was refused with: fewer answers are enough then.
    pub keys_min: usize,
    /// How much more than on its worst earlier day.
    pub factor_min: u32,
    /// Distinct addresses from which one key was refused within an hour.
    pub addresses_min: usize,
    /// Distinct addresses without a key, refused a few times each, within two hours.
    pub crowd_min: usize,
    /// How often each of them was refused.
    pub crowd_refusals_min: u32,
}

impl Default for BruteForce {
    fn default() -> Self {
        Self {
            unauthorized_min: 40,
            keys_min: 6,
            factor_min: 3,
            addresses_min: 8,
            crowd_min: 8,
            crowd_refusals_min: 4,
        }
    }
}

impl BruteForce {
    pub fn judge(&self, source: &Source) -> Option<Verdict> {
        let (severity, score) = self.weigh(source)?;
        let keys = match source.keys.len() {
            0 => "without a key".to_owned(),
            1 => "with one key".to_owned(),
            keys if Source::KEYS_MAX <= keys => format!("with {keys} different keys or more"),
            keys => format!("with {keys} different keys"),
        };
        let because = format!(
            "refused {} times (401) since {}, {keys}",
            count_text(u64::from(source.unauthorized)),
            time_text(source.since),
        );
        Some(Verdict { kind: "brute_force", severity, score, because })
    }

    /// The same without a word: most of what is weighed was told before.
    pub fn weigh(&self, source: &Source) -> Option<(Severity, f64)> {
        let seen = source.unauthorized;
        let has_many_keys = self.keys_min <= source.keys.len();
        // With one or a few keys it may be an integration that never worked: its key's own
        // detector knows better.
        let enough = match source.keys.len() {
            0 => self.unauthorized_min,
            _ if has_many_keys => self.unauthorized_min / 4,
            _ => self.unauthorized_min.saturating_mul(4),
        };
        let is_enough = enough <= seen;
        if !is_enough || seen < source.worst_before.saturating_mul(self.factor_min) {
            return None;
        }
        let bonus = if has_many_keys { 2.0 } else { 0.0 };
        let score =
            8.0 + bonus + (f64::from(seen) / f64::from(self.unauthorized_min)).log10() * 3.0;
        let severity = if has_many_keys || self.unauthorized_min * 5 <= seen {
            Severity::High
        } else {
            Severity::Medium
        };
        Some((severity, score))
    }

    /// Whether the address is one of those who try a little each: without a key, or with so
    /// many that nobody knows.
    pub const fn is_of_crowd(&self, source: &Source, strangers: usize) -> bool {
        source.keys.len() == strangers && self.crowd_refusals_min <= source.unauthorized
    }

    pub fn judge_crowd(&self, (now, usual): (usize, usize)) -> Option<Verdict> {
        if now < self.crowd_min || now < 2 * usual + self.crowd_min / 2 {
            return None;
        }
        let times = f64::from(u32::try_from(now / self.crowd_min).unwrap_or(u32::MAX));
        Some(Verdict {
            kind: "brute_force",
            severity: Severity::High,
            score: 8.0 + times.log10() * 3.0,
            because: format!(
                "{now} addresses without a key that works were refused (401) {} times or more each within two hours; at most {usual} at once on other days",
                self.crowd_refusals_min
            ),
        })
    }

    pub fn judge_key(&self, addresses: usize) -> Option<Verdict> {
        if addresses < self.addresses_min {
            return None;
        }
        let times = f64::from(u32::try_from(addresses / self.addresses_min).unwrap_or(u32::MAX));
        Some(Verdict {
            kind: "brute_force",
            severity: Severity::High,
            score: 8.0 + times.log10() * 3.0,
            because: format!("refused (401) from {addresses} addresses within the hour"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_refusals_with_many_keys_are_enough_and_usual_ones_never() {
        let judge = |source: &Source| BruteForce::default().judge(source).is_some();
        assert!(!judge(&Source { unauthorized: 39, ..Source::default() }));
        assert!(judge(&Source { unauthorized: 40, ..Source::default() }));
        let sweep = Source { unauthorized: 10, keys: (0..6).collect(), ..Source::default() };
        assert!(judge(&sweep));
        assert!(!judge(&Source { keys: vec![1], ..sweep }));
        assert!(!judge(&Source { unauthorized: 100, worst_before: 40, ..Source::default() }));
        assert!(BruteForce::default().judge_key(8).is_some());
        assert!(BruteForce::default().judge_key(7).is_none());
        assert!(BruteForce::default().judge_crowd((8, 2)).is_some());
        assert!(BruteForce::default().judge_crowd((7, 0)).is_none());
        assert!(BruteForce::default().judge_crowd((8, 3)).is_none());
    }
}
