//! Invented states of the daemon, for tests and for looking at.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::view::{HourPoint, Learning, Mail, Reading, Source, View};
use crate::engine::KeyRow;
use crate::incident::{Contribution, EvidenceLine, Incident, IncidentId, StaleFinding, State};
use crate::model::{Class, Entity, Hour, Millis, Severity, Timestamp};

/// 2026-11-21 09:04:34 UTC.
pub(super) const NOW: Timestamp = Timestamp(1_795_251_874_000);

/// Every state that the pages know, by name.
pub(super) fn all() -> Vec<(&'static str, Arc<View>)> {
    let views = [
        ("empty", View { now: NOW, updated: NOW, version: "0.1.0".into(), ..View::default() }),
        ("blind", blind()),
        ("degraded", degraded()),
        ("catching-up", catching_up()),
        ("alert", alert()),
        ("stale", stale_only()),
        ("waiting", waiting()),
        ("learning", learning()),
        ("ok", calm()),
        ("attack", attack()),
    ];
    views.map(|(name, view)| (name, Arc::new(view))).into()
}

/// Three logs, 40 keys, a week of quiet rhythm.
pub(super) fn calm() -> View {
    View {
        now: NOW,
        updated: NOW,
        zone: Some(TimeZone::fixed(jiff::tz::offset(1))),
        host: "api-01".into(),
        version: "0.1.0".into(),
        started: Some(NOW.back(Millis::hours(292))),
        last_event: Some(NOW.back(Millis::seconds(3))),
        lag_seconds: Some(0.4),
        watermark: Some(NOW.back(Millis::seconds(4))),
        events: 11_712_345,
        late: 41,
        roles: 4,
        keys: (0..40).map(key).collect(),
        sources: vec![
            source("/var/log/nginx/access.log", Reading::Reading),
            source("/var/log/nginx/partner.log", Reading::Idle),
            source("/var/log/apache2/other_vhosts_access.log", Reading::Idle),
        ],
        mail: Mail {
            enabled: true,
            queued: 0,
            failed: 0,
            last_sent: Some(NOW.back(Millis::hours(70))),
        },
        hours: (0..168).map(hour).collect(),
        learning: Learning { keys_ready: 34, keys: 40, roles_ready: 3, roles: 4 },
        alarm_line: Some(5.1),
        config: Some("/etc/keyvigil/keyvigil.toml".into()),
        ..View::default()
    }
}

pub(super) fn alert() -> View {
    let mut view = calm();
    view.incidents = vec![spike(), revoked(), sweep(), resolved()];
    view.stale = stale();
    if let Some(hour) = view.hours.last_mut() {
        hour.requests *= 9;
    }
    let last = view.hours.len() - 2;
    view.hours[last].requests *= 4;
    view.keys[3].last_hours[23] = 41_200;
    view
}

pub(super) fn stale_only() -> View {
    View { stale: stale(), incidents: vec![resolved()], ..calm() }
}

pub(super) fn blind() -> View {
    let mut view = calm();
    for source in &mut view.sources {
        source.state = Reading::Unreadable;
        source.problem =
            Some(format!("permission denied: run `sudo setfacl -m u:keyvigil:r {}`", source.path));
    }
    view.lag_seconds = Some(5_400.0);
    view
}

pub(super) fn degraded() -> View {
    let mut view = alert();
    view.sources[1].state = Reading::Missing;
    view.sources[1].problem = Some("there is no such file; it will be read when it comes".into());
    view.degraded.push("12 mails wait for smtp.example.com: connection refused".into());
    view.mail.queued = 12;
    view
}

pub(super) fn catching_up() -> View {
    let mut view = calm();
    view.sources[0].state = Reading::CatchingUp;
    view.sources[0].offset = 210_000_000;
    view.lag_seconds = Some(11_400.0);
    view
}

pub(super) fn waiting() -> View {
    View {
        events: 0,
        hours: Vec::new(),
        keys: Vec::new(),
        last_event: None,
        sources: vec![source("/var/log/nginx/access.log", Reading::Idle)],
        learning: Learning::default(),
        ..calm()
    }
}

pub(super) fn learning() -> View {
    let mut view = calm();
    view.learning = Learning { keys_ready: 0, keys: 40, roles_ready: 0, roles: 4 };
    view.hours.drain(..150);
    for hour in &mut view.hours {
        (hour.expected_low, hour.expected_high) = (0.0, 0.0);
    }
    for key in &mut view.keys {
        key.state = "learning";
        key.hours_learned = 18;
    }
    view.mail.enabled = false;
    view
}

