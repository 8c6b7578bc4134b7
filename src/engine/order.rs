//! Places in the order of what stands there: most stay from one look to the next, so that only what
//! came or went meanwhile is sorted.

use std::cmp::Ordering;

#[derive(Debug, Default)]
pub(super) struct Order {
    /// As it was when somebody looked last.
    sorted: Vec<u32>,
    /// By place: whether something came there or went since then.
    noted: Vec<bool>,
    /// Whether something stands there.
    taken: Vec<bool>,
    is_stale: bool,
}

impl Order {
    /// Of places that are in order.
    pub(super) fn of(sorted: &[u32]) -> Self {
        let mut taken = Vec::new();
        for place in sorted {
            set(&mut taken, *place, true);
        }
        Self { sorted: sorted.to_vec(), noted: vec![false; taken.len()], taken, is_stale: false }
    }

    /// From now on the place is taken, or it is not.
    pub(super) fn note(&mut self, place: u32, is_taken: bool) {
        set(&mut self.taken, place, is_taken);
        set(&mut self.noted, place, true);
        self.is_stale = true;
    }

    /// All that are taken.
    pub(super) fn places(&self, compare: impl Fn(u32, u32) -> Ordering) -> Vec<u32> {
        if !self.is_stale {
            return self.sorted.clone();
        }
        let is_noted = |place: u32| self.noted.get(place as usize).is_some_and(|noted| *noted);
        let is_taken = |place: u32| self.taken.get(place as usize).is_some_and(|taken| *taken);
        let places = 0..u32::try_from(self.noted.len()).unwrap_or(u32::MAX);
        let mut new: Vec<u32> =
            places.filter(|place| is_noted(*place) && is_taken(*place)).collect();
        new.sort_unstable_by(|one, other| compare(*one, *other));
        let old = self.sorted.iter().copied().filter(|place| !is_noted(*place));
        merged(old, &new, compare)
    }
}

fn set(bits: &mut Vec<bool>, place: u32, bit: bool) {
    if bits.len() <= place as usize {
        bits.resize(place as usize + 1, false);
    }
    if let Some(known) = bits.get_mut(place as usize) {
        *known = bit;
    }
}

fn merged(
    old: impl Iterator<Item = u32>,
    new: &[u32],
    compare: impl Fn(u32, u32) -> Ordering,
) -> Vec<u32> {
    let mut all = Vec::new();
    let mut new = new.iter().copied().peekable();
    for place in old {
        while let Some(next) = new.next_if(|next| compare(*next, place) == Ordering::Less) {
            all.push(next);
        }
        all.push(place);
    }
    all.extend(new);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_and_went_is_in_order_with_what_stayed() {
        let mut names = vec!["d", "b", "f"];
        let mut order = Order::default();
        (0..3).for_each(|place| order.note(place, true));
        let compare =
            |names: &[&str], one: u32, other: u32| names[one as usize].cmp(names[other as usize]);
        let places = |order: &Order, names: &[&str]| order.places(|a, b| compare(names, a, b));
        assert_eq!(places(&order, &names), [1, 0, 2]);
        let mut order = Order::of(&[1, 0, 2]);
        assert_eq!(places(&order, &names), [1, 0, 2]);
        // One goes, and another comes to its place; one goes for good; one is new.
        for (place, is_taken) in [(1, false), (1, true), (2, false), (3, true)] {
            order.note(place, is_taken);
        }
        names[1] = "e";
        names.push("a");
        assert_eq!(places(&order, &names), [3, 0, 1]);
    }
}
