//! A made-up incident of each kind, so that its mail can be looked at before it is needed.

use super::{AlertError, Frame, Letter, Occasion, Reason};
use crate::detect::count_text;
use crate::incident::{
    Contribution, Curve, CurveHour, EvidenceLine, Incident, IncidentId, Notice, Transition, words,
};
use crate::model::{Class, Entity, Hour, Millis, Severity, Timestamp};

/// The mail about a made-up incident of that kind.
pub fn sample_letter(kind: &str, frame: &Frame, now: Timestamp) -> Result<Letter, AlertError> {
    let incident = sample(kind, now).ok_or_else(|| AlertError::NoKind {
        kind: kind.to_owned(),
        known: SAMPLES.iter().map(|(kind, _, _)| *kind).collect::<Vec<_>>().join(", "),
    })?;
    let notice = Notice {
        id: now.0.unsigned_abs(),
        incident: incident.id,
        revision: incident.revision,
        transition: Transition::Opened,
        due: now,
    };
    let reason = Reason { route: "a sample, nothing happened".to_owned(), number: 1 };
    let occasion = Occasion {
        notice: &notice,
        reason: &reason,
        mails_before: 0,
        is_owner: false,
        is_flapping: false,
    };
    Letter::of(&incident, &occasion, frame)
}

/// Kind, whom it is about, and what was seen.
const SAMPLES: &[(&str, Whom, &str)] = &[
    (
        "volume_spike",
        Whom::Key,
        "{seen} requests in this hour; {low} to {high} are usual at this time of the day (most ever 412)",
    ),
    (
        "slow_ramp",
        Whom::Key,
        "2,900 requests a day; 1,700 were usual two weeks ago, and it grew on 9 of 10 days",
    ),
    (
        "slow_exfiltration",
        Whom::Key,
        "410 MB answered a day; 220 MB were usual two weeks ago, and it grew on 9 of 10 days",
    ),
    (
        "volume_drop",
        Whom::Key,
        "{seen} requests in this hour; {low} to {high} are usual at this time of the day",
    ),
    ("silent_key", Whom::Key, "no request for 5 hours; about 760 were expected meanwhile"),
    ("failures", Whom::Key, "31 % of 940 requests answered with 403; 0.4 % is usual"),
    (
        "new_network",
        Whom::Key,
        "first use from AS64496 (Example Hosting), used by 0 of 24 keys of its role",
    ),
    ("new_route", Whom::Key, "first use of /v1/export, used by 0 of 24 keys of its role"),
    ("new_client", Whom::Key, "first use by curl; for 41 days it was python-requests alone"),
    (
        "object_enumeration",
        Whom::Key,
        "1,840 different objects read in an hour; 20 to 60 are usual",
    ),
    ("large_answers", Whom::Key, "2.4 MB an answer on average; 18 kB is usual"),
    (
        "revoked_key_used",
        Whom::Rule,
        "used with success (status 200); it was revoked on 2026-02-03",
    ),
    (
        "retired_key_used",
        Whom::Rule,
        "used with success (status 200); it was retired on 2026-02-03",
    ),
    (
        "disabled_key_used",
        Whom::Rule,
        "used with success (status 200); it was disabled on 2026-02-03",
    ),
    ("expired_key_used", Whom::Rule, "used with success (status 200); it expired on 2026-02-03"),
    (
        "unknown_key_accepted",
        Whom::Rule,
        "a key that the inventory does not know was answered with 200",
    ),
    (
        "method_not_allowed",
        Whom::Rule,
        "role partner: DELETE is not among GET, POST and it was refused (answered with 403)",
    ),
    (
        "route_not_allowed",
        Whom::Rule,
        "role partner: GET /v1/users is not among its routes and it was let in (answered with 200)",
    ),
    (
        "network_not_allowed",
        Whom::Rule,
        "role partner: 203.0.113.9 is in none of its networks and it was let in (answered with 200)",
    ),
    (
        "country_not_allowed",
        Whom::Rule,
        "role partner: from FR, not from DE, NL and it was let in (answered with 200)",
    ),
    (
        "hours_not_allowed",
        Whom::Rule,
        "role batch: at 14 h UTC, not from 22 to 06 h and it was let in (answered with 200)",
    ),
    (
        "tls_not_allowed",
        Whom::Rule,
        "role partner: over TLS 1.1, and TLS 1.2 is the least and it was let in (answered with 200)",
    ),
    (
        "tenant_not_allowed",
        Whom::Rule,
        "asked for tenant acme with success; the key belongs to tenant globex",
    ),
    ("rate_exceeded", Whom::Rule, "role partner: 12,400 requests in one hour; 10,000 are allowed"),
    ("canary_key_used", Whom::Rule, "a canary key was sent; it was answered with 401"),
    ("brute_force", Whom::Address, "412 logins refused with 38 keys in ten minutes"),
    (
        "scanning",
        Whom::Address,
        "96 paths that do not exist in ten minutes, among them /.env and /admin",
    ),
    (
        "distributed_automation",
        Whom::Route,
        "380 addresses with at most 3 requests each make up 91 % of its use",
    ),
    (
        "message_pumping",
        Whom::App,
        "2,400 messages of template otp in the hour from 03:00; 90 is usual",
    ),
    (
        "delivery_failures",
        Whom::App,
        "310 messages of template otp failed in the hour from 03:00; 4 is usual",
    ),
    (
        "no_opt_in",
        Whom::App,
        "a message of template promo went to a recipient who is on no list of opt-ins",
    ),
    ("after_opt_out", Whom::App, "a message of template promo went to a recipient who opted out"),
    (
        "usage_spike",
        Whom::Key,
        "2,100,000 tokens of small-1 in the hour from 03:00; 180,000 is usual",
    ),
    ("key_flood", Whom::Fleet, "2,100 new keys in an hour; 0 to 4 are usual"),
    (
        "fleet_errors",
        Whom::Fleet,
        "41 of 60 active keys fail at once: 22 % answered with 503; 0.3 % is usual",
    ),
];

