//! All keys. Those that no inventory knows are limited: at the limit the quarter that was
//! unused for longest is forgotten. Those of which nothing is learned are stored many in a row.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use ahash::RandomState;
use hashbrown::HashTable;

use super::key::Key;
use super::order::Order;
use super::ruled::Ruled;
use crate::identity::Inventory;
use crate::model::{Day, Name};

#[derive(Debug, Default)]
pub(super) struct Keys {
    slab: Vec<Option<Box<Key>>>,
    by_id: Order,
    /// Places by the hash of the ids: every key of a batch is looked up.
    places: HashTable<u32>,
    hasher: Hasher,
    /// By which rules each is judged, once that was found out.
    ruled: Vec<Option<Ruled>>,
    free: Vec<u32>,
    /// Room of keys that are gone, for those to come.
    #[expect(clippy::vec_box, reason = "their places on the heap are what is kept")]
    spare: Vec<Box<Key>>,
    unlisted: usize,
    /// Places that changed since the state was last handed out.
    changed: Vec<bool>,
    /// The key there has a row of its own since the state was handed out before.
    alone: Vec<bool>,
    /// Ids of keys that had one and are gone.
    gone: BTreeSet<Name>,
}

/// Keys as they are stored.
#[derive(Debug, Default)]
pub(super) struct Rows<'a> {
    /// Ids of those whose own rows are to be removed.
    pub(super) gone: BTreeSet<Name>,
    pub(super) alone: Vec<&'a Key>,
    /// By the number of their row, those of which nothing is learned. Whoever invents keys by the
    /// million is not to have a row written for each. An empty row is to be removed.
    pub(super) together: BTreeMap<usize, Vec<&'a Key>>,
}

/// Room for so many keys is kept.
const SPARE_MAX: usize = 4096;

/// Places that share a row.
const PLACES_A_ROW: usize = 64;

/// With seeds of our own.
#[derive(Debug)]
struct Hasher(RandomState);

impl Default for Hasher {
    fn default() -> Self {
        // Nobody sees this order.
        Self(RandomState::with_seeds(0x6b65_7973, 0x6279_6964, 0x706c_6163, 0x6573_2e31))
    }
}

impl Keys {
    pub(super) fn get(&self, index: u32) -> Option<&Key> {
        self.slab.get(index as usize)?.as_deref()
    }

    /// Whoever asks for it changes it.
    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut Key> {
        *self.changed.get_mut(index as usize)? = true;
        self.slab.get_mut(index as usize)?.as_deref_mut()
    }

    pub(super) fn index_of(&self, id: &str) -> Option<u32> {
        let is_its = |place: &u32| self.get(*place).is_some_and(|key| key.id == id);
        self.places.find(self.hasher.0.hash_one(id), is_its).copied()
    }

    pub(super) fn ruled(&self, index: u32) -> Option<Ruled> {
        self.ruled.get(index as usize).copied().flatten()
    }

    pub(super) fn note_ruled(&mut self, index: u32, ruled: Ruled) {
        if let Some(place) = self.ruled.get_mut(index as usize) {
            *place = Some(ruled);
        }
    }

    /// Is found out again.
    pub(super) fn forget_ruled(&mut self, index: u32) {
        if let Some(place) = self.ruled.get_mut(index as usize) {
            *place = None;
        }
    }

    /// The rules are others now.
    pub(super) fn forget_rules(&mut self) {
        self.ruled.fill(None);
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// In the order of their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Key> {
        self.indexes().into_iter().filter_map(|index| self.get(index))
    }

    /// In the order of their ids, so that what follows has the same order whoever came first.
    pub(super) fn indexes(&self) -> Vec<u32> {
        self.by_id.places(|one, other| self.compare_ids(one, other))
    }

    /// The same; asked for again, it is there at once.
    pub(super) fn put_in_order(&mut self) -> Vec<u32> {
        let indexes = self.indexes();
        self.by_id = Order::of(&indexes);
        indexes
    }

    fn compare_ids(&self, one: u32, other: u32) -> Ordering {
        let id = |index| self.get(index).map(|key| key.id.as_str());
        id(one).cmp(&id(other))
    }

    /// In no order.
    fn each(&self) -> impl Iterator<Item = &Key> {
        self.slab.iter().filter_map(Option::as_deref)
    }

