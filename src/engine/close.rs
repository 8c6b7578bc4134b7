//! A slot has waited long enough: what happened in it is added up and judged.

use super::key::Learned;
use super::suspicion::Suspicion;
use super::{Action, Engine};
use crate::model::Slot;
use crate::profile::{Counts, Object, SlotUse};

/// So many slots' room is kept for those to come: a batch of a busy log has about as many.
const EMPTIED_MAX: usize = 32;

impl Engine {
    /// Judges slot after slot, up to but not including `end`. Empty ones cost nothing.
    pub(super) fn close_until(&mut self, end: Slot, actions: &mut Vec<Action>) {
        while let Some((slot, mut use_)) = self.waiting.take_before(end) {
            self.raise_ahead(slot.start(), actions);
            self.roll_flows(slot, actions);
            self.roll_hours(slot.hour(), actions);
            self.raise_matches(slot.next(), actions);
            use_.put_in_order(&mut self.sorting);
            self.close_slot(slot, &use_, actions);
            self.fleet.count(&use_.all);
            self.judge_spots(slot, &use_, actions);
            for doing in use_.doings.drain(..) {
                self.note_deed(slot, doing);
            }
            for flawed in &use_.flawed {
                self.note_flaws(slot, flawed, actions);
            }
            for touch in use_.touches.drain(..) {
                self.judge_touch(slot, touch, actions);
            }
            // All are noted before one is judged: it may be one of many.
            self.note_sources(slot, &mut use_.sources, actions);
            for used in &use_.sources {
                self.judge_source(slot, &used.address, actions);
            }
            for visit in use_.visits.drain(..) {
                self.judge_visit(slot, visit, actions);
            }
            self.judge_strangers(slot, actions);
            if self.emptied.len() < EMPTIED_MAX {
                self.emptied.extend(use_.emptied());
            }
            self.waiting.open_from = Some(slot.next());
        }
        if self.hour.is_some() {
            self.roll_flows(end, actions);
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
        for (index, address) in &use_.crowds {
            if let Some(key) = self.keys.get_mut(*index) {
                key.crowd.see(*address);
            }
        }
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
        self.release_held(slot.end().plus(self.settings.patience), actions);
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
        let known_role = self.ruled(index).role;
        let Some(key) = self.keys.get_mut(index) else { return };
        if key.accepted == 0 && !key.is_listed {
            self.strangers.count(counts, key.hour.requests == 0);
        }
        key.note_slot(slot.start());
        key.arrivals.count(counts.requests);
        let accepted_before = key.accepted;
        key.accepted += u64::from(counts.requests.saturating_sub(counts.errors()));
        self.totals.keys_accepted += u32::from(accepted_before == 0 && key.accepted != 0);
        key.hour.add(counts);
        key.trail.walk(objects);
        key.hour.neighbours = key.trail.steps();
        if !key.deserves_profile() {
            return;
        }
        let place = known_role.unwrap_or_else(|| self.roles.place_of(&key.role));
        let Some(role) = self.roles.at_mut(place) else { return };
        role.flow.add(counts);
        if key.learned.is_none() {
            key.learned = Some(Box::new(Learned::of(slot.hour())));
            role.keys += 1;
        }
        if key.limits.hour != Some(slot.hour()) {
            key.set_limits(slot.hour(), role, &self.settings);
        }
        out.extend(key.judge_hour(role, &self.settings.detectors, (slot.hour(), at)));
        if known_role.is_none() {
            self.keys.forget_ruled(index);
        }
    }
}
