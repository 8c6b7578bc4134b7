//! An entry as it is stored: it has the hash of the one before, and its words stand behind
//! salted commitments, so that they can be forgotten and the chain still holds.

use serde::{Deserialize, Serialize};

use super::Entry;
use crate::model::{FORGOTTEN, Timestamp};
use crate::store::key_file::hex;
use crate::store::{StoreError, random_bytes};

/// What is hashed is told apart from all else that is ever hashed.
const ENTRY: &str = "keyvigil 2026 audit journal entry";
const WORD: &str = "keyvigil 2026 audit journal word";

/// The hash before the first entry of all.
pub(super) const ORIGIN: &str = "";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Link {
    pub(super) number: u64,
    pub(super) at: Timestamp,
    pub(super) what: String,
    pub(super) who: Word,
    pub(super) from: Word,
    pub(super) about: Word,
    pub(super) reason: Word,
    /// The hash of the entry before.
    pub(super) before: String,
    pub(super) hash: String,
}

/// A word that may tell of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Word {
    Said {
        text: String,
        salt: String,
    },
    /// Forgotten: what its commitment was. Without the salt nobody can try words on it.
    Gone(String),
}

impl Link {
    /// Binds an entry to the one before.
    pub(super) fn new(entry: Entry, before: String) -> Result<Self, StoreError> {
        let mut link = Self {
            number: entry.number,
            at: entry.at,
            what: entry.what,
            who: Word::new(entry.who)?,
            from: Word::new(entry.from)?,
            about: Word::new(entry.about)?,
            reason: Word::new(entry.reason)?,
            before,
            hash: String::new(),
        };
        link.hash = link.hash_of_contents();
        Ok(link)
    }

    pub(super) fn is_whole(&self) -> bool {
        self.hash == self.hash_of_contents()
    }

    pub(super) fn words(&self) -> [&Word; 4] {
        [&self.who, &self.from, &self.about, &self.reason]
    }

    pub(super) fn words_mut(&mut self) -> [&mut Word; 4] {
        [&mut self.who, &mut self.from, &mut self.about, &mut self.reason]
    }

    fn hash_of_contents(&self) -> String {
        let mut hasher = blake3::Hasher::new_derive_key(ENTRY);
        let commitments = self.words().map(Word::commitment);
        let mut update = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        update(self.before.as_bytes());
        update(&self.number.to_le_bytes());
        update(&self.at.0.to_le_bytes());
        update(self.what.as_bytes());
        for commitment in &commitments {
            update(commitment.as_bytes());
        }
        hex(hasher.finalize().as_bytes())
    }
}

impl From<Link> for Entry {
    fn from(link: Link) -> Self {
        Self {
            number: link.number,
            at: link.at,
            who: link.who.shown(),
            from: link.from.shown(),
            what: link.what,
            about: link.about.shown(),
            reason: link.reason.shown(),
        }
    }
}

impl Word {
    fn new(text: String) -> Result<Self, StoreError> {
        Ok(Self::Said { text, salt: hex(&random_bytes::<16>()?) })
    }

    /// Forgets it; whether there was anything to forget.
    pub(super) fn forget(&mut self) -> bool {
        let Self::Said { .. } = self else { return false };
        *self = Self::Gone(self.commitment());
        true
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Said { text, .. } => Some(text),
            Self::Gone(_) => None,
        }
    }

    fn commitment(&self) -> String {
        match self {
            Self::Gone(commitment) => commitment.clone(),
            Self::Said { text, salt } => {
                let mut hasher = blake3::Hasher::new_derive_key(WORD);
                hasher.update(&(salt.len() as u64).to_le_bytes());
                hasher.update(salt.as_bytes());
                hasher.update(text.as_bytes());
                hex(hasher.finalize().as_bytes())
            }
        }
    }

    fn shown(self) -> String {
        match self {
            Self::Said { text, .. } => text,
            Self::Gone(_) => FORGOTTEN.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Link {
        let entry = Entry {
            number: 7,
            who: "ann".to_owned(),
            what: "viewed a key".to_owned(),
            about: "k_a".to_owned(),
            ..Entry::default()
        };
        Link::new(entry, "before".to_owned()).unwrap()
    }

    #[test]
    fn whatever_is_changed_is_noticed() {
        assert!(link().is_whole());
        let altered: [fn(&mut Link); 6] = [
            |it| it.number += 1,
            |it| it.at.0 += 1,
            |it| it.what.push('s'),
            |it| it.before.push('0'),
            |it| it.about = Word::new("k_b".to_owned()).unwrap(),
            |it| std::mem::swap(&mut it.who, &mut it.about),
        ];
        for alter in altered {
            let mut link = link();
            alter(&mut link);
            assert!(!link.is_whole(), "{link:?}");
        }
    }

    #[test]
    fn a_word_is_forgotten_and_its_entry_is_still_whole() {
        let mut link = link();
        assert!(link.about.forget());
        assert!(!link.about.forget(), "once is enough");
        assert!(link.is_whole());
        assert!(!serde_json::to_string(&link).unwrap().contains("k_a"));
        let entry = Entry::from(link);
        assert_eq!((entry.who.as_str(), entry.about.as_str()), ("ann", "(forgotten)"));
    }

    #[test]
    fn the_same_word_has_another_commitment_each_time() {
        assert_ne!(link().about.commitment(), link().about.commitment());
    }
}
