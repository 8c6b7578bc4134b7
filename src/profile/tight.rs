//! Short lists that every key has and that rarely grow: they take no more room than they need.

/// As [`Vec::insert`], which would make room for four at once and then for twice as many.
pub(super) fn insert<T>(list: &mut Vec<T>, place: usize, value: T) {
    list.reserve_exact(1);
    list.insert(place, value);
}

/// As [`Vec::push`].
pub(super) fn push<T>(list: &mut Vec<T>, value: T) {
    list.reserve_exact(1);
    list.push(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_room_for_what_is_in_it() {
        let mut list: Vec<[u64; 9]> = Vec::new();
        for number in 1..6 {
            insert(&mut list, 0, [number; 9]);
            push(&mut list, [number; 9]);
            assert_eq!(list.capacity(), list.len());
        }
        assert_eq!(list.iter().map(|it| it[0]).collect::<Vec<_>>(), [5, 4, 3, 2, 1, 1, 2, 3, 4, 5]);
    }
}
