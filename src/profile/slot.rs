//! What happened in one slot of ten seconds, still waiting to be judged. Whatever order
//! the lines came in, a slot that is put in order says the same.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::refused::Spare;
use super::{Counts, Deed, Facet, Object, Sample, Sorting, SourceUse};
use crate::model::Spot;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SlotUse {
    /// By the key's place in the engine, and [`SlotUse::NOBODY`] for requests without one.
    /// A key may stand here more than once until the slot is put in order.
    pub keys: Vec<(u32, Counts)>,
    pub touches: Vec<Touch>,
    pub sources: Vec<SourceUse>,
    pub visits: Vec<Visit>,
    /// What listed keys did, as far as it was not noted yet.
    pub doings: Vec<Doing>,
    pub flawed: Vec<FlawedUse>,
    /// Where on the globe keys were used.
    pub spots: Vec<SpotUse>,
    /// Objects by number, with the key that asked for them.
    pub objects: Vec<(u32, Object)>,
    /// Keys, each with the hash of an address that it was used from; in any order.
    pub crowds: Vec<(u32, u64)>,
    /// From where keys were used that may come from so many addresses only, as hashes.
    pub addresses: Vec<(u32, u64)>,
    /// Of everyone, with and without keys; known once the slot is in order.
    pub all: Counts,
    #[serde(skip)]
    spare: Spare,
}

impl SlotUse {
    /// What those keys did counts no more.
    pub fn forget_keys(&mut self, gone: &BTreeSet<u32>) {
        let stays = |key: &u32| !gone.contains(key);
        self.keys.retain(|(key, _)| stays(key));
        self.touches.retain(|touch| stays(&touch.key));
        self.doings.retain(|doing| stays(&doing.key));
        self.flawed.retain(|flawed| stays(&flawed.key));
        self.spots.retain(|spot| stays(&spot.key));
        self.objects.retain(|(key, _)| stays(key));
        self.crowds.retain(|(key, _)| stays(key));
        self.addresses.retain(|(key, _)| stays(key));
        for source in &mut self.sources {
            source.keys.retain(stays);
        }
    }
}

/// Of each list, in entries.
const ROOM_KEPT_MAX: usize = 1024;

/// Requests with the same flaws.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FlawedUse {
    /// [`SlotUse::NOBODY`] without a key.
    pub key: u32,
    pub route: String,
    pub flaws: u32,
    /// Of a signed URL: its signature and who used it, as hashes.
    pub signature: u64,
    pub place: u64,
    pub requests: u32,
}

/// A key was used there.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SpotUse {
    pub key: u32,
    pub spot: Spot,
    pub city: String,
    pub address: String,
}

/// What a key did.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Doing {
    pub key: u32,
    pub deed: Deed,
}

/// A key used something that it is not yet known to use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Touch {
    pub key: u32,
    pub facet: Facet,
    pub value: u64,
    /// For people; empty where the value is in the key's table already.
    pub name: String,
    pub address: String,
    pub requests: u32,
}

/// A visit of an address that showed no key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Visit {
    /// Empty for anything that changes no state.
    pub route: String,
    pub address: String,
    pub requests: u32,
    pub sample: Option<Sample>,
}

/// The objects of a slot in order, to be asked for by ascending keys.
#[derive(Clone, Copy, Debug)]
pub struct ObjectsByKey<'u> {
    rest: &'u [(u32, Object)],
}

impl<'u> ObjectsByKey<'u> {
    pub fn of(&mut self, key: u32) -> &'u [(u32, Object)] {
        let before = self.rest.iter().take_while(|(of, _)| *of < key).count();
        let (_, rest) = self.rest.split_at_checked(before).unwrap_or_default();
        let own = rest.iter().take_while(|(of, _)| *of == key).count();
        let (own, rest) = rest.split_at_checked(own).unwrap_or_default();
        self.rest = rest;
        own
    }
}

impl SlotUse {
    pub const NOBODY: u32 = u32::MAX;
    /// Of more objects in one slot the later ones are not looked at.
    pub const OBJECTS_MAX: usize = 1 << 16;

    /// Of more addresses in one slot some are not counted.
    pub const ADDRESSES_MAX: usize = 1 << 16;

    /// The key was used from there, and may come from so many addresses only.
    pub fn come_from(&mut self, key: u32, address: u64) {
        note_address(&mut self.addresses, (key, address));
    }

    /// The key was used from there.
    pub fn crowd(&mut self, key: u32, address: u64) {
        note_address(&mut self.crowds, (key, address));
    }

    pub fn ask_for(&mut self, key: u32, object: Object) {
        if self.objects.len() < Self::OBJECTS_MAX {
            self.objects.push((key, object));
        }
    }

    /// A slot with nothing in it but the room of this one, if that is not worth more than it costs.
    pub fn emptied(mut self) -> Option<Self> {
        let keys = self.keys.capacity().max(self.touches.capacity()).max(self.doings.capacity());
        if ROOM_KEPT_MAX < keys.max(self.objects.capacity()).max(self.crowds.capacity()) {
            return None;
        }
        self.keys.clear();
        self.touches.clear();
        self.doings.clear();
        self.objects.clear();
        self.crowds.clear();
        let Self { keys, touches, doings, objects, crowds, sources, .. } = self;
        let spare = Spare::of(sources);
        Some(Self { keys, touches, doings, objects, crowds, spare, ..Self::default() })
    }

    /// The address was refused something for the first time in this slot; where that is noted.
    pub fn meet_refused(&mut self, address: &str) -> usize {
        self.sources.push(self.spare.refused(address));
        self.sources.len() - 1
    }

