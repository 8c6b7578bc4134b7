//! A key that is used from far more addresses at a time than usual: somebody passed it on.

use serde::{Deserialize, Serialize};

use super::plain::{count_text, mean_text};
use crate::baseline::Steady;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SharedKey {
    /// Six hours of use, so many times, to learn from before the first judgement.
    pub windows_min: u32,
    /// Fewer addresses in six hours are never many.
    pub addresses_min: u32,
    /// How many times the usual it must be.
    pub factor_min: f64,
}

/// What as many addresses as before are worth of their score.
const KNOWN_SHARE: f64 = 0.25;

impl Default for SharedKey {
    fn default() -> Self {
        Self { windows_min: 8, addresses_min: 5, factor_min: 1.5 }
    }
}

impl SharedKey {
    /// The number of addresses from which it is worth scoring.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float's cast saturates"
    )]
    pub fn limit(&self, usual: &Steady) -> u32 {
        if usual.hours() < self.windows_min {
            return u32::MAX;
        }
        self.addresses_min.max((usual.mean() * self.factor_min) as u32)
    }

    /// As many as at some time before are a quarter as unusual, and twice as many are as unusual
    /// as they seem: a service that grows for an afternoon has more addresses, too.
    #[expect(clippy::cast_precision_loss, reason = "addresses of six hours")]
    pub fn score(seen: u32, usual: &Steady) -> f64 {
        let beyond = f64::from(seen) / (1.25 * usual.most().max(1) as f64);
        let known = KNOWN_SHARE + (1.0 - KNOWN_SHARE) * beyond.log2().clamp(0.0, 1.0);
        usual.score(u64::from(seen)) * known
    }

    pub fn because(seen: u32, usual: f64) -> String {
        format!(
            "used from {} addresses within six hours; {} are usual",
            count_text(u64::from(seen)),
            mean_text(usual),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_more_than_a_few_and_more_than_usual() {
        let usual = |addresses: u64| {
            let mut steady = Steady::default();
            (0..8).for_each(|_| steady.learn(addresses));
            SharedKey::default().limit(&steady)
        };
        assert_eq!(SharedKey::default().limit(&Steady::default()), u32::MAX);
        assert_eq!((usual(1), usual(40)), (5, 60));
        let mut busy = Steady::default();
        (0..40).for_each(|window| busy.learn(if window % 8 == 0 { 20 } else { 2 }));
        let [again, more] = [20, 45].map(|seen| SharedKey::score(seen, &busy));
        assert!(again < 1.0 && 2.0 < more, "{again} {more}");
        assert_eq!(
            SharedKey::because(14, 1.97),
            "used from 14 addresses within six hours; 2.0 are usual"
        );
    }
}
