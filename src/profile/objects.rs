//! Objects asked for by id: `/v1/orders/4711`. Numbers that follow one another, or far more
//! different ids than usual, are how somebody goes through what is not theirs.

use serde::{Deserialize, Serialize};

use super::{hash_of, hash_of_number};
use crate::model::short::last_digits;

/// An object of one route: 24 bits of the route, 40 of its number, so that neighbours of one
/// route are neighbours as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Object(u64);

/// How a key goes from object to object in one hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    /// The last objects, each with how long the walk was that led to it.
    last: Vec<(Object, u8)>,
    steps: u32,
    /// A bit for each object of the hour, by its hash, so that they can be counted roughly.
    /// None where there was none: most keys rest most of the time.
    seen: Option<Box<[u64; SEEN_WORDS]>>,
    /// How many bits are set.
    bits: u32,
}

const NUMBER_BITS: u32 = 40;
/// Longer numbers are times or random, and nobody walks through those.
const DIGITS_MAX: usize = 12;
/// One left out is still a walk.
const STEP_MAX: u64 = 2;
const TRAIL_MAX: usize = 8;
/// Two or three neighbours come by chance where many objects are asked for at once.
const WALK_MIN: u8 = 4;
/// Of one slot as many are remembered at each end: a walk goes on from there, up or down.
const ENDS: usize = 2;
const SEEN_WORDS: usize = 16;
const SEEN_BITS: u32 = 1024;
/// With fewer empty bits the objects are too many to be counted.
const EMPTY_MIN: u32 = 8;
/// So many objects, then, or more.
pub const OBJECTS_MAX: u32 = 4968;

impl Object {
    /// The last part of the path that is a number. Where there is none, but the route has the
    /// place of an id, it is the path's hash: such objects have no neighbours but by chance.
    pub fn of(path: &str, (route, template): (u64, &str)) -> Option<Self> {
        let number = match last_number(path.as_bytes()).filter(|number| *number < 1 << NUMBER_BITS)
        {
            Some(number) => number,
            None if template.contains('{') => hash_of(path) >> (u64::BITS - NUMBER_BITS),
            None => return None,
        };
        Some(Self(((route & 0xff_ffff) << NUMBER_BITS) | number))
    }

    /// As it is stored.
    pub const fn number(self) -> u64 {
        self.0
    }

    fn is_beside(self, other: Self) -> bool {
        // 0 is the largest then.
        self.0.abs_diff(other.0).wrapping_sub(1) < STEP_MAX
    }
}

/// Of the last part that is a number of a few digits, read from its end.
fn last_number(path: &[u8]) -> Option<u64> {
    // Most end with one.
    if let Some((digits @ 1.., number)) = last_digits(path)
        && path.len().checked_sub(digits + 1).and_then(|at| path.get(at)) == Some(&b'/')
    {
        return Some(number);
    }
    let (mut number, mut scale, mut digits) = (0, 1, 0);
    for byte in path.iter().rev() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 && digits < DIGITS_MAX {
            number += u64::from(digit) * scale;
            scale *= 10;
            digits += 1;
        } else if *byte != b'/' {
            // No number, whatever else is in this part.
            digits = usize::MAX;
        } else if (1..=DIGITS_MAX).contains(&digits) {
            return Some(number);
        } else {
            (number, scale, digits) = (0, 1, 0);
        }
    }
    (1..=DIGITS_MAX).contains(&digits).then_some(number)
}

impl Trail {
    /// Takes a slot's objects, ascending and each once. A step of a walk is the fourth and each
    /// further one of those that stand beside one another, or beside one asked for before.
    /// Whose they are does not matter here.
    pub fn walk(&mut self, objects: &[(u32, Object)]) {
        if let [(_, object)] = objects {
            return self.step_to(*object);
        }
        let mut ends = Ends::default();
        for (_, object) in objects {
            let mut before = 0;
            for (known, run) in &self.last {
                before = if object.is_beside(*known) { before.max(*run) } else { before };
            }
            if let Some((_, run)) = ends.last.filter(|(known, _)| object.is_beside(*known)) {
                before = before.max(run);
            }
            let run = before.saturating_add(1);
            self.steps = self.steps.saturating_add(u32::from(WALK_MIN <= run));
            ends.push((*object, run));
            self.see(*object);
        }
        self.remember(&ends);
    }

