//! Which keys changed in which way within the last hours, to tell what happened to all from
//! what happened to one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::detect::Metric;
use crate::model::{Millis, Timestamp};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Causes {
    /// When each key last showed it, and how strongly.
    shown: BTreeMap<Metric, BTreeMap<u32, (Timestamp, f64)>>,
    /// When a shared cause was last told.
    told: BTreeMap<Metric, Timestamp>,
    /// When it was last shared by enough keys.
    open: BTreeMap<Metric, Timestamp>,
    /// Keys that wait: others may be about to show the same.
    held: BTreeMap<u32, Held>,
    /// Keys used in the last day: what a share is a share of.
    pub(super) active: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Held {
    metric: Metric,
    until: Timestamp,
    /// It has waited, and does not wait again soon.
    is_over: bool,
}

const MEMORY: Millis = Millis::hours(2);
/// A cause is not over when the first of its keys calm down.
const OPEN: Millis = Millis::hours(6);
/// Within so long others are asked for before a key is told of by itself …
const CROWD: Millis = Millis::seconds(30 * 60);
/// … if so many others show it so strongly …
const CROWD_MIN: usize = 1;
const CROWD_SCORE_MIN: f64 = 2.5;
/// A cause is told once a day.
const AGAIN: Millis = Millis::hours(24);
/// … and then it waits.
const HOLD: Millis = Millis::seconds(10 * 60);
/// Silences come to light hour by hour, of one key after the other.
const HOLD_SILENCE: Millis = Millis::hours(2);

impl Causes {
    pub(super) fn note(&mut self, metric: Metric, key: u32, (at, score): (Timestamp, f64)) {
        let shown = self.shown.entry(metric).or_default();
        let last = shown.entry(key).or_insert((at, score));
        *last = (at.max(last.0), score.max(last.1));
    }

    pub(super) fn forget_keys(&mut self, gone: &BTreeSet<u32>) {
        for shown in self.shown.values_mut() {
            shown.retain(|key, _| !gone.contains(key));
        }
        self.held.retain(|key, _| !gone.contains(key));
    }

    /// How many keys show it.
    pub(super) fn keys(&self, metric: Metric, at: Timestamp) -> usize {
        self.since(metric, at.back(MEMORY)).count()
    }

    pub(super) fn members(&self, metric: Metric, at: Timestamp) -> Vec<u32> {
        self.since(metric, at.back(MEMORY)).map(|(key, _)| key).collect()
    }

    /// How many keys showed it strongly just now.
    pub(super) fn crowd(&self, metric: Metric, at: Timestamp) -> usize {
        let memory = if metric == Metric::Silence { MEMORY } else { CROWD };
        let shown = self.since(metric, at.back(memory));
        shown.filter(|(_, score)| CROWD_SCORE_MIN <= *score).count()
    }

    /// Enough keys share it now.
    pub(super) fn open(&mut self, metric: Metric, at: Timestamp) {
        let open = self.open.entry(metric).or_insert(at);
        *open = at.max(*open);
    }

    /// Whether enough keys shared it not long ago.
    pub(super) fn is_open(&self, metric: Metric, at: Timestamp) -> bool {
        self.open.get(&metric).is_some_and(|open| at.since(*open).0 <= OPEN.0)
    }

    /// Whether enough keys shared one of these not long ago, and people were told of it.
    pub(super) fn is_told(&self, of: impl Fn(Metric) -> bool, at: Timestamp) -> bool {
        let of_late = |told: &Timestamp| at.since(*told).0 <= OPEN.0;
        self.told
            .iter()
            .any(|(metric, told)| of(*metric) && of_late(told) && self.is_open(*metric, at))
    }

    /// `true` once a day; of failures once in two hours, for they come one after the other.
    pub(super) fn tell(&mut self, metric: Metric, at: Timestamp) -> bool {
        let again = if matches!(metric, Metric::Failure(_)) { MEMORY } else { AGAIN };
        let is_news = self.told.get(&metric).is_none_or(|told| again.0 <= at.since(*told).0);
        if is_news {
            self.told.insert(metric, at);
        }
        is_news
    }

    /// Whether the key should wait for what others do; each waits once.
    pub(super) fn holds(&mut self, metric: Metric, key: u32, at: Timestamp) -> bool {
        if let Some(held) = self.held.get(&key) {
            return !held.is_over && at < held.until;
        }
        let hold = match metric {
            Metric::Silence => {
                let until = at.plus(HOLD_SILENCE);
                self.held.insert(key, Held { metric, until, is_over: false });
                return true;
            }
            Metric::New(_) | Metric::Drift(_) | Metric::OddHours => return false,
            Metric::Volume
            | Metric::Size
            | Metric::Enumeration
            | Metric::Objects
            | Metric::Tokens
            | Metric::Cost
            | Metric::Addresses
            | Metric::Failure(_) => HOLD,
        };
        let others = self
            .since(metric, at.back(CROWD))
            .filter(|(other, score)| *other != key && CROWD_SCORE_MIN <= *score);
        if others.count() < CROWD_MIN {
            return false;
        }
        self.held.insert(key, Held { metric, until: at.plus(hold), is_over: false });
        true
    }

    /// Those that have waited long enough.
    pub(super) fn take_held(&mut self, at: Timestamp) -> Vec<(u32, Metric)> {
        let due = self.held.iter_mut().filter(|(_, held)| !held.is_over && held.until <= at);
        due.map(|(key, held)| {
            held.is_over = true;
            (*key, held.metric)
        })
        .collect()
    }

    pub(super) fn forget_before(&mut self, at: Timestamp) {
        let oldest = at.back(MEMORY);
        for shown in self.shown.values_mut() {
            shown.retain(|_, (last, _)| oldest <= *last);
        }
        self.shown.retain(|_, shown| !shown.is_empty());
        self.held.retain(|_, held| oldest <= held.until);
    }

    fn since(&self, metric: Metric, oldest: Timestamp) -> impl Iterator<Item = (u32, f64)> {
        let shown = self.shown.get(&metric).into_iter().flatten();
        shown.filter(move |(_, (last, _))| oldest <= *last).map(|(key, (_, score))| (*key, *score))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(hours: i64) -> Timestamp {
        Timestamp::default().plus(Millis::hours(hours))
    }

    #[test]
    fn two_hours_later_it_is_another_cause() {
        let mut causes = Causes::default();
        (0..9).for_each(|key| causes.note(Metric::Volume, key, (hours(0), 2.0)));
        assert_eq!(causes.keys(Metric::Volume, hours(2)), 9);
        assert_eq!(causes.keys(Metric::Silence, hours(2)), 0);
        assert_eq!(causes.keys(Metric::Volume, hours(3)), 0);
        assert!(causes.tell(Metric::Volume, hours(0)));
        assert!(!causes.tell(Metric::Volume, hours(23)));
        assert!(causes.tell(Metric::Volume, hours(24)));
        causes.open(Metric::Volume, hours(0));
        assert!(causes.is_open(Metric::Volume, hours(6)));
        assert!(!causes.is_open(Metric::Volume, hours(7)));
    }

    #[test]
    fn a_key_waits_once_if_another_shows_the_same() {
        let mut causes = Causes::default();
        assert!(!causes.holds(Metric::Volume, 0, hours(0)));
        causes.note(Metric::Volume, 2, (hours(0), 3.0));
        assert!(causes.holds(Metric::Volume, 0, hours(0)));
        assert!(!causes.holds(Metric::Failure(crate::profile::Failure::Broken), 4, hours(0)));
        assert!(causes.take_held(hours(0)).is_empty());
        assert_eq!(causes.take_held(hours(1)), [(0, Metric::Volume)]);
    }
}
