//! A slot has waited long enough: what happened in it is added up and judged.

use super::key::{Key, Learned, Limits};
use super::role::{Role, role_of};
use super::suspicion::Suspicion;
use super::{Action, Engine};
use crate::detect::{Failures, LargeAnswers, Metric, ObjectEnumeration, Panel, VolumeSpike};
use crate::model::{Hour, Slot, Timestamp};
use crate::profile::{Counts, Failure, Object, SlotUse};

/// A key that is still finding its use is less unusual when it does more.
const YOUNG_HOURS: u32 = 96;
const YOUNG_SHARE: f64 = 0.6;

impl Engine {
    /// Judges slot after slot, up to but not including `end`. Empty ones cost nothing.
    pub(super) fn close_until(&mut self, end: Slot, actions: &mut Vec<Action>) {
        while let Some((slot, mut use_)) = self.waiting.take_before(end) {
            self.raise_ahead(slot.start(), actions);
            self.roll_hours(slot.hour(), actions);
            self.raise_matches(slot.next(), actions);
            use_.put_in_order();
            self.close_slot(slot, &use_, actions);
            self.fleet.count(&use_.all);
            self.judge_spots(slot, &use_, actions);
            for doing in use_.doings {
                self.note_deed(slot, doing);
            }
            for flawed in &use_.flawed {
                self.note_flaws(slot, flawed, actions);
            }
            for touch in use_.touches {
                self.judge_touch(slot, touch, actions);
            }
            for source in use_.sources {
                self.judge_source(slot, source, actions);
            }
            for visit in use_.visits {
                self.judge_visit(slot, visit, actions);
            }
            self.judge_strangers(slot, actions);
            self.waiting.open_from = Some(slot.next());
        }
        if self.hour.is_some() {
            self.roll_hours(end.hour(), actions);
        }
        self.raise_matches(end, actions);
        let passed = self.waiting.open_from.map_or(end, |known| known.max(end));
        self.waiting.open_from = Some(passed);
    }

    fn close_slot(&mut self, slot: Slot, use_: &SlotUse, actions: &mut Vec<Action>) {
        let changes = self.incidents.tick(slot.start());
        self.tell(changes, actions);
        let since = self.totals.since.map_or(slot.start(), |known| known.min(slot.start()));
        self.totals.since = Some(since);
        let mut suspicions = Vec::new();
        let mut objects = use_.objects_by_key();
        for (index, counts) in &use_.keys {
            self.close_cell(slot, (*index, counts, objects.of(*index)), &mut suspicions);
        }
        if self.settings.rules.has_quotas() {
            self.judge_quotas(slot, use_, actions);
        }
        // By their ids and not by who came first.
        suspicions.sort_by(|a: &Suspicion, b| self.id_of(a.key).cmp(self.id_of(b.key)));
        for suspicion in suspicions {
            self.suspect(suspicion, actions);
        }
    }

    pub(super) fn id_of(&self, key: u32) -> &str {
        self.keys.get(key).map_or("", |key| &key.id)
    }

    fn close_cell(
        &mut self,
        slot: Slot,
        of: (u32, &Counts, &[(u32, Object)]),
        out: &mut Vec<Suspicion>,
    ) {
        let (index, counts, objects) = of;
        let at = slot.end().plus(self.settings.patience);
        let Some(key) = self.keys.get_mut(index) else { return };
        if key.accepted == 0 && !key.is_listed {
            self.strangers.count(counts, key.hour.requests == 0);
        }
        key.note_slot(slot.start());
        let accepted_before = key.accepted;
        key.accepted += u64::from(counts.requests.saturating_sub(counts.errors()));
        self.totals.keys_accepted += u32::from(accepted_before == 0 && key.accepted != 0);
        key.hour.add(counts);
        key.trail.walk(objects);
        key.hour.neighbours = key.trail.steps();
        if !key.deserves_profile() {
            return;
        }
        let Some(role) = role_of(&mut self.roles, &key.role) else { return };
        if key.learned.is_none() {
            key.learned = Some(Box::new(Learned::of(slot.hour())));
            role.keys += 1;
        }
        if key.limits.hour != Some(slot.hour()) {
            key.set_limits(slot.hour(), role, &self.settings.detectors);
        }
        out.extend(key.judge_hour(role, &self.settings.detectors, (slot.hour(), at)));
    }
}