#[derive(Clone, Copy)]
enum Whom {
    Key,
    /// A key that broke a rule.
    Rule,
    Address,
    Route,
    App,
    Fleet,
}

const ADDRESS: &str = "203.0.113.9";
const KEY: &str = "k_83q1mz0p4w2c";

pub(super) fn sample(kind: &str, now: Timestamp) -> Option<Incident> {
    let (kind, whom, because) = *SAMPLES.iter().find(|(known, _, _)| *known == kind)?;
    let since = now.back(Millis::seconds(14 * 60));
    let curve = curve(kind, now);
    let because = spoken(because, &curve);
    let (entity, label, severity) = match whom {
        Whom::Key => (Entity::Key(KEY.to_owned()), "billing-sync", Severity::High),
        Whom::Rule => (Entity::Key(KEY.to_owned()), "billing-sync", severity_of_rule(kind)),
        Whom::Address => (Entity::Address(ADDRESS.to_owned()), "", Severity::High),
        Whom::Route => (Entity::Route("/v1/signup".to_owned()), "", Severity::High),
        Whom::App => (Entity::App("VideoBot".to_owned()), "", Severity::High),
        Whom::Fleet => (Entity::Fleet, "", Severity::High),
    };
    let class = if matches!(whom, Whom::Rule) { Class::Policy } else { Class::Statistical };
    let is_key = matches!(whom, Whom::Key | Whom::Rule);
    let name = match &entity {
        Entity::Key(_) => label,
        Entity::Address(name) | Entity::Route(name) | Entity::App(name) => name,
        Entity::Fleet => "all keys",
    };
    let title = format!("{name}: {}", words(kind)?.title);
    let owned = |text: &str| if is_key { text.to_owned() } else { String::new() };
    Some(Incident {
        id: IncidentId(0x7f3c_9a00_0000_0000),
        kind: kind.to_owned(),
        keys: if is_key { vec![KEY.to_owned()] } else { Vec::new() },
        addresses: vec![ADDRESS.to_owned(), "2001:db8:41::9".to_owned()],
        role: owned("partner"),
        owner: owned("payments@example.com"),
        label: label.to_owned(),
        class,
        severity,
        opened: since.plus(Millis::seconds(20)),
        since,
        last_seen: now,
        score: 8.0,
        first_title: title.clone(),
        title,
        first_severity: severity,
        findings: vec![finding(kind, &because, (since, class, severity))],
        evidence: evidence(since),
        events: 8_214,
        revision: 1,
        curve: if matches!(whom, Whom::Address) { Curve::default() } else { curve },
        entity,
        ..Incident::default()
    })
}

