//! An hour has ended: it is closed for every key, what is old enough is learned, and once
//! a day thresholds move and credentials are looked through.

use super::key::{Key, Learned};
use super::late::ClosedHour;
use super::quiet::{Quiet, metrics_tried};
use super::role::Role;
use super::suspicion::Suspicion;
use super::{Action, Engine, Part};
use crate::baseline::{Amount, PEAK_MIN};
use crate::detect::{Metric, SilentKey};
use crate::model::{Entity, Hour, Millis, Timestamp};
use crate::profile::{Counts, Failure};

/// After a longer gap the hours before are taken as not watched at all.
const GAP_HOURS_MAX: i64 = 15 * 24;
const WINDOW_HOURS: i64 = 6;
const WINDOWS_A_DAY: u8 = 4;
/// After that it is a matter of staleness.
const OPEN_SILENCE_HOURS_MAX: u32 = 7 * 24;
const JUDGED_HOURS: u32 = 168;
const ACTIVE: Millis = Millis::hours(24);

impl Engine {
    /// Closes every hour before `to`.
    pub(super) fn roll_hours(&mut self, to: Hour, actions: &mut Vec<Action>) {
        let Some(mut hour) = self.hour else {
            self.hour = Some(to);
            return;
        };
        if to <= hour {
            return;
        }
        self.close_hour(hour, actions);
        hour = hour.next().max(Hour(to.0 - GAP_HOURS_MAX));
        while hour < to {
            self.close_hour(hour, actions);
            hour = hour.next();
        }
        self.hour = Some(to);
    }

    fn close_hour(&mut self, hour: Hour, actions: &mut Vec<Action>) {
        let mut active = 0;
        let mut quiet = Quiet::default();
        for index in self.keys.put_in_order() {
            active += u32::from(self.close_key((hour, &mut quiet), index, actions));
        }
        quiet.tell(hour.day(), &mut self.roles);
        self.fleet.close(hour, active);
        self.strangers.close();
        self.forms.forget(hour);
        self.causes.forget_before(hour.end());
        let oldest = hour.end().back(ACTIVE);
        self.causes.active = self
            .keys
            .iter()
            .filter(|key| key.last_judged.is_some_and(|last| oldest <= last))
            .count();
        let changes = self.incidents.tick(hour.end());
        self.tell(changes, actions);
        if hour.next().of_day() == 0 {
            self.close_day(hour, actions);
        }
    }

    /// `true` if the key was used in the hour.
    fn close_key(
        &mut self,
        (hour, quiet): (Hour, &mut Quiet),
        index: u32,
        actions: &mut Vec<Action>,
    ) -> bool {
        let Some(key) = self.keys.get(index) else { return false };
        if key.hour.requests == 0 && !key.is_listed && key.is_idle() {
            return false;
        }
        let goes_on = key.is_told_volume(hour, key.hour.requests);
        let is_suspect = goes_on || self.is_suspect(&key.id);
        if goes_on {
            let entity = Entity::Key(key.id.to_string());
            self.incidents.goes_on(&entity, hour.end());
        }
        let Some(key) = self.keys.get_mut(index) else { return false };
        let counts = key.close_hour(hour, is_suspect);
        if key.is_listed && key.learned.is_none() {
            self.begin_to_watch(hour, index);
        }
        let place = self.place_of_role(index);
        let Some(key) = self.keys.get_mut(index) else { return false };
        let role = place.and_then(|place| Some((self.roles.at_mut(place)?, place)));
        let Some((role, place)) = role else { return counts.requests != 0 };
        let Some(learned) = key.learned.as_mut() else { return counts.requests != 0 };
        let expected = (counts.requests == 0)
            .then(|| self.settings.of_weeks(learned.habit.expected(hour, &role.habit)));
        if key.limits.scored.is_empty() {
            quiet.add(place, learned.habit.hours);
        } else {
            for metric in metrics_tried(learned.habit.hours) {
                let scored = key.limits.scored.iter().find(|(known, _)| *known == metric);
                role.observe(metric, hour.day(), scored.map_or(0.0, |(_, score)| *score));
            }
            key.limits.scored.clear();
        }
        learned.drift.add(hour.day(), &counts);
        if is_suspect {
            learned.drift.mark_odd();
        }
        let is_late = self.settings.has(Part::LateLearning);
        let closed = ClosedHour { hour, counts, is_suspect: is_suspect && is_late };
        if !self.settings.has(Part::GrowthLimit) {
            learned.habit.let_grow();
        }
        let is_young = learned.is_young() || !is_late;
        learned.close(&closed);
        while let Some(closed) = learned.take_due(is_young, hour) {
            learned.learn(&closed, role);
        }
        if let Some(expected) = expected {
            learned.silence.hours += 1;
            learned.silence.missing += expected.mean;
            learned.silence.score += SilentKey::hour_score(&expected);
        } else {
            // How long a silence can be without meaning anything is known when it ends.
            role.observe(Metric::Silence, hour.day(), learned.silence.unusual());
            learned.silence.end();
        }
        self.judge_silence(hour, index, actions);
        self.close_window(hour, index);
        counts.requests != 0
    }

    /// The silence of a listed key is watched from the beginning.
    fn begin_to_watch(&mut self, hour: Hour, index: u32) {
        if hour.start() < self.created(self.id_of(index)) {
            return;
        }
        let Some(key) = self.keys.get_mut(index) else { return };
        key.learned = Some(Box::new(Learned::of(hour)));
        let place = self.roles.place_of(&key.role);
        self.roles.at_mut(place).into_iter().for_each(|role| role.keys += 1);
    }

