//! What the hours of something bring that is not there in every hour: its usual size, how much
//! it varies, and the most so far.

use serde::{Deserialize, Serialize};
use statrs::function::erf::erfc;

use super::tail::SCORE_MAX;

/// Hours that count as much as the newest.
const MEMORY_HOURS: f64 = 168.0;
/// The least spread of the logarithm: half as much again is nothing.
const SPREAD_MIN: f64 = 0.4;
/// Of what is out of proportion, so many spreads are learned.
const CLIP: f64 = 3.0;
/// The most so far fades: a tenth in a day of hours.
const MOST_KEEP: f64 = 0.996;

/// Of logarithms, because sums grow by factors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Steady {
    hours: u32,
    mean: f64,
    variance: f64,
    most: f64,
}

impl Steady {
    #[expect(clippy::cast_precision_loss, reason = "2^53 of anything is enough")]
    pub fn learn(&mut self, sum: u64) {
        let value = (sum as f64).ln_1p();
        if self.hours == 0 {
            self.mean = value;
        } else {
            let limit = CLIP * self.spread();
            let off = (value - self.mean).clamp(-limit, limit);
            let share = 1.0 / f64::from(self.hours + 1).min(MEMORY_HOURS);
            self.mean += share * off;
            self.variance += share * (off * off - self.variance);
        }
        self.most = (self.most * MOST_KEEP).max(sum as f64);
        self.hours = self.hours.saturating_add(1);
    }

    pub const fn hours(&self) -> u32 {
        self.hours
    }

    /// A usual hour.
    pub fn mean(&self) -> f64 {
        self.mean.exp_m1()
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float's cast saturates"
    )]
    pub const fn most(&self) -> u64 {
        self.most as u64
    }

    /// How unusual so much is: -log10 of the probability of as much or more.
    #[expect(clippy::cast_precision_loss, reason = "2^53 of anything is enough")]
    pub fn score(&self, sum: u64) -> f64 {
        let off = ((sum as f64).ln_1p() - self.mean) / self.spread();
        let p = 0.5 * erfc(off / std::f64::consts::SQRT_2);
        if p <= 0.0 { SCORE_MAX } else { (-p.log10()).clamp(0.0, SCORE_MAX) }
    }

    fn spread(&self) -> f64 {
        self.variance.sqrt().max(SPREAD_MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_is_no_surprise_and_ten_times_as_much_is_one() {
        let mut steady = Steady::default();
        for hour in 0..100 {
            steady.learn(90 + hour % 20);
        }
        assert!((steady.mean() - 99.0).abs() < 3.0, "{}", steady.mean());
        assert!(steady.score(100) < 0.5 && 6.0 < steady.score(1000), "{}", steady.score(1000));
        assert!(105 <= steady.most() && steady.most() <= 109);
    }

    #[test]
    fn one_wild_hour_is_not_the_new_usual() {
        let mut steady = Steady::default();
        (0..50).for_each(|_| steady.learn(100));
        steady.learn(1_000_000);
        assert!(steady.mean() < 120.0, "{}", steady.mean());
    }
}
