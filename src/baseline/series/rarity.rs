//! How rare a score is in one series: how often each was reached, slowly forgotten, and an
//! exponential tail beyond what was seen. `Calibration` is the same for all keys of a role; one
//! series alone has fewer tests, so what an honest score would mean stands in until there are.

use serde::{Deserialize, Serialize};

use super::Constants;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Rarity {
    /// How often each step was reached.
    bins: Vec<f64>,
    tests: f64,
    since_fit: u32,
    /// Above `base`, which the share `share` exceeds, scores thin out by `scale`.
    base: f64,
    share: f64,
    scale: f64,
}

const BINS: usize = 128;
const BINS_PER_UNIT: f64 = 8.0;
/// No score is higher.
const SCORE_MAX: f64 = 15.9;
const TESTS_A_FIT: u32 = 64;
/// So much of what was seen is kept from fit to fit.
const KEEP: f64 = 0.987;
/// An excess counts no more than this, so that an attack does not widen the tail.
const EXCESS_MAX: f64 = 2.0;
/// One unit of an honest score is a tenth of the probability.
const HONEST_SCALE: f64 = std::f64::consts::LOG10_E;
/// An honest tail's excess is mixed in as if seen this often.
const WORTH: f64 = 3.0;
const SCALE_MIN: f64 = 0.15;
const SHARE_MIN: f64 = 1e-6;

impl Default for Rarity {
    fn default() -> Self {
        let bins = vec![0.0; BINS];
        Self { bins, tests: 0.0, since_fit: 0, base: 0.0, share: 1.0, scale: HONEST_SCALE }
    }
}

impl Rarity {
    /// -log10 of how often so high a score comes.
    pub(super) fn of(&self, score: f64) -> f64 {
        let excess = score.min(SCORE_MAX) - self.base;
        if excess <= 0.0 {
            return score.min(-self.share.log10()).max(0.0);
        }
        excess * HONEST_SCALE / self.scale - self.share.log10()
    }

    pub(super) fn observe(&mut self, score: f64, weight: f64, constants: &Constants) {
        if let Some(bin) = self.bins.get_mut(bin_of(score)) {
            *bin += weight;
        }
        self.tests += 1.0;
        self.since_fit += 1;
        if TESTS_A_FIT <= self.since_fit {
            self.since_fit = 0;
            self.bins.iter_mut().for_each(|bin| *bin *= KEEP);
            self.tests *= KEEP;
            self.fit(constants);
        }
    }

    fn fit(&mut self, constants: &Constants) {
        let honest = |score: f64| constants.honest_tests * 10f64.powf(-score);
        let tests = self.tests + constants.honest_tests;
        let wanted = tests * constants.tail_share;
        let mut seen = 0.0;
        let mut first = self.bins.len();
        for (bin, count) in self.bins.iter().enumerate().rev() {
            if wanted < seen + count + honest(score_of(bin)) || bin == 0 {
                break;
            }
            (seen, first) = (seen + count, bin);
        }
        let base = score_of(first);
        let mut sum = (honest(base) + WORTH) * HONEST_SCALE;
        for (steps, count) in (0u32..).zip(self.bins.get(first..).unwrap_or(&[])) {
            sum += count * ((f64::from(steps) + 0.5) / BINS_PER_UNIT).min(EXCESS_MAX);
        }
        let above = seen + honest(base);
        self.base = base;
        self.share = (above / tests).max(SHARE_MIN);
        self.scale = (sum / (above + WORTH)).max(SCALE_MIN);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float's cast saturates, and the bin is cut to the last"
)]
fn bin_of(score: f64) -> usize {
    ((score * BINS_PER_UNIT) as usize).min(BINS - 1)
}

fn score_of(bin: usize) -> f64 {
    f64::from(u32::try_from(bin).unwrap_or(u32::MAX)) / BINS_PER_UNIT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(scale: f64) -> Rarity {
        let mut rarity = Rarity::default();
        for step in 0..20_000u32 {
            // All shares, in an order that mixes them.
            let share = f64::from((step * 7919) % 20_000 + 1) / 20_001.0;
            rarity.observe(-share.log10() * scale, 1.0, &Constants::default());
        }
        rarity
    }

    #[test]
    fn honest_scores_keep_their_meaning() {
        let rarity = observed(1.0);
        for score in [2.0, 3.0, 5.0, 8.0] {
            assert!((rarity.of(score) - score).abs() < 0.15 * score, "{score}");
        }
    }

    #[test]
    fn scores_that_promise_too_much_are_cut_down() {
        assert!((observed(2.0).of(8.0) - 4.0).abs() < 0.8);
    }
}
