//! The audit journal: who looked at what, and who said or changed what. It only grows, up to
//! a limit at which the oldest entries go, and how many went is counted.

use serde::{Deserialize, Serialize};

use super::database::Batch;
use super::people::{read, written};
use super::{Store, StoreError, keys};
use crate::model::Timestamp;

/// One line of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts up from 1 without gaps.
    pub number: u64,
    pub at: Timestamp,
    pub who: String,
    /// An address, or how it came.
    pub from: String,
    /// `viewed an incident`, `muted` …
    pub what: String,
    pub about: String,
    pub reason: String,
}

/// About a year of a busy team, some 20 MB.
pub const ENTRIES_MAX: u64 = 100_000;

/// More than one goes at a time, so that the limit costs little.
const REMOVED_AT_ONCE: u64 = 100;

impl Store {
    /// Writes entries down, in order. They get the next numbers.
    pub fn journal_add(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        let mut writer = self.writer();
        let next = match writer.journal_next {
            Some(next) => next,
            None => self.last_entry()? + 1,
        };
        let mut batch = Batch::default();
        let mut number = next;
        for entry in entries {
            let entry = Entry { number, ..entry };
            self.vault().put(&mut batch, &name_of(number), &written(&entry, "an entry")?)?;
            if ENTRIES_MAX < number && number.is_multiple_of(REMOVED_AT_ONCE) {
                let limit = number - ENTRIES_MAX;
                for old in limit.saturating_sub(REMOVED_AT_ONCE)..limit {
                    self.vault().remove(&mut batch, &name_of(old))?;
                }
            }
            number += 1;
        }
        self.vault().database.write(batch)?;
        writer.journal_next = Some(number);
        Ok(())
    }

    /// The newest first: those before a number, so many at most.
    pub fn journal(&self, before: Option<u64>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let newest = self.last_entry()?;
        let from = before.map_or(newest, |before| before.saturating_sub(1).min(newest));
        let mut entries = Vec::new();
        for number in (1..=from).rev().take(limit) {
            let Some(value) = self.vault().get(&name_of(number))? else { break };
            entries.push(read(&value, "an entry of the journal")?);
        }
        Ok(entries)
    }

    fn last_entry(&self) -> Result<u64, StoreError> {
        let range = keys::under(&[keys::JOURNAL]);
        let last = self.vault().database.range(range).next_back().transpose()?;
        Ok(last.and_then(|(key, _)| keys::number_in(&key)).unwrap_or(0))
    }
}

fn name_of(number: u64) -> Vec<u8> {
    keys::numbered(keys::JOURNAL, number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::OpenOptions;

    fn entry(what: &str) -> Entry {
        Entry { what: what.to_owned(), ..Entry::default() }
    }

    fn whats(entries: &[Entry]) -> Vec<(u64, &str)> {
        entries.iter().map(|entry| (entry.number, entry.what.as_str())).collect()
    }

    #[test]
    fn entries_come_newest_first_and_outlive_the_daemon() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &OpenOptions::default()).unwrap();
        assert!(store.journal(None, 10).unwrap().is_empty());
        store.journal_add(vec![entry("a"), entry("b")]).unwrap();
        store.clone().close().unwrap();
        drop(store);
        let store = Store::open(folder.path(), &OpenOptions::default()).unwrap();
        store.journal_add(vec![entry("c")]).unwrap();
        assert_eq!(whats(&store.journal(None, 2).unwrap()), [(3, "c"), (2, "b")]);
        assert_eq!(whats(&store.journal(Some(2), 2).unwrap()), [(1, "a")]);
        assert_eq!(whats(&store.journal(Some(99), 1).unwrap()), [(3, "c")]);
    }
}
