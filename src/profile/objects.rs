//! Objects asked for by number: `/v1/orders/4711`. Numbers that follow one another are how
//! somebody walks through what is not theirs.

use serde::{Deserialize, Serialize};

/// An object of one route: 24 bits of the route, 40 of its number, so that neighbours of one
/// route are neighbours as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Object(u64);

/// The objects that a key asked for last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail(Vec<Object>);

const NUMBER_BITS: u32 = 40;
/// One left out is still a walk.
const STEP_MAX: u64 = 2;
const TRAIL_MAX: usize = 8;
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
    /// How many of a slot's objects, ascending and each once, stand beside one that was asked
    /// for before or beside the one below it; then they are remembered.
    pub fn walk(&mut self, objects: &[Object]) -> u32 {
        let follows = |place: usize, object: Object| {
            let below = place.checked_sub(1).and_then(|place| objects.get(place));
            below.is_some_and(|below| object.is_beside(*below))
                || self.0.iter().any(|known| object.is_beside(*known))
        };
        let walked = objects.iter().enumerate().filter(|(place, it)| follows(*place, **it)).count();
        let (low, high) = (objects.iter().take(ENDS), objects.iter().skip(ENDS).rev().take(ENDS));
        for object in low.chain(high) {
            if !self.0.contains(object) {
                self.0.push(*object);
            }
        }
        let over = self.0.len().saturating_sub(TRAIL_MAX);
        self.0.drain(..over);
        u32::try_from(walked).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(number: u64) -> Object {
        Object::of(&format!("/v1/orders/{number}"), 7).unwrap()
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
    fn a_walk_is_seen_within_a_slot_and_from_slot_to_slot() {
        let mut trail = Trail::default();
        assert_eq!(trail.walk(&[object(10), object(11), object(13), object(90)]), 2);
        assert_eq!(trail.walk(&[object(14)]), 1);
        assert_eq!(trail.walk(&[object(9)]), 1);
        assert_eq!(trail.walk(&[object(50)]), 0);
        // The same object again is no walk.
        assert_eq!(trail.walk(&[object(50)]), 0);
    }

    #[test]
    fn the_trail_is_short() {
        let mut trail = Trail::default();
        for step in 0..100 {
            assert_eq!(trail.walk(&[object(1000 * step)]), 0);
        }
        assert_eq!(trail.0.len(), TRAIL_MAX);
        assert_eq!(trail.walk(&[object(1)]), 0);
    }
}
