//! Room to put the lists of a slot in order, used again for each. Numbers are sorted and the rest
//! is moved once: ten times as fast as moving it about.

use super::{Counts, Object};

#[derive(Debug, Default)]
pub struct Sorting {
    places: Places,
    keys: Vec<(u32, Counts)>,
    objects: Vec<(u32, Object)>,
}

/// Of fewer the comparing sort is quicker.
const RADIX_MIN: usize = 64;
const RADIX: usize = 256;

/// Keys, each with its place in the list behind it.
#[derive(Debug, Default)]
struct Places {
    packed: Vec<u64>,
    other: Vec<u64>,
}

impl Sorting {
    pub(super) fn of_keys(&mut self, list: &mut Vec<(u32, Counts)>) {
        sort_by_key(list, (&mut self.places, &mut self.keys));
    }

    /// Those of one key ascending, too.
    pub(super) fn of_objects(&mut self, list: &mut Vec<(u32, Object)>) {
        sort_by_key(list, (&mut self.places, &mut self.objects));
        for own in list.chunk_by_mut(|(one, _), (other, _)| one == other) {
            own.sort_unstable();
        }
    }
}

/// Those of one key stay in the order in which they are.
fn sort_by_key<T: Copy>(
    list: &mut Vec<(u32, T)>,
    (places, sorted): (&mut Places, &mut Vec<(u32, T)>),
) {
    let Places { packed, .. } = &mut *places;
    packed.clear();
    packed.extend(list.iter().zip(0u64..).map(|((key, _), place)| u64::from(*key) << 32 | place));
    places.sort();
    let place_of = |packed: u64| usize::try_from(packed & u64::from(u32::MAX)).ok();
    sorted.clear();
    sorted.extend(places.packed.iter().filter_map(|packed| list.get(place_of(*packed)?)).copied());
    std::mem::swap(list, sorted);
}

impl Places {
    /// They come in the order of their places, and what is alike stays in it: bytes of the keys are
    /// all that is to be looked at, of few keys a single one.
    fn sort(&mut self) {
        let all = self.packed.iter().fold(0, |all, packed| all | packed);
        if self.packed.len() < RADIX_MIN || all >> 48 != 0 {
            return self.packed.sort_unstable();
        }
        self.sort_by_byte(32);
        if all >> 40 != 0 {
            self.sort_by_byte(40);
        }
    }

    #[expect(clippy::indexing_slicing, reason = "a byte is less than RADIX, and all are counted")]
    fn sort_by_byte(&mut self, shift: u32) {
        let Self { packed, other } = self;
        let byte_of = |packed: u64| (packed >> shift & 0xff) as usize;
        let mut next = [0_usize; RADIX];
        for it in packed.iter() {
            next[byte_of(*it)] += 1;
        }
        let mut before = 0;
        for count in &mut next {
            before += std::mem::replace(count, before);
        }
        other.clear();
        other.resize(packed.len(), 0);
        for it in packed.iter() {
            let place = &mut next[byte_of(*it)];
            other[*place] = *it;
            *place += 1;
        }
        std::mem::swap(packed, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_sorted_as_few_are_and_what_is_alike_stays_as_it_was() {
        for keys in [3, 200, 700, 60_000, u32::MAX] {
            let of = |place: u32| (place.wrapping_mul(2_654_435_761) % keys, place);
            let mut list: Vec<_> = (0..500).map(of).collect();
            let mut expected = list.clone();
            expected.sort_by_key(|(key, _)| *key);
            sort_by_key(&mut list, (&mut Places::default(), &mut Vec::new()));
            assert_eq!(list, expected, "{keys}");
        }
    }

    #[test]
    fn what_was_sorted_before_leaves_nothing_behind() {
        let mut sorting = Sorting::default();
        for length in [9u32, 3, 0, 5] {
            let of = |key: u32| (key, Counts { requests: key, ..Counts::default() });
            let mut list: Vec<_> = (0..length).rev().map(of).collect();
            sorting.of_keys(&mut list);
            assert_eq!(list, (0..length).map(of).collect::<Vec<_>>());
        }
    }
}
