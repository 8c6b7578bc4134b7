//! A key that is used although it was revoked, retired or disabled, or has expired.

use serde::{Deserialize, Serialize};

use super::plain::{date_text, time_text};
use super::{POLICY_SCORE, Verdict};
use crate::identity::{InventoryKey, KeyStatus};
use crate::model::{Millis, Severity, Timestamp};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CredentialStatus {
    /// Requests under way when the status changed are forgiven.
    pub grace_seconds: i64,
}

impl Default for CredentialStatus {
    fn default() -> Self {
        Self { grace_seconds: 60 }
    }
}

impl CredentialStatus {
    /// Whether the key could ever be found by this detector; most cannot.
    pub const fn concerns(key: &InventoryKey) -> bool {
        let is_ended = match key.status {
            KeyStatus::Disabled | KeyStatus::Revoked | KeyStatus::Retired => true,
            KeyStatus::Active | KeyStatus::Unknown => false,
        };
        is_ended || key.expires.is_some()
    }

    pub fn judge(&self, key: &InventoryKey, (at, status): (Timestamp, u16)) -> Option<Verdict> {
        let before = at.back(Millis::seconds(self.grace_seconds));
        let (kind, word) = match key.status_at(before) {
            KeyStatus::Revoked => ("revoked_key_used", "revoked"),
            KeyStatus::Retired => ("retired_key_used", "retired"),
            KeyStatus::Disabled => ("disabled_key_used", "disabled"),
            KeyStatus::Active | KeyStatus::Unknown => return self.judge_expiry(key, (at, status)),
        };
        let since = key.status_since.map(|since| format!(" since {}", date_or_time(since)));
        Some(verdict(kind, status, &format!("{word}{}", since.unwrap_or_default())))
    }

    fn judge_expiry(&self, key: &InventoryKey, (at, status): (Timestamp, u16)) -> Option<Verdict> {
        let expires = key.expires?;
        let is_over = expires.plus(Millis::seconds(self.grace_seconds)) < at;
        is_over.then(|| {
            verdict("expired_key_used", status, &format!("expired since {}", date_or_time(expires)))
        })
    }
}

fn verdict(kind: &'static str, status: u16, what: &str) -> Verdict {
    let is_let_in = status < 400;
    let severity = if is_let_in { Severity::High } else { Severity::Medium };
    let outcome = if is_let_in { "it still works" } else { "it was refused" };
    let because = format!("{what}, and used all the same: {outcome} (answered with {status})");
    Verdict { kind, severity, score: POLICY_SCORE, because }
}

/// Inventories mostly give days.
fn date_or_time(at: Timestamp) -> String {
    if at == at.day().start() { date_text(at) } else { time_text(at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revoked() -> InventoryKey {
        InventoryKey {
            status: KeyStatus::Revoked,
            status_since: Some(Timestamp::from_seconds(1000)),
            ..InventoryKey::default()
        }
    }

    #[test]
    fn a_minute_of_grace_is_given_and_no_more() {
        let judge = |seconds| {
            CredentialStatus::default().judge(&revoked(), (Timestamp::from_seconds(seconds), 401))
        };
        assert_eq!(judge(1059), None);
        assert_eq!(judge(1060).map(|verdict| verdict.kind), Some("revoked_key_used"));
    }

    #[test]
    fn one_that_still_works_is_worse() {
        let at = Timestamp::from_seconds(5000);
        let judge = |status| CredentialStatus::default().judge(&revoked(), (at, status)).unwrap();
        assert!(judge(401).severity < judge(200).severity);
        assert!(judge(200).because.contains("still works"));
    }

    #[test]
    fn an_expired_key_is_found_without_a_status() {
        let key = InventoryKey {
            status: KeyStatus::Active,
            expires: Some(Timestamp::from_seconds(1000)),
            ..InventoryKey::default()
        };
        let judge = |seconds| {
            CredentialStatus::default().judge(&key, (Timestamp::from_seconds(seconds), 200))
        };
        assert_eq!(judge(1060), None);
        assert_eq!(judge(1061).map(|verdict| verdict.kind), Some("expired_key_used"));
        assert!(CredentialStatus::concerns(&key));
    }
}
