//! Keys that were never let in, counted by the hour in which they first came.

use serde::{Deserialize, Serialize};

use crate::model::{Millis, Timestamp};
use crate::profile::Counts;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Strangers {
    /// New this hour.
    new: u32,
    judged: u32,
    told: Option<Timestamp>,
}

const AGAIN: Millis = Millis::hours(6);

impl Strangers {
    pub(super) const fn count(&mut self, counts: &Counts, is_first_this_hour: bool) {
        if is_first_this_hour && counts.requests == counts.errors() {
            self.new = self.new.saturating_add(1);
        }
    }

    /// How many there are, if that is worth a judgement.
    pub(super) fn news(&mut self, at: Timestamp) -> Option<u32> {
        if self.new == self.judged || self.told.is_some_and(|told| at.since(told).0 < AGAIN.0) {
            return None;
        }
        self.judged = self.new;
        Some(self.new)
    }

    /// A flood was told of not long ago.
    pub(super) fn is_told(&self, at: Timestamp) -> bool {
        self.told.is_some_and(|told| at.since(told).0 < AGAIN.0)
    }

    pub(super) const fn tell(&mut self, at: Timestamp) {
        self.told = Some(at);
    }

    pub(super) const fn close(&mut self) {
        (self.new, self.judged) = (0, 0);
    }
}
