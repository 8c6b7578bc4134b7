//! A batch of events, added to the slots that wait. One pass over the rows; what a value
//! means to the engine is found out once for each distinct value.

use std::sync::Arc;

use super::novelty::Standing;
use super::routine::{Routine, Way};
use super::values::{NOBODY, Seen, Values};
use super::waiting::Waiting;
use super::{Action, Engine};
use crate::model::{EventBatch, EventKind, Slot, Timestamp};
use crate::profile::{Counts, Facet, Object, Sample, SlotUse, Touch, Visit, hash_of};

/// Room that is used again for each batch. Nothing in it outlives one.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    cells: Vec<(Slot, u32, Counts)>,
    /// What was asked for by number.
    asked: Vec<(Slot, u32, Object)>,
    /// Keys, each with the hash of an address that it was used from.
    crowds: Vec<(Slot, u32, u64)>,
    /// The slot of the last row, and whether it takes rows.
    open: (Slot, bool),
    /// By number: where the key's cell of the slot at hand lies.
    last_cell: Vec<(Slot, u32)>,
    /// By number: where the address's refusals of the slot at hand lie.
    last_source: Vec<(Slot, usize)>,
    values: Values,
    allowed: super::allowed::Allowed,
    routine: Routine,
    flawed: super::hygiene::Sightings,
}

const NO_SLOT: Slot = Slot(i64::MIN);

impl Engine {
    pub(super) fn take_in(&mut self, batch: &Arc<EventBatch>, actions: &mut Vec<Action>) {
        self.make_room();
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.begin(batch);
        for row in 0..batch.len() {
            self.take_row(batch, row, (&mut scratch, actions));
        }
        self.keep_use(&scratch);
        self.keep_flaws(batch, &mut scratch.flawed);
        for seen in scratch.values.seen() {
            self.note_use(seen);
        }
        self.scratch = scratch;
    }

    /// Puts what was counted into its slots. Rows of one slot mostly come one after the other.
    fn keep_use(&mut self, scratch: &Scratch) {
        for cells in scratch.cells.chunk_by(|(a, ..), (b, ..)| a == b) {
            let Some((slot, ..)) = cells.first() else { continue };
            let keys = cells.iter().map(|(_, key, counts)| (*key, *counts));
            self.waiting.slot(*slot).keys.extend(keys);
        }
        for asked in scratch.asked.chunk_by(|(a, ..), (b, ..)| a == b) {
            let Some((slot, ..)) = asked.first() else { continue };
            let slot = self.waiting.slot(*slot);
            slot.objects.reserve(asked.len());
            for (_, key, object) in asked {
                slot.ask_for(*key, *object);
            }
        }
        for crowd in scratch.crowds.chunk_by(|(a, ..), (b, ..)| a == b) {
            let Some((slot, ..)) = crowd.first() else { continue };
            let slot = self.waiting.slot(*slot);
            slot.crowds.reserve(crowd.len());
            for (_, key, address) in crowd {
                slot.crowd(*key, *address);
            }
        }
    }

    fn take_row(&mut self, batch: &EventBatch, row: usize, out: (&mut Scratch, &mut Vec<Action>)) {
        let (scratch, actions) = out;
        let at = Timestamp(batch.time.get(row).copied().unwrap_or_default());
        self.totals.events += 1;
        let number = batch.key.number(row);
        let key = if number == 0 {
            NOBODY
        } else {
            let seen = scratch.values.key(number).copied();
            seen.map_or_else(|| self.meet(batch, row, &mut scratch.values), |seen| seen.index)
        };
        if !self.sigma.is_empty() {
            self.match_rules(batch, row);
        }
        let kind = batch.kind.get(row).copied().unwrap_or_default();
        if batch.object.number(row) != 0 && kind != EventKind::Delivery {
            self.hear_audit(batch, row);
        }
        if kind != EventKind::Request {
            return self.take_other(batch, row, actions);
        }
        let status = batch.status.get(row).copied().unwrap_or_default();
        let bytes = batch.bytes.get(row).copied().unwrap_or_default();
        let is_marked = scratch.values.count(number, (at, status));
        let (slot, way) = (at.slot(), Way::of(batch, row));
        let is_routine = scratch.routine.has(way, slot.hour());
        let is_within_rules = !is_marked
            || self.look_closer(batch, (row, key, is_routine), (&mut scratch.allowed, actions));
        if !scratch.takes(slot, (&mut self.waiting, &mut self.emptied)) {
            self.totals.late += 1;
            self.learn_late(key, (at, status, bytes));
            actions.push(Action::SetAside { row: u32::try_from(row).unwrap_or(u32::MAX) });
            return;
        }
        let cell = scratch.cell(slot, (number, key));
        cell.count(status, bytes);
        let (tokens, cost) = spent(batch, row);
        if tokens != 0 || cost != 0 {
            cell.spend(tokens, cost);
        }
        if is_marked {
            self.note_address(batch, (row, slot), key);
        }
        self.see_flaws(batch, (row, slot), (key, &mut scratch.flawed));
        if key == NOBODY {
            self.visit(batch, row, slot);
        } else {
            if !is_routine && self.learn_way(batch, (row, slot), (key, scratch)) && is_within_rules
            {
                scratch.routine.note(way, slot.hour());
            }
            self.see_spot(batch, (row, slot), (key, &mut scratch.values));
            if let Some(object) = scratch.values.object(batch, row) {
                scratch.asked.push((slot, key, object));
            }
        }
        if matches!(status, 401 | 403 | 404) {
            self.refuse(batch, (row, slot), (key, &mut scratch.last_source));
        }
    }

