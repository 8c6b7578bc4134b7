//! What an inventory says of a key: whose it is, its role, and since when it may do what.

use super::key::Key;
use crate::identity::InventoryKey;
use crate::model::Day;

impl Key {
    pub(super) fn is_described_by(&self, listed: &InventoryKey) -> bool {
        self.is_listed
            && self.owner == listed.owner
            && self.label == listed.label
            && (listed.role.is_empty() || self.role == listed.role)
            && self.granted.keys().all(|scope| listed.scopes.contains(scope))
            && listed.scopes.iter().all(|scope| self.granted.contains_key(scope))
    }

    pub(super) fn describe(&mut self, listed: &InventoryKey, today: Option<Day>) {
        let is_new = !std::mem::replace(&mut self.is_listed, true);
        let since = if is_new { None } else { today };
        self.granted.retain(|scope, _| listed.scopes.contains(scope));
        for scope in &listed.scopes {
            self.granted.entry(scope.clone()).or_insert(since);
        }
        self.owner.clone_from(&listed.owner);
        self.label.clone_from(&listed.label);
        if !listed.role.is_empty() {
            self.role.clone_from(&listed.role);
        }
    }
}
