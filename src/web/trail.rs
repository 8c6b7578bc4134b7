//! Who looked at what, for the audit journal: once an hour for the same thing, so that a page
//! that is left open does not fill it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::WebState;
use super::access::Visitor;
use crate::model::{Millis, Timestamp};
use crate::store::Entry;

/// What was noted of late.
#[derive(Debug, Default)]
pub struct Trail(Mutex<BTreeMap<(String, String, String), Timestamp>>);

const AGAIN: Millis = Millis::hours(1);

/// At the limit all are forgotten, and noted again.
const KNOWN_MAX: usize = 4096;

impl WebState {
    /// Notes that somebody saw something that tells of people, or tried to.
    pub(super) fn viewed(&self, visitor: &Visitor, what: &str, about: &str) {
        let now = (self.window.now)();
        let who = format!("{} {}", visitor.called(), visitor.address);
        if self.trail.is_news((who, what.to_owned(), about.to_owned()), now) {
            self.errands.note(Entry::of(visitor, what, about));
        }
    }
}

impl Trail {
    /// Whether it was not noted within the last hour.
    pub(crate) fn is_news(&self, seen: (String, String, String), now: Timestamp) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if KNOWN_MAX <= known.len() {
            known.retain(|_, at| now.since(*at) < AGAIN);
            if KNOWN_MAX <= known.len() {
                known.clear();
            }
        }
        let is_old = |at: Timestamp| AGAIN <= now.since(at) || now < at;
        if known.get(&seen).is_some_and(|&at| !is_old(at)) {
            return false;
        }
        known.insert(seen, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_noted_once_an_hour() {
        let trail = Trail::default();
        let seen = |about: &str| ("ann".to_owned(), "viewed".to_owned(), about.to_owned());
        assert!(trail.is_news(seen("a"), Timestamp(0)));
        assert!(!trail.is_news(seen("a"), Timestamp(AGAIN.0 - 1)));
        assert!(trail.is_news(seen("b"), Timestamp(0)));
        assert!(trail.is_news(seen("a"), Timestamp(AGAIN.0)));
    }
}
