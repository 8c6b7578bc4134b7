//! Records that came before, and counters that only grow: what is new of a record.

use std::collections::{BTreeMap, BTreeSet};

use crate::format::Grows;
use crate::model::{Record, Timestamp};

/// Ids that are remembered are between this and twice this many, the newest.
const IDS_MAX: usize = 1 << 16;
/// Counters that are followed; a further one is read as if each reading were its first.
const COUNTERS_MAX: usize = 1 << 14;

/// What was seen lately. It does not outlive the process: after a restart the first reading of
/// a counter says nothing, and a record that is delivered again counts again.
#[derive(Debug, Default)]
pub(super) struct Once {
    ids: BTreeSet<u128>,
    ids_before: BTreeSet<u128>,
    readings: BTreeMap<u128, Reading>,
}

/// A counter as it stood last.
#[derive(Clone, Copy, Debug)]
struct Reading {
    at: Option<Timestamp>,
    count: u64,
    cost_micros: u64,
}

impl Once {
    /// Whether the record is new; of a counter, the record then says by how much it grew.
    pub(super) fn admits(&mut self, record: &mut Record<'_>, grows: Grows) -> bool {
        if grows != Grows::default() {
            return self.take_reading(record, grows);
        }
        if record.id.is_none() {
            return true;
        }
        let id = hash_of_id(record);
        if self.ids.contains(&id) || self.ids_before.contains(&id) {
            return false;
        }
        if IDS_MAX <= self.ids.len() {
            self.ids_before = std::mem::take(&mut self.ids);
        }
        self.ids.insert(id);
        true
    }

    fn take_reading(&mut self, record: &mut Record<'_>, grows: Grows) -> bool {
        let counter = hash_of_counter(record);
        let now = Reading {
            at: record.time,
            count: record.count.unwrap_or(0),
            cost_micros: record.cost_micros.unwrap_or(0),
        };
        let before = self.readings.get(&counter).copied();
        if before.is_some_and(|before| now.at <= before.at) {
            return false;
        }
        if before.is_some() || self.readings.len() < COUNTERS_MAX {
            self.readings.insert(counter, now);
        }
        if before.is_none() {
            record.quirk = Some("first reading of a counter");
        }
        let growth = |now: u64, before: Option<u64>| match before {
            None => 0,
            // It began anew, as daily counters do.
            Some(before) if now < before => now,
            Some(before) => now - before,
        };
        if grows.count {
            record.count = Some(growth(now.count, before.map(|before| before.count)));
        }
        if grows.cost {
            record.cost_micros = Some(growth(now.cost_micros, before.map(|it| it.cost_micros)));
        }
        true
    }
}

/// The same id at another time or with another outcome is news: a message that was sent, then
/// delivered.
fn hash_of_id(record: &Record<'_>) -> u128 {
    let texts = [&record.id, &record.operation, &record.outcome, &record.path, &record.key];
    let time = record.time.map_or(0, |time| time.0).to_le_bytes();
    let status = record.status.unwrap_or(0).to_le_bytes();
    hash(texts.map(|text| text.as_deref().unwrap_or_default()), &[&time, &status])
}

fn hash_of_counter(record: &Record<'_>) -> u128 {
    let texts = [&record.tenant, &record.operation, &record.key, &record.model, &record.user];
    hash(texts.map(|text| text.as_deref().unwrap_or_default()), &[])
}

fn hash(texts: [&[u8]; 5], more: &[&[u8]]) -> u128 {
    let mut hasher = blake3::Hasher::new();
    for text in texts.iter().chain(more) {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text);
    }
    let mut short = [0; 16];
    short.iter_mut().zip(hasher.finalize().as_bytes()).for_each(|(to, from)| *to = *from);
    u128::from_le_bytes(short)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn record(id: &'static str, outcome: &'static str) -> Record<'static> {
        let field = |text: &'static str| Some(Cow::Borrowed(text.as_bytes()));
        Record { id: field(id), outcome: field(outcome), ..Record::default() }
    }

    #[test]
    fn a_record_that_is_delivered_again_counts_once() {
        let mut once = Once::default();
        let mut admits = |id, outcome| once.admits(&mut record(id, outcome), Grows::default());
        assert!(admits("m1", "sent"));
        assert!(admits("m1", "delivered"));
        assert!(!admits("m1", "sent"));
        assert!(once.admits(&mut Record::default(), Grows::default()));
        assert!(once.admits(&mut Record::default(), Grows::default()));
    }

    #[test]
    fn ids_without_end_are_not_all_remembered() {
        let mut once = Once::default();
        for number in 0..3 * IDS_MAX {
            let id = Some(Cow::Owned(number.to_le_bytes().to_vec()));
            assert!(once.admits(&mut Record { id, ..Record::default() }, Grows::default()));
        }
        assert!(once.ids.len() + once.ids_before.len() <= 2 * IDS_MAX);
    }

    #[test]
    fn of_a_counter_the_difference_counts_and_a_reset_begins_anew() {
        let mut once = Once::default();
        let mut read = |second: i64, count: u64| {
            let mut record = Record {
                time: Some(Timestamp(second * 1000)),
                count: Some(count),
                ..Record::default()
            };
            let is_new = once.admits(&mut record, Grows { count: true, cost: false });
            is_new.then_some(record.count).flatten()
        };
        assert_eq!(read(1, 100), Some(0));
        assert_eq!(read(2, 130), Some(30));
        assert_eq!(read(2, 130), None);
        assert_eq!(read(3, 130), Some(0));
        assert_eq!(read(4, 7), Some(7));
        assert_eq!(read(1, 100), None);
    }
}