    /// What changed since the last time.
    pub(super) fn take_changed(&mut self) -> Rows<'_> {
        let in_order = self.put_in_order();
        let Self { slab, changed, alone, gone, .. } = self;
        let mut rows = Rows { gone: std::mem::take(gone), ..Rows::default() };
        for (number, places) in changed.chunks_mut(PLACES_A_ROW).enumerate() {
            if places.contains(&true) {
                rows.together.insert(number, Vec::new());
            }
        }
        for index in in_order {
            let place = index as usize;
            let Some(Some(key)) = slab.get(place) else { continue };
            if key.is_stranger() {
                if let Some(together) = rows.together.get_mut(&(place / PLACES_A_ROW)) {
                    together.push(key);
                    if alone.get_mut(place).is_some_and(std::mem::take) {
                        rows.gone.insert(key.id.clone());
                    }
                }
            } else if changed.get(place).is_some_and(|changed| *changed) {
                if let Some(alone) = alone.get_mut(place) {
                    *alone = true;
                }
                rows.alone.push(key);
            }
        }
        changed.fill(false);
        rows
    }

    /// All of them, whatever changed.
    pub(super) fn take_all(&mut self) -> Rows<'_> {
        self.changed.fill(true);
        self.take_changed()
    }

    pub(super) const fn unlisted(&self) -> usize {
        self.unlisted
    }

    pub(super) fn insert(&mut self, id: &str, role: &str, inventory: Option<&Inventory>) -> u32 {
        let listed = inventory.and_then(|inventory| inventory.get(id));
        let mut key = self.spare.pop().unwrap_or_default();
        (key.id, key.role) = (id.into(), role.into());
        if let Some(listed) = listed {
            key.describe(listed, None);
        }
        key.index =
            self.free.pop().unwrap_or_else(|| u32::try_from(self.slab.len()).unwrap_or(u32::MAX));
        let index = key.index;
        self.put_boxed(key);
        // It is written again, in the place of the one that was forgotten.
        if self.gone.remove(id)
            && let Some(alone) = self.alone.get_mut(index as usize)
        {
            *alone = true;
        }
        if let Some(changed) = self.changed.get_mut(index as usize) {
            *changed = true;
        }
        index
    }

    /// At its own place, as it was stored with a row of its own.
    pub(super) fn put_alone(&mut self, key: Key) {
        let place = key.index as usize;
        self.put(key);
        if let Some(alone) = self.alone.get_mut(place) {
            *alone = true;
        }
    }

    /// At its own place.
    pub(super) fn put(&mut self, key: Key) {
        self.put_boxed(Box::new(key));
    }

    fn put_boxed(&mut self, key: Box<Key>) {
        let place = key.index as usize;
        while self.slab.len() <= place {
            self.slab.push(None);
            self.changed.push(false);
            self.alone.push(false);
            self.ruled.push(None);
        }
        self.unlisted += usize::from(!key.is_listed);
        self.by_id.note(key.index, true);
        if let Some(ruled) = self.ruled.get_mut(place) {
            *ruled = None;
        }
        let (hash, index) = (self.hasher.0.hash_one(key.id.as_str()), key.index);
        if let Some(slot) = self.slab.get_mut(place) {
            *slot = Some(key);
        }
        let Self { places, slab, hasher, .. } = self;
        let hash_of = |place: &u32| {
            let key = slab.get(*place as usize).and_then(Option::as_ref);
            key.map_or(0, |key| hasher.0.hash_one(key.id.as_str()))
        };
        places.insert_unique(hash, index, hash_of);
    }

    /// After restoring: the places that are free, the lowest used first.
    pub(super) fn find_free(&mut self) {
        let holes = (0u32..).zip(&self.slab).filter(|(_, key)| key.is_none());
        self.free = holes.map(|(index, _)| index).collect();
        self.free.reverse();
    }

    /// What the inventory says holds from now on.
    pub(super) fn describe(&mut self, inventory: &Inventory, today: Option<Day>) {
        for (key, changed) in self.slab.iter_mut().zip(&mut self.changed) {
            let Some(key) = key.as_deref_mut().filter(|key| key.is_listed) else { continue };
            if inventory.get(&key.id).is_none() {
                key.is_listed = false;
                *changed = true;
            }
        }
        for listed in inventory.iter() {
            let index = match self.index_of(&listed.key_id) {
                Some(index) => index,
                None => self.insert(&listed.key_id, &listed.role, Some(inventory)),
            };
            // Of a hundred thousand keys few are another than before.
            let is_same = self.get(index).is_some_and(|key| key.is_described_by(listed));
            if !is_same && let Some(key) = self.get_mut(index) {
                key.describe(listed, today);
            }
        }
        self.unlisted = self.each().filter(|key| !key.is_listed).count();
    }

    /// Forgets a quarter of `unlisted_max` where there are more than that, but none whose
    /// place is `in_use`. Returns how many went.
    pub(super) fn make_room(&mut self, unlisted_max: usize, in_use: &[bool]) -> u64 {
        let stays = |key: &Key| key.is_listed || in_use.get(key.index as usize) == Some(&true);
        let age = |key: &Key| (key.learned.is_some(), key.last_used, key.index);
        let mut ages: Vec<_> = self.each().filter(|key| !stays(key)).map(age).collect();
        let excess = (self.unlisted - unlisted_max.min(self.unlisted)) + unlisted_max / 4;
        if excess < ages.len() {
            // Which go matters, and not in which order.
            ages.select_nth_unstable_by(excess, |one, other| {
                let (of_one, of_other) = ((one.0, one.1), (other.0, other.1));
                of_one.cmp(&of_other).then_with(|| self.compare_ids(one.2, other.2))
            });
            ages.truncate(excess);
        }
        let gone = ages.into_iter().filter(|(_, _, index)| self.remove(*index)).count();
        // Restoring finds free places by their number, so they are kept in that order.
        self.free.sort_unstable_by(|a, b| b.cmp(a));
        gone as u64
    }

    /// Forgets one, listed or not.
    pub(super) fn forget(&mut self, id: &str) {
        let Some(index) = self.index_of(id) else { return };
        let is_listed = self.get(index).is_some_and(|it| it.is_listed);
        self.remove(index);
        self.unlisted += usize::from(is_listed);
    }

    fn remove(&mut self, index: u32) -> bool {
        let Some(mut key) = self.slab.get_mut(index as usize).and_then(Option::take) else {
            return false;
        };
        let hash = self.hasher.0.hash_one(key.id.as_str());
        if let Ok(known) = self.places.find_entry(hash, |place| *place == index) {
            known.remove();
        }
        self.by_id.note(index, false);
        if let Some(changed) = self.changed.get_mut(index as usize) {
            *changed = true;
        }
        self.free.push(index);
        self.unlisted = self.unlisted.saturating_sub(1);
        if self.alone.get_mut(index as usize).is_some_and(std::mem::take) {
            self.gone.insert(std::mem::take(&mut key.id));
        }
        if self.spare.len() < SPARE_MAX {
            key.become_spare();
            self.spare.push(key);
        }
        true
    }
}

