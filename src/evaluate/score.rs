//! The rules by which alerts are held against labels, and the figures that come of it.
//!
//! An alert *touches* an incident if it comes while the incident lasts or within an hour after,
//! and names one of its keys or addresses; one that names neither touches only what is about all
//! keys. An incident of more than five keys needs an alert with its address, or alerts on three of
//! its keys. Alerts on somebody of an incident up to six hours after it are neutral. All others
//! are false; false ones about one key or address within six hours of the last are one false alarm.

use std::collections::{BTreeMap, BTreeSet};

use super::labels::{Label, Labelled};
use crate::incident::Alert;
use crate::model::{Millis, Timestamp};

const GRACE: Millis = Millis::hours(1);
const AFTERMATH: Millis = Millis::hours(6);
const MERGE: Millis = Millis::hours(6);

/// From more keys than these, one alert by chance is not a detection.
const FEW_KEYS_MAX: usize = 5;
const KEYS_MIN: usize = 3;

/// Alerts, each with what it touches.
#[derive(Debug)]
pub struct Judged<'a> {
    labelled: &'a Labelled,
    touches: Vec<Touch<'a>>,
}

#[derive(Debug)]
struct Touch<'a> {
    at: Timestamp,
    score: f64,
    is_below: bool,
    entity: &'a str,
    key: Option<&'a str>,
    by_key: Vec<usize>,
    by_address: Vec<usize>,
    is_neutral: bool,
}

/// The figures at one threshold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Score {
    pub found: Share,
    pub by_kind: BTreeMap<String, Share>,
    pub false_alarms: u32,
    pub false_alarms_per_day: f64,
    pub median_delay: Option<Millis>,
    /// Ids of the incidents that no alert touched.
    pub missed: Vec<String>,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    pub part: u32,
    pub whole: u32,
}

impl<'a> Judged<'a> {
    pub fn new(alerts: &'a [Alert], labelled: &'a Labelled) -> Self {
        let counts = |alert: &&Alert| labelled.eval_start <= alert.time;
        let mut touches: Vec<Touch<'a>> =
            alerts.iter().filter(counts).map(|alert| Touch::of(alert, &labelled.labels)).collect();
        touches.sort_by_key(|touch| touch.at);
        Self { labelled, touches }
    }

    /// As it was emitted: with the threshold that the program set by itself.
    pub fn as_emitted(&self) -> Score {
        self.score(|touch| !touch.is_below)
    }

    /// With hindsight: the lowest threshold at which so many false alarms a day or fewer come.
    pub fn within(&self, false_alarms_per_day_max: f64) -> Score {
        let mut thresholds: Vec<f64> = self.touches.iter().map(|touch| touch.score).collect();
        thresholds.sort_by(f64::total_cmp);
        thresholds.dedup();
        let is_too_loud = |threshold: &f64| {
            let score = self.above(*threshold);
            false_alarms_per_day_max < score.false_alarms_per_day
        };
        // Nearly monotone: a higher threshold leaves out alerts.
        let place = thresholds.partition_point(is_too_loud);
        self.above(thresholds.get(place).copied().unwrap_or(f64::INFINITY))
    }

    fn above(&self, threshold: f64) -> Score {
        self.score(|touch| threshold <= touch.score)
    }