impl Key {
    /// Compares the open hour with its limits; what crosses one is scored.
    fn judge_hour(&mut self, role: &Role, panel: &Panel, of: (Hour, Timestamp)) -> Vec<Suspicion> {
        let mut out = Vec::new();
        let (requests, hours) =
            (self.hour.requests, self.learned.as_ref().map_or(0, |it| it.habit.hours));
        if self.limits.volume <= requests {
            out.push(self.volume_suspicion(of));
        }
        let size_limit = self.limits.size.saturating_mul(u64::from(requests));
        if size_limit < self.hour.bytes && panel.large_answers.applies(hours, requests) {
            out.extend(self.size_suspicion(role, of));
        }
        if self.limits.neighbours <= self.hour.neighbours {
            out.extend(self.enumeration_suspicion(role, of));
        }
        for failure in Failure::ALL {
            let limit = self.limits.failures.get(failure as usize).copied().unwrap_or(u32::MAX);
            if limit <= self.hour.of(failure) {
                out.extend(self.failure_suspicion(failure, role, of));
            }
        }
        out
    }

    fn set_limits(&mut self, hour: Hour, role: &Role, panel: &Panel) {
        let Some(learned) = self.learned.as_ref() else { return };
        let expected = learned.habit.expected(hour, &role.habit);
        let hours = learned.habit.hours;
        let failures = Failure::ALL.map(|failure| panel.failures.limit(hours, failure));
        let volume = panel.volume_spike.limit(hours, &expected);
        self.limits = Limits {
            hour: Some(hour),
            expected,
            volume,
            failures,
            size: learned.size.limit(&role.size),
            neighbours: panel.object_enumeration.limit(hours),
            scored: Vec::new(),
        };
    }

    /// The limit moves on, so that one hour is scored a few times and not in each slot.
    fn volume_suspicion(&mut self, (hour, at): (Hour, Timestamp)) -> Suspicion {
        let seen = self.hour.requests;
        let expected = self.limits.expected;
        self.limits.volume = seen.saturating_add(seen / 8 + 1);
        let habit = self.learned.as_ref().map(|learned| &learned.habit);
        let (most, hours) = habit.map_or((0, 0), |habit| (habit.most, habit.hours));
        let young = if hours < YOUNG_HOURS { YOUNG_SHARE } else { 1.0 };
        Suspicion {
            key: self.index,
            metric: Metric::Volume,
            raw: young * VolumeSpike::score((seen, most), &expected),
            at,
            since: hour.start(),
            because: VolumeSpike::because(seen, most, (hour, &expected)),
            address: None,
        }
    }

    fn size_suspicion(&mut self, role: &Role, of: (Hour, Timestamp)) -> Option<Suspicion> {
        let (hour, at) = of;
        let size = self.learned.as_ref()?.size;
        let seen = self.hour.bytes / u64::from(self.hour.requests.max(1));
        self.limits.size = seen.saturating_add(seen / 8 + 1);
        Some(Suspicion {
            key: self.index,
            metric: Metric::Size,
            raw: size.score(&self.hour, &role.size),
            at,
            since: hour.start(),
            because: LargeAnswers::because(&self.hour, hour, size.usual(&role.size)),
            address: None,
        })
    }

    fn enumeration_suspicion(&mut self, role: &Role, of: (Hour, Timestamp)) -> Option<Suspicion> {
        let (hour, at) = of;
        let seen = (self.hour.neighbours, self.hour.requests);
        self.limits.neighbours = seen.0.saturating_add(seen.0 / 5 + 1);
        let ratio = self.learned.as_ref()?.enumeration;
        let raw = ratio.score(seen, &role.enumeration);
        let usual = ratio.share(&role.enumeration);
        (1.0 < raw).then(|| Suspicion {
            key: self.index,
            metric: Metric::Enumeration,
            raw,
            at,
            since: hour.start(),
            because: ObjectEnumeration::because(seen, (hour, usual)),
            address: None,
        })
    }

    fn failure_suspicion(
        &mut self,
        failure: Failure,
        role: &Role,
        (hour, at): (Hour, Timestamp),
    ) -> Option<Suspicion> {
        let seen = (self.hour.of(failure), self.hour.requests);
        if let Some(limit) = self.limits.failures.get_mut(failure as usize) {
            *limit = seen.0.saturating_add(seen.0 / 5 + 1);
        }
        let ratio = self.learned.as_ref()?.ratio(failure);
        let role_ratio = role.ratio(failure);
        let raw = ratio.score(seen, &role_ratio);
        (1.0 < raw).then(|| Suspicion {
            key: self.index,
            metric: Metric::Failure(failure),
            raw,
            at,
            since: hour.start(),
            because: Failures::because(failure, seen, (hour, ratio.share(&role_ratio))),
            address: None,
        })
    }
}
