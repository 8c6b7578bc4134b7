//! Addresses without a key that were refused a few times each: alone each is nobody, many of
//! them at once are one somebody with many addresses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Millis, Timestamp};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guessers {
    /// When each was last refused, by its hash.
    last: BTreeMap<u64, Timestamp>,
    /// The most at once on an earlier day, slowly forgotten, and today.
    usual: usize,
    today: usize,
    told: Option<Timestamp>,
    /// Today's crowd was told of: it is not what is usual.
    told_today: bool,
}

const MEMORY: Millis = Millis::hours(2);
const ADDRESSES_MAX: usize = 4096;
const AGAIN: Millis = Millis::hours(6);

impl Guessers {
    /// Forgets when an address was refused last.
    pub fn forget(&mut self, address: u64) {
        self.last.remove(&address);
    }

    /// How many there are now, and how many there were at most on earlier days.
    pub fn note(&mut self, address: u64, at: Timestamp) -> (usize, usize) {
        let oldest = at.back(MEMORY);
        if ADDRESSES_MAX <= self.last.len() {
            self.last.retain(|_, last| oldest <= *last);
        }
        if self.last.len() < ADDRESSES_MAX {
            let last = self.last.entry(address).or_insert(at);
            *last = at.max(*last);
        }
        let now = self.last.values().filter(|last| oldest <= **last).count();
        self.today = self.today.max(now);
        (now, self.usual)
    }

    pub fn is_told(&self, at: Timestamp) -> bool {
        self.told.is_some_and(|told| at.since(told).0 < AGAIN.0)
    }

    /// `true` once in six hours.
    pub fn tell(&mut self, at: Timestamp) -> bool {
        let is_news = self.told.is_none_or(|told| AGAIN.0 <= at.since(told).0);
        if is_news {
            self.told = Some(at);
            self.told_today = true;
        }
        is_news
    }

    /// A day is over: its crowd is what is usual.
    pub fn close_day(&mut self) {
        let today = if self.told_today { 0 } else { self.today };
        self.usual = today.max(self.usual - self.usual / 8);
        self.told_today = false;
        self.today = 0;
        self.last.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_of_the_last_two_hours_count_and_yesterdays_are_usual() {
        let mut guessers = Guessers::default();
        let minute = |minute: i64| Timestamp::from_seconds(minute * 60);
        assert_eq!(guessers.note(1, minute(0)), (1, 0));
        assert_eq!(guessers.note(2, minute(60)), (2, 0));
        assert_eq!(guessers.note(2, minute(121)), (1, 0));
        guessers.close_day();
        assert_eq!(guessers.note(3, minute(200)), (1, 2));
        assert!(guessers.tell(minute(200)));
        assert!(!guessers.tell(minute(300)));
        let crowd = (10..40).map(|address| guessers.note(address, minute(300))).max();
        assert_eq!(crowd, Some((31, 2)));
        guessers.close_day();
        assert_eq!(guessers.note(3, minute(400)), (1, 2), "what was told is not usual");
    }
}
