//! Whether the journal is as it was written: no entry changed, cut out, put in or moved.

use serde::{Deserialize, Serialize};

use super::chain::{Link, ORIGIN, Word};
use super::{Ends, Head, REMOVED, SignedHead, name_of};
use crate::store::people::read;
use crate::store::{Store, StoreError, keys};

/// What came of looking at every entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    pub entries: u64,
    /// The number of the oldest that is kept, and of the newest.
    pub first: u64,
    pub last: u64,
    /// Words that were forgotten because somebody asked for it.
    pub forgotten: u64,
    pub head: Option<SignedHead>,
    /// What is not as it was written, in order; of many, the first.
    pub faults: Vec<Fault>,
    pub more_faults: u64,
    /// The heads that were written down elsewhere, in the order in which they were given.
    pub given: Vec<Given>,
}

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    #[error("entry {number} was changed: it is not what its hash was made of")]
    Changed { number: u64 },
    #[error("entry {number} cannot be read ({because})")]
    Unreadable { number: u64, because: String },
    #[error("what stands as entry {place} was written as entry {number}")]
    Moved { place: u64, number: u64 },
    #[error("entry {number} does not follow on the one before it: one of them was exchanged")]
    Unbound { number: u64 },
    #[error("entries {from} to {to} are missing")]
    Missing { from: u64, to: u64 },
    #[error(
        "the journal ended with entry {last}, and entry {number} stands behind it: it was put in"
    )]
    Beyond { number: u64, last: u64 },
    #[error("the last entry, {number}, is not the one that was written last")]
    OtherEnd { number: u64 },
    #[error("entries up to {number} are gone, and no entry says that they were removed")]
    GoneInSilence { number: u64 },
}

/// How the journal stands to a head that was written down elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    pub head: Head,
    pub standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The journal has it: up to there nothing was changed since.
    Holds { number: u64 },
    /// An entry of that number is there, and it is another one.
    Other,
    /// The journal ends before it: its end was cut off.
    Cut,
    /// No entry has that hash.
    Unknown,
    /// That entry was removed because it was old; nothing can be said.
    Removed,
}

/// A changed beginning would make a fault of each entry.
const FAULTS_MAX: usize = 20;

impl Checked {
    pub fn is_whole(&self) -> bool {
        let is_good =
            |given: &Given| matches!(given.standing, Standing::Holds { .. } | Standing::Removed);
        self.faults.is_empty() && self.given.iter().all(is_good)
    }
}

impl Store {
    /// Looks at every entry of the journal, and for the heads that were kept elsewhere.
    pub fn journal_check(&self, heads: &[Head]) -> Result<Checked, StoreError> {
        let mut checked = self.look_through(heads)?;
        if !checked.is_whole() {
            // Perhaps something was written or removed meanwhile: once more, while nobody can.
            let writer = self.writer();
            checked = self.look_through(heads)?;
            drop(writer);
        }
        checked.head = self.journal_head()?;
        Ok(checked)
    }

    fn look_through(&self, heads: &[Head]) -> Result<Checked, StoreError> {
        let ends = self.stored_ends()?.unwrap_or_default();
        let mut walk = Walk::new(&ends, heads);
        let mut last = None;
        for row in self.vault().database.range(keys::under(&[keys::JOURNAL])) {
            let (key, _) = row?;
            let Some(place) = keys::number_in(&key) else { continue };
            if last.replace(place) == Some(place) {
                continue;
            }
            let value = self.vault().get(&name_of(place));
            let link = value.and_then(|value| {
                let value = value.ok_or_else(|| StoreError::damaged("its beginning is missing"))?;
                read::<Link>(&value, "an entry of the journal")
            });
            walk.step(place, link);
        }
        Ok(walk.end())
    }
}

struct Walk<'a> {
    ends: &'a Ends,
    checked: Checked,
    /// The entry that was looked at last. `None` for its hash: it could not be read.
    number: u64,
    hash: Option<String>,
    /// Whether some entry says that the oldest were removed.
    says_removed: bool,
}

impl<'a> Walk<'a> {
    fn new(ends: &'a Ends, heads: &[Head]) -> Self {
        let standing = |head: &Head| match head.number {
            Some(number) if number < ends.removed => Standing::Removed,
            Some(number) if number == ends.removed && 0 < number => {
                if ends.removed_hash.starts_with(&head.hash) {
                    Standing::Holds { number }
                } else {
                    Standing::Other
                }
            }
            Some(number) if ends.last < number => Standing::Cut,
            Some(_) => Standing::Other,
            None => Standing::Unknown,
        };
        let given = |head: &Head| Given { standing: standing(head), head: head.clone() };
        let hash = if ends.removed == 0 { ORIGIN } else { &ends.removed_hash };
        Self {
            ends,
            checked: Checked { given: heads.iter().map(given).collect(), ..Checked::default() },
            number: ends.removed,
            hash: Some(hash.to_owned()),
            says_removed: ends.removed_hash.is_empty(),
        }
    }

    fn step(&mut self, place: u64, link: Result<Link, StoreError>) {
        self.checked.entries += 1;
        if self.checked.first == 0 {
            self.checked.first = place;
        }
        self.checked.last = place;
        let is_next = place == self.number + 1;
        if self.number + 1 < place {
            self.note(Fault::Missing { from: self.number + 1, to: place - 1 });
        }
        if self.ends.last < place {
            self.note(Fault::Beyond { number: place, last: self.ends.last });
        }
        self.number = place;
        match link {
            Ok(link) => self.look_at(place, &link, is_next),
            Err(error) => {
                self.hash = None;
                self.note(Fault::Unreadable { number: place, because: error.to_string() });
            }
        }
    }

    fn look_at(&mut self, place: u64, link: &Link, is_next: bool) {
        if link.number != place {
            self.note(Fault::Moved { place, number: link.number });
        }
        if !link.is_whole() {
            self.note(Fault::Changed { number: place });
        }
        let is_bound = self.hash.as_ref().is_none_or(|hash| *hash == link.before);
        if is_next && !is_bound {
            self.note(Fault::Unbound { number: place });
        }
        let is_gone = |word: &&Word| word.text().is_none();
        self.checked.forgotten += link.words().iter().filter(|word| is_gone(word)).count() as u64;
        if link.what == REMOVED {
            let ends = format!("up to {}.{}", self.ends.removed, self.ends.removed_hash);
            self.says_removed |= link.about.text() == Some(&ends);
        }
        for given in &mut self.checked.given {
            let is_it = given.head.number.is_none_or(|number| number == place);
            if is_it && link.hash.starts_with(&given.head.hash) {
                given.standing = Standing::Holds { number: place };
            }
        }
        self.hash = Some(link.hash.clone());
    }

    fn end(mut self) -> Checked {
        let last = self.ends.last;
        if self.number < last {
            self.note(Fault::Missing { from: self.number + 1, to: last });
        }
        let is_other = self.hash.as_ref().is_some_and(|hash| *hash != self.ends.last_hash);
        if self.number == last && is_other && 0 < last {
            self.note(Fault::OtherEnd { number: last });
        }
        if !self.says_removed {
            self.note(Fault::GoneInSilence { number: self.ends.removed });
        }
        self.checked
    }

    fn note(&mut self, fault: Fault) {
        if self.checked.faults.len() < FAULTS_MAX {
            self.checked.faults.push(fault);
        } else {
            self.checked.more_faults += 1;
        }
    }
}
