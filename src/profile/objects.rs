//! Objects asked for by number: `/v1/orders/4711`. Numbers that follow one another are how
//! somebody walks through what is not theirs.

use serde::{Deserialize, Serialize};

/// An object of one route: 24 bits of the route, 40 of its number, so that neighbours of one
/// route are neighbours as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Object(u64);

/// The objects that a key asked for last, each with how long the walk was that led to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail(Vec<(Object, u8)>);

const NUMBER_BITS: u32 = 40;
/// One left out is still a walk.
const STEP_MAX: u64 = 2;
const TRAIL_MAX: usize = 8;
/// Two or three neighbours come by chance where many objects are asked for at once.
const WALK_MIN: u8 = 4;
/// Of one slot as many are remembered at each end: a walk goes on from there, up or down.
const ENDS: usize = 2;

impl Object {
    /// The last part of the path that is a number; none if there is none, or it is too long.
    pub fn of(path: &str, route: u64) -> Option<Self> {
        let number = path.rsplit('/').find(|part| is_number(part))?;
        let number: u64 = number.parse().ok()?;
        let fits = number < 1 << NUMBER_BITS;
        fits.then_some(Self(((route & 0xff_ffff) << NUMBER_BITS) | number))
    }

    fn is_beside(self, other: Self) -> bool {
        let step = self.0.abs_diff(other.0);
        step != 0 && step <= STEP_MAX
    }
}

fn is_number(part: &str) -> bool {
    // Longer ones are times or random, and nobody walks through those.
    (1..=12).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
}

impl Trail {
    /// How many of a slot's objects, ascending and each once, are a step of a walk: the fourth
    /// and further of those that stand beside one another, or beside one asked for before.
    pub fn walk(&mut self, objects: &[Object]) -> u32 {
        let mut walked = 0;
        let mut steps: Vec<(Object, u8)> = Vec::with_capacity(objects.len());
        for object in objects {
            let beside = steps.last().into_iter().chain(&self.0);
            let before = beside.filter(|(known, _)| object.is_beside(*known)).map(|(_, run)| *run);
            let run = before.max().unwrap_or(0).saturating_add(1);
            walked += u32::from(WALK_MIN <= run);
            steps.push((*object, run));
        }
        self.remember(&steps);
        walked
    }

    fn remember(&mut self, steps: &[(Object, u8)]) {
        // A walk downwards goes on from its lowest object, with all its length.
        let longest = steps.iter().map(|(_, run)| *run).max().unwrap_or(0);
        let low = steps.iter().take(ENDS).map(|(object, _)| (*object, longest));
        let high = steps.iter().skip(ENDS).rev().take(ENDS).copied();
        for (object, run) in low.chain(high) {
            self.0.retain(|(known, _)| *known != object);
            self.0.push((object, run));
        }
        let over = self.0.len().saturating_sub(TRAIL_MAX);
        self.0.drain(..over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(number: u64) -> Object {
        Object::of(&format!("/v1/orders/{number}"), 7).unwrap()
    }

    fn check(slots: &[&[u64]], expected: &[u32]) {
        let mut trail = Trail::default();
        let objects = |slot: &&[u64]| slot.iter().map(|it| object(*it)).collect::<Vec<_>>();
        let walked: Vec<u32> = slots.iter().map(|slot| trail.walk(&objects(slot))).collect();
        assert_eq!(walked, expected);
    }

    #[test]
    fn an_object_is_the_last_number_of_its_path() {
        assert_eq!(Object::of("/v1/orders/12/items", 7), Some(object(12)));
        assert_ne!(Object::of("/v1/orders/12", 8), Some(object(12)));
        assert_eq!(Object::of("/v1/orders", 7), None);
        assert_eq!(Object::of("/v1/orders/1234567890123", 7), None);
        assert_eq!(Object::of("/v1/orders/abc12", 7), None);
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
            assert_eq!(trail.walk(&[object(1000 * step)]), 0);
        }
        assert_eq!(trail.0.len(), TRAIL_MAX);
    }
}
