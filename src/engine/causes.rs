//! Which keys changed in which way within the last two hours, to tell what happened to all
//! from what happened to one.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::detect::Metric;
use crate::model::{Millis, Timestamp};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Causes {
    /// When each key last showed it.
    shown: BTreeMap<Metric, BTreeMap<u32, Timestamp>>,
    /// When a shared cause was last told.
    told: BTreeMap<Metric, Timestamp>,
    /// Keys used in the last day: what a share is a share of.
    pub(super) active: usize,
}

const MEMORY: Millis = Millis::hours(2);

impl Causes {
    pub(super) fn note(&mut self, metric: Metric, key: u32, at: Timestamp) {
        let shown = self.shown.entry(metric).or_default();
        let last = shown.entry(key).or_insert(at);
        *last = at.max(*last);
    }

    /// How many keys show it.
    pub(super) fn keys(&self, metric: Metric, at: Timestamp) -> usize {
        let oldest = at.back(MEMORY);
        let Some(shown) = self.shown.get(&metric) else { return 0 };
        shown
            .iter()
            .filter(|&(_, &last)| oldest <= last)
            .map(|(key, _)| key)
            .collect::<BTreeSet<_>>()
            .len()
    }

    /// `true` once in two hours.
    pub(super) fn tell(&mut self, metric: Metric, at: Timestamp) -> bool {
        let is_news = self.told.get(&metric).is_none_or(|told| MEMORY.0 <= at.since(*told).0);
        if is_news {
            self.told.insert(metric, at);
        }
        is_news
    }

    pub(super) fn forget_before(&mut self, at: Timestamp) {
        let oldest = at.back(MEMORY);
        for shown in self.shown.values_mut() {
            shown.retain(|_, last| oldest <= *last);
        }
        self.shown.retain(|_, shown| !shown.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hours_later_it_is_another_cause() {
        let mut causes = Causes::default();
        let hours = |hours| Timestamp::default().plus(Millis::hours(hours));
        (0..9).for_each(|key| causes.note(Metric::Volume, key, hours(0)));
        assert_eq!(causes.keys(Metric::Volume, hours(2)), 9);
        assert_eq!(causes.keys(Metric::Silence, hours(2)), 0);
        assert_eq!(causes.keys(Metric::Volume, hours(3)), 0);
        assert!(causes.tell(Metric::Volume, hours(0)));
        assert!(!causes.tell(Metric::Volume, hours(1)));
        assert!(causes.tell(Metric::Volume, hours(2)));
    }
}
