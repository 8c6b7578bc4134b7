//! What single roles and keys may do, and when they are stale: the configuration's
//! `[roles.NAME]`, `[keys.ID]` and `[scopes]`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Meanings, Pattern, StaleCredential};
use crate::identity::InventoryKey;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    pub roles: BTreeMap<String, RoleRules>,
    /// When single keys are stale.
    pub keys: BTreeMap<String, StaleCredential>,
    /// What scopes mean whose names do not say it.
    pub scopes: Meanings,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RoleRules {
    /// When its keys are stale, if not as all others.
    pub stale: Option<StaleCredential>,
    /// The only requests that its keys may make; empty if they may make any.
    pub routes: Vec<Pattern>,
}

impl Rules {
    /// When this key is stale: as the key's own limits say, or its role's, or all.
    pub fn stale_of<'a>(
        &'a self,
        key: &InventoryKey,
        usual: &'a StaleCredential,
    ) -> &'a StaleCredential {
        let of_role = || self.roles.get(&key.role).and_then(|role| role.stale.as_ref());
        self.keys.get(&key.key_id).or_else(of_role).unwrap_or(usual)
    }
}
