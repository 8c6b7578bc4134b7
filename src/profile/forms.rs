//! Visits without keys to the routes that change something: who came to each within a day.
//! Bounded: beyond the limits further routes or addresses are not remembered.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use ahash::RandomState;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize, Serializer};

use super::{Sample, Visit};
use crate::model::{Hour, Millis, Slot, Timestamp};

/// One route, and its visitors of the last 24 hours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    visitors: BTreeMap<String, Visitor>,
    pub raised: Option<Timestamp>,
    /// The largest crowd of an earlier day, slowly forgotten, and of today.
    usual: usize,
    today: usize,
    judged: Option<Slot>,
    /// The latest lines.
    pub samples: VecDeque<Sample>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Visitor {
    requests: u32,
    first: Slot,
    last: Slot,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forms {
    forms: BTreeMap<String, Form>,
    /// What the same addresses asked for besides.
    elsewhere: Elsewhere,
}

/// Visitors by address, found without comparing many of them; in order where they are stored.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "BTreeMap<String, Visitor>")]
struct Elsewhere(HashMap<String, Visitor, RandomState>);

/// How much of a route's visits came from addresses that came seldom and did little else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    pub addresses: usize,
    /// How many it had at most on an earlier day.
    pub usual: usize,
    pub requests: u64,
    pub requests_of_all: u64,
    pub since: Timestamp,
}

const SAMPLES_MAX: usize = 10;
const FORMS_MAX: usize = 256;
const VISITORS_MAX: usize = 4096;
const ELSEWHERE_MAX: usize = 16_384;
const MEMORY: Millis = Millis::hours(24);
const JUDGED_EVERY_SLOTS: i64 = 30;
/// Whoever chooses his address can choose no more than [`ELSEWHERE_MAX`] of them.
const SEEDS: [u64; 4] = [0x666f_726d, 0x7669_7369, 0x656c_7365, 0x7768_6572];

impl Forms {
    pub fn add(&mut self, slot: Slot, visit: Visit) {
        let Visit { route, address, requests, sample } = visit;
        if route.is_empty() {
            self.elsewhere.add(slot, (address, requests));
            return;
        }
        if FORMS_MAX <= self.forms.len() && !self.forms.contains_key(&route) {
            return;
        }
        let form = self.forms.entry(route).or_default();
        form.samples.extend(sample);
        if SAMPLES_MAX < form.samples.len() {
            form.samples.pop_front();
        }
        if VISITORS_MAX <= form.visitors.len() && !form.visitors.contains_key(&address) {
            return;
        }
        form.visitors.entry(address).or_insert(Visitor::new(slot)).add(slot, requests);
    }

    /// The crowd of a route, looked at no more than every five minutes.
    pub fn crowd(&mut self, route: &str, limits: (Slot, u32)) -> Option<Crowd> {
        let (slot, requests_few_max) = limits;
        let form = self.forms.get_mut(route)?;
        if form.judged.is_some_and(|judged| slot.0 < judged.0 + JUDGED_EVERY_SLOTS) {
            return None;
        }
        form.judged = Some(slot);
        let mut crowd = Crowd { since: slot.start(), usual: form.usual, ..Crowd::default() };
        for (address, visitor) in &form.visitors {
            crowd.requests_of_all += u64::from(visitor.requests);
            if visitor.is_of_crowd(requests_few_max, || self.elsewhere.requests(address)) {
                crowd.addresses += 1;
                crowd.requests += u64::from(visitor.requests);
                crowd.since = crowd.since.min(visitor.first.start());
            }
        }
        form.today = form.today.max(crowd.addresses);
        Some(crowd)
    }

    /// One of the crowd: who did least elsewhere, of these the busiest, of these the latest.
    pub fn example(&self, route: &str, requests_few_max: u32) -> Option<&str> {
        let visitors = &self.forms.get(route)?.visitors;
        let crowd = visitors.iter().filter_map(|(address, visitor)| {
            let elsewhere = self.elsewhere.requests(address);
            let is_of_crowd = visitor.is_of_crowd(requests_few_max, || elsewhere);
            is_of_crowd.then_some((elsewhere, visitor, address))
        });
        let example = crowd.min_by_key(|&(elsewhere, visitor, address)| {
            (elsewhere, std::cmp::Reverse((visitor.requests, visitor.first)), address)
        });
        example.map(|(_, _, address)| address.as_str())
    }

