//! Room to put the lists of a slot in order, used again for each. Numbers are sorted and the rest
//! is moved once: ten times as fast as moving it about.

use super::{Counts, Object};

#[derive(Debug, Default)]
pub struct Sorting {
    places: Vec<u64>,
    keys: Vec<(u32, Counts)>,
    objects: Vec<(u32, Object)>,
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
    (places, sorted): (&mut Vec<u64>, &mut Vec<(u32, T)>),
) {
    places.clear();
    places.extend(list.iter().zip(0u64..).map(|((key, _), place)| u64::from(*key) << 32 | place));
    places.sort_unstable();
    let place_of = |packed: u64| usize::try_from(packed & u64::from(u32::MAX)).ok();
    sorted.clear();
    sorted.extend(places.iter().filter_map(|packed| list.get(place_of(*packed)?)).copied());
    std::mem::swap(list, sorted);
}

#[cfg(test)]
mod tests {
    use super::*;

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
