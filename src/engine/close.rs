//! A slot has waited long enough: what happened in it is added up and judged.

use super::key::{Key, Learned, Limits};
use super::role::Role;
use super::suspicion::Suspicion;
use super::{Action, Engine};
use crate::detect::{Failures, LargeAnswers, Metric, Verdict, VolumeSpike};
use crate::model::{Class, Entity, Finding, Hour, Millis, Slot, Timestamp};
use crate::profile::{Counts, Failure, SourceUse, Visit, hash_of};

/// What stays as bad as it is is told again after this long.
const AGAIN: Millis = Millis::hours(1);
/// A key that is still finding its use is less unusual when it does more.
const YOUNG_HOURS: u32 = 96;
const YOUNG_SHARE: f64 = 0.6;

impl Engine {
    /// Judges slot after slot, up to but not including `end`. Empty ones cost nothing.
    pub(super) fn close_until(&mut self, end: Slot, actions: &mut Vec<Action>) {
        while let Some((slot, mut use_)) = self.waiting.take_before(end) {
            self.raise_ahead(slot.start(), actions);
            self.roll_hours(slot.hour(), actions);
            use_.put_in_order();
            self.close_slot(slot, &use_.keys, actions);
            self.fleet.count(&use_.all);
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
        let passed = self.waiting.open_from.map_or(end, |known| known.max(end));
        self.waiting.open_from = Some(passed);
    }

    fn close_slot(&mut self, slot: Slot, keys: &[(u32, Counts)], actions: &mut Vec<Action>) {
        let changes = self.incidents.tick(slot.start());
        self.tell(changes, actions);
        let since = self.totals.since.map_or(slot.start(), |known| known.min(slot.start()));
        self.totals.since = Some(since);
        let mut suspicions = Vec::new();
        for (index, counts) in keys {
            self.close_cell(slot, (*index, counts), &mut suspicions);
        }
        // By their ids and not by who came first.
        suspicions.sort_by(|a: &Suspicion, b| self.id_of(a.key).cmp(self.id_of(b.key)));
        for suspicion in suspicions {
            self.suspect(suspicion, actions);
        }
    }

    fn id_of(&self, key: u32) -> &str {
        self.keys.get(key).map_or("", |key| &key.id)
    }

    fn close_cell(&mut self, slot: Slot, of: (u32, &Counts), out: &mut Vec<Suspicion>) {
        let (index, counts) = of;
        let at = slot.end().plus(self.settings.patience);
        let Some(key) = self.keys.get_mut(index) else { return };
        if key.accepted == 0 && !key.is_listed {
            self.strangers.count(counts, key.hour.requests == 0);
        }
        key.last_judged = Some(slot.start());
        let accepted_before = key.accepted;
        key.accepted += u64::from(counts.requests.saturating_sub(counts.errors()));
        self.totals.keys_accepted += u32::from(accepted_before == 0 && key.accepted != 0);
        key.hour.add(counts);
        if !key.deserves_profile() {
            return;
        }
        let role = self.roles.entry(key.role.clone()).or_default();
        if key.learned.is_none() {
            key.learned = Some(Box::new(Learned::of(slot.hour())));
            role.keys += 1;
        }
        if key.limits.hour != Some(slot.hour()) {
            key.set_limits(slot.hour(), role, &self.settings.detectors);
        }
        if key.limits.volume <= key.hour.requests {
            out.push(key.volume_suspicion((slot.hour(), at)));
        }
        let size_limit = key.limits.size.saturating_mul(u64::from(key.hour.requests));
        let hours = key.learned.as_ref().map_or(0, |learned| learned.habit.hours);
        let large = &self.settings.detectors.large_answers;
        if size_limit < key.hour.bytes && large.applies(hours, key.hour.requests) {
            out.extend(key.size_suspicion(role, (slot.hour(), at)));
        }
        for failure in Failure::ALL {
            let limit = key.limits.failures.get(failure as usize).copied().unwrap_or(u32::MAX);
            if limit <= key.hour.of(failure) {
                out.extend(key.failure_suspicion(failure, role, (slot.hour(), at)));
            }
        }
    }

    fn judge_source(&mut self, slot: Slot, used: SourceUse, actions: &mut Vec<Action>) {
        let address = used.address.clone();
        if used.unauthorized != 0 {
            let hash = hash_of(&address);
            for &index in &used.keys {
                self.judge_refused_key(slot, (index, hash), actions);
            }
        }
        let source = self.sources.add(slot.start(), used);
        let detectors = &self.settings.detectors;
        let verdicts = [detectors.brute_force.judge(source), detectors.scanning.judge(source)];
        let Some(verdict) =
            verdicts.into_iter().flatten().max_by(|a, b| a.score.total_cmp(&b.score))
        else {
            return;
        };
        let at = slot.end().plus(self.settings.patience);
        let seen = source.refusals();
        let is_news = source.raised.is_none_or(|(told, then)| {
            AGAIN.0 <= at.since(told).0 || then.saturating_mul(4) <= seen
        });
        if !is_news {
            return;
        }
        source.raised = Some((at, seen));
        let samples = source.samples.clone();
        let since = source.since;
        let keys: Vec<u32> = source.keys.clone();
        let mut finding = finding_of(verdict, Entity::Address(address.clone()), (since, at));
        finding.keys = keys.iter().map(|&key| self.id_of(key).to_owned()).collect();
        finding.keys.retain(|id| !id.is_empty());
        finding.keys.sort_unstable();
        finding.address = Some(address);
        self.raise_with(&finding, samples, actions);
    }

    /// One key refused from many addresses.
    fn judge_refused_key(&mut self, slot: Slot, of: (u32, u64), actions: &mut Vec<Action>) {
        let (index, address) = of;
        let Some(key) = self.keys.get_mut(index) else { return };
        let before = key.refused_from.len();
        key.refused(address);
        let now = key.refused_from.len();
        let addresses_min = self.settings.detectors.brute_force.addresses_min;
        // Told when the number is reached, and each time it has doubled.
        if before == now || !(now == addresses_min || addresses_min < now && now.is_power_of_two())
        {
            return;
        }
        let Some(verdict) = self.settings.detectors.brute_force.judge_key(now) else { return };
        let entity = Entity::Key(key.id.clone());
        let times = (slot.hour().start(), slot.end().plus(self.settings.patience));
        let finding = finding_of(verdict, entity, times);
        self.raise(&finding, (Some(index), None), actions);
    }

    fn judge_visit(&mut self, slot: Slot, visit: Visit, actions: &mut Vec<Action>) {
        let route = visit.route.clone();
        self.forms.add(slot, visit);
        if route.is_empty() {
            return;
        }
        let detector = &self.settings.detectors.distributed_automation;
        let Some(crowd) = self.forms.crowd(&route, (slot, detector.requests_few_max)) else {
            return;
        };
        let Some(verdict) = detector.judge(&crowd) else { return };
        // Where there are keys, log-ins without one belong to the day: the first days tell
        // how many.
        if self.totals.keys_accepted != 0 && self.fleet.hours_watched < detector.keyed_hours_min {
            return;
        }
        let at = slot.end().plus(self.settings.patience);
        let Some(form) = self.forms.form(&route) else { return };
        if form.raised.is_some_and(|told| at.since(told).0 < AGAIN.0) {
            return;
        }
        form.raised = Some(at);
        let samples = form.samples.iter().cloned().collect();
        let mut finding = finding_of(verdict, Entity::Route(route), (crowd.since, at));
        finding.address = crowd.examples.first().cloned();
        self.raise_with(&finding, samples, actions);
    }

    fn judge_strangers(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        let at = slot.end().plus(self.settings.patience);
        let hours = self.fleet.hours_watched;
        let Some(new) = self.strangers.news(at) else { return };
        let judged = (new, self.totals.keys_accepted);
        let Some(verdict) = self.settings.detectors.key_flood.judge(judged, hours) else { return };
        self.strangers.tell(at);
        let finding = finding_of(verdict, Entity::Fleet, (slot.hour().start(), at));
        self.raise(&finding, (None, None), actions);
    }
}

impl Key {
    fn set_limits(&mut self, hour: Hour, role: &Role, panel: &crate::detect::Panel) {
        let Some(learned) = self.learned.as_ref() else { return };
        let expected = learned.habit.expected(hour, &role.habit);
        let hours = learned.habit.hours;
        let failures = Failure::ALL.map(|failure| panel.failures.limit(hours, failure));
        let volume = panel.volume_spike.limit(hours, &expected);
        let size = learned.size.limit(&role.size);
        let scored = Vec::new();
        self.limits = Limits { hour: Some(hour), expected, volume, failures, size, scored };
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

fn finding_of(verdict: Verdict, entity: Entity, (since, at): (Timestamp, Timestamp)) -> Finding {
    Finding {
        kind: verdict.kind.to_owned(),
        class: Class::Statistical,
        severity: verdict.severity,
        entity,
        at,
        since,
        because: verdict.because,
        score: verdict.score,
        ..Finding::default()
    }
}
