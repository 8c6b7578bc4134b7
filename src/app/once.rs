//! Records that came before, and counters that only grow: what is new of a record.

use std::collections::{BTreeMap, BTreeSet};

use super::windows::Windows;
use crate::format::Grows;
use crate::model::{EventKind, Record, Timestamp};
use crate::store::Memory;

/// Ids are remembered by the page, the last so many pages of them.
const PAGE_IDS: usize = 512;
const PAGES_MAX: u64 = 256;
/// Counters that are followed; a further one is read as if each reading were its first.
const COUNTERS_MAX: usize = 1 << 14;

/// What was seen lately. It is stored with what came of it, so that a record that is delivered
/// again after a restart counts once, and a counter goes on where it stood.
#[derive(Debug, Default)]
pub(super) struct Once {
    ids: BTreeSet<u128>,
    /// By number; the last is being filled.
    pages: BTreeMap<u64, Vec<u128>>,
    readings: BTreeMap<u128, Reading>,
    windows: Windows,
    /// What has changed since it was last stored.
    changed_pages: BTreeSet<u64>,
    changed_readings: BTreeSet<u128>,
}

/// A counter as it stood last.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Reading {
    at: Option<Timestamp>,
    count: u64,
    cost_micros: u64,
}

/// What is stored of it, by the beginning of its names.
const PAGE: &str = "ids/";
const READING: &str = "counter/";

impl Once {
    /// As an earlier process stored it.
    pub(super) fn recall(memory: &Memory) -> Self {
        let mut once = Self { windows: Windows::recall(memory), ..Self::default() };
        let under = |prefix: &'static str| {
            let from = memory.range(prefix.to_owned()..);
            from.map_while(move |(name, value)| Some((name.strip_prefix(prefix)?, value)))
        };
        for (_, value) in under(PAGE) {
            let Some((number, ids)) = value
                .split_first_chunk()
                .map(|(number, ids)| (u64::from_le_bytes(*number), ids.as_chunks().0))
            else {
                continue;
            };
            let ids: Vec<u128> = ids.iter().copied().map(u128::from_le_bytes).collect();
            once.ids.extend(&ids);
            once.pages.insert(number, ids);
        }
        for (name, value) in under(READING) {
            if let (Ok(counter), Some(reading)) =
                (u128::from_str_radix(name, 16), Reading::read(value))
            {
                once.readings.insert(counter, reading);
            }
        }
        once
    }

    /// What is to be stored, because it has changed.
    pub(super) fn take_news(&mut self) -> Memory {
        let mut news = self.windows.take_news();
        for number in std::mem::take(&mut self.changed_pages) {
            let ids = self.pages.get(&number).map_or([].as_slice(), Vec::as_slice);
            let mut value = number.to_le_bytes().to_vec();
            value.extend(ids.iter().flat_map(|id| id.to_le_bytes()));
            news.insert(format!("{PAGE}{:03}", number % PAGES_MAX), value);
        }
        for counter in std::mem::take(&mut self.changed_readings) {
            if let Some(reading) = self.readings.get(&counter) {
                news.insert(format!("{READING}{counter:032x}"), reading.written());
            }
        }
        news
    }

    /// The records that come now are of another line.
    pub(super) fn begin_line(&mut self) {
        self.windows.begin_line();
    }

    /// Whether the record is new; of a counter, the record then says by how much it grew.
    pub(super) fn admits(&mut self, record: &mut Record<'_>, grows: Grows) -> bool {
        if grows != Grows::default() {
            return self.take_reading(record, grows);
        }
        if record.id.is_none() {
            let is_window = record.kind == EventKind::Usage && record.time.is_some();
            return !is_window || self.windows.admits(record, hash_of_counter(record));
        }
        let id = hash_of_id(record);
        let is_new = self.ids.insert(id);
        if is_new {
            self.note(id);
        }
        is_new
    }

    /// Writes an id down, in place of the oldest if there is no room.
    fn note(&mut self, id: u128) {
        let last = self.pages.last_key_value().map_or(0, |(number, _)| *number);
        let is_full = self.pages.get(&last).is_some_and(|page| PAGE_IDS <= page.len());
        let number = if is_full { last + 1 } else { last };
        if let Some(oldest) = number.checked_sub(PAGES_MAX) {
            for id in self.pages.remove(&oldest).into_iter().flatten() {
                self.ids.remove(&id);
            }
        }
        self.pages.entry(number).or_default().push(id);
        self.changed_pages.insert(number);
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
            self.changed_readings.insert(counter);
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
        if before.is_some_and(|before| {
            grows.count && now.count < before.count
                || grows.cost && now.cost_micros < before.cost_micros
        }) {
            record.quirk = Some("a counter that began anew");
        }
        if grows.count {
            record.count = Some(growth(now.count, before.map(|before| before.count)));
        }
        if grows.cost {
            record.cost_micros = Some(growth(now.cost_micros, before.map(|it| it.cost_micros)));
        }
        true
    }
}

impl Reading {
    fn written(self) -> Vec<u8> {
        let at = self.at.map_or(i64::MIN, |at| at.0);
        [at.to_le_bytes(), self.count.to_le_bytes(), self.cost_micros.to_le_bytes()].concat()
    }

    fn read(value: &[u8]) -> Option<Self> {
        let ([at, count, cost_micros], []) = value.as_chunks() else { return None };
        let at = i64::from_le_bytes(*at);
        Some(Self {
            at: (at != i64::MIN).then_some(Timestamp(at)),
            count: u64::from_le_bytes(*count),
            cost_micros: u64::from_le_bytes(*cost_micros),
        })
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
        let limit = PAGE_IDS as u64 * PAGES_MAX;
        let mut memory = Memory::new();
        for number in 0..2 * limit {
            let id = Some(Cow::Owned(number.to_le_bytes().to_vec()));
            assert!(once.admits(&mut Record { id, ..Record::default() }, Grows::default()));
            if number % 100_000 == 0 {
                memory.extend(once.take_news());
            }
        }
        memory.extend(once.take_news());
        assert_eq!(once.ids.len() as u64, limit);
        assert_eq!(memory.len() as u64, PAGES_MAX);
        assert_eq!(Once::recall(&memory).ids, once.ids);
    }

    #[test]
    fn what_was_seen_outlives_the_process() {
        let mut once = Once::default();
        let reading = |second: i64, count: u64| Record {
            time: Some(Timestamp(second * 1000)),
            count: Some(count),
            ..Record::default()
        };
        let grows = Grows { count: true, cost: false };
        assert!(once.admits(&mut record("m1", "sent"), Grows::default()));
        assert!(once.admits(&mut reading(1, 100), grows));
        let memory = once.take_news();
        assert!(once.take_news().is_empty());
        let mut again = Once::recall(&memory);
        assert!(!again.admits(&mut record("m1", "sent"), Grows::default()));
        let mut second = reading(2, 130);
        assert!(again.admits(&mut second, grows));
        assert_eq!((second.count, second.quirk), (Some(30), None));
        let broken = Memory::from([(format!("{PAGE}000"), vec![1]), (READING.to_owned(), vec![])]);
        assert!(Once::recall(&broken).ids.is_empty());
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
