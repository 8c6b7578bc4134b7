//! The keys of a list by their ids, found by a hash: each key of each batch is looked up here.

use std::fmt;

use ahash::RandomState;
use hashbrown::HashTable;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::inventory::InventoryKey;
use crate::model::Name;

/// In the order of their ids, each of which is there once.
#[derive(Clone, Default)]
pub(super) struct Listing {
    keys: Vec<InventoryKey>,
    places: HashTable<u32>,
}

/// Nobody sees this order.
const SEEDS: [u64; 4] = [0x6c69_7374, 0x6564_6b65, 0x7973_6279, 0x6964_7300];

impl Listing {
    pub(super) fn get(&self, key_id: &str) -> Option<&InventoryKey> {
        self.keys.get(self.place_of(key_id)?)
    }

    pub(super) fn get_mut(&mut self, key_id: &str) -> Option<&mut InventoryKey> {
        let place = self.place_of(key_id)?;
        self.keys.get_mut(place)
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, InventoryKey> {
        self.keys.iter()
    }

    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, InventoryKey> {
        self.keys.iter_mut()
    }

    pub(super) fn into_keys(self) -> impl Iterator<Item = InventoryKey> {
        self.keys.into_iter()
    }

    pub(super) const fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn place_of(&self, key_id: &str) -> Option<usize> {
        let is_its = |place: &u32| {
            self.keys.get(*place as usize).is_some_and(|key| key.key_id.as_str() == key_id)
        };
        let hash = hasher().hash_one(key_id);
        self.places.find(hash, is_its).map(|place| *place as usize)
    }

    fn find_places(&mut self) {
        let hasher = hasher();
        let hash_of = |key: &InventoryKey| hasher.hash_one(key.key_id.as_str());
        let hash_at = |place: &u32| self.keys.get(*place as usize).map_or(0, hash_of);
        self.places = HashTable::with_capacity(self.keys.len());
        for (place, key) in (0..).zip(&self.keys) {
            self.places.insert_unique(hash_of(key), place, hash_at);
        }
    }
}

fn hasher() -> RandomState {
    let [a, b, c, d] = SEEDS;
    RandomState::with_seeds(a, b, c, d)
}

impl FromIterator<InventoryKey> for Listing {
    /// Of those with the same id the last one stays.
    fn from_iter<I: IntoIterator<Item = InventoryKey>>(keys: I) -> Self {
        let mut keys: Vec<InventoryKey> = keys.into_iter().collect();
        keys.sort_by(|one, other| one.key_id.cmp(&other.key_id));
        keys.dedup_by(|later, first| {
            let is_same = later.key_id == first.key_id;
            if is_same {
                std::mem::swap(later, first);
            }
            is_same
        });
        keys.shrink_to_fit();
        let mut listing = Self { keys, places: HashTable::new() };
        listing.find_places();
        listing
    }
}

impl fmt::Debug for Listing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.keys.fmt(out)
    }
}

impl PartialEq for Listing {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys
    }
}

impl Serialize for Listing {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.keys.iter().map(|key| (&key.key_id, key)))
    }
}

impl<'de> Deserialize<'de> for Listing {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Written)
    }
}

struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Listing;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("keys by their ids")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Listing, A::Error> {
        let next = || map.next_entry::<Name, InventoryKey>().transpose();
        let keys = std::iter::from_fn(next).map(|entry| entry.map(|(_, key)| key));
        keys.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn key(key_id: &str, owner: &str) -> InventoryKey {
        InventoryKey { key_id: key_id.into(), owner: owner.into(), ..InventoryKey::default() }
    }

    #[test]
    fn each_id_is_there_once_and_found_whatever_came_first() {
        let mut listing: Listing =
            [key("k_b", "ben"), key("k_a", "ana"), key("k_b", "bo")].into_iter().collect();
        let ids: Vec<&str> = listing.iter().map(|key| key.key_id.as_str()).collect();
        assert_eq!(ids, ["k_a", "k_b"]);
        assert_eq!(listing.get("k_b").map(|key| key.owner.as_str()), Some("bo"));
        assert!(listing.get("k_c").is_none());
        listing.get_mut("k_a").unwrap().owner = "anas".into();
        assert_eq!(listing.get("k_a").map(|key| key.owner.as_str()), Some("anas"));
    }

    #[test]
    fn it_is_stored_as_a_map() {
        let keys = [key("k_a", "ana"), key("k_b", "ben")];
        let listing: Listing = keys.clone().into_iter().collect();
        let map: BTreeMap<Name, InventoryKey> =
            keys.into_iter().map(|key| (key.key_id.clone(), key)).collect();
        let stored = postcard::to_allocvec(&listing).unwrap();
        assert_eq!(stored, postcard::to_allocvec(&map).unwrap());
        let again: Listing = postcard::from_bytes(&stored).unwrap();
        assert_eq!(again, listing);
        assert_eq!(again.get("k_b").map(|key| key.owner.as_str()), Some("ben"));
        assert_eq!(serde_json::to_string(&listing).unwrap(), serde_json::to_string(&map).unwrap());
    }
}
