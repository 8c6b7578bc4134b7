//! The threshold of statistical alarms, kept where it promises the false alarms that the
//! operator allows. It moves once a day; alarms that nobody judged never move it.

use serde::{Deserialize, Serialize};

use super::Judgement;
use crate::baseline::Background;
use crate::model::Day;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Budget {
    /// How often keys come near it.
    pub(super) background: Background,
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
/// Some alarms are no key's peak, but about addresses or totals. As measured.
const PEAKS_AN_ALARM: f64 = 0.9;
const STEP_MAX: f64 = 0.1;
const VERDICT_STEP: f64 = 0.03;

impl Default for Budget {
    fn default() -> Self {
        Self {
            background: Background::default(),
            theta: THETA_FIRST,
            is_learned: false,
            verdicts: 1.0,
            verdicts_day: Day(0),
            verdicts_today: 0.0,
        }
    }
}

impl Budget {
    /// Finds the threshold anew, so that `allowed` alarms a day may be expected.
    pub(super) fn move_theta(&mut self, allowed: f64) {
        let first = THETA_FIRST - FIRST_BY_BUDGET * allowed.max(0.01).log10();
        let days = self.background.days();
        let wanted = self.background.reached(PEAKS_AN_ALARM * allowed).map_or(first, |reached| {
            let own = days / (days + FIRST_WORTH_DAYS);
            own * reached + (1.0 - own) * first
        });
        let wanted = wanted * self.verdicts;
        let (least, most) = THETA_RANGE;
        let wanted = wanted.clamp(least, most);
        let step = self.theta * STEP_MAX;
        self.theta = wanted.clamp(self.theta - step, self.theta + step);
        self.is_learned = true;
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

    /// After two weeks of so many peaks a day, each a little higher than the one before.
    fn theta(peaks: u32, allowed: f64) -> f64 {
        let mut budget = Budget::default();
        for day in (0..14).map(Day) {
            (0..400).for_each(|_| budget.background.look(day));
            for rank in 1..=peaks {
                budget.background.peak(day, 2.0 - (f64::from(rank) / f64::from(peaks)).ln());
            }
        }
        (0..40).for_each(|_| budget.move_theta(allowed));
        budget.theta
    }

    #[test]
    fn fewer_alarms_want_a_higher_threshold() {
        let [few, more] = [0.5, 2.0].map(|allowed| theta(60, allowed));
        assert!((1.0..2.5).contains(&(few - more)), "{few} {more}");
    }

    #[test]
    fn where_more_happens_it_is_higher() {
        assert!(theta(20, 1.0) + 1.0 < theta(200, 1.0));
    }

    #[test]
    fn where_hardly_anything_shows_the_threshold_does_not_fall_to_nothing() {
        assert!((THETA_RANGE.0..3.0).contains(&theta(0, 1.0)), "{}", theta(0, 1.0));
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