impl Key {
    /// Nothing is learned of it, and no inventory knows it.
    const fn is_stranger(&self) -> bool {
        self.learned.is_none() && !self.is_listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::InventoryKey;
    use crate::model::Timestamp;

    #[test]
    fn a_new_list_changes_only_the_keys_that_it_says_something_else_about() {
        let listed = |id: &str, owner: &str| InventoryKey {
            key_id: id.into(),
            owner: owner.into(),
            scopes: vec!["orders:read".into()],
            ..InventoryKey::default()
        };
        let ids = |keys: &mut Keys| -> Vec<String> {
            let rows = keys.take_changed();
            let strangers = rows.together.into_values().flatten();
            rows.alone.into_iter().chain(strangers).map(|key| key.id.to_string()).collect()
        };
        let mut keys = Keys::default();
        let list = [listed("k_a", "ana"), listed("k_b", "ben"), listed("k_c", "cleo")];
        keys.describe(&Inventory::of(list), None);
        assert_eq!(ids(&mut keys), ["k_a", "k_b", "k_c"]);
        keys.describe(&Inventory::of([listed("k_a", "ana"), listed("k_b", "bo")]), None);
        assert_eq!(ids(&mut keys), ["k_b", "k_c"]);
        assert_eq!(keys.unlisted(), 1);
    }

    #[test]
    fn at_the_limit_the_longest_unused_make_room() {
        let mut keys = Keys::default();
        for number in 0..9i64 {
            let index = keys.insert(&format!("k_{number}"), "", None);
            keys.get_mut(index).unwrap().last_used = Some(Timestamp(number));
        }
        assert_eq!(keys.make_room(8, &[true]), 3);
        assert_eq!(keys.iter().count(), 6);
        assert!(keys.index_of("k_0").is_some(), "its place is in use");
        assert!(keys.index_of("k_1").is_none());
        assert_eq!(keys.insert("k_9", "", None), 1);
    }

    #[test]
    fn strangers_share_a_row_until_something_is_learned_of_them() {
        let written = |keys: &mut Keys| {
            let ids = |keys: &[&Key]| keys.iter().map(|key| key.id.clone()).collect::<Vec<_>>();
            let rows = keys.take_changed();
            let together: Vec<_> =
                rows.together.iter().map(|(number, keys)| (*number, ids(keys))).collect();
            format!("{:?} {together:?} less {:?}", ids(&rows.alone), rows.gone)
        };
        let mut keys = Keys::default();
        let one = keys.insert("k_1", "", None);
        keys.insert("k_2", "", None);
        assert_eq!(written(&mut keys), r#"[] [(0, ["k_1", "k_2"])] less {}"#);
        assert_eq!(written(&mut keys), "[] [] less {}");
        keys.get_mut(one).unwrap().learned = Some(Box::default());
        assert_eq!(written(&mut keys), r#"["k_1"] [(0, ["k_2"])] less {}"#);
        keys.get_mut(one).unwrap().learned = None;
        assert_eq!(written(&mut keys), r#"[] [(0, ["k_1", "k_2"])] less {"k_1"}"#);
        keys.forget("k_1");
        keys.forget("k_2");
        assert_eq!(written(&mut keys), "[] [(0, [])] less {}");
    }
}
