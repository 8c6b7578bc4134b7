//! What an inventory says of a key: whose it is, its role, and since when it may do what.

use serde::{Deserialize, Serialize};

use super::key::Key;
use crate::identity::InventoryKey;
use crate::model::{Day, Name};

/// Scopes, ascending, and since when the key has those that came after the first list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Granted(Vec<(Name, Option<Day>)>);

impl Key {
    pub(super) fn is_described_by(&self, listed: &InventoryKey) -> bool {
        self.is_listed
            && self.owner == listed.owner
            && self.label == listed.label
            && (listed.role.is_empty() || self.role == listed.role)
            && self.granted.is_of(&listed.scopes)
    }

    pub(super) fn describe(&mut self, listed: &InventoryKey, today: Option<Day>) {
        let is_new = !std::mem::replace(&mut self.is_listed, true);
        let since = if is_new { None } else { today };
        self.granted.give(&listed.scopes, since);
        self.owner.clone_from(&listed.owner);
        self.label.clone_from(&listed.label);
        if !listed.role.is_empty() {
            self.role.clone_from(&listed.role);
        }
    }
}

impl Granted {
    pub(super) fn scopes(&self) -> impl Iterator<Item = &Name> {
        self.0.iter().map(|(scope, _)| scope)
    }

    pub(super) fn since(&self, scope: &str) -> Option<Day> {
        let place = self.place_of(scope).ok()?;
        self.0.get(place).and_then(|(_, since)| *since)
    }

    fn is_of(&self, scopes: &[Name]) -> bool {
        self.scopes().all(|scope| scopes.contains(scope))
            && scopes.iter().all(|scope| self.place_of(scope).is_ok())
    }

    /// These and no others; those that are new since that day.
    fn give(&mut self, scopes: &[Name], since: Option<Day>) {
        self.0.retain(|(scope, _)| scopes.contains(scope));
        self.0.reserve_exact(scopes.len().saturating_sub(self.0.len()));
        for scope in scopes {
            if let Err(place) = self.place_of(scope) {
                self.0.insert(place, (scope.clone(), since));
            }
        }
    }

    fn place_of(&self, scope: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_str().cmp(scope))
    }
}
