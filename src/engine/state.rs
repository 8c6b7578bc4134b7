//! The engine's state as rows that can be stored, one for each key and role and a few for
//! the rest, and back again: what was stored continues with the same actions.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::key::Key;
use super::role::Role;
use super::{Engine, EngineError, Settings, StateRow};
use crate::profile::hash_of_number;

/// The first byte of each value. Another one is another layout.
const VERSION: u8 = 11;

/// What the rows held when they were last handed out, as hashes.
#[derive(Debug, Default)]
pub(super) struct Written(BTreeMap<String, u64>);

/// An engine that is being restored, row by row, in any order.
#[derive(Debug)]
pub struct Restoring(Engine);

impl Engine {
    /// Hands out the rows that changed since the last time: those of a hundred thousand keys are
    /// never there at once.
    pub fn hand_out_changed(&mut self, keep: &mut dyn FnMut(StateRow)) {
        let keys = self.keys.take_changed();
        keys.gone.iter().for_each(|id| keep(removed(id)));
        for key in keys.alone {
            row_of(format!("key/{}", key.id), key).into_iter().for_each(&mut *keep);
        }
        for (number, keys) in &keys.together {
            together(*number, keys).into_iter().for_each(&mut *keep);
        }
        let mut add = |row: Option<StateRow>| {
            row.filter(|row| self.written.is_news(row)).into_iter().for_each(&mut *keep);
        };
        for (name, role) in self.roles.iter() {
            add(row_of(format!("role/{name}"), role));
        }
        add(row_of("ahead".to_owned(), &self.ahead));
        add(row_of("audits".to_owned(), &self.audits));
        add(row_of("budget".to_owned(), &self.budget));
        add(row_of("causes".to_owned(), &self.causes));
        add(row_of("fleet".to_owned(), &self.fleet));
        add(row_of("forms".to_owned(), &self.forms));
        add(row_of("gathered".to_owned(), &self.gathered));
        add(row_of("guessers".to_owned(), &self.guessers));
        add(row_of("hour".to_owned(), &self.hour));
        add(row_of("incidents".to_owned(), &self.incidents));
        add(row_of("inventory".to_owned(), &self.inventory.as_deref()));
        add(row_of("others".to_owned(), &self.others));
        add(row_of("matches".to_owned(), &self.matches));
        add(row_of("settings".to_owned(), &self.settings));
        add(row_of("sources".to_owned(), &self.sources));
        for (part, findings) in self.stale.parts().iter().enumerate() {
            add(part_of(part, findings.as_ref()));
        }
        add(row_of("strangers".to_owned(), &self.strangers));
        add(row_of("tallies".to_owned(), &self.tallies));
        add(row_of("totals".to_owned(), &self.totals));
        add(row_of("travels".to_owned(), &self.travels));
        add(row_of("waiting".to_owned(), &self.waiting));
    }

    /// Begins to take up what was handed out. `settings` hold where it says nothing of its
    /// own: inputs that followed are stepped as they were, and newer settings are an input.
    pub fn restoring(settings: Settings) -> Restoring {
        Restoring(Self::new(settings))
    }

