//! Invented incidents and stale keys, for tests and for looking at.

use std::sync::Arc;

use super::sample::NOW;
use crate::incident::{
    Contribution, Curve, CurveHour, EvidenceLine, Incident, IncidentId, StaleFinding, State,
};
use crate::model::{Class, Entity, Hour, Millis, Severity};

fn contribution(kind: &str, because: &str, score: f64) -> Contribution {
    let at = NOW.back(Millis::seconds(840));
    Contribution {
        kind: kind.into(),
        because: because.into(),
        score,
        at,
        ..Contribution::default()
    }
}

pub(super) fn spike() -> Incident {
    Incident {
        id: IncidentId(0x7f3c_9a00_0000_0001),
        kind: "volume_spike".into(),
        entity: Entity::Key("erp-bridge".into()),
        keys: vec!["erp-bridge".into()],
        addresses: vec!["192.0.2.41".into(), "198.51.100.23".into()],
        role: "admin".into(),
        owner: "payments@example.com".into(),
        class: Class::Statistical,
        severity: Severity::High,
        opened: NOW.back(Millis::seconds(840)),
        since: NOW.back(Millis::seconds(860)),
        last_seen: NOW.back(Millis::seconds(5)),
        score: 9.4,
        title: "erp-bridge: far more requests than usual".into(),
        findings: vec![
            contribution(
                "volume_spike",
                "41,200 requests in the hour from 09:00 UTC, 196 times the 210 expected; the most in any hour before was 262",
                5.2,
            ),
            contribution(
                "new_network",
                "used from AS64511, AS64500 and AS64505; always AS64496 before",
                4.1,
            ),
            contribution("failures", "31 % of answers were 403; below 1 % is usual", 1.7),
        ],
        evidence: (0..8_u8)
            .map(|number| EvidenceLine {
                at: NOW.back(Millis::seconds(850 - i64::from(number) * 90)),
                source_ip: ["192.0.2.41", "198.51.100.23", "2001:db8:41::9"]
                    [usize::from(number) % 3]
                    .into(),
                method: "GET".into(),
                path: if number % 3 == 2 {
                    "/v1/customers/{id}"
                } else {
                    "/v1/export?cursor={token}"
                }
                .into(),
                status: if number % 3 == 2 { 403 } else { 200 },
                user_agent: "python-requests/2.31".into(),
            })
            .map(Arc::new)
            .collect(),
        events: 114_800,
        revision: 2,
        curve: Curve { first: Hour(NOW.hour().0 - 24), hours: (0..25).map(curve_hour).collect() },
        ..Incident::default()
    }
}

/// Quiet, until the last hour.
fn curve_hour(hour: u32) -> CurveHour {
    let usual = 150 + hour % 7 * 12;
    let requests = if hour == 24 { 41_200 } else { usual };
    CurveHour { requests, expected_low: usual - 40, expected_high: usual + 60 }
}

pub(super) fn revoked() -> Incident {
    Incident {
        id: IncidentId(0x1b22_0400_0000_0002),
        kind: "revoked_key_used".into(),
        entity: Entity::Key("crm-sync".into()),
        keys: vec!["crm-sync".into()],
        addresses: vec!["203.0.113.77".into()],
        owner: "crm@example.com".into(),
        class: Class::Policy,
        severity: Severity::Medium,
        state: State::Acknowledged,
        acknowledged_by: "oncall".into(),
        opened: NOW.back(Millis::hours(3)),
        since: NOW.back(Millis::hours(3)),
        last_seen: NOW.back(Millis::hours(2)),
        score: 99.0,
        findings: vec![contribution(
            "revoked_key_used",
            "used 4 times, revoked on 2026-11-02",
            99.0,
        )],
        events: 4,
        revision: 1,
        ..Incident::default()
    }
}

pub(super) fn sweep() -> Incident {
    Incident {
        id: IncidentId(0x55ab_0100_0000_0003),
        kind: "scanning".into(),
        entity: Entity::Address("2001:db8:41::9".into()),
        severity: Severity::Low,
        opened: NOW.back(Millis::hours(1)),
        since: NOW.back(Millis::hours(1)),
        last_seen: NOW.back(Millis::seconds(600)),
        score: 5.4,
        findings: vec![contribution("scanning", "212 paths that do not exist in 10 minutes", 5.4)],
        events: 212,
        revision: 1,
        ..Incident::default()
    }
}

pub(super) fn resolved() -> Incident {
    Incident {
        id: IncidentId(0x2222_2200_0000_0004),
        kind: "failures".into(),
        entity: Entity::Key("mobile-gw".into()),
        owner: "mobile@example.com".into(),
        severity: Severity::Medium,
        state: State::Resolved,
        opened: NOW.back(Millis::hours(50)),
        since: NOW.back(Millis::hours(50)),
        last_seen: NOW.back(Millis::hours(48)),
        resolved: Some(NOW.back(Millis::hours(47))),
        score: 6.1,
        findings: vec![contribution(
            "failures",
            "9 % of answers were 403; below 2 % is usual",
            6.1,
        )],
        events: 2204,
        revision: 3,
        ..Incident::default()
    }
}

pub(super) fn stale() -> Vec<Arc<StaleFinding>> {
    [
        (
            "legacy-import",
            "never_used",
            Severity::High,
            "never used in the 94 days since it was created",
            "ask the owner whether it is needed; delete it if not",
        ),
        (
            "reports-old",
            "unused",
            Severity::High,
            "unused for 137 days, since 2026-07-07",
            "ask the owner whether it is needed; disable it, and delete it after a week",
        ),
        (
            "erp-bridge",
            "rotation_overdue",
            Severity::Medium,
            "not rotated for 203 days, since 2026-05-02",
            "rotate it: make a successor, move its users, retire this one",
        ),
        (
            "ci-smoke",
            "never_used",
            Severity::Medium,
            "never used in the 33 days since it was created",
            "ask the owner whether it is needed; delete it if not",
        ),
        (
            "mobile-gw",
            "expiring",
            Severity::Low,
            "expires in 6 days, on 2026-11-27",
            "renew it, or tell its users that it ends",
        ),
    ]
    .map(|(key, kind, severity, because, next)| {
        Arc::new(StaleFinding {
            key: key.into(),
            kind: kind.into(),
            severity,
            owner: "data@example.com".into(),
            role: "partner-rw".into(),
            since: NOW.back(Millis::days(40)),
            at: NOW,
            because: because.into(),
            next: next.into(),
            ..StaleFinding::default()
        })
    })
    .into()
}
