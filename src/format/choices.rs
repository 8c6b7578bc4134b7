//! Which of several values fills a place of a record, worked out once for all records of one shape.

use std::borrow::Cow;

use memchr::memchr;

use crate::model::Record;
use crate::model::record::Field;

use super::ordinary::set_ordinary;
use super::place::Place;
use super::shape::Hit;
use super::slots::Manner;
use super::slots::is_put_as_it_is;
use super::slots::put;
use super::slots::says_nothing;
use super::slots::settle;
use super::tape::Kind;
use super::time::TimeReader;

/// For each place the values that may fill it: the one that comes first and says something does.
#[derive(Clone, Debug, Default)]
pub(super) struct Choices(Box<[Vec<Candidate>]>);

/// A value, by its number among those of the record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) value: usize,
    pub(super) is_in_list: bool,
    pub(super) hit: Hit,
}

impl Choices {
    /// By place, in the order of places; of several the best name first, and of equals the last.
    pub(super) fn of(mut candidates: Vec<Candidate>) -> Self {
        candidates.reverse();
        candidates.sort_by_key(|it| (it.hit.slot, it.hit.rank));
        let by_slot = candidates.chunk_by(|one, other| one.hit.slot == other.hit.slot);
        Self(by_slot.map(<[_]>::to_vec).collect())
    }

    /// Fills the record, which comes empty; `None`, if so little was found that values without a
    /// place count.
    pub(super) fn fill<'a>(
        &self,
        record: &mut Record<'a>,
        value: impl Fn(usize) -> Option<(Kind, Field<'a>)>,
        (manner, time): (Manner<'_>, &mut TimeReader),
    ) -> Option<()> {
        record.kind = manner.kind();
        let mut found = 0;
        for candidates in &self.0 {
            let mut fills = |it: &Candidate| {
                let value = value(it.value)?;
                fill(record, it, value, (manner, time))
            };
            found += usize::from(candidates.iter().any(|it| fills(it).is_some()));
        }
        settle(record, manner);
        (manner.found_min() <= found).then_some(())
    }
}

/// Puts the value into the record, if it says anything there.
fn fill<'a>(
    record: &mut Record<'a>,
    candidate: &Candidate,
    (kind, value): (Kind, Field<'a>),
    (manner, time): (Manner<'_>, &mut TimeReader),
) -> Option<()> {
    let hit = candidate.hit;
    let is_unfit = says_nothing(&value)
        || (kind == Kind::Bool && !hit.is_of_preset() && !candidate.is_in_list)
        || (hit.place == Place::Request && memchr(b' ', &value).is_none());
    if is_unfit {
        return None;
    }
    match value {
        _ if hit.place == Place::Time => record.time = Some(time.read(&value)?),
        Cow::Borrowed(text) if is_put_as_it_is(hit.place) && !time.takes_any_notes() => {
            set_ordinary(record, hit.place, text, time);
        }
        Cow::Borrowed(_) | Cow::Owned(_) => put(record, hit, value, (manner, time)),
    }
    Some(())
}
