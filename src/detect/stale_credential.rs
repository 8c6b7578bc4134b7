//! Keys that should be looked after: unused, overdue for rotation, about to expire, shared,
//! or nobody's. Looked at once a day, on the log's own clock.

use serde::{Deserialize, Serialize};

use super::grant::Grant;
use super::plain::days_between;
use super::{over_privileged, stale_dates, stale_use};
use crate::identity::{InventoryKey, KeyStatus};
use crate::model::{Severity, Timestamp};
use crate::profile::Uses;

/// Limits in whole days. A limit of [`StaleCredential::NEVER`] finds nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StaleCredential {
    pub unused_warn_days_min: i64,
    pub unused_fail_days_min: i64,
    pub never_used_days_min: i64,
    pub rotation_days_max: i64,
    pub expiring_warn_days_max: i64,
    pub expiring_fail_days_max: i64,
    /// For so long a scope or route must not have been used.
    pub over_privileged_days_min: i64,
    /// For so long both keys of a rotation may be in use.
    pub rotation_incomplete_days_min: i64,
    /// From so many networks within one hour a key is used by more than one machine.
    pub shared_places_min: u16,
    /// On so many of the last seven days.
    pub shared_days_min: u16,
    /// Kinds that are not to be found.
    pub ignore: Vec<String>,
}

/// What is known about the key's use.
#[derive(Clone, Copy, Debug, Default)]
pub struct Watched<'a> {
    pub now: Timestamp,
    /// The log has been watched from here on.
    pub since: Timestamp,
    pub first_used: Option<Timestamp>,
    pub last_used: Option<Timestamp>,
    pub uses: Option<&'a Uses>,
    pub successor_first_used: Option<Timestamp>,
    /// What it may do.
    pub grants: &'a [Grant],
}

/// What is wrong with a key, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    pub kind: &'static str,
    pub severity: Severity,
    pub since: Timestamp,
    pub because: String,
    pub next: &'static str,
}

impl Default for StaleCredential {
    fn default() -> Self {
        Self {
            unused_warn_days_min: 45,
            unused_fail_days_min: 90,
            never_used_days_min: 14,
            rotation_days_max: 90,
            expiring_warn_days_max: 30,
            expiring_fail_days_max: 7,
            over_privileged_days_min: 90,
            rotation_incomplete_days_min: 7,
            shared_places_min: 3,
            shared_days_min: 3,
            ignore: Vec::new(),
        }
    }
}

impl StaleCredential {
    pub const NEVER: i64 = i64::MAX;
    /// What happened longer ago is over.
    pub const RECENT_DAYS: i64 = 7;

    /// Everything that is wrong with one key of the inventory. Of a key that has ended
    /// nothing is asked but that it is not used.
    pub fn judge(&self, key: &InventoryKey, watched: &Watched<'_>) -> Vec<Stale> {
        if key.canary || key.created.is_some_and(|created| watched.now < created) {
            return Vec::new();
        }
        let mut found: Vec<Stale> = if is_over(key, watched.now) {
            stale_use::used_after_end(key, watched).into_iter().collect()
        } else {
            let of_use = stale_use::found(self, key, watched);
            let of_dates = stale_dates::found(self, key, watched.now);
            let of_rights = over_privileged::found(self, key, watched);
            of_use.into_iter().chain(of_dates).chain(of_rights).collect()
        };
        found.retain(|stale| !self.ignore.iter().any(|kind| kind == stale.kind));
        found
    }

    /// What cannot be said yet, because the log has not been watched for long enough.
    pub fn not_known(&self, since: Timestamp, now: Timestamp) -> Vec<String> {
        let watched = days_between(since, now);
        let questions = [
            (self.unused_warn_days_min, "which of the older keys are unused"),
            (self.over_privileged_days_min, "which rights are never used"),
        ];
        let open = questions.iter().filter(|(days, _)| watched < *days && *days != Self::NEVER);
        let text = |(days, what): &(i64, &str)| {
            format!(
                "{what} can be said after {days} days of watching the log; it has been {watched} so far"
            )
        };
        open.map(text).collect()
    }
}

/// Whether the key should work no more.
fn is_over(key: &InventoryKey, now: Timestamp) -> bool {
    let is_expired = key.expires.is_some_and(|expires| expires <= now);
    match key.status_at(now) {
        KeyStatus::Disabled | KeyStatus::Revoked | KeyStatus::Retired => true,
        KeyStatus::Active | KeyStatus::Unknown => is_expired,
    }
}