    /// How the key asks, and from where. `true` if doing so again within the hour says nothing.
    fn learn_way(
        &mut self,
        batch: &EventBatch,
        at: (usize, Slot),
        (key, scratch): (u32, &mut Scratch),
    ) -> bool {
        let Scratch { values, crowds, .. } = scratch;
        let is_settled = self.touch(batch, at, (key, values));
        if let Some(address) = values.new_address(batch, at, key) {
            crowds.push((at.1, key, address));
        }
        if values.key(batch.key.number(at.0)).is_some_and(|seen| seen.is_listed) {
            self.see_deeds(batch, at, (key, values));
        }
        is_settled
    }

    /// What this key uses here that it is not known to use. `true` if there is nothing of the kind,
    /// nor will be on this day.
    fn touch(&mut self, batch: &EventBatch, at: (usize, Slot), to: (u32, &mut Values)) -> bool {
        let (row, slot) = at;
        let (key, values) = to;
        let (day, mut is_settled) = (slot.start().day(), true);
        let used =
            [values.network(batch, row), batch.route.number(row), batch.user_agent.number(row)];
        if values.is_calm((key, used), day) {
            return true;
        }
        for (facet, number) in [Facet::Network, Facet::Route, Facet::Client].into_iter().zip(used) {
            if number == 0 || values.is_settled((key, facet, number), day) {
                continue;
            }
            let value = values.value(batch, (facet, number), row);
            let standing = self.standing(key, (facet, value), slot);
            if standing == Standing::Settled {
                values.settle((key, facet, number), day);
                continue;
            }
            is_settled = false;
            let (name, address) = if standing == Standing::Stranger {
                let name = values.named(batch, (facet, number), row);
                (name, batch.source_ip.get(row).to_owned())
            } else {
                (String::new(), String::new())
            };
            let mut touch = Touch { key, facet, value, name, address, requests: 1 };
            let touches = &mut self.waiting.slot(slot).touches;
            let known = values.touched((key, facet, number), slot);
            if let Some(known) = known.and_then(|at| touches.get_mut(at)) {
                known.add(&mut touch);
            } else {
                values.note_touch((key, facet, number), slot, touches.len());
                touches.push(touch);
            }
        }
        if is_settled {
            values.calm((key, used), day);
        }
        is_settled
    }

    fn visit(&mut self, batch: &EventBatch, row: usize, slot: Slot) {
        let address = batch.source_ip.get(row);
        if address.is_empty() {
            return;
        }
        let method = batch.method.get(row);
        let changes_state = matches!(method, "POST" | "PUT" | "PATCH" | "DELETE");
        let path = if batch.route.number(row) == 0 { &batch.path } else { &batch.route };
        let route =
            if changes_state { format!("{method} {}", path.get(row)) } else { String::new() };
        let visits = &mut self.waiting.slot(slot).visits;
        match visits.last_mut() {
            Some(last) if last.address == address && is_alike(&last.route, &route) => {
                last.requests += 1;
            }
            Some(_) | None => {
                let sample = changes_state.then(|| Sample::of(&batch.event(row)));
                visits.push(Visit { route, address: address.to_owned(), requests: 1, sample });
            }
        }
    }

