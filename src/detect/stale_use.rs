//! What the log says about a key's use: too little, too late, or by too many.

use super::plain::{date_text, days_between};
use super::{Stale, StaleCredential, Watched};
use crate::identity::{InventoryKey, KeyStatus};
use crate::model::{Day, Millis, Severity, Timestamp};

/// Requests under way when a key ended are forgiven.
const GRACE: Millis = Millis::seconds(60);
const FORGET: &str = "ask the owner whether it is needed; disable it, and delete it after a week";

/// Everything that is wrong with the use of a key that should work.
pub(super) fn found(
    limits: &StaleCredential,
    key: &InventoryKey,
    watched: &Watched<'_>,
) -> Vec<Stale> {
    let found = [
        unused(limits, key, watched),
        rotation_incomplete(limits, key, watched),
        shared(limits, watched),
        revived(limits, watched),
    ];
    found.into_iter().flatten().collect()
}

/// A key whose time is over, and that was used all the same.
pub(super) fn used_after_end(key: &InventoryKey, watched: &Watched<'_>) -> Option<Stale> {
    let (end, word) = end_of(key, watched.now)?;
    let last = watched.last_used.filter(|last| end.plus(GRACE) < *last)?;
    if StaleCredential::RECENT_DAYS <= days_between(last, watched.now) {
        return None;
    }
    let successor = key.successor.as_ref().map(|key| format!("; its successor is {key}"));
    Some(Stale {
        kind: "used_after_end",
        severity: Severity::Medium,
        since: end,
        because: format!(
            "{word} on {}, and last used on {}{}",
            date_text(end),
            date_text(last),
            successor.unwrap_or_default()
        ),
        next: "find who still uses it and move them; see that the API refuses it",
    })
}

/// When its time was over, as far as the inventory says.
fn end_of(key: &InventoryKey, now: Timestamp) -> Option<(Timestamp, &'static str)> {
    let word = match key.status_at(now) {
        KeyStatus::Disabled => "disabled",
        KeyStatus::Revoked => "revoked",
        KeyStatus::Retired => "retired",
        KeyStatus::Active | KeyStatus::Unknown => "",
    };
    let ended = key.status_since.filter(|_| !word.is_empty()).map(|since| (since, word));
    let expired = key.expires.filter(|expires| *expires <= now).map(|at| (at, "expired"));
    ended.into_iter().chain(expired).min()
}

fn unused(limits: &StaleCredential, key: &InventoryKey, watched: &Watched<'_>) -> Option<Stale> {
    let Some(last_used) = watched.last_used else { return never_used(limits, key, watched) };
    let days = days_between(last_used, watched.now);
    (limits.unused_warn_days_min <= days).then(|| Stale {
        kind: "unused",
        severity: severity_of(limits, days),
        since: last_used,
        because: format!("unused for {days} days, since {}", date_text(last_used)),
        next: FORGET,
    })
}

fn severity_of(limits: &StaleCredential, days: i64) -> Severity {
    if limits.unused_fail_days_min <= days { Severity::Medium } else { Severity::Low }
}

/// Silence proves something only as far as the log was watched: a key made within that
/// time was never used; of an older one only the watched days are known.
fn never_used(
    limits: &StaleCredential,
    key: &InventoryKey,
    watched: &Watched<'_>,
) -> Option<Stale> {
    if let Some(created) = key.created.filter(|&created| watched.since <= created) {
        let days = days_between(created, watched.now);
        return (limits.never_used_days_min <= days).then(|| Stale {
            kind: "never_used",
            severity: Severity::Low,
            since: created,
            because: format!("never used in the {days} days since it was created"),
            next: "ask the owner whether it is needed; delete it if not",
        });
    }
    let days = days_between(watched.since, watched.now);
    (limits.unused_warn_days_min <= days).then(|| Stale {
        kind: "unused",
        severity: severity_of(limits, days),
        since: watched.since,
        because: format!("unused for at least {days} days, as long as the log has been watched"),
        next: FORGET,
    })
}

fn rotation_incomplete(
    limits: &StaleCredential,
    key: &InventoryKey,
    watched: &Watched<'_>,
) -> Option<Stale> {
    let successor = key.successor.as_ref()?;
    let (began, last) = (watched.successor_first_used?, watched.last_used?);
    let days = days_between(began, last);
    let is_over = StaleCredential::RECENT_DAYS <= days_between(last, watched.now);
    (limits.rotation_incomplete_days_min <= days && !is_over).then(|| Stale {
        kind: "rotation_incomplete",
        severity: Severity::Low,
        since: began,
        because: format!(
            "still used on {}, {days} days after the first use of its successor {successor}",
            date_text(last)
        ),
        next: "find who still uses it, move them to the successor, then retire it",
    })
}

fn shared(limits: &StaleCredential, watched: &Watched<'_>) -> Option<Stale> {
    let since = Day(watched.now.day().0 - StaleCredential::RECENT_DAYS);
    let (days, most) = watched.uses?.crowded_days(since, limits.shared_places_min);
    (usize::from(limits.shared_days_min) <= days).then(|| Stale {
        kind: "shared",
        severity: Severity::Low,
        since: since.start(),
        because: format!(
            "used from up to {most} networks within one hour, on {days} of the last 7 days"
        ),
        next: "give each machine or team a key of its own, so that one can be revoked alone",
    })
}

fn revived(limits: &StaleCredential, watched: &Watched<'_>) -> Option<Stale> {
    let pause = watched.uses?.pause?;
    let days = days_between(pause.from, pause.to);
    let is_over = StaleCredential::RECENT_DAYS < days_between(pause.to, watched.now);
    (limits.unused_warn_days_min <= days && !is_over).then(|| Stale {
        kind: "revived",
        severity: Severity::Medium,
        since: pause.to,
        because: format!("used again on {} after {days} days without use", date_text(pause.to)),
        next: "ask the owner whether it was them; rotate it if nobody knows",
    })
}
