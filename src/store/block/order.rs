//! The order in which a column's values are packed. What mostly hangs on the key stands together
//! with its like, and so does what hangs on the route: it takes a fraction of the room.

use super::column::Column;
use crate::model::{EventBatch, TextColumn};

/// The rows of a leader's first value, then those of its second, and so on.
#[derive(Debug, Default)]
pub(super) struct Order(Vec<u32>);

impl Order {
    /// By the number of the leader's value, and where that is the same, by row. `None` if all rows
    /// have one value.
    pub(super) fn by(leader: Column, batch: &EventBatch, rows: usize) -> Option<Self> {
        let text = if leader == Column::Route { &batch.route } else { &batch.key };
        (2 < text.dictionary.len()).then(|| Self::of(text, rows))
    }

    fn of(leader: &TextColumn, rows: usize) -> Self {
        let mut starts = vec![0u32; leader.dictionary.len() + 1];
        let numbers = || (0..rows).map(|row| leader.number(row) as usize);
        for number in numbers() {
            if let Some(next) = starts.get_mut(number + 1) {
                *next += 1;
            }
        }
        let mut before = 0;
        for start in &mut starts {
            before += *start;
            *start = before;
        }
        let mut order = vec![0; rows];
        for (number, row) in numbers().zip(0u32..) {
            let Some(next) = starts.get_mut(number) else { continue };
            if let Some(place) = order.get_mut(*next as usize) {
                *place = row;
            }
            *next += 1;
        }
        Self(order)
    }

    /// From the order of the rows into this one.
    pub(super) fn arrange(&self, values: &[u64], out: &mut Vec<u64>) {
        out.clear();
        out.extend(self.0.iter().map(|row| values.get(*row as usize).copied().unwrap_or(0)));
    }

    /// And back.
    pub(super) fn restore<T: Copy + Default + PartialEq>(&self, values: &[T]) -> Vec<T> {
        // Of one value everywhere there is nothing to move.
        if values.first().is_none_or(|first| values.iter().all(|value| value == first)) {
            return values.to_vec();
        }
        let mut rows = vec![T::default(); values.len()];
        for (value, row) in values.iter().zip(&self.0) {
            if let Some(place) = rows.get_mut(*row as usize) {
                *place = *value;
            }
        }
        rows
    }

    /// Where in this order the values of some rows stand.
    pub(super) fn places_of(&self, rows: &[usize]) -> Vec<usize> {
        let mut places = vec![0; self.0.len()];
        for (place, row) in self.0.iter().enumerate() {
            if let Some(of_row) = places.get_mut(*row as usize) {
                *of_row = place;
            }
        }
        rows.iter().map(|row| places.get(*row).copied().unwrap_or(0)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_one_value_stand_together_and_find_back() {
        let mut leader = TextColumn::default();
        for value in ["b", "a", "", "b", "a", "b"] {
            leader.push(value);
        }
        let order = Order::of(&leader, 6);
        let mut arranged = Vec::new();
        order.arrange(&[10, 11, 12, 13, 14, 15], &mut arranged);
        assert_eq!(arranged, [12, 10, 13, 15, 11, 14]);
        assert_eq!(order.restore(&arranged), [10, 11, 12, 13, 14, 15]);
        let places = order.places_of(&[1, 3, 5]);
        assert!(places.iter().map(|place| arranged[*place]).eq([11, 13, 15]));
    }
}
