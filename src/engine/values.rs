//! What the distinct values of one batch mean to the engine, each found out once.

use super::measures::CROWD_HOURS;
use crate::model::{Day, EventBatch, Slot, Timestamp};
use crate::profile::{Crowd, Facet, Object, SlotUse, client_family, hash_of, place_of};

/// The place of a key that is not there.
pub(super) const NOBODY: u32 = SlotUse::NOBODY;

#[derive(Debug, Default)]
pub(super) struct Values {
    /// By the number in the batch's dictionary: where the key's facts lie.
    keys: Vec<u32>,
    seen: Vec<Seen>,
    /// By number: the value's lasting hash, 0 until it is needed.
    networks: Vec<u64>,
    /// By the number of an address: the first one of its network that was met, 0 until it is needed.
    neighbours: Vec<u32>,
    /// Networks that were met, each with its first address. One may be pushed out by another, whose
    /// addresses then stand for themselves.
    met: Vec<(u64, u32)>,
    /// What people call them, as far as somebody asked.
    places: Vec<Option<String>>,
    routes: Vec<u64>,
    clients: Vec<u64>,
    /// By number: the hash of an address among those of a key.
    addresses: Vec<u64>,
    /// By the number of the path: what it asks for, once it is looked at.
    objects: Vec<Asked>,
    /// Pairs of a key and a value with nothing more to learn on a day. A pair may be
    /// pushed out by another and is then looked up again.
    settled: Vec<u64>,
    /// The same of key, network, route and client at once, each with its day.
    calm: Vec<(u64, Day)>,
    /// Where the touch of such a pair was put in its slot. It may be pushed out as well.
    touched: Vec<(u64, Slot, usize)>,
    /// Whether anything stands there: on most days nothing is new.
    is_touched: bool,
}

/// What a path asks for, as far as it was looked at.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Unknown,
    ForNone,
    For(Object),
}

/// What a batch says about one key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) index: u32,
    /// A rule may concern it, or its lines are wanted as evidence.
    pub(super) is_marked: bool,
    /// In the inventory: what it does is noted.
    pub(super) is_listed: bool,
    pub(super) requests: u32,
    pub(super) errors: u32,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

const SETTLED: usize = 1 << 13;
const NETWORKS: usize = 1 << 9;
const CALM: usize = 1 << 12;
/// A batch has at most 8,192 values of each.
const NUMBER_BITS: u32 = 14;
/// An address, not its network: a batch's numbers are smaller.
const AT_ADDRESS: u32 = 1 << 23;

impl Values {
    pub(super) fn begin(&mut self, batch: &EventBatch) {
        self.seen.clear();
        self.keys.clear();
        self.keys.resize(batch.key.dictionary.len(), NOBODY);
        for (hashes, column) in [
            (&mut self.networks, &batch.source_ip),
            (&mut self.routes, &batch.route),
            (&mut self.clients, &batch.user_agent),
            (&mut self.addresses, &batch.source_ip),
        ] {
            hashes.clear();
            hashes.resize(column.dictionary.len(), 0);
        }
        self.neighbours.clear();
        self.neighbours.resize(batch.source_ip.dictionary.len(), 0);
        self.met.clear();
        self.met.resize(NETWORKS, (0, 0));
        self.places.clear();
        self.places.resize(batch.source_ip.dictionary.len(), None);
        self.objects.clear();
        self.objects.resize(batch.path.dictionary.len(), Asked::Unknown);
        self.settled.clear();
        self.settled.resize(SETTLED, 0);
        self.calm.clear();
        self.calm.resize(CALM, (0, Day::default()));
        if std::mem::take(&mut self.is_touched) || self.touched.is_empty() {
            self.touched.clear();
            self.touched.resize(SETTLED, (0, Slot::default(), 0));
        }
    }

    pub(super) fn key(&self, number: u32) -> Option<&Seen> {
        self.seen.get(*self.keys.get(number as usize)? as usize)
    }

    pub(super) fn meet(&mut self, number: u32, key: (u32, bool, bool)) {
        let (index, is_marked, is_listed) = key;
        let place = u32::try_from(self.seen.len()).unwrap_or(NOBODY);
        if let Some(known) = self.keys.get_mut(number as usize) {
            *known = place;
            let (first, last) = (Timestamp(i64::MAX), Timestamp(i64::MIN));
            self.seen.push(Seen {
                index,
                is_marked,
                is_listed,
                requests: 0,
                errors: 0,
                first,
                last,
            });
        }
    }

