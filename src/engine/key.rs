//! One key as the engine remembers it: what it did this hour, what is normal for it, and
//! what it is suspected of.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::arrivals::Arrivals;
use super::days::{Days, Recent};
use super::described::Granted;
use super::late::{ClosedHour, Late};
use super::quotas::UsedUp;
use crate::baseline::{Amount, Drift, Expected, Habit, Ratio, Size, Steady};
use crate::detect::Metric;
use crate::incident::EvidenceLine;
use crate::model::{Hour, Millis, Name, Timestamp};
use crate::profile::{Counts, Crowd, Facet, Failure, Known, Trail, Uses};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Key {
    /// Its place among the keys. It stays, also in stored form: waiting slots name it.
    pub(super) index: u32,
    pub(super) id: Name,
    pub(super) role: Name,
    pub(super) owner: Name,
    pub(super) label: Name,
    /// In the inventory: never forgotten.
    pub(super) is_listed: bool,
    pub(super) first_used: Option<Timestamp>,
    pub(super) last_used: Option<Timestamp>,
    /// The start of the first judged slot in which it was used, and of the last.
    pub(super) first_judged: Option<Timestamp>,
    pub(super) last_judged: Option<Timestamp>,
    pub(super) requests: u64,
    pub(super) errors: u64,
    /// Requests of judged slots that were not refused.
    pub(super) accepted: u64,
    /// Networks that are new to it, beside those that it is known to use.
    pub(super) arrivals: Arrivals,
    /// The open hour, as far as its slots are judged.
    pub(super) hour: Counts,
    pub(super) limits: Limits,
    pub(super) trail: Trail,
    /// The addresses of the running six hours.
    pub(super) crowd: Crowd,
    pub(super) learned: Option<Box<Learned>>,
    /// What it was suspected of within the last six hours.
    pub(super) signals: Vec<Signal>,
    /// The highest combined score of the running six hours.
    pub(super) window_score: f64,
    /// The highest of those side by side in which there was any, and how many they are.
    pub(super) peak: (f64, u8),
    /// Addresses from which it was refused this hour, as hashes, ascending.
    pub(super) refused_from: Vec<u64>,
    /// The most of them in one hour of an earlier day, slowly forgotten, and of today.
    pub(super) refused_usual: (u32, u32),
    /// The highest raw score of an earlier day, slowly forgotten, and of today, by metric:
    /// what is wild every day is less unusual.
    pub(super) wildest: Vec<(Metric, f64, f64)>,
    /// The hour whose requests people were told of last, and how many they were.
    pub(super) told_volume: Option<(Hour, u32)>,
    /// The minute that was counted last, and its requests.
    pub(super) minute: (i64, u32),
    /// What it used of what it may; none where nobody set a limit.
    pub(super) used_up: Option<Box<UsedUp>>,
    /// What it did in the last months; of listed keys only.
    pub(super) uses: Option<Box<Uses>>,
    pub(super) granted: Granted,
    /// When each rule was last found broken.
    pub(super) broken_rules: Vec<BrokenRule>,
    /// Since when each is told of, and until when it went on.
    pub(super) told_rules: BTreeMap<String, (Timestamp, Timestamp)>,
    pub(super) evidence: Vec<Arc<EvidenceLine>>,
    /// Its lines are kept as evidence until then.
    pub(super) watch_until: Option<Timestamp>,
}

/// What is normal for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Learned {
    pub(super) since: Hour,
    pub(super) habit: Habit,
    pub(super) ratios: [Ratio; 5],
    pub(super) size: Size,
    pub(super) tokens: Size,
    pub(super) cost: Size,
    pub(super) objects: Size,
    /// Addresses in six hours.
    pub(super) addresses: Steady,
    pub(super) enumeration: Ratio,
    pub(super) drift: Drift,
    pub(super) known: [Known; 3],
    /// Closed hours that are not learned from yet.
    pub(super) late: Late,
    pub(super) silence: Silence,
    /// Requests of the last 24 closed hours.
    pub(super) recent: Recent,
    pub(super) days: Days,
}

/// The quiet since the last request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Silence {
    pub(super) hours: u32,
    pub(super) missing: f64,
    pub(super) score: f64,
    /// The highest score of a quiet that ended by itself, slowly forgotten.
    pub(super) usual: f64,
    /// People were told of it.
    pub(super) is_shown: bool,
}