    /// Where the key's role is, if there is one yet.
    fn place_of_role(&self, index: u32) -> Option<u32> {
        let known = self.keys.ruled(index).and_then(|ruled| ruled.role);
        known.or_else(|| self.roles.place(&self.keys.get(index)?.role))
    }

    /// When the inventory says that the key was made.
    fn created(&self, id: &str) -> Timestamp {
        let listed = self.inventory.as_ref().and_then(|inventory| inventory.get(id));
        listed.and_then(|listed| listed.created).unwrap_or_default()
    }

    fn judge_silence(&mut self, hour: Hour, index: u32, actions: &mut Vec<Action>) {
        let Some(key) = self.keys.get(index) else { return };
        let (Some(learned), Some(last_used)) = (key.learned.as_ref(), key.last_judged) else {
            return;
        };
        let silence = learned.silence;
        if silence.is_shown && silence.hours <= OPEN_SILENCE_HOURS_MAX {
            let entity = Entity::Key(key.id.to_string());
            self.incidents.goes_on(&entity, hour.end());
            return;
        }
        let detector = &self.settings.detectors.silent_key;
        let is_long = detector.applies(learned.habit.hours, silence.missing);
        if silence.hours == 0 || silence.is_shown || !is_long || self.is_replaced(key, hour) {
            return;
        }
        // Said in the first days of a silence; after that it is a matter of staleness.
        if 72 < silence.hours {
            return;
        }
        let suspicion = Suspicion {
            key: index,
            metric: Metric::Silence,
            raw: silence.unusual(),
            at: hour.end().plus(self.settings.patience),
            since: last_used,
            because: SilentKey::because(last_used, silence.missing, silence.hours),
            address: None,
            is_tried: false,
        };
        self.suspect(suspicion, actions);
    }

    /// Whether the key is not meant to be used any more: ended, or rotated away.
    fn is_replaced(&self, key: &Key, hour: Hour) -> bool {
        use crate::identity::KeyStatus;
        let Some(listed) = self.inventory.as_ref().and_then(|inventory| inventory.get(&key.id))
        else {
            return false;
        };
        let is_over = listed.expires.is_some_and(|expires| expires <= hour.end());
        listed.successor.is_some()
            || is_over
            || match listed.status_at(hour.end()) {
                KeyStatus::Active | KeyStatus::Unknown => false,
                KeyStatus::Disabled | KeyStatus::Revoked | KeyStatus::Retired => true,
            }
    }

    /// Every six hours the highest combined score of each key is counted; what goes on for longer
    /// is counted once a day.
    fn close_window(&mut self, hour: Hour, index: u32) {
        if hour.next().0.rem_euclid(WINDOW_HOURS) != 0 {
            return;
        }
        let Some(key) = self.keys.get_mut(index) else { return };
        let score = std::mem::take(&mut key.window_score);
        // What is judged from a week on is in the windows of keys that are as old.
        if key.learned.as_ref().is_none_or(|it| it.habit.hours < JUDGED_HOURS) {
            return;
        }
        self.budget.background.look(hour.day());
        let (highest, windows) = key.peak;
        let goes_on = PEAK_MIN <= score;
        key.peak = if goes_on { (highest.max(score), windows + 1) } else { (0.0, 0) };
        let (so_far, windows_now) = key.peak;
        if 0 < windows && !goes_on {
            self.budget.background.peak(hour.day(), highest);
        } else if WINDOWS_A_DAY <= windows_now {
            self.budget.background.peak(hour.day(), so_far);
            key.peak = (0.0, 0);
        }
    }

    fn close_day(&mut self, hour: Hour, actions: &mut Vec<Action>) {
        self.forms.close_day();
        self.guessers.close_day();
        self.close_day_of_keys(hour, actions);
        self.roles.for_each_mut(|_, role| role.refit());
        self.budget.move_theta(self.settings.false_alarms_per_day);
        self.look_for_stale(hour.end(), actions);
    }
}

impl Key {
    /// What it did in the hour.
    fn close_hour(&mut self, hour: Hour, is_suspect: bool) -> Counts {
        let mut counts = std::mem::take(&mut self.hour);
        if let Some((_, requests)) = self.told_volume.as_mut().filter(|(told, _)| *told == hour) {
            *requests = counts.requests.max(*requests);
        }
        counts.objects = self.trail.distinct();
        self.trail.close_hour();
        self.forget_before(hour.end());
        self.close_crowd(hour, is_suspect);
        counts
    }
}

impl Learned {
    fn learn(&mut self, closed: &ClosedHour, role: &mut Role) {
        // Sizes are cut to what they could be by chance, so that even a suspect hour tells only
        // that they vary; without it a new route with large answers is news for ever.
        self.size.learn(Amount::Bytes, &closed.counts, &mut role.size);
        self.tokens.learn(Amount::Tokens, &closed.counts, &mut role.tokens);
        self.cost.learn(Amount::Cost, &closed.counts, &mut role.cost);
        self.objects.learn(Amount::Objects, &closed.counts, &mut role.objects);
        if closed.is_suspect {
            // What was told a week ago at this hour is not told again.
            self.habit.remember(closed.hour, closed.counts.requests);
            return;
        }
        self.habit.learn(closed.hour, closed.counts.requests, &mut role.habit);
        let walked = (closed.counts.neighbours, closed.counts.requests);
        self.enumeration.learn(walked, &mut role.enumeration);
        for failure in Failure::ALL {
            let seen = (closed.counts.of(failure), closed.counts.requests);
            let pair =
                (self.ratios.get_mut(failure as usize), role.ratios.get_mut(failure as usize));
            if let (Some(ratio), Some(role_ratio)) = pair {
                ratio.learn(seen, role_ratio);
            }
        }
    }
}
