//! Raw scores against what they turned out to mean: how often each was reached lately by
//! the keys of a role, extended beyond the seen by an exponential tail.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::model::Day;

const BINS: usize = 96;
const BINS_PER_UNIT: f64 = 4.0;
const DAYS_MAX: usize = 14;
/// The tail begins where less than this share lies above.
const TAIL_SHARE: f64 = 0.01;
const TESTS_MIN: u64 = 500;
/// An excess counts no more than this, so that an attack does not widen the tail.
const EXCESS_MAX: f64 = 3.0;
/// One unit of an honest score is a tenth of the probability.
const HONEST_SCALE: f64 = std::f64::consts::LOG10_E;

/// The scores of the last two weeks, of one role and metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    days: VecDeque<DayOfScores>,
    tail: Option<Tail>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct DayOfScores {
    day: Day,
    tests: u64,
    /// How many reached each step.
    bins: Vec<u32>,
}

/// Above `base`, which the share `share` exceeds, scores thin out by `scale`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Tail {
    base: f64,
    share: f64,
    scale: f64,
}

impl Calibration {
    /// Counts one test; only scores that say anything leave a mark.
    pub fn observe(&mut self, day: Day, score: f64) {
        self.observe_times(day, score, 1);
    }

    /// The same so many times.
    pub fn observe_times(&mut self, day: Day, score: f64, times: u32) {
        if self.days.back().is_none_or(|last| last.day < day) {
            self.days.push_back(DayOfScores { day, tests: 0, bins: vec![0; BINS] });
            if DAYS_MAX < self.days.len() {
                self.days.pop_front();
            }
        }
        let Some(today) = self.days.back_mut() else { return };
        today.tests += u64::from(times);
        if let Some(bin) = today.bins.get_mut(bin_of(compressed(score))) {
            *bin += times;
        }
    }

    /// Fits the tail anew; once a day.
    pub fn refit(&mut self) {
        self.tail = self.fit();
    }

    /// -log10 of how often so high a score comes.
    pub fn calibrated(&self, score: f64) -> f64 {
        let score = compressed(score);
        let Some(tail) = self.tail else { return score * UNTRIED };
        let excess = score - tail.base;
        if excess <= 0.0 {
            return score.min(-tail.share.log10());
        }
        excess * HONEST_SCALE / tail.scale - tail.share.log10()
    }

    fn fit(&self) -> Option<Tail> {
        let tests: u64 = self.days.iter().map(|day| day.tests).sum();
        if tests < TESTS_MIN {
            return None;
        }
        let bins = self.sums();
        let (base_bin, above) = base_of(&bins, share_of(tests, TAIL_SHARE).max(1));
        let scale = scale_of(bins.get(base_bin..).unwrap_or(&[]), above);
        let share = as_float(above.max(1)) / as_float(tests);
        Some(Tail { base: score_of(base_bin), share, scale })
    }

    fn sums(&self) -> Vec<u64> {
        let mut sums = vec![0; BINS];
        for day in &self.days {
            for (sum, &count) in sums.iter_mut().zip(&day.bins) {
                *sum += u64::from(count);
            }
        }
        sums
    }
}

/// Far out a model is never right: beyond the first few units it takes ever more to be worth
/// one more.
fn compressed(score: f64) -> f64 {
    if score <= COMPRESSED_FROM {
        return score;
    }
    COMPRESSED_FROM * (1.0 + (score / COMPRESSED_FROM).ln())
}

const COMPRESSED_FROM: f64 = 5.0;

/// Raw scores mean less than they say until they have been tried.
const UNTRIED: f64 = 0.5;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float's cast saturates, and the bin is cut to the last"
)]
fn bin_of(score: f64) -> usize {
    ((score * BINS_PER_UNIT) as usize).min(BINS - 1)
}

fn score_of(bin: usize) -> f64 {
    as_float(bin as u64) / BINS_PER_UNIT
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
const fn as_float(count: u64) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a count is no more than the count"
)]
fn share_of(tests: u64, share: f64) -> u64 {
    (as_float(tests) * share) as u64
}

/// The lowest bin that no more than `wanted` reach, and how many do.
fn base_of(bins: &[u64], wanted: u64) -> (usize, u64) {
    let mut above = 0;
    for (bin, &count) in bins.iter().enumerate().rev() {
        if wanted < above + count || bin == 0 {
            return (bin + 1, above);
        }
        above += count;
    }
    (1, above)
}

/// The mean excess over the first bin.
fn scale_of(bins: &[u64], above: u64) -> f64 {
    /// An honest tail's excess is mixed in as if seen this often.
    const WORTH: f64 = 10.0;
    let mut sum = HONEST_SCALE * WORTH;
    for (steps, &count) in (0u32..).zip(bins) {
        let excess = ((f64::from(steps) + 0.5) / BINS_PER_UNIT).min(EXCESS_MAX);
        sum += as_float(count) * excess;
    }
    (sum / (as_float(above) + WORTH)).max(0.8 * HONEST_SCALE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(scale: f64) -> Calibration {
        let mut calibration = Calibration::default();
        for step in 1..=20_000u32 {
            let share = f64::from(step) / 20_001.0;
            calibration.observe(Day(3), -share.log10() * scale);
        }
        calibration.refit();
        calibration
    }

    #[test]
    fn honest_scores_keep_their_meaning() {
        let calibration = observed(1.0);
        for score in [2.0, 3.0, 5.0, 8.0] {
            assert!((calibration.calibrated(score) - score).abs() < 0.2 * score, "{score}");
        }
    }

    #[test]
    fn scores_that_promise_too_much_are_cut_down() {
        let calibration = observed(2.0);
        assert!((calibration.calibrated(8.0) - 4.0).abs() < 0.8);
    }

    #[test]
    fn what_never_comes_is_worth_its_rarity() {
        let mut calibration = Calibration::default();
        (0..10_000).for_each(|_| calibration.observe(Day(3), 0.0));
        calibration.refit();
        assert!(3.9 < calibration.calibrated(2.0));
    }
}