    /// The same for one object, as most slots have it.
    fn step_to(&mut self, object: Object) {
        let (mut before, mut place) = (0, None);
        for (at, (known, run)) in self.last.iter().enumerate() {
            before = if object.is_beside(*known) { before.max(*run) } else { before };
            place = if object == *known { Some(at) } else { place };
        }
        let run = before.saturating_add(1);
        self.steps = self.steps.saturating_add(u32::from(WALK_MIN <= run));
        self.see(object);
        let is_full = TRAIL_MAX <= self.last.len();
        if let Some(gone) = place.or(is_full.then_some(0)) {
            self.last.remove(gone);
        }
        self.last.push((object, run));
    }

    /// The steps of this hour. Who walks comes to another object each time; the few objects of
    /// a busy key are neighbours by chance, again and again.
    pub fn steps(&self) -> u32 {
        if self.steps == 0 { 0 } else { self.steps.min(self.distinct()) }
    }

    /// Grows with the different objects of this hour: what is looked at before they are counted.
    pub const fn bits(&self) -> u32 {
        self.bits
    }

    /// How many bits so many different objects set.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and a thousand"
    )]
    pub fn bits_of(objects: u32) -> u32 {
        let bits = f64::from(SEEN_BITS);
        (bits * (1.0 - (-f64::from(objects) / bits).exp())).ceil() as u32
    }

    /// An hour is over. A walk goes on into the next.
    pub fn close_hour(&mut self) {
        self.steps = 0;
        self.seen = None;
        self.bits = 0;
    }

    /// One that leads nowhere, with the room of this one.
    #[must_use]
    pub fn emptied(mut self) -> Self {
        self.last.clear();
        Self { last: self.last, ..Self::default() }
    }

    fn see(&mut self, object: Object) {
        let bit = hash_of_number(object.0) % u64::from(SEEN_BITS);
        let seen = self.seen.get_or_insert_default();
        if let Some(word) = usize::try_from(bit / 64).ok().and_then(|it| seen.get_mut(it)) {
            self.bits += u32::from(*word & (1 << (bit % 64)) == 0);
            *word |= 1 << (bit % 64);
        }
    }

    /// Linear counting (Whang and others, 1990): so many bits are empty after so many objects.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and a few thousand"
    )]
    pub fn distinct(&self) -> u32 {
        if self.bits == 0 {
            return 0;
        }
        let empty = SEEN_BITS - self.bits;
        if empty < EMPTY_MIN {
            return OBJECTS_MAX;
        }
        let bits = f64::from(SEEN_BITS);
        (bits * (bits / f64::from(empty)).ln()).round() as u32
    }

    fn remember(&mut self, ends: &Ends) {
        // A walk downwards goes on from its lowest object, with all its length.
        let low = ends.low.iter().flatten().map(|(object, _)| (*object, ends.longest));
        let high = ends.high.iter().flatten().copied();
        for (object, run) in low.chain(high) {
            if let Some(known) = self.last.iter().position(|(known, _)| *known == object) {
                self.last.remove(known);
            }
            self.last.push((object, run));
        }
        let over = self.last.len().saturating_sub(TRAIL_MAX);
        if over != 0 {
            self.last.drain(..over);
        }
    }
}

/// The objects at both ends of a slot's walk, each with how long the walk was up to it.
#[derive(Debug, Default)]
struct Ends {
    /// The first of all.
    low: [Option<(Object, u8)>; ENDS],
    /// The last of those that are not among the first, the last of them first.
    high: [Option<(Object, u8)>; ENDS],
    longest: u8,
    /// The one that was pushed last.
    last: Option<(Object, u8)>,
}

