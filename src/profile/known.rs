//! What a key is known to use: its networks, routes and clients, each in a small table of
//! fixed size. At the limit the entry that was seen longest ago makes room.

use serde::{Deserialize, Serialize};

use super::tight;
use crate::model::{Day, Hour};

/// Which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Facet {
    Network,
    Route,
    Client,
}

/// One value that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub value: u64,
    pub first: Hour,
    pub last: Day,
    /// On how many days.
    pub days: u16,
    /// Requests while it was still a newcomer.
    pub requests: u32,
}

/// Ascending by value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Entry>")]
pub struct Known(Vec<Entry>);

/// A value that was forgotten may stand a little before where it stood, or be two.
impl From<Vec<Entry>> for Known {
    fn from(mut entries: Vec<Entry>) -> Self {
        entries.sort_by_key(|entry| entry.value);
        entries.dedup_by_key(|entry| entry.value);
        Self(entries)
    }
}

impl Facet {
    pub const ALL: [Self; 3] = [Self::Network, Self::Route, Self::Client];

    pub const fn entries_max(self) -> usize {
        match self {
            Self::Network | Self::Route => 64,
            Self::Client => 16,
        }
    }
}

impl Known {
    pub fn get(&self, value: u64) -> Option<&Entry> {
        let place = self.0.binary_search_by_key(&value, |entry| entry.value).ok()?;
        self.0.get(place)
    }

    /// Counts a use in `hour`; `true` if the value was not there before.
    pub fn touch(&mut self, facet: Facet, use_: (u64, Hour, u32)) -> bool {
        let (value, hour, requests) = use_;
        match self.0.binary_search_by_key(&value, |entry| entry.value) {
            Ok(place) => {
                if let Some(entry) = self.0.get_mut(place) {
                    entry.days = entry.days.saturating_add(u16::from(entry.last < hour.day()));
                    entry.last = entry.last.max(hour.day());
                    entry.requests = entry.requests.saturating_add(requests);
                }
                false
            }
            Err(place) => {
                let entry = Entry { value, first: hour, last: hour.day(), days: 1, requests };
                tight::insert(&mut self.0, place, entry);
                self.make_room(facet, value);
                true
            }
        }
    }

    /// How many values were first seen after `hour`.
    pub fn newer_than(&self, hour: Hour) -> usize {
        self.0.iter().filter(|entry| hour < entry.first).count()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn make_room(&mut self, facet: Facet, newest: u64) {
        if self.0.len() <= facet.entries_max() {
            return;
        }
        let others = self.0.iter().enumerate().filter(|(_, entry)| entry.value != newest);
        let oldest = others.min_by_key(|(_, entry)| (entry.last, entry.days, entry.value));
        if let Some(place) = oldest.map(|(place, _)| place) {
            self.0.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_was_forgotten_hides_no_other() {
        let entry = |value| Entry { value, first: Hour(0), last: Day(0), days: 1, requests: 1 };
        let known = Known::from([5, 3, 9, 3].map(entry).to_vec());
        assert_eq!(known.len(), 3);
        assert!([3, 5, 9].iter().all(|value| known.get(*value).is_some()));
    }

    #[test]
    fn the_table_is_bounded_and_forgets_the_longest_unseen() {
        let mut known = Known::default();
        for value in 0..17 {
            assert!(
                known.touch(Facet::Client, (value, Hour(24 * i64::try_from(value).unwrap()), 1))
            );
        }
        assert_eq!(known.len(), 16);
        assert!(known.get(0).is_none());
        assert!(!known.touch(Facet::Client, (5, Hour(24 * 9), 1)));
        assert_eq!(known.get(5).map(|entry| (entry.days, entry.requests)), Some((2, 2)));
    }
}
