//! A key that may do more than it does: scopes and routes that it never used.

use super::plain::days_between;
use super::{Grant, Stale, StaleCredential, Watched};
use crate::identity::InventoryKey;
use crate::model::{Day, Severity};
use crate::profile::RouteUse;

const NAMES_MAX: usize = 6;

/// Judged only where it is known what the key did all that time.
pub(super) fn found(
    limits: &StaleCredential,
    key: &InventoryKey,
    watched: &Watched<'_>,
) -> Option<Stale> {
    let days = limits.over_privileged_days_min;
    let today = watched.now.day();
    let from = key.created.map_or(watched.since, |created| created.max(watched.since));
    let is_in_use = watched.last_used.is_some_and(|last| days_between(last, watched.now) < days);
    if days_between(from, watched.now) < days || !is_in_use {
        return None;
    }
    let oldest = Day(today.0.saturating_sub(days).saturating_add(1));
    let used = watched.uses?.all_routes_since(oldest)?;
    let is_old = |grant: &&Grant| grant.since.is_none_or(|since| days <= today.0 - since.0);
    let is_unused =
        |grant: &&Grant| !used.iter().any(|route| grant.covers(&route.method, &route.route));
    let unused = watched.grants.iter().filter(|grant| grant.is_clear());
    let unused: Vec<&str> =
        unused.filter(is_old).filter(is_unused).map(|grant| grant.name.as_str()).collect();
    (!unused.is_empty()).then(|| Stale {
        kind: "over_privileged",
        severity: Severity::Low,
        since: oldest.start(),
        because: format!(
            "may do what it did not do in {days} days: {}; what it did: {}",
            listed(&unused),
            listed(&used.iter().map(|route| request_text(route)).collect::<Vec<_>>())
        ),
        next: "take away what it does not need; ask the owner first",
    })
}

fn request_text(route: &RouteUse) -> String {
    format!("{} {}", route.method, route.route)
}

fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMES_MAX).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(NAMES_MAX) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
