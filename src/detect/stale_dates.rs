//! What the inventory alone says about a key: rotation, expiry, status, owner.

use super::plain::{date_text, days_between};
use super::{Stale, StaleCredential};
use crate::identity::{InventoryKey, KeyStatus};
use crate::model::{Severity, Timestamp};

/// Everything that is wrong with the key's dates and its owner.
pub(super) fn found(limits: &StaleCredential, key: &InventoryKey, now: Timestamp) -> Vec<Stale> {
    let found = [
        rotation(limits, key, now),
        expiring(limits, key, now),
        no_expiry(key, now),
        status_unknown(key, now),
        owner_missing(key, now),
        owner_gone(key, now),
    ];
    found.into_iter().flatten().collect()
}

fn rotation(limits: &StaleCredential, key: &InventoryKey, now: Timestamp) -> Option<Stale> {
    let rotated = key.last_rotated.max(key.created)?;
    let days = days_between(rotated, now);
    (limits.rotation_days_max < days).then(|| Stale {
        kind: "rotation_overdue",
        severity: Severity::Low,
        since: rotated,
        because: format!(
            "last rotated {days} days ago, on {}; {} are allowed",
            date_text(rotated),
            limits.rotation_days_max
        ),
        next: "rotate it: make a successor, move its users, retire this one",
    })
}

fn expiring(limits: &StaleCredential, key: &InventoryKey, now: Timestamp) -> Option<Stale> {
    let expires = key.expires?;
    let days = days_between(now, expires);
    if limits.expiring_warn_days_max < days {
        return None;
    }
    let is_near = days <= limits.expiring_fail_days_max;
    Some(Stale {
        kind: "expiring",
        severity: if is_near { Severity::Medium } else { Severity::Low },
        since: now,
        because: format!("expires {}, on {}", in_days(days), date_text(expires)),
        next: "renew it, or tell its users that it ends",
    })
}

fn in_days(days: i64) -> String {
    match days {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        days => format!("in {days} days"),
    }
}

fn no_expiry(key: &InventoryKey, now: Timestamp) -> Option<Stale> {
    key.expires.is_none().then(|| Stale {
        kind: "no_expiry",
        severity: Severity::Low,
        since: key.created.unwrap_or(now),
        because: "has no date on which it expires".to_owned(),
        next: "give it one",
    })
}

fn status_unknown(key: &InventoryKey, now: Timestamp) -> Option<Stale> {
    (key.status_at(now) == KeyStatus::Unknown).then(|| Stale {
        kind: "status_unknown",
        severity: Severity::Low,
        since: key.status_since.unwrap_or(now),
        because: "the inventory does not say whether it is active".to_owned(),
        next: "find out, and say so in the inventory",
    })
}

fn owner_missing(key: &InventoryKey, now: Timestamp) -> Option<Stale> {
    key.owner.is_empty().then(|| Stale {
        kind: "owner_missing",
        severity: Severity::Medium,
        since: key.created.unwrap_or(now),
        because: "belongs to nobody".to_owned(),
        next: "find an owner, or disable it",
    })
}

fn owner_gone(key: &InventoryKey, now: Timestamp) -> Option<Stale> {
    let gone = key.owner_gone.filter(|gone| *gone <= now)?;
    // A list may say that somebody is gone, and not since when.
    let since = (gone != Timestamp::default()).then(|| format!(" since {}", date_text(gone)));
    Some(Stale {
        kind: "owner_gone",
        severity: Severity::Medium,
        since: gone,
        because: format!("its owner {} is gone{}", key.owner, since.unwrap_or_default()),
        next: "give it to somebody who answers for it, and rotate it: the old owner may have a copy",
    })
}
