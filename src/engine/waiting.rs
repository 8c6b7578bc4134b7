//! Slots that still wait for late lines. At the limit, what lies farthest ahead is refused.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::{Slot, Timestamp};
use crate::profile::SlotUse;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Waiting {
    slots: BTreeMap<Slot, SlotUse>,
    /// Every slot before this one is judged. Never moves back.
    pub(super) open_from: Option<Slot>,
    pub(super) watermark: Option<Timestamp>,
}

const SLOTS_MAX: usize = 65_536;

impl Waiting {
    /// Whether a line of that slot comes too late, or lies where there is no more room.
    pub(super) fn refuses(&self, slot: Slot) -> bool {
        let is_judged = self.open_from.is_some_and(|open_from| slot < open_from);
        let is_full = SLOTS_MAX <= self.slots.len() && !self.slots.contains_key(&slot);
        is_judged || is_full
    }

    pub(super) fn slot(&mut self, slot: Slot) -> &mut SlotUse {
        self.slots.entry(slot).or_default()
    }

    /// From now on the slot is there; with the room of one that was emptied.
    pub(super) fn open(&mut self, slot: Slot, emptied: &mut Vec<SlotUse>) {
        self.slots.entry(slot).or_insert_with(|| emptied.pop().unwrap_or_default());
    }

    /// The earliest slot before `end`.
    pub(super) fn take_before(&mut self, end: Slot) -> Option<(Slot, SlotUse)> {
        let first = self.slots.first_entry()?;
        (*first.key() < end).then(|| first.remove_entry())
    }

    /// All that is left, which nothing will come to judge.
    pub(super) fn take_rest(&mut self) -> u64 {
        let rest = std::mem::take(&mut self.slots);
        let cells = rest.values().flat_map(|slot| &slot.keys);
        cells.map(|(_, counts)| u64::from(counts.requests)).sum()
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// What those keys did counts no more.
    pub(super) fn forget_keys(&mut self, gone: &BTreeSet<u32>) {
        for slot in self.slots.values_mut() {
            slot.forget_keys(gone);
        }
    }

    /// By place, whether waiting slots name the key there.
    pub(super) fn mark_keys(&self) -> Vec<bool> {
        let mut marks = Vec::new();
        let mut mark = |key: u32| {
            let place = key as usize;
            if key != SlotUse::NOBODY && marks.len() <= place {
                marks.resize(place + 1, false);
            }
            if let Some(mark) = marks.get_mut(place) {
                *mark = true;
            }
        };
        for slot in self.slots.values() {
            slot.keys.iter().for_each(|(key, _)| mark(*key));
            slot.touches.iter().for_each(|touch| mark(touch.key));
            slot.sources.iter().flat_map(|source| &source.keys).for_each(|key| mark(*key));
            slot.spots.iter().for_each(|spot| mark(spot.key));
        }
        marks
    }
}
