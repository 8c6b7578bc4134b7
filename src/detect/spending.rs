//! What is no request, in an hour far above what its hours bring: messages of an app, their
//! failures and their cost, tokens and cost of a provider's own records of usage.

use serde::{Deserialize, Serialize};

use super::Verdict;
use super::plain::{count_text, hour_text};
use crate::baseline::Steady;
use crate::model::{Hour, Severity};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Spending {
    /// How many times a usual hour is too much.
    pub factor: f64,
    /// Hours with records to learn from before the first judgement.
    pub hours_min: u32,
    /// Fewer are never too many.
    pub messages_min: u64,
    pub failures_min: u64,
    pub tokens_min: u64,
    pub requests_min: u64,
    /// In the currency of the records.
    pub cost_min: f64,
}

impl Default for Spending {
    fn default() -> Self {
        Self {
            factor: 4.0,
            hours_min: 24,
            messages_min: 100,
            failures_min: 20,
            tokens_min: 100_000,
            requests_min: 500,
            cost_min: 1.0,
        }
    }
}

/// What is counted in an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Amount {
    Messages,
    Failures,
    Requests,
    Tokens,
    /// In millionths.
    Cost,
}

impl Spending {
    /// `what` is the template or the model, where the records name one.
    pub fn judge(
        &self,
        (spent, sum): (Amount, u64),
        usual: &Steady,
        (what, hour): (&str, Hour),
    ) -> Option<Verdict> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float's cast saturates"
        )]
        let cost_min = (self.cost_min * 1e6) as u64;
        let (kind, least) = match spent {
            Amount::Messages => ("message_pumping", self.messages_min),
            Amount::Failures => ("delivery_failures", self.failures_min),
            Amount::Requests => ("usage_spike", self.requests_min),
            Amount::Tokens => ("usage_spike", self.tokens_min),
            Amount::Cost => ("usage_spike", cost_min),
        };
        #[expect(clippy::cast_precision_loss, reason = "2^53 of anything is enough")]
        let (seen, most) = (sum as f64, usual.most() as f64);
        let is_much = self.factor * usual.mean() < seen && 1.5 * most < seen;
        if usual.hours() < self.hours_min || sum < least || !is_much {
            return None;
        }
        let template = of_template(what);
        let whose = if what.is_empty() { String::new() } else { format!(" of {what}") };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float's cast saturates"
        )]
        let mean = usual.mean().round() as u64;
        let because = match spent {
            Amount::Messages => format!("{} messages{template}", count_text(sum)),
            Amount::Failures => format!("{} messages{template} failed", count_text(sum)),
            Amount::Requests => format!("{} units{whose}", count_text(sum)),
            Amount::Tokens => format!("{} tokens{whose}", count_text(sum)),
            Amount::Cost => format!("a cost of {}{whose}", cost_text(sum)),
        };
        let mean = if spent == Amount::Cost { cost_text(mean) } else { count_text(mean) };
        Some(Verdict {
            kind,
            severity: Severity::High,
            score: usual.score(sum),
            because: format!("{because} {}; {mean} is usual", hour_text(hour)),
        })
    }
}

fn of_template(what: &str) -> String {
    if what.is_empty() { String::new() } else { format!(" of template {what}") }
}

/// Millionths with two places.
fn cost_text(micros: u64) -> String {
    format!("{}.{:02}", count_text(micros / 1_000_000), micros / 10_000 % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual(hours: u32, each: u64) -> Steady {
        let mut usual = Steady::default();
        (0..hours).for_each(|_| usual.learn(each));
        usual
    }

    fn judged(sum: u64, usual: &Steady) -> bool {
        let spending = Spending::default();
        spending.judge((Amount::Messages, sum), usual, ("otp", Hour(3))).is_some()
    }

    #[test]
    fn four_usual_hours_in_one_are_too_much() {
        assert!(judged(241, &usual(24, 60)));
        assert!(!judged(240, &usual(24, 60)));
        assert!(!judged(241, &usual(23, 60)));
        assert!(judged(100, &usual(24, 2)));
        assert!(!judged(99, &usual(24, 2)));
        let verdict = Spending::default()
            .judge((Amount::Cost, 25_500_000), &usual(30, 1_000_000), ("small-1", Hour(3)))
            .unwrap();
        assert_eq!(
            verdict.because,
            "a cost of 25.50 of small-1 in the hour from 03:00 UTC; 1.00 is usual"
        );
        assert!(3.0 < verdict.score);
    }
}
