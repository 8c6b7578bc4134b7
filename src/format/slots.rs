//! The values of one record while it is read: of several for one place, the best name wins.

use std::borrow::Cow;

use memchr::memchr;

use crate::model::EventKind;
use crate::model::Record;
use crate::model::record::Field;
use crate::model::short::find;

use super::credential::Best;
use super::credential::Credentials;
use super::ordinary::set_ordinary;
use super::place::Place;
use super::place::set;
use super::preset::PLACES;
use super::preset::Preset;
use super::shape::Hit;
use super::time::TimeReader;

const SLOTS_MAX: usize = 256;
const VALUES_USUAL: usize = 24;

/// What was found so far.
pub(super) struct Slots<'a> {
    /// How good the name is under which each slot's value came; the lowest wins.
    ranks: [u8; SLOTS_MAX],
    /// Where in `found` each slot's value is.
    places: [u8; SLOTS_MAX],
    found: Vec<(Hit, Field<'a>)>,
    /// Values that are there, but not kept.
    left_out: usize,
}

/// How a record is made from what was found.
#[derive(Clone, Copy)]
pub(super) struct Manner<'m> {
    pub(super) preset: Option<&'m Preset>,
    pub(super) credentials: &'m Credentials,
    /// Values with no place of their own are kept, too.
    pub(super) keeps_extras: bool,
}

impl Manner<'_> {
    /// With fewer values than these it is no record.
    pub(super) const fn found_min(self) -> usize {
        if self.preset.is_some() { 2 } else { 1 }
    }

    pub(super) fn kind(self) -> EventKind {
        self.preset.map_or(EventKind::Request, |preset| preset.kind)
    }
}

impl<'a> Slots<'a> {
    pub(super) fn new() -> Self {
        Self {
            ranks: [u8::MAX; SLOTS_MAX],
            places: [0; SLOTS_MAX],
            found: Vec::with_capacity(VALUES_USUAL),
            left_out: 0,
        }
    }

    /// Takes the value, unless a better one came before or it says nothing.
    pub(super) fn offer(&mut self, hit: Hit, value: Field<'a>, time: &mut TimeReader) {
        let Some(best) = self.ranks.get_mut(hit.slot) else { return };
        if *best < hit.rank || says_nothing(&value) {
            return;
        }
        let is_unfit = (hit.place == Place::Time && time.read(&value).is_none())
            || (hit.place == Place::Request && memchr(b' ', &value).is_none());
        if is_unfit {
            return;
        }
        let is_first = *best == u8::MAX;
        *best = hit.rank;
        let Some(at) = self.places.get_mut(hit.slot) else { return };
        if is_first {
            // There are fewer slots than a byte counts.
            *at = u8::try_from(self.found.len()).unwrap_or(u8::MAX);
            self.found.push((hit, value));
        } else if let Some(place) = self.found.get_mut(usize::from(*at)) {
            *place = (hit, value);
        }
    }

    /// A value is there that nobody wants to keep.
    pub(super) const fn leave_out(&mut self) {
        self.left_out += 1;
    }

    /// The record; `None` if too little of it was found.
    pub(super) fn finish(
        mut self,
        manner: Manner<'_>,
        time: &mut TimeReader,
    ) -> Option<Record<'a>> {
        if self.found.len() + self.left_out < manner.found_min() {
            return None;
        }
        let mut record = Record { kind: manner.kind(), ..Record::default() };
        // In the order of the places: a target counts more than the request line before it.
        let slots = PLACES + manner.preset.map_or(0, |preset| preset.extras.len());
        for (rank, at) in self.ranks.iter().zip(self.places).take(slots) {
            if *rank == u8::MAX {
                continue;
            }
            if let Some((hit, value)) = self.found.get_mut(usize::from(at)) {
                put(&mut record, *hit, std::mem::take(value), (manner, time));
            }
        }
        settle(&mut record, manner);
        Some(record)
    }
}

/// Whose record it is, once all values are in it.
pub(super) fn settle(record: &mut Record<'_>, manner: Manner<'_>) {
    if record.key.is_none() {
        manner.credentials.settle(record, &Best::none());
    }
    if record.kind == EventKind::Usage && record.key.is_none() {
        record.quirk = Some("usage that names no key");
    }
    if record.key.is_none() && manner.credentials.from().is_none() {
        record.key.clone_from(&record.user);
        record.key_is_user = record.key.is_some();
    }
}

/// Whether a value is no value: of none, `-` is what many write.
#[inline]
pub(super) fn says_nothing(value: &[u8]) -> bool {
    matches!(value, [] | [b'-']) || value == b"REDACTED"
}

/// Whether a value that is a piece of the line goes to its place without a look at others.
pub(super) const fn is_put_as_it_is(place: Place) -> bool {
    !matches!(place, Place::Key | Place::Extra | Place::Status | Place::Target)
}

/// Puts a value into its place.
#[inline]
#[expect(clippy::wildcard_enum_match_arm, reason = "only a few places need more than `set`")]
pub(super) fn put<'a>(
    record: &mut Record<'a>,
    hit: Hit,
    value: Field<'a>,
    (manner, time): (Manner<'_>, &mut TimeReader),
) {
    if hit.place == Place::Target {
        record.path = None;
    }
    match hit.place {
        Place::Key => {
            time.note(Place::Key, &value);
            match value {
                Cow::Borrowed(word) if find(word, b' ').is_none() => {
                    Best::none().offer_word(record, 0, word);
                }
                Cow::Borrowed(_) | Cow::Owned(_) => Best::none().offer(record, 0, &value),
            }
        }
        Place::Extra if manner.keeps_extras => {
            let names = manner.preset.map_or([].as_slice(), |preset| &preset.extras);
            if let Some(name) = hit.slot.checked_sub(PLACES).and_then(|at| names.get(at)) {
                record.extras.push((name.clone().into_bytes().into(), value));
            }
        }
        // A number of JSON is a number: 0 where a client left before it was answered.
        Place::Status if *value == *b"0" => record.status = Some(0),
        place => match value {
            Cow::Borrowed(text) if !time.takes_any_notes() => {
                set_ordinary(record, place, text, time);
            }
            Cow::Borrowed(_) | Cow::Owned(_) => set(record, place, value, time),
        },
    }
}