/// The counts from which this hour is looked at more closely.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Limits {
    pub(super) hour: Option<Hour>,
    pub(super) expected: Expected,
    pub(super) volume: u32,
    pub(super) failures: [u32; 5],
    /// A request: bytes, tokens, cost.
    pub(super) size: u64,
    pub(super) tokens: u64,
    pub(super) cost: u64,
    pub(super) neighbours: u32,
    /// Bits of the trail.
    pub(super) objects: u32,
    /// Bits of the crowd.
    pub(super) addresses: u32,
    /// Requests at an hour at which there are none.
    pub(super) odd: u32,
    /// The highest raw score so far, by metric.
    pub(super) scored: Vec<(Metric, f64)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Signal {
    pub(super) metric: Metric,
    pub(super) score: f64,
    pub(super) at: Timestamp,
    pub(super) since: Timestamp,
    pub(super) because: String,
    pub(super) address: Option<String>,
    /// Already part of an incident.
    pub(super) is_told: bool,
    /// So many keys show it that it is not this key's own doing.
    pub(super) is_shared: bool,
    /// What it was worth when people were shown it.
    pub(super) shown: f64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BrokenRule {
    /// With its severity.
    pub(super) kind: String,
    /// Told once in each hour of the clock: the earliest break in it.
    pub(super) first: Timestamp,
}

const SIGNALS_LIVE: Millis = Millis::hours(6);
const EVIDENCE_MAX: usize = 20;
const REFUSED_FROM_MAX: usize = 64;
const LATE_HOURS: i64 = 24;
const YOUNG_HOURS: u32 = 48;
/// An unknown key's use is learned after so many accepted requests.
const ACCEPTED_MIN: u64 = 3;

/// Fewer requests do not tell that nothing works.
const FAILED_REQUESTS_MIN: u64 = 100;
/// A week: what was told is no news for so long.
const TOLD_HOURS: i64 = 7 * 24;
/// So much of what is wild every day is taken off.
const WILD_SHARE: f64 = 0.6;
const WILD_MAX: f64 = 8.0;
const WILD_KEEP: f64 = 0.9;

impl Key {
    /// It is used in a slot that is judged now.
    pub(super) fn note_slot(&mut self, at: Timestamp) {
        if let Some(last) = self.last_judged
            && self.is_listed
        {
            self.uses.get_or_insert_default().note_pause(last, at);
        }
        self.first_judged.get_or_insert(at);
        self.last_judged = Some(at);
    }

    pub(super) fn deserves_profile(&self) -> bool {
        self.learned.is_some() || self.is_listed || ACCEPTED_MIN <= self.accepted
    }

    /// A metric's place in the list of this hour's scores.
    pub(super) fn note_score(&mut self, metric: Metric, raw: f64) {
        match self.limits.scored.iter_mut().find(|(known, _)| *known == metric) {
            Some((_, score)) => *score = score.max(raw),
            None => self.limits.scored.push((metric, raw)),
        }
    }

    /// A raw score beyond what the metric does on other days.
    pub(super) fn beyond_usual(&mut self, metric: Metric, raw: f64) -> f64 {
        if !metric.is_of_use() {
            return raw;
        }
        let known = self.wildest.iter_mut().find(|(known, _, _)| *known == metric);
        let Some((_, usual, today)) = known else {
            self.wildest.push((metric, 0.0, raw));
            return raw;
        };
        *today = today.max(raw);
        // What failed yesterday and fails again is broken, and no news at all.
        let share = if matches!(metric, Metric::Failure(_)) { 1.0 } else { WILD_SHARE };
        (raw - share * *usual).max(0.0)
    }

    pub(super) const fn has_room_for_evidence(&self) -> bool {
        self.evidence.len() < EVIDENCE_MAX
    }

    pub(super) fn add_evidence(&mut self, line: EvidenceLine) {
        if self.has_room_for_evidence()
            && let Err(place) = self.evidence.binary_search_by(|known| (**known).cmp(&line))
        {
            self.evidence.insert(place, Arc::new(line));
        }
    }

    pub(super) fn refused(&mut self, address: u64) {
        if self.refused_from.len() < REFUSED_FROM_MAX
            && let Err(place) = self.refused_from.binary_search(&address)
        {
            self.refused_from.insert(place, address);
        }
    }

    /// How many requests in an hour people know of already, and for how long they do.
    pub(super) fn known_volume(&self, hour: Hour) -> u32 {
        let told = self.told_volume.filter(|(told, _)| hour.since(*told) <= TOLD_HOURS);
        told.map_or(0, |(_, requests)| requests.saturating_add(requests / 4))
    }

    /// What was told within the last day goes on as it was.
    pub(super) fn is_told_volume(&self, hour: Hour, requests: u32) -> bool {
        let told = self.told_volume.filter(|(told, _)| hour.since(*told) <= LATE_HOURS);
        told.is_some_and(|(_, known)| known / 2 <= requests)
    }

    /// Of all that it was, nothing is left but room.
    pub(super) fn become_spare(&mut self) {
        let trail = std::mem::take(&mut self.trail).emptied();
        *self = Self { trail, ..Self::default() };
    }

    /// What is over is forgotten.
    pub(super) fn forget_before(&mut self, at: Timestamp) {
        let oldest = at.back(SIGNALS_LIVE);
        self.signals.retain(|signal| oldest <= signal.at);
        self.evidence.retain(|line| oldest <= line.at);
        self.broken_rules.retain(|rule| oldest <= rule.first);
        let refused = u32::try_from(self.refused_from.len()).unwrap_or(u32::MAX);
        self.refused_usual.1 = self.refused_usual.1.max(refused);
        self.refused_from.clear();
    }

    /// A day is over: what was refused is what is usual.
    pub(super) fn close_day(&mut self) {
        let (usual, today) = self.refused_usual;
        for (metric, usual, today) in &mut self.wildest {
            let most = if matches!(metric, Metric::Failure(_)) { *today } else { WILD_MAX };
            *usual = today.min(most).max(*usual * WILD_KEEP);
            *today = 0.0;
        }
        self.refused_usual = (today.max(usual - usual / 8), 0);
        if let Some(learned) = self.learned.as_mut() {
            learned.drift.close_day();
        }
    }

    /// Nearly everything that it ever asked was refused or failed.
    pub(super) const fn always_fails(&self) -> bool {
        FAILED_REQUESTS_MIN <= self.requests
            && self.requests.saturating_mul(9) <= self.errors.saturating_mul(10)
    }

    /// Whether anything about it can change without a request.
    pub(super) fn is_idle(&self) -> bool {
        self.learned.is_none() && self.signals.is_empty() && self.evidence.is_empty()
    }
}

impl Silence {
    /// What it is worth beyond the quiets that the key has had before.
    pub(super) fn unusual(&self) -> f64 {
        (self.score - self.usual).clamp(0.0, SILENCE_SCORE_MAX)
    }

    /// The key is used again: so long a quiet is nothing new to it.
    pub(super) fn end(&mut self) {
        let usual = self.score.min(SILENCE_SCORE_MAX).max(self.usual * SILENCE_KEEP);
        *self = Self { usual, ..Self::default() };
    }
}

/// However long it lasts, a silence is rarely more than the end of a key's use.
const SILENCE_SCORE_MAX: f64 = 8.0;
/// An hour of use: a quiet is half forgotten after two weeks of steady work.
const SILENCE_KEEP: f64 = 0.998;

impl Learned {
    pub(super) fn of(hour: Hour) -> Self {
        Self { since: hour, ..Self::default() }
    }

    pub(super) fn known(&self, facet: Facet) -> Option<&Known> {
        self.known.get(place_of(facet))
    }

    pub(super) fn known_mut(&mut self, facet: Facet) -> Option<&mut Known> {
        self.known.get_mut(place_of(facet))
    }

    pub(super) const fn size(&self, amount: Amount) -> &Size {
        match amount {
            Amount::Bytes => &self.size,
            Amount::Tokens => &self.tokens,
            Amount::Cost => &self.cost,
            Amount::Objects => &self.objects,
        }
    }

    pub(super) fn ratio(&self, failure: Failure) -> Ratio {
        self.ratios.get(failure as usize).copied().unwrap_or_default()
    }

    /// Queues a closed hour.
    pub(super) fn close(&mut self, closed: &ClosedHour) {
        self.recent.add(closed.counts.requests);
        self.days.add(closed.hour.day(), closed.counts.requests);
        self.late.push(closed);
    }

    /// The next closed hour whose time to be learned has come.
    pub(super) fn take_due(&mut self, is_young: bool, newest: Hour) -> Option<ClosedHour> {
        let first = self.late.first_hour()?;
        if !is_young && newest.since(first) < LATE_HOURS {
            return None;
        }
        self.late.take_first()
    }

    /// Until then its hours are learned as they close.
    pub(super) const fn is_young(&self) -> bool {
        self.habit.hours < YOUNG_HOURS
    }
}

const fn place_of(facet: Facet) -> usize {
    match facet {
        Facet::Network => 0,
        Facet::Route => 1,
        Facet::Client => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_yesterday_as_it_does_today_is_no_news() {
        let mut key = Key::default();
        let metric = Metric::Failure(Failure::Throttled);
        assert!(30.0 <= key.beyond_usual(metric, 30.0));
        key.close_day();
        assert!(key.beyond_usual(metric, 28.0) <= 0.0);
        assert!(10.0 <= key.beyond_usual(Metric::Volume, 10.0));
        assert!(19.0 < key.beyond_usual(metric, 50.0));
    }

    #[test]
    fn an_old_keys_hours_are_learned_a_day_later() {
        let mut learned = Learned::of(Hour(0));
        let closed = |hour| ClosedHour { hour: Hour(hour), ..ClosedHour::default() };
        let mut due = |hour: i64, hours: u32| {
            learned.habit.hours = hours;
            learned.close(&closed(hour));
            let is_young = learned.is_young();
            let due = std::iter::from_fn(|| learned.take_due(is_young, Hour(hour)));
            due.map(|closed| closed.hour.0).collect::<Vec<_>>()
        };
        assert_eq!(due(0, 0), [0]);
        assert!((1..25).all(|hour| due(hour, 48).is_empty()));
        assert_eq!(due(25, 48), [1]);
        assert_eq!(learned.recent.hours().len(), 24);
    }
}
