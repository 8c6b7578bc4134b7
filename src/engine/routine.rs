//! Rows that only repeat an earlier row of their batch: the same key asks for the same from the same
//! place in the same way, within the same hour. Nothing is new about them but that they are one more.

use crate::model::{EventBatch, Hour};

/// What the batch at hand repeats. An entry may be pushed out by another; its rows are then looked
/// at once more.
#[derive(Debug, Default)]
pub(super) struct Routine {
    /// Each way of asking with the hour in which it was found to say nothing new.
    known: Vec<(Way, Hour)>,
}

/// Key, address, route, client and method, as their numbers in the batch; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Way(u64);

const WAYS: usize = 1 << 12;
/// A batch has at most 8,192 values of each, and seldom more than a few methods.
const NUMBER_BITS: u32 = 14;
const METHOD_BITS: u32 = 8;

impl Way {
    /// None for what cannot be told apart from others.
    pub(super) fn of(batch: &EventBatch, row: usize) -> Self {
        let numbers = [
            batch.key.number(row),
            batch.source_ip.number(row),
            batch.route.number(row),
            batch.user_agent.number(row),
        ];
        let method = batch.method.number(row);
        let is_exact = method >> METHOD_BITS == 0
            && numbers.iter().all(|number| number >> NUMBER_BITS == 0)
            && numbers.first() != Some(&0);
        let packed = numbers
            .into_iter()
            .fold(u64::from(method), |packed, number| packed << NUMBER_BITS | u64::from(number));
        if is_exact { Self(packed) } else { Self(0) }
    }
}

impl Routine {
    pub(super) fn begin(&mut self) {
        self.known.clear();
        self.known.resize(WAYS, (Way(0), Hour::default()));
    }

    pub(super) fn has(&self, way: Way, hour: Hour) -> bool {
        way != Way(0) && self.known.get(place_of(way)).is_some_and(|known| *known == (way, hour))
    }

    pub(super) fn note(&mut self, way: Way, hour: Hour) {
        if let Some(place) = self.known.get_mut(place_of(way)) {
            *place = (way, hour);
        }
    }
}

const fn place_of(way: Way) -> usize {
    (way.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_in_the_same_hour_is_routine() {
        let mut batch = EventBatch::default();
        for (key, address, method) in
            [("k_1", "192.0.2.7", "GET"), ("k_1", "192.0.2.7", "PUT"), ("", "192.0.2.7", "GET")]
        {
            batch.key.push(key);
            batch.source_ip.push(address);
            batch.route.push("/v1/a");
            batch.user_agent.push("");
            batch.method.push(method);
        }
        let way = |row| Way::of(&batch, row);
        let mut routine = Routine::default();
        routine.begin();
        routine.note(way(0), Hour(7));
        assert!(routine.has(way(0), Hour(7)));
        assert!(!routine.has(way(0), Hour(8)));
        assert!(!routine.has(way(1), Hour(7)));
        routine.note(way(2), Hour(7));
        assert!(!routine.has(way(2), Hour(7)), "nobody's rows are never routine");
    }
}
