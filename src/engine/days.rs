//! How many requests a key made on each of the last days: the line beside it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::model::Day;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Days {
    /// The day of the last entry.
    last: Day,
    requests: VecDeque<u32>,
}

const DAYS_MAX: usize = 30;

impl Days {
    /// A closed hour of that day. Days without one are empty.
    pub(super) fn add(&mut self, day: Day, requests: u32) {
        if self.requests.is_empty() || self.is_long_ago(day) {
            self.requests.clear();
            self.requests.push_back(0);
            self.last = day;
        }
        while self.last < day {
            self.requests.push_back(0);
            self.last = Day(self.last.0 + 1);
        }
        let back = usize::try_from(self.last.0 - day.0).unwrap_or(usize::MAX);
        let place = self.requests.len().checked_sub(back.saturating_add(1));
        if let Some(sum) = place.and_then(|place| self.requests.get_mut(place)) {
            *sum = sum.saturating_add(requests);
        }
        while DAYS_MAX < self.requests.len() {
            self.requests.pop_front();
        }
    }

    /// The days up to that one, the latest last; none before its first.
    pub(super) fn until(&self, day: Day) -> Vec<u32> {
        let mut days = self.clone();
        days.add(day.max(self.last), 0);
        if self.requests.is_empty() { Vec::new() } else { days.requests.into() }
    }

    fn is_long_ago(&self, day: Day) -> bool {
        i64::try_from(DAYS_MAX).is_ok_and(|max| max <= day.0 - self.last.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_of_a_day_are_added_up_and_empty_days_are_there() {
        let mut days = Days::default();
        assert!(days.until(Day(7)).is_empty());
        for (day, requests) in [(10, 3), (10, 4), (12, 5), (11, 1)] {
            days.add(Day(day), requests);
        }
        assert_eq!(days.until(Day(12)), [7, 1, 5]);
        assert_eq!(days.until(Day(14)), [7, 1, 5, 0, 0]);
        assert_eq!(days.until(Day(9)), [7, 1, 5]);
    }

    #[test]
    fn a_month_is_kept_and_no_more() {
        let mut days = Days::default();
        for day in 0..40 {
            days.add(Day(day), 1);
        }
        assert_eq!(days.until(Day(39)), [1; 30]);
        assert_eq!(days.until(Day(44)).iter().sum::<u32>(), 25);
        assert_eq!(days.until(Day(1000)), [0]);
        days.add(Day(1), 9);
        assert_eq!(days.until(Day(39)), [1; 30], "what is older than a month is not kept");
    }
}