    /// Addresses take turns: each has its refusals of a slot together, not line by line.
    fn refuse(
        &mut self,
        batch: &EventBatch,
        (row, slot): (usize, Slot),
        (key, places): (u32, &mut [(Slot, usize)]),
    ) {
        let address = batch.source_ip.get(row);
        if address.is_empty() {
            return;
        }
        let path = if batch.route.number(row) == 0 { &batch.path } else { &batch.route };
        let at = Timestamp(batch.time.get(row).copied().unwrap_or_default());
        let status = batch.status.get(row).copied().unwrap_or_default();
        let slot_use = self.waiting.slot(slot);
        let Some(known) = places.get_mut(batch.source_ip.number(row) as usize) else { return };
        if known.0 != slot {
            *known = (slot, slot_use.meet_refused(address));
        }
        let Some(source) = slot_use.sources.get_mut(known.1) else { return };
        source.refuse(status, (key, hash_of(path.get(row))));
        if source.has_room_for_sample(at) {
            source.add_sample(Sample::of_row(batch, row));
        }
    }

    /// What the batch said about one key as a whole.
    fn note_use(&mut self, seen: &Seen) {
        let Some(key) = self.keys.get_mut(seen.index) else { return };
        key.requests += u64::from(seen.requests);
        key.errors += u64::from(seen.errors);
        key.first_used = Some(key.first_used.map_or(seen.first, |known| known.min(seen.first)));
        key.last_used = Some(key.last_used.map_or(seen.last, |known| known.max(seen.last)));
    }

    /// A late line adds to what is learned, but nothing is judged by it.
    fn learn_late(&mut self, key: u32, (at, status, bytes): (Timestamp, u16, u64)) {
        let open = self.hour;
        let Some(key) = self.keys.get_mut(key) else { return };
        if open == Some(at.hour()) {
            key.hour.count(status, bytes);
            return;
        }
        let Some(learned) = key.learned.as_mut() else { return };
        learned.late.change_since(at.hour(), |closed| {
            if closed.hour == at.hour() {
                closed.counts.count(status, bytes);
            }
        });
    }

    fn make_room(&mut self) {
        let unlisted_max = self.settings.unknown_keys_max;
        if self.keys.unlisted() <= unlisted_max {
            return;
        }
        let in_use = self.waiting.mark_keys();
        self.totals.keys_forgotten += self.keys.make_room(unlisted_max, &in_use);
    }
}

/// Tokens in and out, and what they cost.
fn spent(batch: &EventBatch, row: usize) -> (u64, u64) {
    let of = |column: &[u64]| column.get(row).copied().unwrap_or_default();
    (of(&batch.input_tokens).saturating_add(of(&batch.output_tokens)), of(&batch.cost_micros))
}

/// As `==`, without a call where both are empty, as they mostly are.
fn is_alike(one: &str, other: &str) -> bool {
    one.len() == other.len() && (one.is_empty() || one == other)
}

impl Scratch {
    fn begin(&mut self, batch: &EventBatch) {
        self.cells.clear();
        self.asked.clear();
        self.crowds.clear();
        self.open = (NO_SLOT, false);
        self.last_cell.clear();
        self.last_cell.resize(batch.key.dictionary.len(), (NO_SLOT, 0));
        self.last_source.clear();
        self.last_source.resize(batch.source_ip.dictionary.len(), (NO_SLOT, 0));
        self.values.begin(batch);
        self.allowed.begin();
        self.routine.begin();
    }

    /// Whether rows of the slot are still taken. It does not change within a batch.
    fn takes(&mut self, slot: Slot, (waiting, emptied): (&mut Waiting, &mut Vec<SlotUse>)) -> bool {
        if self.open.0 != slot {
            self.open = (slot, !waiting.refuses(slot));
            if self.open.1 {
                waiting.open(slot, emptied);
            }
        }
        self.open.1
    }

    /// The counts of a key in a slot, new where the last row of the key was of another.
    fn cell(&mut self, slot: Slot, (number, key): (u32, u32)) -> &mut Counts {
        let fresh = u32::try_from(self.cells.len()).unwrap_or(u32::MAX);
        let place = match self.last_cell.get_mut(number as usize) {
            Some((last, place)) if *last == slot => *place,
            Some(last) => {
                *last = (slot, fresh);
                fresh
            }
            None => fresh,
        };
        if place == fresh {
            self.cells.push((slot, key, Counts::default()));
        }
        #[expect(
            clippy::indexing_slicing,
            reason = "cells are only added, and place is one of them"
        )]
        &mut self.cells[place as usize].2
    }
}
