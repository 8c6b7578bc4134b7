//! How high scores go when nothing is wrong: told apart from attacks, of which nobody says what
//! they were, by how they lie. What is chance thins out quickly as scores rise; attacks lie about
//! as often at one height as at another.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::model::Day;

/// How often each height was reached in the last two weeks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Background {
    days: VecDeque<DayOfPeaks>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct DayOfPeaks {
    day: Day,
    /// Stretches of time that were looked at, most of them without anything.
    looks: u64,
    peaks: Vec<u32>,
}

/// What comes by chance: so many peaks a day above `FROM`, and how quickly they thin out.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Chance {
    a_day: f64,
    scale: f64,
    /// Attacks, a day and unit.
    attacks: f64,
}

const BINS: usize = 64;
const BINS_PER_UNIT: f64 = 4.0;
const DAYS_MAX: usize = 14;
const LOOKS_MIN: u64 = 500;
/// Nothing lower is looked at.
pub const PEAK_MIN: f64 = 2.0;
/// Below this, peaks do not thin out evenly: what is there is counted.
const FROM: f64 = 2.75;
/// Above this hardly anything is chance …
const ATTACKS_FROM: f64 = 8.0;
/// … and above this there are rules that say more than how rare it is.
const ATTACKS_TO: f64 = 14.0;
/// How quickly peaks thin out, as measured elsewhere, and how many peaks that is worth.
const USUAL_SCALE: f64 = 0.9;
const USUAL_WORTH: f64 = 20.0;
const SCALE_RANGE: (f64, f64) = (0.5, 1.5);

impl Background {
    /// A stretch in which nothing came near.
    pub fn look(&mut self, day: Day) {
        if let Some(today) = self.of(day) {
            today.looks += 1;
        }
    }

    /// The highest score of a stretch.
    pub fn peak(&mut self, day: Day, score: f64) {
        if let Some(count) = self.of(day).and_then(|today| today.peaks.get_mut(bin_of(score))) {
            *count += 1;
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "two weeks at most")]
    pub fn days(&self) -> f64 {
        self.days.len() as f64
    }

    /// The score that chance reaches so many times a day; none if too little was seen.
    pub fn reached(&self, times_a_day: f64) -> Option<f64> {
        let looks: u64 = self.days.iter().map(|day| day.looks).sum();
        if looks < LOOKS_MIN {
            return None;
        }
        let a_day = self.a_day();
        let chance = Chance::of(&a_day, self.days());
        if times_a_day < chance.a_day {
            return Some(FROM + (chance.a_day / times_a_day).ln() * chance.scale);
        }
        Some(chance.counted(&a_day, times_a_day))
    }

    fn of(&mut self, day: Day) -> Option<&mut DayOfPeaks> {
        if self.days.back().is_none_or(|last| last.day < day) {
            self.days.push_back(DayOfPeaks { day, looks: 0, peaks: vec![0; BINS] });
            if DAYS_MAX < self.days.len() {
                self.days.pop_front();
            }
        }
        self.days.back_mut()
    }

    /// Peaks a day by height, each with the middle of its bin.
    fn a_day(&self) -> Vec<(f64, f64)> {
        let days = self.days().max(1.0);
        let middles = (0u32..).map(|bin| (f64::from(bin) + 0.5) / BINS_PER_UNIT);
        let counts = (0..BINS).map(|bin| {
            let of_bin = |day: &DayOfPeaks| day.peaks.get(bin).copied().unwrap_or(0);
            self.days.iter().map(|day| f64::from(of_bin(day))).sum::<f64>() / days
        });
        middles.zip(counts).collect()
    }
}

impl Chance {
    fn of(a_day: &[(f64, f64)], days: f64) -> Self {
        let within = |from: f64, to: f64| {
            a_day.iter().filter(move |(height, _)| from <= *height && *height < to)
        };
        let high: f64 = within(ATTACKS_FROM, ATTACKS_TO).map(|(_, count)| count).sum();
        let attacks = high / (ATTACKS_TO - ATTACKS_FROM);
        let wide = ATTACKS_FROM - FROM;
        let all: f64 = within(FROM, ATTACKS_FROM).map(|(_, count)| count).sum();
        let excess: f64 =
            within(FROM, ATTACKS_FROM).map(|(height, count)| (height - FROM) * count).sum();
        // Attacks lie evenly between, half of the way up on average.
        let by_chance = (all - attacks * wide).max(0.0);
        let excess = (excess - attacks * wide * wide / 2.0).max(0.0);
        let worth = USUAL_WORTH / days.max(1.0);
        let scale = (excess + USUAL_SCALE * worth) / (by_chance + worth);
        let (least, most) = SCALE_RANGE;
        Self { a_day: by_chance, scale: scale.clamp(least, most), attacks }
    }

    /// Read off where peaks are so frequent that there is nothing to reckon.
    fn counted(&self, a_day: &[(f64, f64)], times_a_day: f64) -> f64 {
        let mut sum = self.a_day;
        let lower = a_day.iter().rev().filter(|(height, _)| PEAK_MIN < *height && *height < FROM);
        for (height, count) in lower {
            if times_a_day <= sum {
                return height + 0.5 / BINS_PER_UNIT;
            }
            sum += (count - self.attacks / BINS_PER_UNIT).max(0.0);
        }
        PEAK_MIN
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Two weeks: so many peaks a day that thin out by `scale`, and attacks at every height.
    fn seen(a_day: u32, scale: f64, attacks: u32) -> Background {
        let mut background = Background::default();
        for day in (0..14).map(Day) {
            (0..400).for_each(|_| background.look(day));
            for rank in 0..a_day {
                let share = (f64::from(rank) + 0.5) / f64::from(a_day);
                background.peak(day, FROM - scale * share.ln());
            }
            for rank in 0..attacks {
                let share = (f64::from(rank) + 0.5) / f64::from(attacks);
                background.peak(day, FROM + (ATTACKS_TO - FROM) * share);
            }
        }
        background
    }

    #[test]
    fn rarer_is_higher_by_as_much_as_peaks_thin_out() {
        let background = seen(20, 0.9, 0);
        let [often, seldom] = [1.0, 0.1].map(|rate| background.reached(rate).unwrap());
        assert!((often - (FROM + 0.9 * 20f64.ln())).abs() < 0.4, "{often}");
        assert!((seldom - often - 0.9 * 10f64.ln()).abs() < 0.3, "{seldom}");
    }

    #[test]
    fn attacks_that_nobody_was_told_of_do_not_hide_the_next() {
        let [calm, attacked] = [0, 6].map(|attacks| seen(20, 0.9, attacks).reached(1.0).unwrap());
        assert!((calm - attacked).abs() < 0.4, "{calm} {attacked}");
    }

    #[test]
    fn restless_keys_want_a_higher_score() {
        let [even, uneven] = [0.7, 1.2].map(|scale| seen(20, scale, 0).reached(1.0).unwrap());
        assert!(even + 0.8 < uneven, "{even} {uneven}");
    }

    #[test]
    fn more_than_ever_comes_is_no_reason_to_look_at_nothing() {
        assert!((seen(2, 0.9, 0).reached(50.0).unwrap() - PEAK_MIN).abs() < 1e-9);
        assert_eq!(Background::default().reached(1.0), None);
    }
}
