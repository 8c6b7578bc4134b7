//! How many requests a key made in each of the last hours and on each of the last days: the lines
//! beside it.

use serde::{Deserialize, Serialize};

use crate::model::Day;
use crate::profile::Packed;

/// Requests of the last 24 closed hours, the latest last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Recent {
    requests: Packed<u32>,
    hours: u8,
}

/// Requests of the last 30 days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Days {
    /// The days before, the latest last.
    before: Packed<u32>,
    /// How many those are.
    known: u8,
    last: Option<(Day, u32)>,
}

const HOURS_MAX: u8 = 24;
const DAYS_MAX: u8 = 30;

impl Recent {
    pub(super) fn add(&mut self, requests: u32) {
        self.requests.push(&requests);
        if self.hours < HOURS_MAX {
            self.hours += 1;
        } else {
            self.requests.take_first();
        }
    }

    pub(super) fn hours(&self) -> Vec<u32> {
        self.requests.iter().collect()
    }

    pub(super) fn packed(&self) -> Packed<u32> {
        self.requests.clone()
    }
}

impl Days {
    /// A closed hour of that day. Days without one are empty.
    pub(super) fn add(&mut self, day: Day, requests: u32) {
        let Some((last, sum)) = self.last.as_mut() else {
            self.last = Some((day, requests));
            return;
        };
        if day < *last {
            let back = last.0 - day.0;
            return self.add_before(back, requests);
        }
        if day == *last {
            *sum = sum.saturating_add(requests);
            return;
        }
        let missing = day.0 - last.0 - 1;
        if i64::from(DAYS_MAX) <= missing + 1 {
            *self = Self { last: Some((day, requests)), ..Self::default() };
            return;
        }
        let sum = self.last.replace((day, requests)).map_or(0, |(_, sum)| sum);
        self.close(sum);
        (0..missing).for_each(|_| self.close(0));
    }

    /// The days up to that one, the latest last; none before its first.
    pub(super) fn until(&self, day: Day) -> Packed<u32> {
        let mut days = self.clone();
        let Some((last, _)) = self.last else { return Packed::default() };
        days.add(day.max(last), 0);
        if let Some((_, sum)) = days.last {
            days.before.push(&sum);
        }
        days.before
    }

    fn close(&mut self, requests: u32) {
        self.before.push(&requests);
        if self.known + 1 < DAYS_MAX {
            self.known += 1;
        } else {
            self.before.take_first();
        }
    }

    /// What came late.
    fn add_before(&mut self, back: i64, requests: u32) {
        let mut place = i64::from(self.known);
        self.before.change(|sum| {
            *sum = if place == back { sum.saturating_add(requests) } else { *sum };
            place -= 1;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(days: &Days, day: i64) -> Vec<u32> {
        days.until(Day(day)).iter().collect()
    }

    #[test]
    fn hours_of_a_day_are_added_up_and_empty_days_are_there() {
        let mut days = Days::default();
        assert!(until(&days, 7).is_empty());
        for (day, requests) in [(10, 3), (10, 4), (12, 5), (11, 1)] {
            days.add(Day(day), requests);
        }
        assert_eq!(until(&days, 12), [7, 1, 5]);
        assert_eq!(until(&days, 14), [7, 1, 5, 0, 0]);
        assert_eq!(until(&days, 9), [7, 1, 5]);
    }

    #[test]
    fn a_month_is_kept_and_no_more() {
        let mut days = Days::default();
        for day in 0..40 {
            days.add(Day(day), 1);
        }
        assert_eq!(until(&days, 39), [1; 30]);
        assert_eq!(until(&days, 44).iter().sum::<u32>(), 25);
        assert_eq!(until(&days, 68).iter().sum::<u32>(), 1);
        assert_eq!(until(&days, 1000), [0]);
        days.add(Day(1), 9);
        assert_eq!(until(&days, 39), [1; 30], "what is older than a month is not kept");
        days.add(Day(10), 1);
        assert_eq!(until(&days, 39).first(), Some(&2), "and what came late is added");
    }

    #[test]
    fn a_day_of_hours_is_kept_and_no_more() {
        let mut recent = Recent::default();
        (0..30).for_each(|hour| recent.add(hour));
        assert_eq!(recent.hours(), (6..30).collect::<Vec<_>>());
    }
}