    pub fn form(&mut self, route: &str) -> Option<&mut Form> {
        self.forms.get_mut(route)
    }

    /// Whether a crowd was told of within the last hour.
    pub fn is_told(&self, at: Timestamp) -> bool {
        let told = self.forms.values().filter_map(|form| form.raised);
        told.into_iter().any(|told| at.since(told).0 < Millis::hours(1).0)
    }

    /// A day is over: its crowds are what is usual.
    pub fn close_day(&mut self) {
        for form in self.forms.values_mut() {
            form.usual = form.today.max(form.usual - form.usual / 8);
            form.today = 0;
        }
    }

    /// Forgets who has not come for a day.
    pub fn forget(&mut self, hour: Hour) {
        let oldest = hour.start().back(MEMORY).slot();
        for form in self.forms.values_mut() {
            form.visitors.retain(|_, visitor| oldest <= visitor.last);
        }
        self.forms.retain(|_, form| !form.visitors.is_empty());
        self.elsewhere.0.retain(|_, visitor| oldest <= visitor.last);
    }
}

impl Visitor {
    const fn new(slot: Slot) -> Self {
        Self { requests: 0, first: slot, last: slot }
    }

    fn add(&mut self, slot: Slot, requests: u32) {
        self.requests = self.requests.saturating_add(requests);
        self.last = self.last.max(slot);
    }

    /// Whether he came seldom and did little else.
    fn is_of_crowd(&self, requests_few_max: u32, elsewhere: impl FnOnce() -> u32) -> bool {
        self.requests <= requests_few_max && elsewhere() <= 2 * self.requests + 2
    }
}

impl Elsewhere {
    fn add(&mut self, slot: Slot, (address, requests): (String, u32)) {
        if ELSEWHERE_MAX <= self.0.len() && !self.0.contains_key(&address) {
            return;
        }
        self.0.entry(address).or_insert(Visitor::new(slot)).add(slot, requests);
    }

    fn requests(&self, address: &str) -> u32 {
        self.0.get(address).map_or(0, |visitor| visitor.requests)
    }
}

impl Default for Elsewhere {
    fn default() -> Self {
        let [a, b, c, d] = SEEDS;
        Self(HashMap::with_hasher(RandomState::with_seeds(a, b, c, d)))
    }
}

impl From<BTreeMap<String, Visitor>> for Elsewhere {
    fn from(visitors: BTreeMap<String, Visitor>) -> Self {
        let mut elsewhere = Self::default();
        elsewhere.0.extend(visitors);
        elsewhere
    }
}

impl Serialize for Elsewhere {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.iter().collect::<BTreeMap<_, _>>().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_only_posts_is_of_the_crowd() {
        let mut forms = Forms::default();
        let visit = |route: &str, address: &str, requests| Visit {
            route: route.to_owned(),
            address: address.to_owned(),
            requests,
            sample: None,
        };
        forms.add(Slot(10), visit("POST /join", "192.0.2.1", 2));
        forms.add(Slot(11), visit("POST /join", "192.0.2.2", 2));
        forms.add(Slot(11), visit("", "192.0.2.2", 40));
        let crowd = forms.crowd("POST /join", (Slot(12), 10)).unwrap();
        assert_eq!((crowd.addresses, crowd.requests, crowd.requests_of_all), (1, 2, 4));
        assert_eq!(forms.example("POST /join", 10), Some("192.0.2.1"));
        let stored = serde_json::to_string(&forms).unwrap();
        assert_eq!(serde_json::from_str::<Forms>(&stored).unwrap(), forms);
        assert!(forms.crowd("POST /join", (Slot(13), 10)).is_none());
        forms.forget(Hour(49));
        assert!(forms.form("POST /join").is_none());
    }
}
