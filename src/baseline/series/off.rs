//! How far off a value is, in every way that is looked at: as a score of the size it has among
//! values that vary as this series does.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::season::Season;
use super::{Constants, SIGNS};
use crate::baseline::tail;
use crate::model::Timestamp;

/// What is usual of a series, and how much it varies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Offs {
    values: f64,
    level: f64,
    season: Season,
    /// How much the season is off lately.
    lift: f64,
    last: f64,
    /// The last values, and how far off they were from what was usual.
    recent: VecDeque<(f64, f64)>,
    /// Usual logarithm of the variance of a window.
    usual_variance: f64,
    /// How far off the season and the level are on average.
    errors: (f64, f64),
    of_level: Spread,
    of_season: Spread,
    of_jumps: Spread,
    of_means: Spread,
    of_variances: Spread,
}

/// A mean square, in which nothing counts more than a few times what is usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Spread {
    mean_square: f64,
    values: f64,
}

/// Of Student's t: now and then a value is far off, and means nothing.
const FREEDOM: f64 = 10.0;
/// A value counts no further off than so many spreads.
const SPREADS_MAX: f64 = 3.0;
/// No sign of a series that is younger.
const VALUES_MIN: f64 = 20.0;
/// No mean and no variance of a window.
const WINDOWS_MIN: f64 = 60.0;
/// A series that hardly moves is not judged finer than this share of its spread around its level.
const FINEST: f64 = 0.02;
const LIFT_KEEP: f64 = 0.995;

impl Offs {
    /// The raw score of each sign. Then the value is learned.
    pub(super) fn step(
        &mut self,
        at: Timestamp,
        value: f64,
        constants: &Constants,
    ) -> [f64; SIGNS] {
        if self.values <= 0.0 {
            (self.level, self.last) = (value, value);
        }
        let off_level = value - self.level;
        let off_season = value - self.season.usual(at).unwrap_or(self.level) - self.lift;
        let jump = value - self.last;
        let is_seasonal = self.errors.0 < self.errors.1;
        let off = if is_seasonal { off_season } else { off_level };
        let (mean_off, variance) = self.slide((value, off), constants.window);
        let finest = (FINEST * self.of_level.deviation()).max(1e-9 * (1.0 + self.level.abs()));
        let variance = (variance + finest * finest).ln();
        let off_variance = variance - self.usual_variance;
        let score = |off: f64, spread: &Spread, values_min: f64| {
            if self.values < values_min {
                return 0.0;
            }
            tail::student(off / spread.deviation().max(finest), FREEDOM)
        };
        let signs = [
            score(off_level, &self.of_level, VALUES_MIN),
            score(off_season, &self.of_season, VALUES_MIN),
            score(jump, &self.of_jumps, VALUES_MIN),
            score(mean_off, &self.of_means, WINDOWS_MIN),
            score(off_variance, &self.of_variances, WINDOWS_MIN),
        ];
        self.values += 1.0;
        self.learn_usual((at, value), (off_level, off_season), constants);
        let rate = constants.spread_rate;
        self.of_jumps.learn(jump, rate);
        self.of_means.learn(mean_off, rate);
        if WINDOWS_MIN / 2.0 < self.values {
            self.usual_variance +=
                off_variance * (1.0 / (self.values - WINDOWS_MIN / 2.0)).max(rate);
            self.of_variances.learn(variance - self.usual_variance, rate);
        }
        self.last = value;
        signs
    }

    /// By the season, and how far off it is lately.
    pub(super) fn usual(&self, at: Timestamp) -> f64 {
        self.season.usual(at).unwrap_or(self.level) + self.lift
    }

    /// From 0 to 1: how much better the season says what comes than the level does.
    pub(super) fn trust_in_season(&self) -> f64 {
        let (season, level) = self.errors;
        (2.0 * level / (season + level).max(1e-12)).min(1.0)
    }

    /// The mean by which the values of the window are off, and their variance.
    fn slide(&mut self, new: (f64, f64), window: f64) -> (f64, f64) {
        self.recent.push_back(new);
        while window < count(self.recent.len()) {
            self.recent.pop_front();
        }
        let values = count(self.recent.len()).max(1.0);
        let (sum, sum_off) = self
            .recent
            .iter()
            .fold((0.0, 0.0), |(sum, offs), (value, off)| (sum + value, offs + off));
        let mean = sum / values;
        let squares: f64 = self.recent.iter().map(|(value, _)| (value - mean).powi(2)).sum();
        (sum_off / values, squares / values)
    }

    fn learn_usual(
        &mut self,
        (at, value): (Timestamp, f64),
        (off_level, off_season): (f64, f64),
        constants: &Constants,
    ) {
        let first = 1.0 / self.values;
        let most_level = self.of_level.most();
        let most_season = self.of_season.most().max(1e-12);
        let rate = first.max(ERRORS_RATE);
        self.errors.0 += (off_season.abs().min(most_season) - self.errors.0) * rate;
        self.errors.1 += (off_level.abs().min(most_level.max(1e-12)) - self.errors.1) * rate;
        let cut = if WINDOWS_MIN < self.values {
            off_level.clamp(-most_level, most_level)
        } else {
            off_level
        };
        self.level += cut * first.max(constants.level_rate);
        let most = most_season.max(self.of_level.deviation());
        self.season.learn(at, value, (constants.season_rate, most));
        let cut = off_season.clamp(-most_season, most_season);
        self.lift = (self.lift + cut * constants.lift_rate) * LIFT_KEEP;
        self.of_level.learn(off_level, constants.spread_rate);
        self.of_season.learn(off_season, constants.spread_rate);
    }
}

const ERRORS_RATE: f64 = 0.001;

impl Spread {
    fn deviation(&self) -> f64 {
        self.mean_square.sqrt()
    }

    fn most(&self) -> f64 {
        SPREADS_MAX * self.deviation()
    }

    fn learn(&mut self, off: f64, rate: f64) {
        let most = self.most();
        let is_settled = VALUES_MIN < self.values && 0.0 < most;
        let off = if is_settled { off.clamp(-most, most) } else { off };
        self.values += 1.0;
        self.mean_square += (off * off - self.mean_square) * (1.0 / self.values).max(rate);
    }
}

fn count(values: usize) -> f64 {
    f64::from(u32::try_from(values).unwrap_or(u32::MAX))
}
