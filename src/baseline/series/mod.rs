//! One number over time, whatever it measures: its level, its season and its spread, learned in
//! one pass, and how unusual the next one is. Knows neither how long it will go on nor what the
//! least and the most will be.

mod off;
mod rarity;
mod season;
mod told;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;
use off::Offs;
use rarity::Rarity;
use told::Told;

/// What is the same for every series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Constants {
    /// So much of what is new enters the level with each value.
    pub level_rate: f64,
    /// The same for what is usual at a time of day.
    pub season_rate: f64,
    /// The same for how far off the season is lately.
    pub lift_rate: f64,
    /// The same for spreads.
    pub spread_rate: f64,
    /// The values whose mean and whose spread are looked at.
    pub window: f64,
    /// A tail begins where this share lies above.
    pub tail_share: f64,
    /// Scores count as if so many honest ones had been seen before.
    pub honest_tests: f64,
    /// How much each sign counts: off its level, off its season, a jump, a mean that is off, another
    /// spread.
    pub level_worth: f64,
    pub season_worth: f64,
    pub jump_worth: f64,
    pub mean_worth: f64,
    pub spread_worth: f64,
    /// What is odd tells only so much about how often it comes.
    pub odd_share: f64,
    /// What the second and the third sign count beside the first.
    pub next_share: f64,
    /// For so many values what was told is not told again.
    pub told_values: f64,
    /// Unless it is so much more.
    pub news_min: f64,
}

/// One number over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    constants: Constants,
    offs: Offs,
    /// How rare each sign was, and all together.
    signs: [Rarity; SIGNS],
    together: Rarity,
    told: Told,
}

/// Off its level, off its season, a jump, a mean that is off, another spread.
const SIGNS: usize = 5;
/// From here on a value is odd.
const ODD_MIN: f64 = 3.0;

impl Default for Constants {
    fn default() -> Self {
        Self {
            level_rate: 0.00482,
            season_rate: 0.0485,
            lift_rate: 0.0518,
            spread_rate: 0.00148,
            window: 28.0,
            tail_share: 0.037,
            honest_tests: 692.0,
            level_worth: 1.16,
            season_worth: 1.08,
            jump_worth: 0.981,
            mean_worth: 1.5,
            spread_worth: 0.681,
            odd_share: 0.488,
            next_share: 0.63,
            told_values: 120.0,
            news_min: 0.968,
        }
    }
}

impl Default for Series {
    fn default() -> Self {
        Self::new(Constants::default())
    }
}

impl Series {
    pub fn new(constants: Constants) -> Self {
        Self {
            offs: Offs::default(),
            signs: std::array::from_fn(|_| Rarity::default()),
            together: Rarity::default(),
            told: Told::default(),
            constants,
        }
    }

    /// What is usual at such a time.
    pub fn usual(&self, at: Timestamp) -> f64 {
        self.offs.usual(at)
    }

    /// How unusual the value is: -log10 of how often something like it comes, if it is news; 0 if
    /// it is not. Then it is learned.
    pub fn step(&mut self, at: Timestamp, value: f64) -> f64 {
        let constants = self.constants;
        let raw = self.offs.step(at, value, &constants);
        let worth = [
            constants.level_worth,
            constants.season_worth * self.offs.trust_in_season(),
            constants.jump_worth,
            constants.mean_worth,
            constants.spread_worth,
        ];
        let mut scores = [0.0; SIGNS];
        for (score, ((rarity, raw), worth)) in
            scores.iter_mut().zip(self.signs.iter().zip(raw).zip(worth))
        {
            *score = worth * rarity.of(raw);
        }
        let combined = combined(scores, constants.next_share);
        let score = self.together.of(combined);
        let weight = if ODD_MIN < score { constants.odd_share } else { 1.0 };
        for (rarity, raw) in self.signs.iter_mut().zip(raw) {
            rarity.observe(raw, weight, &constants);
        }
        self.together.observe(combined, weight, &constants);
        self.told.news(score, &constants)
    }
}

/// The largest, and a share of the next two: bounded, and it explains itself.
fn combined(mut scores: [f64; SIGNS], next_share: f64) -> f64 {
    scores.sort_by(|a, b| b.total_cmp(a));
    let [first, second, third, ..] = scores;
    first + next_share * (second + third)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Millis;

    /// Scores of a day's rise and fall with a little noise, changed by `change`.
    fn scores(change: impl Fn(usize, f64) -> f64) -> Vec<f64> {
        let mut series = Series::new(Constants::default());
        let mut noise = 12_345u64;
        let value = |step: usize| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let hour = f64::from(u32::try_from(step % 288).unwrap()) / 12.0;
            let wave = 50.0 + 30.0 * (hour / 24.0 * std::f64::consts::TAU).sin();
            let noise = f64::from(u32::try_from(noise >> 48).unwrap()) / 65_536.0 - 0.5;
            change(step, wave + 4.0 * noise)
        };
        let values: Vec<f64> = (0..288 * 14).map(value).collect();
        let at = |step: usize| {
            Timestamp::default().plus(Millis::seconds(300 * i64::try_from(step).unwrap()))
        };
        values.into_iter().enumerate().map(|(step, value)| series.step(at(step), value)).collect()
    }

    fn most(scores: &[f64]) -> f64 {
        scores.iter().copied().fold(0.0, f64::max)
    }

    const EVENT: usize = 288 * 12 + 130;

    #[test]
    fn a_value_far_off_stands_out_and_the_usual_does_not() {
        let spike = |step, value| if step == EVENT { value * 3.0 } else { value };
        let scores = scores(spike);
        let at_event = scores.get(EVENT).copied().unwrap_or_default();
        assert!(most(&scores[288 * 4..EVENT]) + 0.5 < at_event, "{at_event}");
    }

    #[test]
    fn a_quiet_noon_stands_out_though_nights_are_quieter() {
        let quiet =
            |step, value: f64| if (EVENT..EVENT + 40).contains(&step) { 25.0 } else { value };
        let scores = scores(quiet);
        let found = most(&scores[EVENT..EVENT + 40]);
        assert!(most(&scores[288 * 4..EVENT]) + 0.5 < found, "{found}");
    }

    #[test]
    fn what_was_told_is_not_told_again() {
        let shift = |step, value| if EVENT <= step { value + 200.0 } else { value };
        let told = scores(shift)[EVENT..EVENT + 100].iter().filter(|score| 2.5 < **score).count();
        assert!((1..=3).contains(&told), "{told}");
    }
}
