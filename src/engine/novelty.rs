//! What a key uses for the first time, and what it does with it while it is new.

use super::suspicion::Suspicion;
use super::{Action, Engine};
use crate::detect::{Metric, Newcomer, Novelty};
use crate::model::{Hour, Millis, Slot, Timestamp};
use crate::profile::{Entry, Facet, Touch};

/// A value is a newcomer for a day.
const NEWCOMER_HOURS: i64 = 24;
/// What nobody used before is a release, and stays one for so long.
const NEW_ON_OFFER_HOURS: i64 = 7 * 24;
const GOOD_TURING_HOURS: i64 = 14 * 24;

/// How well a key knows a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not at all, or since less than a day.
    Stranger,
    /// Not at all, as the key itself is too young for anything to come late in its life.
    Beginner,
    Known,
    /// Known and noted for this day: one more use says nothing.
    Settled,
}

impl Engine {
    pub(super) fn standing(&self, key: u32, of: (Facet, u64), slot: Slot) -> Standing {
        let (facet, value) = of;
        let learned = self.keys.get(key).and_then(|key| key.learned.as_ref());
        let Some(learned) = learned else { return self.standing_of_unlearned(slot) };
        let Some(entry) = learned.known(facet).and_then(|known| known.get(value)) else {
            return Standing::Stranger;
        };
        if self.is_newcomer(entry, learned.since.start(), slot) {
            return Standing::Stranger;
        }
        let is_settled = slot.start().day() <= entry.last;
        if is_settled { Standing::Settled } else { Standing::Known }
    }

    /// Its life begins in the open hour at the earliest.
    fn standing_of_unlearned(&self, slot: Slot) -> Standing {
        let age = Millis::days(self.settings.detectors.newcomer.age_days_min);
        let is_young = self.hour.is_some_and(|open| slot.start() < open.start().plus(age));
        if is_young { Standing::Beginner } else { Standing::Stranger }
    }

    /// Adds a slot's uses of what is new, and says what is suspicious about them.
    pub(super) fn judge_touch(&mut self, slot: Slot, touch: Touch, actions: &mut Vec<Action>) {
        let hour = slot.hour();
        let Some(key) = self.keys.get_mut(touch.key) else { return };
        let Some(learned) = key.learned.as_mut() else { return };
        let since = learned.since;
        let Some(known) = learned.known_mut(touch.facet) else { return };
        let is_new = known.touch(touch.facet, (touch.value, hour, touch.requests));
        let newer = known.newer_than(Hour(hour.0 - GOOD_TURING_HOURS).max(since));
        let newest = known.newer_than(Hour(hour.0 - NEWCOMER_HOURS).max(since));
        let Some(entry) = known.get(touch.value).copied() else { return };
        let Some(role) = self.roles.get_mut(&key.role) else { return };
        if is_new {
            role.add_user(touch.facet, touch.value, hour);
        }
        let peers_using =
            role.users(touch.facet, touch.value).map_or(0, |users| users.keys.saturating_sub(1));
        let peers = role.keys.saturating_sub(1);
        if !self.is_newcomer(&entry, since.start(), slot) {
            return;
        }
        let level = self.level_of(touch.key);
        let arrived = self.keys.get_mut(touch.key).filter(|_| touch.facet == Facet::Network);
        let beside = arrived.map_or(0, |key| key.arrivals.arrive(touch.value, touch.requests));
        let users = self.roles.values().filter_map(|role| role.users(touch.facet, touch.value));
        let (mut oldest, mut spread) = (hour, 0);
        for users in users {
            oldest = oldest.min(users.first);
            let began =
                users.latest.iter().filter(|began| hour.since(**began) < NEW_ON_OFFER_HOURS);
            spread += u32::try_from(began.count()).unwrap_or_default();
        }
        let is_new_to_all = hour.since(oldest) < NEW_ON_OFFER_HOURS;
        let hours = hour.since(since).clamp(0, GOOD_TURING_HOURS);
        let novelty = Novelty {
            hours: u32::try_from(hours).unwrap_or_default(),
            new_values: u32::try_from(newer.saturating_sub(newest)).unwrap_or_default(),
            burst: u32::try_from(newest.saturating_sub(1)).unwrap_or_default(),
            is_new_to_all: touch.facet == Facet::Route && is_new_to_all,
            // Itself is one of them.
            spread: if touch.facet == Facet::Route { spread.saturating_sub(1) } else { 0 },
            beside,
            usual_hour: if touch.facet == Facet::Route { level } else { 0.0 },
            peers,
            peers_using,
            requests: entry.requests,
        };
        if Newcomer::is_common(touch.facet, &novelty) {
            return;
        }
        self.suspect_newcomer(slot, (touch, entry), (novelty, actions));
    }

    /// Requests in the key's average hour.
    fn level_of(&self, key: u32) -> f64 {
        let key = self.keys.get(key);
        let role = key.and_then(|key| self.roles.get(&key.role));
        let learned = key.and_then(|key| key.learned.as_ref());
        learned.zip(role).map_or(0.0, |(learned, role)| learned.habit.level(&role.habit))
    }

    fn suspect_newcomer(
        &mut self,
        slot: Slot,
        what: (Touch, Entry),
        why: (Novelty, &mut Vec<Action>),
    ) {
        let (touch, entry) = what;
        let (novelty, actions) = why;
        let metric = Metric::New(touch.facet);
        let suspicion = Suspicion {
            key: touch.key,
            metric,
            raw: Newcomer::score(&novelty),
            at: slot.end().plus(self.settings.patience),
            since: entry.first.start().max(slot.start().back(Millis::hours(NEWCOMER_HOURS))),
            because: Newcomer::because(touch.facet, &touch.name, &novelty),
            address: Some(touch.address).filter(|address| !address.is_empty()),
            is_tried: false,
        };
        self.suspect(suspicion, actions);
    }

    /// Whether the value came late in the key's life, and not long ago.
    fn is_newcomer(&self, entry: &Entry, since: Timestamp, slot: Slot) -> bool {
        let age_days_min = self.settings.detectors.newcomer.age_days_min;
        let grown_up = since.plus(Millis::days(age_days_min));
        grown_up <= entry.first.start() && slot.hour().since(entry.first) < NEWCOMER_HOURS
    }
}
