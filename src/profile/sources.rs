//! What addresses were refused lately. The table is bounded: at the limit the quarter that
//! was quiet for longest is forgotten.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Sample, SourceUse};
use crate::model::{Day, Millis, Severity, Timestamp};

/// One address, in its current window of at most an hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    pub since: Timestamp,
    pub last: Timestamp,
    pub unauthorized: u32,
    pub forbidden: u32,
    pub missing: u32,
    /// Distinct keys it was refused with, the first [`Source::KEYS_MAX`].
    pub keys: Vec<u32>,
    /// Distinct routes it was refused, the first [`Source::PATHS_MAX`].
    pub paths: Vec<u64>,
    /// The most refusals in one window of an earlier day: what always fails is no news.
    pub worst_before: u32,
    pub worst_today: u32,
    pub day: Day,
    /// When it was last reported, at how many refusals, and how severe that was.
    pub raised: Option<(Timestamp, u32, Severity)>,
    /// A few of its lines, kept once it has been refused a few times.
    pub samples: Vec<Sample>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sources(BTreeMap<String, Source>);

const SAMPLED_FROM: u32 = 5;
const SAMPLES_MAX: usize = 6;
const WINDOW: Millis = Millis::hours(1);
const QUIET: Millis = Millis::seconds(30 * 60);

impl Sources {
    /// Addresses held.
    pub const ENTRIES_MAX: usize = 65_536;

    /// Adds a slot's refusals of one address and returns how it stands now.
    pub fn add(&mut self, slot_start: Timestamp, seen: &mut SourceUse) {
        if let Some(source) = self.0.get_mut(&seen.address) {
            source.begin(slot_start);
            source.add(seen);
            return;
        }
        if Self::ENTRIES_MAX <= self.0.len() {
            self.make_room();
        }
        let source = self.0.entry(seen.address.clone()).or_default();
        source.begin(slot_start);
        source.add(seen);
    }

    pub fn get_mut(&mut self, address: &str) -> Option<&mut Source> {
        self.0.get_mut(address)
    }

    /// How many other addresses were refused at least half as often lately.
    pub fn alike(&self, address: &str, (refusals, at): (u32, Timestamp)) -> usize {
        let is_alike = |(other, source): &(&String, &Source)| {
            other.as_str() != address
                && at.since(source.last).0 < WINDOW.0
                && refusals <= source.refusals().saturating_mul(2)
        };
        self.0.iter().filter(is_alike).count()
    }

    pub fn values(&self) -> impl Iterator<Item = &Source> {
        self.0.values()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn make_room(&mut self) {
        let mut ages: Vec<Timestamp> = self.0.values().map(|source| source.last).collect();
        ages.sort_unstable();
        let Some(&oldest) = ages.get(Self::ENTRIES_MAX / 4) else { return };
        self.0.retain(|_, source| oldest < source.last);
    }
}

impl Source {
    pub const KEYS_MAX: usize = 32;
    pub const PATHS_MAX: usize = 64;

    pub const fn refusals(&self) -> u32 {
        self.unauthorized.saturating_add(self.forbidden).saturating_add(self.missing)
    }

    fn begin(&mut self, at: Timestamp) {
        if self.day < at.day() {
            self.worst_before = self.worst_before.max(self.worst_today);
            self.worst_today = 0;
            self.day = at.day();
        }
        let is_over = WINDOW.0 <= at.since(self.since).0 || QUIET.0 < at.since(self.last).0;
        if is_over {
            self.since = at;
            (self.unauthorized, self.forbidden, self.missing) = (0, 0, 0);
            self.keys.clear();
            self.paths.clear();
            self.samples.clear();
        }
        self.last = self.last.max(at);
    }

    fn add(&mut self, seen: &mut SourceUse) {
        self.unauthorized = self.unauthorized.saturating_add(seen.unauthorized);
        self.forbidden = self.forbidden.saturating_add(seen.forbidden);
        self.missing = self.missing.saturating_add(seen.missing);
        self.worst_today = self.worst_today.max(self.refusals());
        if SAMPLED_FROM <= self.refusals() {
            insert_all(&mut self.samples, seen.samples.drain(..), SAMPLES_MAX);
        }
        insert_all(&mut self.keys, seen.keys.iter().copied(), Self::KEYS_MAX);
        insert_all(&mut self.paths, seen.paths.iter().copied(), Self::PATHS_MAX);
    }
}

/// Adds what is new to an ascending list, up to its limit.
fn insert_all<T: Ord>(list: &mut Vec<T>, values: impl Iterator<Item = T>, values_max: usize) {
    for value in values {
        if values_max <= list.len() {
            return;
        }
        if let Err(place) = list.binary_search(&value) {
            list.insert(place, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_after_half_an_hour_of_quiet() {
        let mut sources = Sources::default();
        let refused = |paths: &[u64]| SourceUse {
            address: "192.0.2.1".to_owned(),
            missing: 3,
            paths: paths.to_vec(),
            ..SourceUse::default()
        };
        let minute = |minutes: i64| Timestamp::from_seconds(1_000_000 + minutes * 60);
        for (minutes, paths, expected) in
            [(0, &[1][..], (3, 1)), (20, &[1, 2], (6, 2)), (51, &[3], (3, 1))]
        {
            sources.add(minute(minutes), &mut refused(paths));
            let source = sources.get_mut("192.0.2.1").unwrap();
            assert_eq!((source.missing, source.paths.len()), expected);
        }
    }
}
