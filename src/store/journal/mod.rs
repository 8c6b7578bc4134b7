//! The audit journal: who looked at what, and who said or changed what. It only grows, each
//! entry bound to the one before; what is removed when it is old or too much is journalled too.

mod chain;
mod head;
mod verify;

use serde::{Deserialize, Serialize};

use super::database::Batch;
use super::people::{read, written};
use super::{Store, StoreError, Writer, keys, meta};
use crate::model::{Mention, Millis, Timestamp};
use chain::{Link, ORIGIN};

pub use head::{Head, HeadError, KeptHead, SignedHead, Worth};
pub use verify::{Checked, Fault, Given, Standing};

/// One line of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts up from 1 without gaps.
    pub number: u64,
    pub at: Timestamp,
    pub who: String,
    /// An address, or how it came.
    pub from: String,
    /// `viewed an incident`, `muted` … never anything about a person.
    pub what: String,
    pub about: String,
    pub reason: String,
}

/// About a year of a busy team, some 60 MB.
pub const ENTRIES_MAX: u64 = 100_000;

/// More than anybody will ever write.
const ENTRIES_EVER: u64 = 1 << 48;

/// More than one goes at a time, so that the limit costs little …
const REMOVED_AT_ONCE: u64 = 100;

/// … and never more than this, so that one write stays small.
const REMOVED_AT_ONCE_MAX: u64 = 4096;

/// Old ones go once a day, so that their going does not fill the journal itself.
const REMOVED_EVERY: Millis = Millis::days(1);

/// What stands in the journal when its oldest entries were removed.
const REMOVED: &str = "removed the oldest entries of the journal";

/// Who does what nobody asked for.
const OURSELVES: &str = "keyvigil";

const ENDS: &[u8] = b"journal.ends";

/// Where the journal begins and ends: what is missing at either end is seen by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ends {
    /// The last entry that was removed because it was old.
    removed: u64,
    removed_hash: String,
    last: u64,
    last_hash: String,
    last_at: Timestamp,
}

/// As entries stood before they were bound to each other.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Bound(Box<Link>),
    Loose(Entry),
}

impl Store {
    /// Writes entries down, in order. They get the next numbers.
    pub fn journal_add(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        let mut writer = self.writer();
        let mut ends = self.ends(&writer)?;
        let mut batch = Batch::default();
        for entry in entries {
            self.put_entry(&mut batch, &mut ends, entry)?;
        }
        if ENTRIES_MAX + REMOVED_AT_ONCE <= ends.last - ends.removed {
            let last = ends.last - ENTRIES_MAX;
            let last = last.min(ends.removed + REMOVED_AT_ONCE_MAX);
            self.remove_entries(&mut batch, &mut ends, last)?;
        }
        self.write_entries(&mut writer, batch, ends)
    }

    /// The newest first: those before a number, so many at most.
    pub fn journal(&self, before: Option<u64>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let newest = self.last_entry()?;
        let from = before.map_or(newest, |before| before.saturating_sub(1).min(newest));
        let mut entries = Vec::new();
        for number in (1..=from).rev().take(limit) {
            let Some(value) = self.vault().get(&name_of(number))? else { break };
            entries.push(match read(&value, "an entry of the journal")? {
                Stored::Bound(link) => Entry::from(*link),
                Stored::Loose(entry) => entry,
            });
        }
        Ok(entries)
    }

    /// Removes entries that are older than they may become; how many. It does a piece of the
    /// work at a time.
    pub fn journal_prune(&self, now: Timestamp, keep: Millis) -> Result<u64, StoreError> {
        let mut writer = self.writer();
        let mut ends = self.ends(&writer)?;
        let limit = now.back(keep);
        let mut last = None;
        for number in ends.removed + 1..=ends.last.min(ends.removed + REMOVED_AT_ONCE_MAX) {
            let Some(link) = self.link(number)? else { break };
            let is_first = last.is_none();
            if limit <= link.at || (is_first && limit.back(REMOVED_EVERY) <= link.at) {
                break;
            }
            last = Some(number);
        }
        // The newest stays: there is always an end to go on from.
        let last = last.map(|last: u64| last.min(ends.last - 1));
        let Some(last) = last.filter(|last| ends.removed < *last) else { return Ok(0) };
        let mut batch = Batch::default();
        let before = ends.removed;
        ends.last_at = ends.last_at.max(now);
        self.remove_entries(&mut batch, &mut ends, last)?;
        self.write_entries(&mut writer, batch, ends)?;
        Ok(last - before)
    }

    /// The last entry's number and hash, signed. `None` while nothing was written down.
    pub fn journal_head(&self) -> Result<Option<SignedHead>, StoreError> {
        let writer = self.writer();
        let ends = self.ends(&writer)?;
        if ends.last == 0 {
            return Ok(None);
        }
        let head = Head { number: Some(ends.last), hash: ends.last_hash };
        head::signed(self.vault(), head).map(Some)
    }

