//! The threshold of statistical alarms, kept where it promises the false alarms that the
//! operator allows. It moves once a day; alarms that nobody judged never move it.

use serde::{Deserialize, Serialize};

use super::Judgement;
use super::suspicion::SCORE_MIN;
use crate::baseline::Calibration;
use crate::model::Day;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Budget {
    /// Combined scores of keys without an open incident, one for each key and six hours.
    scores: Calibration,
    pub(super) theta: f64,
    pub(super) is_learned: bool,
    /// What people's verdicts add, as a factor.
    verdicts: f64,
    verdicts_day: Day,
    verdicts_today: f64,
}

const THETA_FIRST: f64 = 5.4;
/// A budget ten times as large begins so much lower.
const FIRST_BY_BUDGET: f64 = 1.5;
/// The first threshold counts as much as what was learned in so many days.
const FIRST_WORTH_DAYS: f64 = 2.0;
const THETA_RANGE: (f64, f64) = (2.3, 9.0);
/// So much of the top is taken for real attacks.
const TRIMMED_SHARE: f64 = 0.01;
/// Scores are calibrated, so that their tail falls by a tenth within a unit or two. What falls
/// more slowly is real attacks that nobody was told of.
const SCALE_MAX: f64 = 0.8;
/// Windows over the threshold are not alarms yet: those of one key side by side are told as
/// one, and the more there are the more of them lie side by side. As measured.
const WINDOWS_AN_ALARM: f64 = 0.8;
const MERGED: f64 = 1.4;
const STEP_MAX: f64 = 0.1;
const VERDICT_STEP: f64 = 0.03;

impl Default for Budget {
    fn default() -> Self {
        Self {
            scores: Calibration::default(),
            theta: THETA_FIRST,
            is_learned: false,
            verdicts: 1.0,
            verdicts_day: Day(0),
            verdicts_today: 0.0,
        }
    }
}

impl Budget {
    pub(super) fn observe(&mut self, day: Day, score: f64) {
        self.scores.observe(day, score);
    }

    /// Finds the threshold anew, so that `allowed` alarms a day may be expected.
    pub(super) fn move_theta(&mut self, allowed: f64) {
        let first = THETA_FIRST - FIRST_BY_BUDGET * allowed.max(0.01).log10();
        let wanted = self.fitted(allowed).map_or(first, |(fitted, days)| {
            let own = days / (days + FIRST_WORTH_DAYS);
            own * fitted + (1.0 - own) * first
        });
        let wanted = wanted * self.verdicts;
        let (least, most) = THETA_RANGE;
        let wanted = wanted.clamp(least, most);
        let step = self.theta * STEP_MAX;
        self.theta = wanted.clamp(self.theta - step, self.theta + step);
        self.is_learned = true;
    }

    /// By the scores of the last two weeks, and how many days those were.
    fn fitted(&self, allowed: f64) -> Option<(f64, f64)> {
        let mut tail = self.scores.fit(TRIMMED_SHARE)?;
        // Where hardly any window shows anything, the tail begins with the least that is counted.
        tail.base = tail.base.max(SCORE_MIN);
        tail.scale = tail.scale.min(SCALE_MAX);
        let windows = WINDOWS_AN_ALARM * allowed.powf(MERGED);
        let share = (windows / self.scores.tests_a_day()).clamp(1e-9, 0.5);
        let theta =
            if tail.share < share { self.scores.reached_by(share) } else { tail.quantile(share) };
        Some((theta, self.scores.days()))
    }

    pub(super) fn hear(&mut self, judgement: Judgement, day: Day) {
        if self.verdicts_day != day {
            (self.verdicts_day, self.verdicts_today) = (day, 0.0);
        }
        let step = match judgement {
            Judgement::FalseAlarm => VERDICT_STEP,
            Judgement::Confirmed => -VERDICT_STEP,
            // These say nothing about where the threshold should be.
            Judgement::Acknowledged
            | Judgement::Muted { .. }
            | Judgement::Resolved
            | Judgement::Expected => return,
        };
        let today = (self.verdicts_today + step).clamp(-STEP_MAX, STEP_MAX);
        self.verdicts = (self.verdicts + today - self.verdicts_today).clamp(0.5, 2.0);
        self.verdicts_today = today;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(day: i64, wild: u32) -> Budget {
        let mut budget = Budget::default();
        for later in 0..14 {
            for step in (1..=6720u32).filter(|step| step % 14 == later) {
                let score = -(f64::from(step) / 6721.0).log10();
                let score = if step <= wild { 20.0 } else { score };
                budget.observe(Day(day + i64::from(later)), score);
            }
        }
        budget
    }

    #[test]
    fn fewer_alarms_want_a_higher_threshold() {
        let theta = |allowed| {
            let mut budget = observed(3, 0);
            (0..40).for_each(|_| budget.move_theta(allowed));
            budget.theta
        };
        assert!(theta(0.1) < theta(0.05));
        assert!((theta(0.048) - 4.8).abs() < 0.6, "{}", theta(0.048));
    }

    #[test]
    fn where_hardly_anything_shows_the_threshold_does_not_fall_to_nothing() {
        let mut budget = Budget::default();
        for day in 0..14 {
            for window in 0..450u32 {
                let score = if window < 7 { 2.5 + f64::from(window) } else { 0.0 };
                budget.observe(Day(day), score);
            }
        }
        (0..40).for_each(|_| budget.move_theta(1.0));
        assert!(3.0 < budget.theta, "{}", budget.theta);
    }

    #[test]
    fn attacks_at_the_top_do_not_raise_it() {
        let (mut calm, mut attacked) = (observed(3, 0), observed(3, 50));
        calm.move_theta(0.01);
        attacked.move_theta(0.01);
        assert!((calm.theta - attacked.theta).abs() < 0.3);
    }

    #[test]
    fn verdicts_move_it_by_a_tenth_a_day_at_most() {
        let mut budget = Budget::default();
        (0..20).for_each(|_| budget.hear(Judgement::FalseAlarm, Day(1)));
        assert!((budget.verdicts - 1.1).abs() < 1e-9);
        budget.hear(Judgement::Confirmed, Day(2));
        assert!((budget.verdicts - 1.07).abs() < 1e-9);
    }
}
