//! What one address was refused in one slot, and room for those to come.

use serde::{Deserialize, Serialize};

use super::{Sample, SlotUse};
use crate::model::Timestamp;

/// What one address was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourceUse {
    pub address: String,
    pub unauthorized: u32,
    pub forbidden: u32,
    pub missing: u32,
    /// Keys it was refused with.
    pub keys: Vec<u32>,
    /// What it asked for.
    pub paths: Vec<u64>,
    /// A few of its lines, the earliest first.
    pub samples: Vec<Sample>,
}

/// Refused addresses of slots that were judged, emptied: their room is for those to come. What is in it
/// says nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Spare(Vec<SourceUse>);

/// So many refused addresses, each with room for so many keys and things.
const SPARE_MAX: usize = 64;
const SPARE_ROOM_MAX: usize = 16;

impl SourceUse {
    pub const SAMPLES_MAX: usize = 3;

    /// Nothing is left but some room; `false` if that is too much.
    fn empty(&mut self) -> bool {
        let Self { address, keys, paths, samples, .. } = std::mem::take(self);
        *self = Self { address, keys, paths, samples, ..Self::default() };
        self.address.clear();
        self.keys.clear();
        self.paths.clear();
        self.samples.clear();
        self.keys.capacity().max(self.paths.capacity()) <= SPARE_ROOM_MAX
    }

    /// One more refusal: with which key, and of what.
    pub fn refuse(&mut self, status: u16, (key, path): (u32, u64)) {
        self.unauthorized += u32::from(status == 401);
        self.forbidden += u32::from(status == 403);
        self.missing += u32::from(status == 404);
        if key != SlotUse::NOBODY {
            insert(&mut self.keys, key);
        }
        insert(&mut self.paths, path);
    }

    /// Whether a line of that time may be among the earliest.
    pub fn has_room_for_sample(&self, at: Timestamp) -> bool {
        let is_full = Self::SAMPLES_MAX <= self.samples.len();
        !is_full || self.samples.last().is_some_and(|last| at <= last.at)
    }

    pub fn add_sample(&mut self, sample: Sample) {
        // Of thousands of addresses most have one: no room is made for four.
        self.samples.reserve_exact(1);
        self.samples.push(sample);
        self.samples.sort_unstable();
        self.samples.truncate(Self::SAMPLES_MAX);
    }

    pub fn add(&mut self, other: &mut Self) {
        self.unauthorized += other.unauthorized;
        self.forbidden += other.forbidden;
        self.missing += other.missing;
        self.keys.append(&mut other.keys);
        self.keys.sort_unstable();
        self.keys.dedup();
        self.paths.append(&mut other.paths);
        self.paths.sort_unstable();
        self.paths.dedup();
        self.samples.append(&mut other.samples);
        self.samples.sort_unstable();
        self.samples.truncate(Self::SAMPLES_MAX);
    }
}

impl Spare {
    pub(super) fn of(mut sources: Vec<SourceUse>) -> Self {
        sources.truncate(SPARE_MAX);
        sources.shrink_to(SPARE_MAX);
        sources.retain_mut(SourceUse::empty);
        Self(sources)
    }

    /// An address that was refused nothing yet.
    pub(super) fn refused(&mut self, address: &str) -> SourceUse {
        let mut source = self.0.pop().unwrap_or_default();
        source.address.push_str(address);
        source
    }
}

impl PartialEq for Spare {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Adds to an ascending list what it does not have.
fn insert<T: Ord>(list: &mut Vec<T>, value: T) {
    if let Err(place) = list.binary_search(&value) {
        list.insert(place, value);
    }
}
