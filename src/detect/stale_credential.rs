//! Keys that should be looked after: unused, overdue for rotation, about to expire, or
//! nobody's. Looked at once a day, on the log's own clock.

use serde::{Deserialize, Serialize};

use super::plain::{date_text, days_between};
use crate::identity::{InventoryKey, KeyStatus};
use crate::model::{Severity, Timestamp};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StaleCredential {
    pub unused_warn_days_min: i64,
    pub unused_fail_days_min: i64,
    pub never_used_days_min: i64,
    pub rotation_days_max: i64,
    pub expiring_warn_days_max: i64,
    pub expiring_fail_days_max: i64,
}

/// What the log says about the key's use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    pub now: Timestamp,
    /// The log has been watched from here on.
    pub since: Timestamp,
    pub last_used: Option<Timestamp>,
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
        }
    }
}

impl StaleCredential {
    /// Everything that is wrong with one key of the inventory. An ended key is not stale.
    pub fn judge(&self, key: &InventoryKey, watched: &Watched) -> Vec<Stale> {
        match key.status_at(watched.now) {
            KeyStatus::Disabled | KeyStatus::Revoked | KeyStatus::Retired => return Vec::new(),
            KeyStatus::Active | KeyStatus::Unknown => (),
        }
        if key.canary || key.created.is_some_and(|created| watched.now < created) {
            return Vec::new();
        }
        let found = [
            self.unused(key, watched),
            self.rotation(key, watched.now),
            self.expiring(key, watched.now),
            no_expiry(key, watched.now),
            status_unknown(key, watched.now),
            owner_missing(key, watched.now),
        ];
        found.into_iter().flatten().collect()
    }

    fn unused(&self, key: &InventoryKey, watched: &Watched) -> Option<Stale> {
        let Some(last_used) = watched.last_used else { return self.never_used(key, watched) };
        let days = days_between(last_used, watched.now);
        if days < self.unused_warn_days_min {
            return None;
        }
        let is_long = self.unused_fail_days_min <= days;
        Some(Stale {
            kind: "unused",
            severity: if is_long { Severity::Medium } else { Severity::Low },
            since: last_used,
            because: format!("unused for {days} days, since {}", date_text(last_used)),
            next: "ask the owner whether it is needed; disable it, and delete it after a week",
        })
    }

    /// Silence proves something only as far as the log was watched: a key made within
    /// that time was never used; of an older one only the watched days are known.
    fn never_used(&self, key: &InventoryKey, watched: &Watched) -> Option<Stale> {
        let next = "ask the owner whether it is needed; delete it if not";
        let watched_days = days_between(watched.since, watched.now);
        match key.created.filter(|&created| watched.since <= created) {
            Some(created) => {
                let days = days_between(created, watched.now);
                (self.never_used_days_min <= days).then(|| Stale {
                    kind: "never_used",
                    severity: Severity::Low,
                    since: created,
                    because: format!("never used in the {days} days since it was created"),
                    next,
                })
            }
            None => (self.unused_warn_days_min <= watched_days).then(|| Stale {
                kind: "unused",
                severity: if self.unused_fail_days_min <= watched_days {
                    Severity::Medium
                } else {
                    Severity::Low
                },
                since: watched.since,
                because: format!(
                    "unused for at least {watched_days} days, as long as the log has been watched"
                ),
                next,
            }),
        }
    }

    fn rotation(&self, key: &InventoryKey, now: Timestamp) -> Option<Stale> {
        let rotated = key.last_rotated.or(key.created)?;
        let days = days_between(rotated, now);
        (self.rotation_days_max < days).then(|| Stale {
            kind: "rotation_overdue",
            severity: Severity::Low,
            since: rotated,
            because: format!(
                "last rotated {days} days ago, on {}; {} are allowed",
                date_text(rotated),
                self.rotation_days_max
            ),
            next: "rotate it: make a successor, move its users, retire this one",
        })
    }

    fn expiring(&self, key: &InventoryKey, now: Timestamp) -> Option<Stale> {
        let expires = key.expires?;
        let days = days_between(now, expires);
        if expires <= now || self.expiring_warn_days_max < days {
            return None;
        }
        let is_near = days <= self.expiring_fail_days_max;
        Some(Stale {
            kind: "expiring",
            severity: if is_near { Severity::Medium } else { Severity::Low },
            since: now,
            because: format!("expires in {days} days, on {}", date_text(expires)),
            next: "renew it, or tell its users that it ends",
        })
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
    (key.status == KeyStatus::Unknown).then(|| Stale {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Millis;

    fn day(days: i64) -> Timestamp {
        Timestamp::default().plus(Millis::days(20_000 + days))
    }

    fn key() -> InventoryKey {
        InventoryKey {
            owner: "ana".to_owned(),
            status: KeyStatus::Active,
            created: Some(day(-10)),
            expires: Some(day(500)),
            ..InventoryKey::default()
        }
    }

    fn kinds(key: &InventoryKey, watched: &Watched) -> Vec<&'static str> {
        let found = StaleCredential::default().judge(key, watched);
        found.into_iter().map(|stale| stale.kind).collect()
    }

    #[test]
    fn unused_is_found_on_the_45th_day_and_not_before() {
        let at = |days| Watched { now: day(days), since: day(0), last_used: Some(day(1)) };
        assert!(kinds(&key(), &at(45)).is_empty());
        assert_eq!(kinds(&key(), &at(46)), ["unused"]);
    }

    #[test]
    fn nothing_is_said_about_use_before_the_log_was_watched_long_enough() {
        let at = |days| Watched { now: day(days), since: day(0), last_used: None };
        assert!(kinds(&key(), &at(44)).is_empty());
        assert_eq!(kinds(&key(), &at(45)), ["unused"]);
        let new = InventoryKey { created: Some(day(1)), ..key() };
        assert!(kinds(&new, &at(14)).is_empty());
        assert_eq!(kinds(&new, &at(15)), ["never_used"]);
    }

    #[test]
    fn dates_and_owners_are_checked_and_ended_keys_are_not() {
        let at = Watched { now: day(81), since: day(80), last_used: Some(day(81)) };
        let poor = InventoryKey {
            owner: String::new(),
            status: KeyStatus::Unknown,
            expires: None,
            ..key()
        };
        assert_eq!(
            kinds(&poor, &at),
            ["rotation_overdue", "no_expiry", "status_unknown", "owner_missing"]
        );
        let ending = InventoryKey { expires: Some(day(100)), ..key() };
        assert_eq!(kinds(&ending, &Watched { now: day(71), ..at }), ["expiring"]);
        let revoked = InventoryKey { status: KeyStatus::Revoked, ..poor };
        assert!(kinds(&revoked, &at).is_empty());
    }
}
