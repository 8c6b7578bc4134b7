//! Invented states of the daemon, for tests and for looking at.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::sample_incidents::{resolved, revoked, spike, stale, sweep};
use super::view::{HourPoint, Learning, Mail, Reading, Source, View};
use crate::engine::KeyRow;
use crate::model::{Hour, Millis, Timestamp};
use crate::profile::Packed;

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
        keys: Arc::new((0..40).map(key).collect()),
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
    view.incidents = [spike(), revoked(), sweep(), resolved()].into();
    view.stale = stale().into();
    if let Some(hour) = view.hours.last_mut() {
        hour.requests *= 9;
    }
    let last = view.hours.len() - 2;
    view.hours[last].requests *= 4;
    let busy = &mut Arc::make_mut(&mut view.keys)[3];
    busy.last_hours = spike().curve.hours.iter().take(24).map(|hour| hour.requests).collect();
    busy.this_hour = 41_200;
    view
}

pub(super) fn stale_only() -> View {
    View { stale: stale().into(), incidents: [resolved()].into(), ..calm() }
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
        keys: Arc::default(),
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
    for key in Arc::make_mut(&mut view.keys) {
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
    let incident = &mut Arc::make_mut(&mut view.incidents)[0];
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
    for line in incident.evidence.iter_mut().map(Arc::make_mut) {
        line.path = evil.into();
        line.user_agent = evil.into();
        line.source_ip = evil.into();
        line.method = evil.into();
    }
    for key in Arc::make_mut(&mut view.keys) {
        key.key = evil.into();
        key.owner = evil.into();
        key.role = evil.into();
    }
    for finding in Arc::make_mut(&mut view.stale).iter_mut().map(Arc::make_mut) {
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
        key: if number < 8 { name.into() } else { format!("{name}-{number:02}").into() },
        role: ROLES[number as usize % 4].into(),
        owner: format!("{}@example.com", ["payments", "mobile", "crm"][number as usize % 3]).into(),
        first_used: (!is_unused).then(|| NOW.back(Millis::days(300 - i64::from(number) * 7))),
        last_used: (!is_unused).then(|| NOW.back(Millis::seconds(i64::from(number * number) * 40))),
        requests: if is_unused { 0 } else { 4_000_000 / u64::from(number + 1) },
        errors: if is_unused { 0 } else { 31_000 / u64::from(number + 1) },
        hours_learned: 168,
        state: ["ready", "ready", "ready", "ready", "ready", "on the role's", "learning"]
            [number as usize % 7],
        last_hours: if is_unused {
            Packed::default()
        } else {
            (0..24).map(|hour| wave(hour + number) / 10).collect()
        },
        last_days: if is_unused {
            Packed::default()
        } else {
            (0..30).map(|day| wave(day * 7 + number) * 20).collect()
        },
        this_hour: 12,
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
        withheld: 0,
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
        losses: 0,
        lost_bytes: 0,
        problem: None,
    }
}