    fn score(&self, is_raised: impl Fn(&Touch<'_>) -> bool) -> Score {
        let mut tally = Tally::default();
        for touch in self.touches.iter().filter(|touch| is_raised(touch)) {
            tally.add(touch, &self.labelled.labels);
        }
        tally.score(self.labelled)
    }
}

impl<'a> Touch<'a> {
    fn of(alert: &'a Alert, labels: &[Label]) -> Self {
        let (key, address) = (alert.key.as_deref(), alert.ip.as_deref());
        let mut touch = Self {
            at: alert.time,
            score: alert.score,
            is_below: alert.below,
            entity: key.or(address).unwrap_or("*"),
            key,
            by_key: Vec::new(),
            by_address: Vec::new(),
            is_neutral: false,
        };
        for (place, label) in labels.iter().enumerate() {
            let has_key = label.is_about_all() || key.is_some_and(|key| label.keys.contains(key));
            let has_address = address.is_some_and(|it| label.addresses.contains(it));
            if !has_key && !has_address {
                continue;
            }
            let over = label.end.plus(GRACE);
            if label.start <= alert.time && alert.time <= over {
                touch.by_key.extend(has_key.then_some(place));
                touch.by_address.extend(has_address.then_some(place));
            } else if over < alert.time && alert.time <= label.end.plus(AFTERMATH) {
                touch.is_neutral = true;
            }
        }
        touch
    }
}

/// What the alerts so far have come to.
#[derive(Debug, Default)]
struct Tally<'a> {
    first: BTreeMap<usize, Timestamp>,
    keys_seen: BTreeMap<usize, BTreeSet<&'a str>>,
    false_alarms: u32,
    last_false: BTreeMap<&'a str, Timestamp>,
}

impl<'a> Tally<'a> {
    fn add(&mut self, touch: &Touch<'a>, labels: &[Label]) {
        for place in &touch.by_address {
            self.first.entry(*place).or_insert(touch.at);
        }
        for place in &touch.by_key {
            if self.is_enough(*place, touch, labels) {
                self.first.entry(*place).or_insert(touch.at);
            }
        }
        let touches_some = !touch.by_key.is_empty() || !touch.by_address.is_empty();
        if !touches_some && !touch.is_neutral {
            let last = self.last_false.insert(touch.entity, touch.at);
            let is_new = last.is_none_or(|last| MERGE < touch.at.since(last));
            self.false_alarms += u32::from(is_new);
        }
    }

    fn is_enough(&mut self, place: usize, touch: &Touch<'a>, labels: &[Label]) -> bool {
        if labels.get(place).is_none_or(|label| label.keys.len() <= FEW_KEYS_MAX) {
            return true;
        }
        let seen = self.keys_seen.entry(place).or_default();
        seen.extend(touch.key);
        KEYS_MIN <= seen.len()
    }

    fn score(&self, labelled: &Labelled) -> Score {
        let mut score = Score {
            false_alarms: self.false_alarms,
            false_alarms_per_day: f64::from(self.false_alarms) / labelled.eval_days,
            ..Score::default()
        };
        let mut delays = Vec::new();
        for (place, label) in labelled.labels.iter().enumerate().filter(|(_, it)| !it.is_notable) {
            let first = self.first.get(&place);
            score.found.count(first.is_some());
            score.by_kind.entry(label.kind.clone()).or_default().count(first.is_some());
            match first {
                Some(first) => delays.push(first.since(label.start).max(Millis(0))),
                None => score.missed.push(label.id.clone()),
            }
        }
        delays.sort();
        score.median_delay = delays.get(delays.len() / 2).copied();
        score
    }
}

impl Score {
    /// Of what was said, how much was so.
    pub fn precision(&self) -> f64 {
        Share { part: self.found.part, whole: self.found.part + self.false_alarms }.value()
    }
}

impl Share {
    fn count(&mut self, is_part: bool) {
        self.part += u32::from(is_part);
        self.whole += 1;
    }

    pub fn value(self) -> f64 {
        if self.whole == 0 { 0.0 } else { f64::from(self.part) / f64::from(self.whole) }
    }

    /// Between what the true share lies with 95 % certainty: Wilson's score interval.
    pub fn interval(self) -> (f64, f64) {
        const Z: f64 = 1.959_964;
        if self.whole == 0 {
            return (0.0, 1.0);
        }
        let (share, count) = (self.value(), f64::from(self.whole));
        let spread = Z * (share * (1.0 - share) / count + Z * Z / (4.0 * count * count)).sqrt();
        let middle = share + Z * Z / (2.0 * count);
        let scale = 1.0 + Z * Z / count;
        ((middle - spread) / scale, (middle + spread) / scale)
    }
}