impl Ends {
    fn push(&mut self, step: (Object, u8)) {
        self.longest = self.longest.max(step.1);
        self.last = Some(step);
        if let Some(free) = self.low.iter_mut().find(|end| end.is_none()) {
            *free = Some(step);
            return;
        }
        self.high.rotate_right(1);
        if let Some(first) = self.high.first_mut() {
            *first = Some(step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: (u64, &str) = (7, "/v1/orders/{id}");

    fn object(number: u64) -> Object {
        Object::of(&format!("/v1/orders/{number}"), ORDERS).unwrap()
    }

    fn check(slots: &[&[u64]], expected: &[u32]) {
        let mut trail = Trail::default();
        let mut steps = Vec::new();
        for slot in slots {
            let before = trail.steps;
            trail.walk(&slot.iter().map(|it| (0, object(*it))).collect::<Vec<_>>());
            steps.push(trail.steps - before);
        }
        assert_eq!(steps, expected);
    }

    #[test]
    fn an_object_is_the_last_number_of_its_path() {
        assert_eq!(Object::of("/v1/orders/12/items", ORDERS), Some(object(12)));
        assert_ne!(Object::of("/v1/orders/12", (8, "")), Some(object(12)));
        assert_eq!(Object::of("/v1/orders", (7, "/v1/orders")), None);
        assert_eq!(Object::of("/v1/orders/1234567890123", (7, "/v1/orders/x")), None);
        assert_eq!(Object::of("/v1/orders/007/1x/a2", ORDERS), Some(object(7)));
        assert_eq!(Object::of("12", (7, "")), Some(object(12)));
        assert_eq!(Object::of("//x", (7, "")), None);
    }

    #[test]
    fn an_id_that_is_no_number_is_an_object_too() {
        let of = |path: &str| Object::of(path, ORDERS).unwrap();
        assert_eq!(of("/v1/orders/ab-12"), of("/v1/orders/ab-12"));
        assert!(!of("/v1/orders/ab-12").is_beside(of("/v1/orders/ab-13")));
        let mut trail = Trail::default();
        for number in 0..400 {
            trail.walk(&[(0, of(&format!("/v1/orders/a{}", number % 300)))]);
        }
        assert!((280..320).contains(&trail.distinct()), "{}", trail.distinct());
        assert!(trail.bits().abs_diff(Trail::bits_of(300)) < 20, "{}", trail.bits());
    }

    #[test]
    fn a_walk_is_seen_from_its_fourth_step() {
        check(&[&[10, 11, 13]], &[0]);
        check(&[&[10, 11, 13, 14, 15, 90]], &[2]);
        check(&[&[10, 20, 30, 40]], &[0]);
    }

    #[test]
    fn a_walk_goes_on_from_slot_to_slot_up_or_down() {
        check(&[&[10], &[11], &[12], &[13], &[14]], &[0, 0, 0, 1, 1]);
        check(&[&[14], &[13], &[12], &[11]], &[0, 0, 0, 1]);
        check(&[&[11, 12, 13], &[9, 10]], &[0, 2]);
    }

    #[test]
    fn the_same_object_again_is_no_step() {
        check(&[&[10], &[10], &[10], &[10], &[10]], &[0, 0, 0, 0, 0]);
    }

    #[test]
    fn the_trail_is_short() {
        let mut trail = Trail::default();
        for step in 0..100 {
            trail.walk(&[(0, object(1000 * step))]);
        }
        assert_eq!((trail.last.len(), trail.steps), (TRAIL_MAX, 0));
    }

    #[test]
    fn the_few_objects_of_a_busy_key_are_no_walk() {
        let mut busy = Trail::default();
        for number in 0..2000 {
            busy.walk(&[(0, object(number * 7 % 20))]);
        }
        assert!(busy.steps() < 30, "{}", busy.steps());
        let mut walker = Trail::default();
        for number in 0..2000 {
            walker.walk(&[(0, object(number))]);
        }
        assert!(1900 < walker.steps());
        walker.close_hour();
        assert_eq!(walker.steps(), 0);
    }
}
