//! Visits without keys to the routes that change something: who came to each within a day.
//! Bounded: beyond the limits further routes or addresses are not remembered.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

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
    elsewhere: BTreeMap<String, Visitor>,
}

/// How much of a route's visits came from addresses that came seldom and did little else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    pub addresses: usize,
    /// How many it had at most on an earlier day.
    pub usual: usize,
    pub requests: u64,
    pub requests_of_all: u64,
    pub since: Timestamp,
    /// The busiest of them.
    pub examples: Vec<String>,
}

const SAMPLES_MAX: usize = 10;
const FORMS_MAX: usize = 256;
const VISITORS_MAX: usize = 4096;
const ELSEWHERE_MAX: usize = 16_384;
const MEMORY: Millis = Millis::hours(24);
const JUDGED_EVERY_SLOTS: i64 = 30;
const EXAMPLES_MAX: usize = 10;

impl Forms {
    pub fn add(&mut self, slot: Slot, visit: Visit) {
        let (visitors, visitors_max) = if visit.route.is_empty() {
            (&mut self.elsewhere, ELSEWHERE_MAX)
        } else {
            if FORMS_MAX <= self.forms.len() && !self.forms.contains_key(&visit.route) {
                return;
            }
            let form = self.forms.entry(visit.route).or_default();
            form.samples.extend(visit.sample);
            if SAMPLES_MAX < form.samples.len() {
                form.samples.pop_front();
            }
            (&mut form.visitors, VISITORS_MAX)
        };
        if visitors_max <= visitors.len() && !visitors.contains_key(&visit.address) {
            return;
        }
        let new = Visitor { requests: 0, first: slot, last: slot };
        let visitor = visitors.entry(visit.address).or_insert(new);
        visitor.requests = visitor.requests.saturating_add(visit.requests);
        visitor.last = visitor.last.max(slot);
    }

    /// The crowd of a route, looked at no more than every five minutes.
    pub fn crowd(&mut self, route: &str, limits: (Slot, u32)) -> Option<Crowd> {
        let (slot, requests_few_max) = limits;
        let form = self.forms.get_mut(route)?;
        if form.judged.is_some_and(|judged| slot.0 < judged.0 + JUDGED_EVERY_SLOTS) {
            return None;
        }
        form.judged = Some(slot);
        let mut crowd = Crowd { since: slot.start(), ..Crowd::default() };
        let mut busiest = Vec::new();
        for (address, visitor) in &form.visitors {
            crowd.requests_of_all += u64::from(visitor.requests);
            let elsewhere = self.elsewhere.get(address).map_or(0, |other| other.requests);
            let is_alone = elsewhere <= 2 * visitor.requests + 2;
            if visitor.requests <= requests_few_max && is_alone {
                crowd.addresses += 1;
                crowd.requests += u64::from(visitor.requests);
                crowd.since = crowd.since.min(visitor.first.start());
                busiest.push((elsewhere, visitor, address));
            }
        }
        // Those who did nothing else, the busiest first, of these the latest.
        busiest.sort_by_key(|&(elsewhere, visitor, address)| {
            (elsewhere, std::cmp::Reverse((visitor.requests, visitor.first)), address)
        });
        let examples = busiest.into_iter().take(EXAMPLES_MAX);
        crowd.examples = examples.map(|(_, _, address)| address.clone()).collect();
        form.today = form.today.max(crowd.addresses);
        crowd.usual = form.usual;
        Some(crowd)
    }

    pub fn form(&mut self, route: &str) -> Option<&mut Form> {
        self.forms.get_mut(route)
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
        self.elsewhere.retain(|_, visitor| oldest <= visitor.last);
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
        assert!(forms.crowd("POST /join", (Slot(13), 10)).is_none());
        forms.forget(Hour(49));
        assert!(forms.form("POST /join").is_none());
    }
}
