//! How many mails an hour people are sent, so that a flood of incidents does not become
//! a flood of mails.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::model::{Millis, Timestamp};

/// What was sent within the last hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    by_route: BTreeMap<String, VecDeque<Timestamp>>,
    all: VecDeque<Timestamp>,
    storms: BTreeMap<String, Timestamp>,
}

pub(super) const PER_ROUTE_MAX: usize = 6;
const ALL_MAX: usize = 30;
const HOUR: Millis = Millis::hours(1);

/// What may go out on a route now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// The mail, as number so many of this hour on its route.
    Mail(usize),
    /// No more mails, but one that says how many wait.
    Storm,
    /// Nothing.
    Nothing,
}

impl Budget {
    pub fn allows(&mut self, route: &str, now: Timestamp) -> Allowed {
        forget_old(&mut self.all, now);
        let sent = self.by_route.entry(route.to_owned()).or_default();
        forget_old(sent, now);
        if sent.len() < PER_ROUTE_MAX && self.all.len() < ALL_MAX {
            return Allowed::Mail(sent.len() + 1);
        }
        match self.storms.get(route) {
            Some(&last) if last <= now && now < last.plus(HOUR) => Allowed::Nothing,
            Some(_) | None => Allowed::Storm,
        }
    }

    pub fn mail_sent(&mut self, route: &str, now: Timestamp) {
        self.by_route.entry(route.to_owned()).or_default().push_back(now);
        self.all.push_back(now);
    }

    pub fn storm_sent(&mut self, route: &str, now: Timestamp) {
        self.storms.insert(route.to_owned(), now);
    }
}

/// A clock that was set back does not hold mails back.
fn forget_old(sent: &mut VecDeque<Timestamp>, now: Timestamp) {
    sent.retain(|&at| at <= now && now < at.plus(HOUR));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::default().plus(Millis::seconds(60 * minutes))
    }

    #[test]
    fn six_an_hour_then_one_storm_then_silence_then_again() {
        let mut budget = Budget::default();
        for number in 1..=6 {
            assert_eq!(budget.allows("oncall", at(0)), Allowed::Mail(number));
            budget.mail_sent("oncall", at(0));
        }
        assert_eq!(budget.allows("oncall", at(1)), Allowed::Storm);
        budget.storm_sent("oncall", at(1));
        assert_eq!(budget.allows("oncall", at(59)), Allowed::Nothing);
        assert_eq!(budget.allows("oncall", at(60)), Allowed::Mail(1));
        assert_eq!(budget.allows("owners", at(1)), Allowed::Mail(1));
    }

    #[test]
    fn thirty_in_all_whatever_the_route() {
        let mut budget = Budget::default();
        for number in 0..30 {
            budget.mail_sent(&format!("route {}", number % 10), at(0));
        }
        assert_eq!(budget.allows("route 1", at(0)), Allowed::Storm);
        assert_eq!(budget.allows("another", at(0)), Allowed::Storm);
    }
}