    /// Counts a row of the key; `true` if it must be looked at more closely.
    pub(super) fn count(&mut self, number: u32, (at, status): (Timestamp, u16)) -> bool {
        let place = self.keys.get(number as usize).copied().unwrap_or(NOBODY);
        let Some(seen) = self.seen.get_mut(place as usize) else { return false };
        seen.requests += 1;
        seen.errors += u32::from(matches!(status, 401 | 403 | 404 | 429 | 500..));
        seen.first = seen.first.min(at);
        seen.last = seen.last.max(at);
        seen.is_marked
    }

    pub(super) fn seen(&self) -> &[Seen] {
        &self.seen
    }

    pub(super) fn is_settled(&self, pair: (u32, Facet, u32), day: Day) -> bool {
        let tag = tag_of(pair, day);
        self.settled.get(place_in_table(tag)).is_some_and(|&known| known == tag)
    }

    pub(super) fn settle(&mut self, pair: (u32, Facet, u32), day: Day) {
        let tag = tag_of(pair, day);
        if let Some(place) = self.settled.get_mut(place_in_table(tag)) {
            *place = tag;
        }
    }

    /// Whether nothing is to be learned on that day of anything that the key uses in that row.
    pub(super) fn is_calm(&self, (key, used): (u32, [u32; 3]), day: Day) -> bool {
        let packed = packed(key, used);
        packed != 0 && self.calm.get(place_of_calm(packed)) == Some(&(packed, day))
    }

    pub(super) fn calm(&mut self, (key, used): (u32, [u32; 3]), day: Day) {
        let packed = packed(key, used);
        if let Some(place) = self.calm.get_mut(place_of_calm(packed)) {
            *place = (packed, day);
        }
    }

    /// Where among the slot's touches that of the pair is, if it is known.
    pub(super) fn touched(&self, pair: (u32, Facet, u32), slot: Slot) -> Option<usize> {
        let tag = tag_of(pair, slot.start().day());
        let (known, of, at) = *self.touched.get(place_in_table(tag))?;
        (known == tag && of == slot).then_some(at)
    }

    pub(super) fn note_touch(&mut self, pair: (u32, Facet, u32), slot: Slot, at: usize) {
        let tag = tag_of(pair, slot.start().day());
        if let Some(place) = self.touched.get_mut(place_in_table(tag)) {
            *place = (tag, slot, at);
            self.is_touched = true;
        }
    }

    /// As [`Values::is_settled`], of what a key does: its sort, its number, and its day or
    /// hour.
    pub(super) fn is_done(&self, pair: (u32, u32, u32), time: i64) -> bool {
        let tag = deed_tag(pair, time);
        self.settled.get(place_in_table(tag)).is_some_and(|&known| known == tag)
    }

    pub(super) fn do_(&mut self, pair: (u32, u32, u32), time: i64) {
        let tag = deed_tag(pair, time);
        if let Some(place) = self.settled.get_mut(place_in_table(tag)) {
            *place = tag;
        }
    }

    /// The hash of the row's address, unless the key was seen there in these six hours. From now
    /// on it was.
    pub(super) fn new_address(
        &mut self,
        batch: &EventBatch,
        (row, slot): (usize, Slot),
        key: u32,
    ) -> Option<u64> {
        let number = batch.source_ip.number(row);
        let pair = (key, Facet::Network, number | AT_ADDRESS);
        let window = Day(slot.hour().0.div_euclid(CROWD_HOURS));
        if number == 0 || self.is_settled(pair, window) {
            return None;
        }
        self.settle(pair, window);
        let hash = self.addresses.get_mut(number as usize)?;
        if *hash == 0 {
            *hash = Crowd::hash_of(batch.source_ip.get(row));
        }
        Some(*hash)
    }

    /// The lasting hash of a value of the batch.
    pub(super) fn value(&mut self, batch: &EventBatch, of: (Facet, u32), row: usize) -> u64 {
        let (facet, number) = of;
        let hashes = match facet {
            Facet::Network => &mut self.networks,
            Facet::Route => &mut self.routes,
            Facet::Client => &mut self.clients,
        };
        let Some(hash) = hashes.get_mut(number as usize) else { return 0 };
        if *hash == 0 {
            *hash = hash_of(&Self::name(batch, facet, row)).max(1);
        }
        *hash
    }

