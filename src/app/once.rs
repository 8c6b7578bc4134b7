//! Records that came before, and counters that only grow: what is new of a record.

use std::collections::{BTreeMap, BTreeSet};

use super::whose::{Hashes, Whose};
use super::windows::{Window, Windows};
use crate::format::Grows;
use crate::model::{EventBatch, EventKind, Mention, Record, Timestamp};
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
    hashes: Hashes,
    ids: BTreeSet<u128>,
    /// By number; the last is being filled.
    pages: BTreeMap<u64, Vec<Seen>>,
    readings: BTreeMap<u128, (Reading, Whose)>,
    windows: Windows,
    /// What has changed since it was last stored.
    changed_pages: BTreeSet<u64>,
    changed_readings: BTreeSet<u128>,
    /// Of whose record it is not yet known whose it is.
    last: Option<Last>,
    /// Of a former form, to be removed.
    outdated: Vec<String>,
}

type Seen = (u128, Whose);

/// Where that stands which was written down last.
#[derive(Clone, Copy, Debug)]
enum Last {
    Page(u64),
    Counter(u128),
    Window(Window),
}

/// A counter as it stood last.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Reading {
    at: Option<Timestamp>,
    count: u64,
    cost_micros: u64,
}

/// What is stored of it, by the beginning of its names.
const PAGE: &str = "seen/";
const READING: &str = "reading/";
/// Hashes that anybody could have made, and nobody knew whose they were.
const OUTDATED: [&str; 3] = ["ids/", "counter/", "window/"];
const ID_BYTES: usize = 16;
const SEEN_BYTES: usize = ID_BYTES + Whose::BYTES;