    /// Entries in whose words a subject is named, the oldest first.
    pub fn journal_about(&self, mention: &Mention) -> Result<Vec<Entry>, StoreError> {
        let writer = self.writer();
        self.ends(&writer)?;
        let mut found = Vec::new();
        for number in self.there()? {
            let Some(link) = self.link(number)? else { continue };
            if link.words().iter().any(|word| word.text().is_some_and(|it| mention.is_in(it))) {
                found.push(Entry::from(link));
            }
        }
        Ok(found)
    }

    /// Forgets the words of entries that a subject is found in; in how many entries. The
    /// chain holds all the same.
    pub fn journal_forget(&self, is_about: impl Fn(&str) -> bool) -> Result<u64, StoreError> {
        let writer = self.writer();
        self.ends(&writer)?;
        let (mut batch, mut found) = (Batch::default(), 0);
        for number in self.there()? {
            let Some(mut link) = self.link(number)? else { continue };
            let mut is_changed = false;
            for word in link.words_mut() {
                if word.text().is_some_and(&is_about) {
                    is_changed |= word.forget();
                }
            }
            if is_changed {
                found += 1;
                self.vault().put(&mut batch, &name_of(number), &written(&link, "an entry")?)?;
            }
        }
        if 0 < found {
            self.vault().database.write(batch)?;
        }
        Ok(found)
    }

    /// As they stood at the last write; entries of an older keyvigil are bound now.
    fn ends(&self, writer: &Writer) -> Result<Ends, StoreError> {
        if let Some(ends) = &writer.journal_ends {
            return Ok(ends.clone());
        }
        if let Some(ends) = self.stored_ends()? {
            return Ok(ends);
        }
        let last = self.last_entry()?;
        let mut ends = Ends { last_hash: ORIGIN.to_owned(), ..Ends::default() };
        let mut batch = Batch::default();
        for number in 1..=last {
            let Some(value) = self.vault().get(&name_of(number))? else {
                // The oldest were removed: here it begins.
                ends.last = number;
                ends.removed = number;
                continue;
            };
            let Stored::Loose(entry) = read(&value, "an entry of the journal")? else { continue };
            self.put_entry(&mut batch, &mut ends, entry)?;
        }
        if 0 < last {
            self.put_ends(&mut batch, &ends)?;
            self.vault().database.write(batch)?;
        }
        Ok(ends)
    }

    fn stored_ends(&self) -> Result<Option<Ends>, StoreError> {
        let value = self.vault().get(&meta::meta_name(ENDS))?;
        let ends =
            value.map(|value| read::<Ends>(&value, "the ends of the journal")).transpose()?;
        if ends.as_ref().is_some_and(|ends| ENTRIES_EVER <= ends.last || ends.last < ends.removed) {
            return Err(StoreError::damaged("the ends of the journal cannot be"));
        }
        Ok(ends)
    }

    fn put_entry(
        &self,
        batch: &mut Batch,
        ends: &mut Ends,
        entry: Entry,
    ) -> Result<(), StoreError> {
        let number = ends.last + 1;
        let link = Link::new(Entry { number, ..entry }, ends.last_hash.clone())?;
        self.vault().put(batch, &name_of(number), &written(&link, "an entry")?)?;
        ends.last = number;
        ends.last_at = link.at;
        ends.last_hash = link.hash;
        Ok(())
    }

    /// Removes the oldest entries up to one, and writes down that it was done.
    fn remove_entries(
        &self,
        batch: &mut Batch,
        ends: &mut Ends,
        last: u64,
    ) -> Result<(), StoreError> {
        let Some(link) = self.link(last)? else { return Ok(()) };
        for number in ends.removed + 1..=last {
            self.vault().remove(batch, &name_of(number))?;
        }
        ends.removed = last;
        ends.removed_hash.clone_from(&link.hash);
        let entry = Entry {
            at: ends.last_at,
            who: OURSELVES.to_owned(),
            what: REMOVED.to_owned(),
            about: format!("up to {last}.{}", link.hash),
            ..Entry::default()
        };
        self.put_entry(batch, ends, entry)
    }

    fn write_entries(
        &self,
        writer: &mut Writer,
        mut batch: Batch,
        ends: Ends,
    ) -> Result<(), StoreError> {
        self.put_ends(&mut batch, &ends)?;
        self.vault().database.write(batch)?;
        writer.journal_ends = Some(ends);
        Ok(())
    }

    fn put_ends(&self, batch: &mut Batch, ends: &Ends) -> Result<(), StoreError> {
        let value = written(ends, "the ends of the journal")?;
        self.vault().put(batch, &meta::meta_name(ENDS), &value)
    }

    fn link(&self, number: u64) -> Result<Option<Link>, StoreError> {
        let value = self.vault().get(&name_of(number))?;
        value.map(|value| read(&value, "an entry of the journal")).transpose()
    }

    /// Of the entries that are there, whatever its ends say.
    fn there(&self) -> Result<Vec<u64>, StoreError> {
        self.numbers(keys::JOURNAL, 0).collect()
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
mod tests;