    fn take_up(&mut self, id: &str, value: &[u8]) -> Result<(), EngineError> {
        // Before its name: another version may have other rows.
        is_of_this_version(id, value)?;
        if id.starts_with("key/") {
            self.keys.put_alone(read::<Key>(id, value)?);
            return Ok(());
        }
        if id.starts_with("keys/") {
            read::<Vec<Key>>(id, value)?.into_iter().for_each(|key| self.keys.put(key));
            return Ok(());
        }
        if let Some(name) = id.strip_prefix("role/") {
            self.roles.put(name, read::<Role>(id, value)?);
            return Ok(());
        }
        if id.starts_with("stale/") {
            self.stale.take_up(read(id, value)?);
            return Ok(());
        }
        match id {
            "ahead" => self.ahead = read(id, value)?,
            "audits" => self.audits = read(id, value)?,
            "budget" => self.budget = read(id, value)?,
            "causes" => self.causes = read(id, value)?,
            "fleet" => self.fleet = read(id, value)?,
            "forms" => self.forms = read(id, value)?,
            "gathered" => self.gathered = read(id, value)?,
            "guessers" => self.guessers = read(id, value)?,
            "hour" => self.hour = read(id, value)?,
            "incidents" => self.incidents = read(id, value)?,
            "inventory" => {
                let inventory: Option<crate::identity::Inventory> = read(id, value)?;
                self.inventory = inventory.map(std::sync::Arc::new);
            }
            "others" => self.others = read(id, value)?,
            "matches" => self.matches = read(id, value)?,
            "settings" => self.settings = read(id, value)?,
            "sources" => self.sources = read(id, value)?,
            "strangers" => self.strangers = read(id, value)?,
            "tallies" => self.tallies = read(id, value)?,
            "totals" => self.totals = read(id, value)?,
            "travels" => self.travels = read(id, value)?,
            "waiting" => self.waiting = read(id, value)?,
            _ => return Err(EngineError::Unreadable { id: id.to_owned() }),
        }
        Ok(())
    }
}

impl Restoring {
    pub fn take_up(&mut self, row: &StateRow) -> Result<(), EngineError> {
        let Some(value) = row.value.as_deref() else { return Ok(()) };
        self.0.take_up(&row.id, value)?;
        // Keys know themselves whether they changed.
        if !row.id.starts_with("key") {
            self.0.written.is_news(row);
        }
        Ok(())
    }

    /// Exactly the engine whose rows they are.
    pub fn done(self) -> Engine {
        let mut engine = self.0;
        engine.keys.find_free();
        engine.make_rules_ready();
        engine
    }
}

impl Written {
    fn is_news(&mut self, row: &StateRow) -> bool {
        let bytes = row.value.as_deref().unwrap_or_default();
        let (words, rest) = bytes.as_chunks();
        let words = words.iter().map(|word| u64::from_le_bytes(*word));
        let rest = rest.iter().map(|byte| u64::from(*byte));
        let hash = words
            .chain(rest)
            .fold(bytes.len() as u64, |hash, word| hash_of_number(hash ^ word).wrapping_add(1));
        self.0.insert(row.id.clone(), hash).unwrap_or(0) != hash
    }
}

/// A key's own row is to be removed.
pub(super) fn removed(id: &str) -> StateRow {
    StateRow { id: format!("key/{id}"), value: None }
}

/// Keys that share a row; without any it is to be removed.
pub(super) fn together<T: Serialize>(number: usize, keys: &[T]) -> Option<StateRow> {
    let id = format!("keys/{number}");
    if keys.is_empty() { Some(StateRow { id, value: None }) } else { row_of(id, &keys) }
}

/// Some of the stale findings; without any, what was written of that part is to be removed.
pub(super) fn part_of<T: Serialize>(part: usize, findings: Option<T>) -> Option<StateRow> {
    let id = format!("stale/{part}");
    match findings {
        Some(findings) => row_of(id, &findings),
        None => Some(StateRow { id, value: None }),
    }
}

pub(super) fn row_of<T: Serialize>(id: String, value: &T) -> Option<StateRow> {
    let bytes = postcard::to_extend(value, vec![VERSION]).ok()?;
    Some(StateRow { id, value: Some(bytes) })
}

pub(super) fn read<T: DeserializeOwned>(id: &str, value: &[u8]) -> Result<T, EngineError> {
    is_of_this_version(id, value)?;
    let bytes = value.get(1..).unwrap_or_default();
    postcard::from_bytes(bytes).map_err(|_damaged| EngineError::Unreadable { id: id.to_owned() })
}

fn is_of_this_version(id: &str, value: &[u8]) -> Result<(), EngineError> {
    match value.first() {
        Some(&VERSION) => Ok(()),
        Some(&version) => Err(EngineError::Version { id: id.to_owned(), version }),
        None => Err(EngineError::Unreadable { id: id.to_owned() }),
    }
}