    /// Sorts and adds up what belongs together.
    pub fn put_in_order(&mut self, sorting: &mut Sorting) {
        sorting.of_keys(&mut self.keys);
        self.keys.dedup_by(|later, first| {
            let same = later.0 == first.0;
            if same {
                first.1.add(&later.1);
            }
            same
        });
        self.all = Counts::default();
        self.keys.iter().for_each(|(_, counts)| self.all.add(counts));
        self.keys.pop_if(|(key, _)| *key == Self::NOBODY);
        self.touches.sort_unstable();
        self.touches.dedup_by(|later, first| {
            let same =
                (later.key, later.facet, later.value) == (first.key, first.facet, first.value);
            if same {
                first.add(later);
            }
            same
        });
        self.doings.sort_unstable();
        self.doings.dedup();
        self.spots.sort_unstable();
        self.spots.dedup_by(|later, first| (later.key, later.spot) == (first.key, first.spot));
        self.flawed.sort_unstable();
        self.flawed.dedup_by(|later, first| {
            let same = FlawedUse { requests: 0, ..later.clone() }
                == FlawedUse { requests: 0, ..first.clone() };
            if same {
                first.requests = first.requests.saturating_add(later.requests);
            }
            same
        });
        sorting.of_objects(&mut self.objects);
        self.objects.dedup();
        // A crowd is the same in whatever order it is seen. Which are too many must not depend on it.
        if Self::ADDRESSES_MAX < self.crowds.len() {
            put_addresses_in_order(&mut self.crowds);
        }
        put_addresses_in_order(&mut self.addresses);
        self.put_sources_in_order();
    }

    /// What was asked for, key after key; only of a slot in order.
    pub fn objects_by_key(&self) -> ObjectsByKey<'_> {
        ObjectsByKey { rest: &self.objects }
    }

    fn put_sources_in_order(&mut self) {
        self.sources.sort_unstable();
        self.sources.dedup_by(|later, first| {
            let same = later.address == first.address;
            if same {
                first.add(later);
            }
            same
        });
        self.visits.sort_unstable();
        self.visits.dedup_by(|later, first| {
            let same = (&later.route, &later.address) == (&first.route, &first.address);
            if same {
                first.requests = first.requests.saturating_add(later.requests);
                first.sample = first.sample.take().or(later.sample.take());
            }
            same
        });
    }
}

impl Touch {
    /// More of the same, in whatever order it comes.
    pub fn add(&mut self, other: &mut Self) {
        self.requests = self.requests.saturating_add(other.requests);
        take_longer(&mut self.name, &mut other.name);
        take_longer(&mut self.address, &mut other.address);
    }
}

/// The one that says something; of two the greater, so that the order does not matter.
fn take_longer(first: &mut String, later: &mut String) {
    // Most are empty.
    if !later.is_empty() && *first < *later {
        std::mem::swap(first, later);
    }
}

/// Put in order only now and then: a flood of them is not to be sorted for each.
fn note_address(known: &mut Vec<(u32, u64)>, seen: (u32, u64)) {
    if known.last() == Some(&seen) {
        return;
    }
    if 2 * SlotUse::ADDRESSES_MAX <= known.len() {
        put_addresses_in_order(known);
    }
    known.push(seen);
}

/// Each once, and not more than there is room for.
fn put_addresses_in_order(known: &mut Vec<(u32, u64)>) {
    known.sort_unstable();
    known.dedup();
    known.truncate(SlotUse::ADDRESSES_MAX);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_emptied_is_as_good_as_new_and_never_large() {
        let keys = vec![(1, Counts::default())];
        let refused = SourceUse { missing: 7, paths: vec![8], ..SourceUse::default() };
        let touch = Touch {
            key: 1,
            facet: Facet::Client,
            value: 2,
            name: String::new(),
            address: String::new(),
            requests: 1,
        };
        let (touches, sources) = (vec![touch], vec![refused]);
        let used = SlotUse { keys, touches, sources, ..SlotUse::default() };
        let mut slot = used.emptied().unwrap();
        assert_eq!(slot, SlotUse::default());
        assert_eq!(slot.meet_refused("192.0.2.7"), 0);
        let fresh = SourceUse { address: "192.0.2.7".to_owned(), ..SourceUse::default() };
        assert_eq!(slot.sources, [fresh]);
        let crowds = Vec::with_capacity(ROOM_KEPT_MAX + 1);
        assert_eq!(SlotUse { crowds, ..SlotUse::default() }.emptied(), None);
    }

    #[test]
    fn a_slot_in_order_does_not_tell_who_came_first() {
        let mut one = Counts::default();
        one.count(200, 5);
        let touch = |name: &str| Touch {
            key: 1,
            facet: Facet::Route,
            value: 9,
            name: name.to_owned(),
            address: String::new(),
            requests: 1,
        };
        let mut left = SlotUse {
            keys: vec![(2, one), (1, one), (2, one)],
            touches: vec![touch("/a"), touch("")],
            ..SlotUse::default()
        };
        let mut right = SlotUse {
            keys: vec![(2, one), (2, one), (1, one)],
            touches: vec![touch(""), touch("/a")],
            ..SlotUse::default()
        };
        let mut sorting = Sorting::default();
        left.put_in_order(&mut sorting);
        right.put_in_order(&mut sorting);
        assert_eq!(left, right);
        assert_eq!(left.keys.len(), 2);
        assert_eq!(left.touches.first().map(|touch| touch.requests), Some(2));
    }
}