impl Once {
    /// As an earlier process stored it.
    pub(super) fn recall(memory: &Memory, hashes: Hashes) -> Self {
        let mut once = Self { hashes, windows: Windows::recall(memory), ..Self::default() };
        let under = |prefix: &'static str| {
            let from = memory.range(prefix.to_owned()..);
            from.map_while(move |(name, value)| Some((name.strip_prefix(prefix)?, value)))
        };
        for (_, value) in under(PAGE) {
            let Some((number, seen)) = value.split_first_chunk() else { continue };
            let seen = seen.as_chunks::<SEEN_BYTES>().0;
            let seen: Vec<Seen> = seen.iter().filter_map(|it| read_seen(it)).collect();
            once.ids.extend(seen.iter().map(|(id, _)| id));
            once.pages.insert(u64::from_le_bytes(*number), seen);
        }
        for (name, value) in under(READING) {
            if let (Ok(counter), Some(reading)) =
                (u128::from_str_radix(name, 16), Reading::read(value))
            {
                once.readings.insert(counter, reading);
            }
        }
        let is_outdated = |name: &&String| OUTDATED.iter().any(|prefix| name.starts_with(prefix));
        once.outdated = memory.keys().filter(is_outdated).cloned().collect();
        once
    }

    /// What is to be stored, because it has changed.
    pub(super) fn take_news(&mut self) -> Memory {
        let mut news = self.windows.take_news();
        for number in std::mem::take(&mut self.changed_pages) {
            let seen = self.pages.get(&number).map_or([].as_slice(), Vec::as_slice);
            let mut value = number.to_le_bytes().to_vec();
            for (id, whose) in seen {
                value.extend(id.to_le_bytes().into_iter().chain(whose.written()));
            }
            news.insert(format!("{PAGE}{:03}", number % PAGES_MAX), value);
        }
        for counter in std::mem::take(&mut self.changed_readings) {
            let reading = self.readings.get(&counter).map_or_else(Vec::new, Reading::written);
            news.insert(format!("{READING}{counter:032x}"), reading);
        }
        news.extend(std::mem::take(&mut self.outdated).into_iter().map(|name| (name, Vec::new())));
        news
    }

    /// The record that was admitted last became the last event of the batch.
    pub(super) fn note_whose(&mut self, batch: &EventBatch) {
        let Some(last) = self.last.take() else { return };
        let whose = self.hashes.whose(batch);
        let known = match last {
            Last::Page(page) => {
                self.pages.get_mut(&page).and_then(|it| it.last_mut()).map(|(_, it)| it)
            }
            Last::Counter(counter) => self.readings.get_mut(&counter).map(|(_, it)| it),
            Last::Window(window) => self.windows.whose_mut(window),
        };
        if let Some(known) = known {
            *known = whose;
        }
    }

    /// Nothing of somebody was ever here: what is delivered again of theirs is new.
    pub(super) fn forget(&mut self, mention: &Mention) {
        let tags = self.hashes.tags(mention);
        for (number, page) in &mut self.pages {
            let before = page.len();
            page.retain(|(id, whose)| {
                let is_theirs = whose.is_one_of(&tags);
                if is_theirs {
                    self.ids.remove(id);
                }
                !is_theirs
            });
            if page.len() < before {
                self.changed_pages.insert(*number);
            }
        }
        self.readings.retain(|counter, (_, whose)| {
            let is_theirs = whose.is_one_of(&tags);
            if is_theirs {
                self.changed_readings.insert(*counter);
            }
            !is_theirs
        });
        self.windows.forget(&tags);
    }

    /// The records that come now are of another line.
    pub(super) fn begin_line(&mut self) {
        self.windows.begin_line();
    }

    /// Whether the record is new; of a counter, the record then says by how much it grew.
    pub(super) fn admits(&mut self, record: &mut Record<'_>, grows: Grows) -> bool {
        self.last = None;
        if grows != Grows::default() {
            return self.take_reading(record, grows);
        }
        if record.id.is_none() {
            let is_window = record.kind == EventKind::Usage && record.time.is_some();
            if !is_window {
                return true;
            }
            let window = self.windows.admits(record, self.hashes.of_counter(record));
            self.last = window.map(Last::Window);
            return window.is_some();
        }
        let id = self.hashes.of_id(record);
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
            for (id, _) in self.pages.remove(&oldest).into_iter().flatten() {
                self.ids.remove(&id);
            }
        }
        self.pages.entry(number).or_default().push((id, Whose::default()));
        self.changed_pages.insert(number);
        self.last = Some(Last::Page(number));
    }

    fn take_reading(&mut self, record: &mut Record<'_>, grows: Grows) -> bool {
        let counter = self.hashes.of_counter(record);
        let now = Reading {
            at: record.time,
            count: record.count.unwrap_or(0),
            cost_micros: record.cost_micros.unwrap_or(0),
        };
        let before = self.readings.get(&counter).map(|(reading, _)| *reading);
        if before.is_some_and(|before| now.at <= before.at) {
            return false;
        }
        if before.is_some() || self.readings.len() < COUNTERS_MAX {
            self.readings.insert(counter, (now, Whose::default()));
            self.changed_readings.insert(counter);
            self.last = Some(Last::Counter(counter));
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
    fn written((reading, whose): &(Self, Whose)) -> Vec<u8> {
        let Self { at, count, cost_micros } = reading;
        let at = at.map_or(i64::MIN, |at| at.0).to_le_bytes();
        let counts = [count.to_le_bytes(), cost_micros.to_le_bytes()];
        at.into_iter().chain(counts.into_iter().flatten()).chain(whose.written()).collect()
    }

    fn read(value: &[u8]) -> Option<(Self, Whose)> {
        let (reading, whose) = value.split_first_chunk::<24>()?;
        let (&[at, count, cost_micros], []) = reading.as_chunks() else { return None };
        let at = i64::from_le_bytes(at);
        let reading = Self {
            at: (at != i64::MIN).then_some(Timestamp(at)),
            count: u64::from_le_bytes(count),
            cost_micros: u64::from_le_bytes(cost_micros),
        };
        Some((reading, Whose::read(whose)?))
    }
}

fn read_seen(value: &[u8]) -> Option<Seen> {
    let (id, whose) = value.split_first_chunk()?;
    Some((u128::from_le_bytes(*id), Whose::read(whose)?))
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
        assert_eq!(Once::recall(&memory, Hashes::default()).ids, once.ids);
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
        let mut again = Once::recall(&memory, Hashes::default());
        assert!(!again.admits(&mut record("m1", "sent"), Grows::default()));
        let mut second = reading(2, 130);
        assert!(again.admits(&mut second, grows));
        assert_eq!((second.count, second.quirk), (Some(30), None));
        let broken = Memory::from([(format!("{PAGE}000"), vec![1]), (READING.to_owned(), vec![])]);
        assert!(Once::recall(&broken, Hashes::default()).ids.is_empty());
    }

    #[test]
    fn of_somebody_who_is_forgotten_nothing_is_known_here_and_others_are() {
        let mut once = Once::recall(&Memory::new(), Hashes::new([7; 32]));
        let admit = |once: &mut Once, user: &'static str, id: Option<&'static str>| {
            let field = |text: &'static str| Cow::Borrowed(text.as_bytes());
            let time = Some(Timestamp(1000));
            let record =
                Record { time, user: Some(field(user)), count: Some(5), ..Record::default() };
            let mut batch = EventBatch::default();
            batch.time.push(1000);
            batch.user.push(user);
            let counter = Grows { count: true, cost: false };
            let [as_id, as_counter, as_window] = [
                (Record { id: id.map(field), ..record.clone() }, Grows::default()),
                (record.clone(), counter),
                (Record { kind: EventKind::Usage, ..record }, Grows::default()),
            ]
            .map(|(mut record, grows)| {
                once.begin_line();
                let is_new = once.admits(&mut record, grows);
                once.note_whose(&batch);
                is_new
            });
            [as_id, as_counter, as_window]
        };
        for (user, id) in [("Ann", "m1"), ("bob", "m2")] {
            assert_eq!(admit(&mut once, user, Some(id)), [true; 3]);
        }
        let mut memory = once.take_news();
        let mut again = Once::recall(&memory, Hashes::new([7; 32]));
        again.forget(&Mention::of(["ann".to_owned()]));
        memory.extend(again.take_news());
        assert_eq!(memory.values().filter(|value| value.is_empty()).count(), 2, "{memory:?}");
        let bytes: usize = memory.values().map(Vec::len).sum();
        assert_eq!(bytes, 8 + SEEN_BYTES + (24 + Whose::BYTES) + (32 + Whose::BYTES));
        for once in [&mut again, &mut Once::recall(&memory, Hashes::new([7; 32]))] {
            assert_eq!(admit(once, "bob", Some("m2")), [false; 3]);
            assert_eq!(admit(once, "Ann", Some("m1")), [true; 3], "as if it had never been here");
        }
    }

    #[test]
    fn hashes_of_the_former_form_are_removed() {
        let old = ["ids/000", "counter/00ff", "window/0000000000000001"];
        let mut memory: Memory = old.map(|name| (name.to_owned(), vec![1; 24])).into();
        let mut once = Once::recall(&memory, Hashes::default());
        memory.extend(once.take_news());
        assert!(memory.len() == 3 && memory.values().all(Vec::is_empty), "{memory:?}");
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