/// Everything that comes from a log tries to break out of its place.
pub(super) fn attack() -> View {
    let evil =
        "\"'><script>alert(1)</script><img src=x onerror=alert(2)>\u{202e}\u{1b}[31m\r\nX: y";
    let mut view = alert();
    let incident = &mut view.incidents[0];
    incident.kind = format!("kind{evil}");
    incident.title = evil.into();
    incident.label = evil.into();
    incident.owner = evil.into();
    incident.role = evil.into();
    incident.addresses = vec![evil.into()];
    incident.acknowledged_by = evil.into();
    for finding in &mut incident.findings {
        finding.because = evil.into();
        finding.kind = evil.into();
    }
    for line in &mut incident.evidence {
        line.path = evil.into();
        line.user_agent = evil.into();
        line.source_ip = evil.into();
        line.method = evil.into();
    }
    for key in &mut view.keys {
        key.key = evil.into();
        key.owner = evil.into();
        key.role = evil.into();
    }
    for finding in &mut view.stale {
        finding.key = evil.into();
        finding.because = evil.into();
        finding.next = evil.into();
        finding.role = evil.into();
    }
    for source in &mut view.sources {
        source.path = evil.into();
        source.last_rejects = vec![evil.into()];
        source.reasons = vec![("no time".into(), 1)];
        source.problem = Some(evil.into());
    }
    view.host = evil.into();
    view
}

fn key(number: u32) -> KeyRow {
    const NAMES: [&str; 8] = [
        "billing-sync",
        "mobile-gw",
        "crm-sync",
        "erp-bridge",
        "checkout-web",
        "search-edge",
        "loyalty-api",
        "stock-feed",
    ];
    const ROLES: [&str; 4] = ["partner-rw", "app-ro", "internal-ro", "admin"];
    let name = NAMES[number as usize % 8];
    let is_unused = number % 13 == 7;
    KeyRow {
        key: if number < 8 { name.into() } else { format!("{name}-{number:02}") },
        role: ROLES[number as usize % 4].into(),
        owner: format!("{}@example.com", ["payments", "mobile", "crm"][number as usize % 3]),
        first_used: (!is_unused).then(|| NOW.back(Millis::days(300 - i64::from(number) * 7))),
        last_used: (!is_unused).then(|| NOW.back(Millis::seconds(i64::from(number * number) * 40))),
        requests: if is_unused { 0 } else { 4_000_000 / u64::from(number + 1) },
        errors: if is_unused { 0 } else { 31_000 / u64::from(number + 1) },
        hours_learned: 168,
        state: ["ready", "ready", "ready", "ready", "ready", "on the role's", "learning"]
            [number as usize % 7],
        last_hours: if is_unused {
            Vec::new()
        } else {
            (0..24).map(|hour| wave(hour + number) / 10).collect()
        },
        stale: Vec::new(),
    }
}

/// A day's rhythm, with some noise that is the same every time.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousands")]
fn wave(hour: u32) -> u32 {
    let of_day = f64::from(hour % 24) / 24.0 * std::f64::consts::TAU;
    let noise = f64::from(hour.wrapping_mul(2_654_435_761) >> 20) / 4096.0;
    (9000.0 - 6000.0 * of_day.cos() + 900.0 * noise) as u32
}

#[expect(clippy::cast_precision_loss, reason = "some thousands")]
fn hour(number: u32) -> HourPoint {
    let requests = u64::from(wave(number + 10));
    let hour = Hour(NOW.hour().0 - 167 + i64::from(number));
    let usual = requests as f64;
    HourPoint {
        hour,
        requests: if number == 60 { requests * 3 } else { requests },
        errors: requests / 47,
        active_keys: 20 + requests / 1100,
        expected_low: usual * 0.8,
        expected_high: usual * 1.15,
    }
}

fn source(path: &str, state: Reading) -> Source {
    Source {
        path: path.into(),
        state,
        format: "nginx-combined".into(),
        offset: 812_345_678,
        size: 812_345_678,
        lines: 3_904_115,
        rejected: 780,
        reasons: vec![("no time".into(), 512), ("no request".into(), 268)],
        last_rejects: vec!["192.0.2.9 - - [bad] \"GET /v1/orders/{id} HTTP/1.1\" 200".into()],
        rotations: 12,
        problem: None,
    }
}

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

fn spike() -> Incident {
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
                "8 200 requests a minute; 120 to 200 is usual at this hour",
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
            .collect(),
        events: 114_800,
        revision: 2,
        ..Incident::default()
    }
}

fn revoked() -> Incident {
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

fn sweep() -> Incident {
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

fn resolved() -> Incident {
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

fn stale() -> Vec<StaleFinding> {
    [
        (
            "legacy-import",
            "never_used",
            Severity::High,
            "Never used in 94 days, created 2026-08-19",
            "Revoke it.",
        ),
        (
            "reports-old",
            "unused",
            Severity::High,
            "Unused for 137 days, last used 2026-07-07",
            "Ask reporting@example.com, then revoke it.",
        ),
        (
            "erp-bridge",
            "rotation_overdue",
            Severity::Medium,
            "Rotation overdue by 113 days, last rotated 2026-05-02",
            "Rotate it.",
        ),
        (
            "ci-smoke",
            "never_used",
            Severity::Medium,
            "Never used in 33 days, created 2026-10-19",
            "Revoke it.",
        ),
        ("mobile-gw", "expiring", Severity::Low, "Expires in 6 days, on 2026-11-27", "Renew it."),
    ]
    .map(|(key, kind, severity, because, next)| StaleFinding {
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
    .into()
}