    /// A number that stands for the network of a row's address: what a key does from one address, it
    /// does from its neighbours. 0 if there is no address.
    pub(super) fn network(&mut self, batch: &EventBatch, row: usize) -> u32 {
        let number = batch.source_ip.number(row);
        let known = self.neighbours.get(number as usize).copied().unwrap_or_default();
        if known != 0 || number == 0 {
            return known;
        }
        let value = self.value(batch, (Facet::Network, number), row);
        let Some(met) = self.met.get_mut((value >> 55) as usize) else { return number };
        if met.0 != value {
            *met = (value, number);
        }
        if let Some(neighbour) = self.neighbours.get_mut(number as usize) {
            *neighbour = met.1;
        }
        met.1
    }

    /// The numbered object that a row asks for.
    pub(super) fn object(&mut self, batch: &EventBatch, row: usize) -> Option<Object> {
        let number = batch.path.number(row);
        match self.objects.get(number as usize) {
            Some(Asked::For(object)) => return Some(*object),
            Some(Asked::ForNone) => return None,
            Some(Asked::Unknown) | None => (),
        }
        let route = self.value(batch, (Facet::Route, batch.route.number(row)), row);
        let object = Object::of(batch.path.get(row), (route, batch.route.get(row)));
        if let Some(place) = self.objects.get_mut(number as usize) {
            *place = object.map_or(Asked::ForNone, Asked::For);
        }
        object
    }

    /// What a person calls it: of a network put together once, as many keys may come from it.
    pub(super) fn named(&mut self, batch: &EventBatch, of: (Facet, u32), row: usize) -> String {
        let (facet, number) = of;
        match (facet, self.places.get_mut(number as usize)) {
            (Facet::Network, Some(known)) => {
                known.get_or_insert_with(|| Self::name(batch, facet, row)).clone()
            }
            (Facet::Network | Facet::Route | Facet::Client, _) => Self::name(batch, facet, row),
        }
    }

    /// What a person calls it.
    pub(super) fn name(batch: &EventBatch, facet: Facet, row: usize) -> String {
        match facet {
            Facet::Network => {
                let asn = batch.asn.get(row).copied().unwrap_or_default();
                place_of(batch.source_ip.get(row), asn)
            }
            Facet::Route => batch.route.get(row).to_owned(),
            Facet::Client => client_family(batch.user_agent.get(row)).to_owned(),
        }
    }
}

/// One number for the pair on that day: 22 bits for the key, 2 for the facet, 24 for the
/// value and 16 for the day. Batches have no more values than rows, and keys are capped.
#[expect(clippy::cast_sign_loss, reason = "only the low bits of the day are wanted")]
const fn tag_of((key, facet, number): (u32, Facet, u32), day: Day) -> u64 {
    let facet = match facet {
        Facet::Network => 1,
        Facet::Route => 2,
        Facet::Client => 3,
    };
    ((key as u64) << 42)
        | (facet << 40)
        | ((number as u64 & 0xff_ffff) << 16)
        | (day.0 as u64 & 0xffff)
}

/// Like [`tag_of`], with 0 for the facet, which has none, and 2 bits of the value's for the
/// sort: a batch's values and their methods fit into the other 22.
#[expect(clippy::cast_sign_loss, reason = "only the low bits of the time are wanted")]
const fn deed_tag((key, sort, number): (u32, u32, u32), time: i64) -> u64 {
    let sort = (sort as u64 & 0b11) << 22;
    ((key as u64) << 42) | ((sort | (number as u64 & 0x3f_ffff)) << 16) | (time as u64 & 0xffff)
}

/// One number for a key and what it uses; 0 for what cannot be told apart from others.
fn packed(key: u32, used: [u32; 3]) -> u64 {
    let is_exact =
        key >> (64 - 3 * NUMBER_BITS) == 0 && used.iter().all(|it| it >> NUMBER_BITS == 0);
    let packed = used.iter().fold(u64::from(key), |all, it| all << NUMBER_BITS | u64::from(*it));
    if is_exact { packed } else { 0 }
}

const fn place_of_calm(packed: u64) -> usize {
    (packed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52) as usize
}

const fn place_in_table(tag: u64) -> usize {
    (tag.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 51) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settled_pair_is_settled_for_its_day_only() {
        let mut values = Values::default();
        values.begin(&EventBatch::default());
        values.settle((1, Facet::Route, 2), Day(20_000));
        assert!(values.is_settled((1, Facet::Route, 2), Day(20_000)));
        assert!(!values.is_settled((1, Facet::Route, 2), Day(20_001)));
        assert!(!values.is_settled((1, Facet::Client, 2), Day(20_000)));
        assert!(!values.is_settled((2, Facet::Route, 2), Day(20_000)));
    }
}
