//! What single roles and keys may do, and when they are stale: the configuration's
//! `[roles.NAME]`, `[keys.ID]` and `[scopes]`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Meanings, Pattern, Quota, SigmaFile, StaleCredential};
use crate::identity::{InventoryKey, Prefixes};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    pub roles: BTreeMap<String, RoleRules>,
    /// When single keys are stale.
    pub keys: BTreeMap<String, StaleCredential>,
    /// How much single keys may use.
    pub quotas: BTreeMap<String, Quota>,
    /// What single keys may do, before what their roles may.
    pub own: BTreeMap<String, RoleRules>,
    /// Rules of a person's own.
    pub sigma: Vec<SigmaFile>,
    /// What scopes mean whose names do not say it.
    pub scopes: Meanings,
    /// Requests that nobody should make any more: old versions of the API.
    pub deprecated: Vec<Pattern>,
    /// The oldest version of each client software that may still be used.
    pub clients: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RoleRules {
    /// When its keys are stale, if not as all others.
    pub stale: Option<StaleCredential>,
    /// The only requests that its keys may make; empty if they may make any.
    pub routes: Vec<Pattern>,
    /// The only methods; empty if any.
    pub methods: Vec<String>,
    /// Where its keys may come from; empty if from anywhere.
    pub networks: Prefixes,
    /// As the list of networks or the log writes them; empty if any.
    pub countries: Vec<String>,
    /// For whom its keys may act, where the line says it; empty if for anybody.
    pub tenants: Vec<String>,
    /// The hours of the day, UTC, from and to: over midnight if the first is the later.
    pub hours: Option<(u8, u8)>,
    /// How much each of its keys may use.
    pub quota: Quota,
    pub tls_min: Option<TlsMin>,
}

impl RoleRules {
    /// Whether all that they say is about methods, routes and networks.
    pub const fn is_of_routes_and_networks(&self) -> bool {
        self.countries.is_empty()
            && self.tenants.is_empty()
            && self.hours.is_none()
            && self.tls_min.is_none()
    }

    pub fn allows_method(&self, sent: &str) -> bool {
        let is_sent = |method: &String| method.eq_ignore_ascii_case(sent);
        self.methods.is_empty() || self.methods.iter().any(is_sent)
    }

    /// By the route itself, without the ids in its place.
    pub fn allows_route(&self, sent: &str, route: &str) -> bool {
        let covers = |it: &Pattern| it.covers(sent, route);
        self.allows_method(sent) && (self.routes.is_empty() || self.routes.iter().any(covers))
    }

    pub fn allows_address(&self, address: &str) -> bool {
        self.networks.is_empty() || address.is_empty() || self.networks.hold(address)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TlsMin {
    Tls12,
    Tls13,
}

impl Rules {
    /// Whether anybody may use only so much.
    pub fn has_quotas(&self) -> bool {
        !self.quotas.is_empty() || self.roles.values().any(|role| !role.quota.is_empty())
    }

    /// Whether a key of that role may only come from so many addresses.
    pub fn counts_addresses(&self, id: &str, role: &str) -> bool {
        let own = self.quotas.get(id).and_then(|quota| quota.addresses_per_hour_max);
        let of_role = || self.roles.get(role)?.quota.addresses_per_hour_max;
        own.or_else(of_role).is_some()
    }

    /// When this key is stale: as the key's own limits say, or its role's, or all.
    pub fn stale_of<'a>(
        &'a self,
        key: &InventoryKey,
        usual: &'a StaleCredential,
    ) -> &'a StaleCredential {
        let of_role = || self.roles.get(key.role.as_str()).and_then(|role| role.stale.as_ref());
        self.keys.get(key.key_id.as_str()).or_else(of_role).unwrap_or(usual)
    }
}