/// With the numbers of the hour that is shown.
fn spoken(because: &str, curve: &Curve) -> String {
    let last = curve.hours.last().copied().unwrap_or_default();
    because
        .replace("{seen}", &count_text(last.requests.into()))
        .replace("{low}", &count_text(last.expected_low.into()))
        .replace("{high}", &count_text(last.expected_high.into()))
}

fn severity_of_rule(kind: &str) -> Severity {
    if kind == "canary_key_used" { Severity::Critical } else { Severity::High }
}

fn finding(
    kind: &str,
    because: &str,
    (at, class, severity): (Timestamp, Class, Severity),
) -> Contribution {
    Contribution {
        kind: kind.to_owned(),
        because: because.to_owned(),
        score: 8.0,
        at,
        class,
        severity,
        address: Some(ADDRESS.to_owned()),
    }
}

fn evidence(since: Timestamp) -> Vec<EvidenceLine> {
    let lines = [
        (2, ADDRESS, "/v1/export?cursor={id}", 200),
        (41, ADDRESS, "/v1/customers/{id}", 403),
        (190, "198.51.100.23", "/v1/export?cursor={id}", 200),
        (510, "2001:db8:41::9", "/v1/export?cursor={id}", 200),
        (830, ADDRESS, "/v1/customers/{id}", 403),
    ];
    let line = |(second, ip, path, status): (i64, &str, &str, u16)| EvidenceLine {
        at: since.plus(Millis::seconds(second)),
        source_ip: ip.to_owned(),
        method: "GET".to_owned(),
        path: path.to_owned(),
        status,
        user_agent: "curl/8.5.0".to_owned(),
    };
    lines.into_iter().map(line).collect()
}

/// A day with its night, and what the kind did to the last hour.
fn curve(kind: &str, now: Timestamp) -> Curve {
    const USUAL: [u32; 24] = [
        42, 38, 35, 33, 36, 48, 74, 118, 156, 171, 166, 158, 149, 160, 168, 163, 150, 131, 108, 90,
        76, 64, 55, 47,
    ];
    let first = Hour(now.hour().0 - 24);
    let usual = |hour: i64| {
        let place = usize::try_from(hour.rem_euclid(24)).unwrap_or(0);
        USUAL.get(place).copied().unwrap_or(0)
    };
    let last = match kind {
        "volume_spike" => 8_200,
        "silent_key" => 0,
        "volume_drop" => 12,
        "object_enumeration" | "slow_ramp" | "fleet_errors" => usual(now.hour().0) * 2,
        _ => usual(now.hour().0),
    };
    let hour = |hour: i64| CurveHour {
        requests: if hour == now.hour().0 {
            last
        } else {
            usual(hour) + u32::from(hour % 3 == 0) * 7
        },
        expected_low: usual(hour) * 3 / 4,
        expected_high: usual(hour) * 5 / 4 + 12,
    };
    Curve { first, hours: (first.0..=now.hour().0).map(hour).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::{Family, all_words, family};

    #[test]
    fn there_is_a_sample_of_every_kind_of_incident() {
        let now = Timestamp::from_seconds(1_773_738_000);
        let is_of_use = |kind: &str| family(kind) != Family::Stale;
        for words in all_words().filter(|words| is_of_use(words.kind)) {
            let incident = sample(words.kind, now).unwrap_or_default();
            assert_eq!(incident.kind, words.kind);
            let letter = sample_letter(words.kind, &Frame::default(), now).unwrap();
            assert!(letter.text.contains(words.next_steps[0].split(' ').next().unwrap()));
            assert!(letter.chart.is_some() || incident.entity.address().is_some());
        }
        let error = sample_letter("no_such_kind", &Frame::default(), now).unwrap_err();
        assert!(error.to_string().contains("volume_spike"), "{error}");
    }
}
