//! A made-up incident of each kind, so that its mail can be looked at before it is needed.

use super::sample_lines::lines;
use super::sample_said::said;
use super::{AlertError, Frame, Letter, Occasion, Reason};
use crate::detect::SigmaNote;
use crate::incident::{
    Contribution, Curve, CurveHour, Family, Incident, IncidentId, Notice, Transition, all_words,
    family, words,
};
use crate::model::{Class, Entity, Hour, Millis, Severity, Timestamp};

/// The mail about a made-up incident of that kind.
pub fn sample_letter(kind: &str, frame: &Frame, now: Timestamp) -> Result<Letter, AlertError> {
    let incident = sample(kind, now).ok_or_else(|| AlertError::NoKind {
        kind: kind.to_owned(),
        known: kinds().collect::<Vec<_>>().join(", "),
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
        stale: &[],
    };
    Letter::of(&incident, &occasion, frame)
}

/// Those that are told in a mail of their own.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    all_words().map(|words| words.kind).filter(|kind| family(kind) != Family::Stale)
}

#[derive(Clone, Copy)]
enum Whom {
    Key,
    /// One that the inventory does not know.
    Stranger,
    Address,
    Route,
    App,
    Fleet,
}

pub(super) const ADDRESS: &str = "203.0.113.9";
const KEY: &str = "k_83q1mz0p4w2c";

pub(super) fn sample(kind: &str, now: Timestamp) -> Option<Incident> {
    let words = words(kind)?;
    let since = now.back(begun(kind));
    let curve = curve(kind, now);
    let because = said(kind, since, curve.hours.last().copied().unwrap_or_default())?;
    let (whom, class, severity) = nature(kind);
    let (entity, label) = match whom {
        Whom::Key => (Entity::Key(KEY.to_owned()), "billing-sync"),
        Whom::Stranger => (Entity::Key(KEY.to_owned()), ""),
        Whom::Address => (Entity::Address(ADDRESS.to_owned()), ""),
        Whom::Route => (Entity::Route("/v1/signup".to_owned()), ""),
        Whom::App => (Entity::App("VideoBot".to_owned()), ""),
        Whom::Fleet => (Entity::Fleet, ""),
    };
    let owned = |text: &str| if label.is_empty() { String::new() } else { text.to_owned() };
    let (evidence, events) = lines(kind, since);
    let mut addresses: Vec<String> = Vec::new();
    for line in &evidence {
        if !addresses.contains(&line.source_ip) {
            addresses.push(line.source_ip.clone());
        }
    }
    let mut incident = Incident {
        id: IncidentId(0x7f3c_9a00_0000_0000),
        kind: kind.to_owned(),
        keys: entity.key().map(str::to_owned).into_iter().collect(),
        role: owned("partner"),
        owner: owned("payments@example.com"),
        label: label.to_owned(),
        class,
        severity,
        opened: now.back(Millis::seconds(40)),
        since,
        last_seen: now,
        score: 8.0,
        first_severity: severity,
        findings: vec![finding(kind, &because, (since, class, severity))],
        revision: 1,
        curve: if matches!(whom, Whom::Address | Whom::App) { Curve::default() } else { curve },
        addresses,
        evidence,
        events,
        entity,
        ..Incident::default()
    };
    incident.title = format!("{}: {}", incident.name(), words.title);
    incident.first_title.clone_from(&incident.title);
    Some(incident)
}

fn nature(kind: &str) -> (Whom, Class, Severity) {
    let whom = match kind {
        "unknown_key_accepted" => Whom::Stranger,
        "brute_force" | "scanning" => Whom::Address,
        "distributed_automation" => Whom::Route,
        "message_pumping" | "delivery_failures" | "no_opt_in" | "after_opt_out" => Whom::App,
        "key_flood" | "fleet_errors" | "traffic_shift" => Whom::Fleet,
        _ => Whom::Key,
    };
    match (kind, family(kind)) {
        ("canary_key_used", _) => (whom, Class::Policy, Severity::Critical),
        (_, Family::Policy) => (whom, Class::Policy, Severity::High),
        (_, _) => (whom, Class::Statistical, Severity::High),
    }
}

/// How long ago.
fn begun(kind: &str) -> Millis {
    match kind {
        "silent_key" => Millis::hours(5),
        "slow_ramp" | "slow_exfiltration" => Millis::hours(24),
        _ => Millis::seconds(14 * 60),
    }
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
        rule: (kind == "sigma_rule").then(rule),
    }
}

fn rule() -> SigmaNote {
    SigmaNote {
        title: "Looks for backups".to_owned(),
        level: "high".to_owned(),
        attack: vec!["T1595.003".to_owned()],
        references: vec!["https://example.com/rules/backups".to_owned()],
        false_positives: vec!["A nightly job that fetches its own dump".to_owned()],
        ..SigmaNote::default()
    }
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

    #[test]
    fn there_is_a_sample_of_every_kind_of_incident() {
        let now = Timestamp::from_seconds(1_773_738_000);
        for kind in kinds() {
            let incident = sample(kind, now).unwrap_or_default();
            assert_eq!(incident.kind, kind);
            let letter = sample_letter(kind, &Frame::default(), now).unwrap();
            let first = words(kind).unwrap().next_steps[0];
            assert!(letter.text.contains(first.split(' ').next().unwrap()));
            // Those of addresses and apps have no hours of requests that would tell anything.
            let has_hours = !matches!(incident.entity, Entity::Address(_) | Entity::App(_));
            assert_eq!(letter.chart.is_some(), has_hours, "{kind}");
        }
        let error = sample_letter("no_such_kind", &Frame::default(), now).unwrap_err();
        assert!(error.to_string().contains("volume_spike"), "{error}");
    }
}
