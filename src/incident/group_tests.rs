//! The life of incidents: findings in, what is said out.

use super::group::HELD_MAX;
use std::sync::Arc;

use super::{Change, Context, EvidenceLine, Incidents, Mute, State, Transition};
use crate::model::{Class, Entity, Finding, Millis, Severity, Timestamp};

const THETA: f64 = 5.0;

fn minutes(minutes: i64) -> Timestamp {
    Timestamp::from_seconds(1_773_712_800).plus(Millis::seconds(60 * minutes))
}

fn seen(entity: &Entity, kind: &str, score: f64, at: Timestamp) -> Finding {
    Finding {
        kind: kind.to_owned(),
        severity: Severity::Medium,
        entity: entity.clone(),
        at,
        since: at,
        because: format!("{kind} was seen"),
        score,
        ..Finding::default()
    }
}

fn key() -> Entity {
    Entity::Key("k_alpha".to_owned())
}

fn context() -> Context {
    Context { theta: THETA, role: "partner".to_owned(), ..Context::default() }
}

/// What was said, in short: `shown`, `alert high`, `below`, `opened`.
fn check(changes: &[Change], expected: &str) {
    let said: Vec<String> = changes
        .iter()
        .map(|change| match change {
            Change::Incident(incident) => incident.state.name().to_owned(),
            Change::Alert(alert) if alert.below => "below".to_owned(),
            Change::Alert(alert) => format!("alert-{}", alert.severity.name()),
            Change::Notice(notice) => notice.transition.name().to_owned(),
        })
        .collect();
    assert_eq!(said.join(" "), expected);
}

fn absorb(incidents: &mut Incidents, finding: &Finding, expected: &str) {
    check(&incidents.absorb(finding, &context()), expected);
}

#[test]
fn one_entity_has_one_incident_and_says_it_once() {
    let mut incidents = Incidents::default();
    absorb(
        &mut incidents,
        &seen(&key(), "volume_spike", 6.0, minutes(0)),
        "open alert-medium opened",
    );
    absorb(&mut incidents, &seen(&key(), "volume_spike", 6.0, minutes(0)), "");
    absorb(&mut incidents, &seen(&key(), "volume_spike", 6.5, minutes(5)), "open");
    assert_eq!(incidents.len(), 1);
    let incident = incidents.open_on(&key()).unwrap();
    assert_eq!((incident.opened, incident.last_seen), (minutes(0), minutes(5)));
    assert_eq!(incident.title, "k_alpha: far more requests than usual");
}

#[test]
fn another_family_is_another_line_but_only_once_an_hour() {
    let mut incidents = Incidents::default();
    absorb(
        &mut incidents,
        &seen(&key(), "volume_spike", 6.0, minutes(0)),
        "open alert-medium opened",
    );
    absorb(&mut incidents, &seen(&key(), "new_network", 1.0, minutes(10)), "open");
    check(&incidents.tick(minutes(59)), "");
    check(&incidents.tick(minutes(60)), "alert-medium update");
    check(&incidents.tick(minutes(61)), "");
    absorb(&mut incidents, &seen(&key(), "failures", 5.0, minutes(119)), "open update");
    check(&incidents.tick(minutes(200)), "alert-high");
}

#[test]
fn what_stays_under_the_threshold_is_not_shown() {
    let mut incidents = Incidents::default();
    absorb(&mut incidents, &seen(&key(), "volume_spike", 3.0, minutes(0)), "below");
    assert!(incidents.open_on(&key()).is_none());
    absorb(&mut incidents, &seen(&key(), "new_network", 3.4, minutes(1)), "");
    absorb(&mut incidents, &seen(&key(), "failures", 6.0, minutes(2)), "open alert-medium opened");
    check(&incidents.tick(minutes(122)), "resolved resolved");
    check(&incidents.tick(minutes(362)), "");
    assert!(incidents.is_empty());
}

#[test]
fn it_is_severe_when_two_sorts_of_evidence_are_each_enough_alone() {
    let mut incidents = Incidents::default();
    let context = Context { theta: 5.0, ..Context::default() };
    let mut severity_with = |kind: &str, score: f64| {
        incidents.absorb(&seen(&key(), kind, score, minutes(0)), &context);
        incidents.open_on(&key()).unwrap().severity
    };
    assert_eq!(severity_with("new_network", 12.0), Severity::Medium);
    assert_eq!(severity_with("volume_spike", 4.9), Severity::Medium, "one and a hint");
    assert_eq!(severity_with("failures", 5.1), Severity::High);
}

#[test]
fn two_rare_news_are_severe_where_use_has_changed_as_well() {
    let mut incidents = Incidents::default();
    let context = Context { theta: 5.0, ..Context::default() };
    let mut severity_with = |kind: &str, score: f64| {
        incidents.absorb(&seen(&key(), kind, score, minutes(0)), &context);
        incidents.open_on(&key()).unwrap().severity
    };
    severity_with("new_network", 12.0);
    assert_eq!(severity_with("new_client", 5.5), Severity::Medium, "a move may bring both");
    assert_eq!(severity_with("volume_spike", 3.0), Severity::High);
}

#[test]
fn it_is_over_after_two_quiet_hours_and_goes_on_with_new_evidence() {
    let mut incidents = Incidents::default();
    absorb(
        &mut incidents,
        &seen(&key(), "volume_spike", 6.0, minutes(0)),
        "open alert-medium opened",
    );
    check(&incidents.tick(minutes(119)), "");
    check(&incidents.tick(minutes(500)), "resolved resolved");
    let mut again = Incidents::default();
    absorb(&mut again, &seen(&key(), "volume_spike", 6.0, minutes(0)), "open alert-medium opened");
    check(&again.tick(minutes(130)), "resolved resolved");
    absorb(&mut again, &seen(&key(), "volume_spike", 6.0, minutes(140)), "open update");
    assert_eq!(again.len(), 1);
}

#[test]
fn a_low_incident_is_shown_but_nobody_is_told() {
    let mut incidents = Incidents::default();
    let low = Finding { severity: Severity::Low, ..seen(&key(), "volume_drop", 6.0, minutes(0)) };
    absorb(&mut incidents, &low, "open alert-low");
    check(&incidents.tick(minutes(120)), "resolved");
}

#[test]
fn a_broken_rule_scores_99_and_is_due_at_once() {
    let mut incidents = Incidents::default();
    let rule =
        Finding { class: Class::Policy, ..seen(&key(), "revoked_key_used", 1.0, minutes(0)) };
    let changes = incidents.absorb(&rule, &context());
    check(&changes, "open alert-medium opened");
    for change in changes {
        match change {
            Change::Alert(alert) => assert!((alert.score - 99.0).abs() < 1e-9),
            Change::Notice(notice) => assert_eq!(notice.due, minutes(0)),
            Change::Incident(_) => (),
        }
    }
}

#[test]
fn a_key_and_an_address_with_the_same_evidence_become_one() {
    let address = "192.0.2.7".to_owned();
    let mut incidents = Incidents::default();
    let stolen =
        Finding { address: Some(address.clone()), ..seen(&key(), "new_network", 6.0, minutes(0)) };
    absorb(&mut incidents, &stolen, "open alert-medium opened");
    let other = Entity::Address(address.clone());
    let tries =
        Finding { keys: vec!["k_alpha".to_owned()], ..seen(&other, "scanning", 6.0, minutes(3)) };
    absorb(&mut incidents, &tries, "open");
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents.open_on(&other), incidents.open_on(&key()));
    assert_eq!(incidents.open_on(&key()).unwrap().findings.len(), 2);
    let stranger = Finding {
        keys: Vec::new(),
        ..seen(&Entity::Address("192.0.2.8".to_owned()), "scanning", 6.0, minutes(3))
    };
    absorb(&mut incidents, &stranger, "open alert-medium opened");
    assert_eq!(incidents.len(), 2);
}

#[test]
fn the_order_of_findings_makes_no_difference() {
    let findings = [
        seen(&key(), "volume_spike", 6.0, minutes(1)),
        seen(&key(), "new_network", 6.0, minutes(0)),
        seen(&key(), "failures", 7.0, minutes(2)),
        seen(&key(), "volume_spike", 6.0, minutes(0)),
    ];
    let run = |order: [usize; 4]| {
        let mut incidents = Incidents::default();
        for at in order {
            incidents.absorb(&findings[at], &context());
        }
        let mut incident = incidents.open_on(&key()).unwrap().clone();
        incident.revision = 0;
        incident.first_title.clear();
        incident
    };
    let expected = run([0, 1, 2, 3]);
    for order in [[3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        assert_eq!(run(order), expected);
    }
}

#[test]
fn a_mute_keeps_people_unbothered_until_it_ends() {
    let mut incidents = Incidents::default();
    absorb(
        &mut incidents,
        &seen(&key(), "volume_spike", 6.0, minutes(0)),
        "open alert-medium opened",
    );
    let id = incidents.open_on(&key()).unwrap().id;
    let mute = Mute { until: minutes(100), ..Mute::default() };
    check(&incidents.mute(id, mute), "muted");
    let worse =
        Finding { severity: Severity::Critical, ..seen(&key(), "failures", 9.0, minutes(70)) };
    absorb(&mut incidents, &worse, "muted alert-critical");
    check(&incidents.tick(minutes(100)), "open update");
    check(&incidents.acknowledge(id, "ana"), "acknowledged acknowledged");
    check(&incidents.acknowledge(id, "ana"), "");
    assert_eq!(incidents.get(id).unwrap().state, State::Acknowledged);
    check(&incidents.resolve(id, minutes(101)), "resolved resolved");
}

#[test]
fn too_many_at_once_close_the_least_important() {
    let mut incidents = Incidents::default();
    absorb(
        &mut incidents,
        &seen(&key(), "volume_spike", 6.0, minutes(0)),
        "open alert-medium opened",
    );
    for number in 0..HELD_MAX {
        let address = Entity::Address(number.to_string());
        incidents.absorb(&seen(&address, "scanning", 1.0, minutes(1)), &context());
    }
    assert!(incidents.len() <= HELD_MAX);
    assert_eq!(incidents.closed_by_limit, 100);
    assert!(incidents.open_on(&key()).is_some());
}

#[test]
fn the_state_goes_on_where_it_was_stored() {
    let mut incidents = Incidents::default();
    incidents.absorb(&seen(&key(), "volume_spike", 6.0, minutes(0)), &context());
    let bytes = postcard::to_allocvec(&incidents).unwrap();
    let mut restored: Incidents = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(restored, incidents);
    let changes = restored.tick(minutes(130));
    check(&changes, "resolved resolved");
    assert!(
        matches!(&changes[1], Change::Notice(notice) if notice.transition == Transition::Resolved)
    );
}

#[test]
fn a_mails_subject_keeps_what_people_were_first_told() {
    let mut incidents = Incidents::default();
    let low = Finding { severity: Severity::Low, ..seen(&key(), "volume_drop", 6.0, minutes(0)) };
    absorb(&mut incidents, &low, "open alert-low");
    let high = Finding { severity: Severity::High, ..seen(&key(), "failures", 6.1, minutes(1)) };
    absorb(&mut incidents, &high, "open opened");
    let worst =
        Finding { severity: Severity::Critical, ..seen(&key(), "new_network", 9.0, minutes(2)) };
    absorb(&mut incidents, &worst, "open update");
    let incident = incidents.open_on(&key()).unwrap();
    assert_eq!((incident.first_severity, incident.severity), (Severity::High, Severity::Critical));
    assert_eq!(incident.first_title, "k_alpha: far more refusals than usual");
    assert_eq!(incident.title, "k_alpha: used from an unknown network");
}

#[test]
fn evidence_keeps_its_first_and_its_last_lines_in_any_order() {
    let lines: Vec<Arc<EvidenceLine>> = (0..60)
        .map(|minute| EvidenceLine { at: minutes(minute), ..EvidenceLine::default() }.into())
        .collect();
    let run = |order: &mut dyn Iterator<Item = usize>| {
        let mut incidents = Incidents::default();
        for place in order {
            let evidence = vec![lines[place].clone()];
            let context = Context { evidence, ..context() };
            incidents.absorb(&seen(&key(), "volume_spike", 6.0, minutes(0)), &context);
        }
        incidents.open_on(&key()).unwrap().evidence.clone()
    };
    let forwards = run(&mut (0..60));
    assert_eq!(forwards.len(), 20);
    assert_eq!((forwards[9].at, forwards[10].at), (minutes(9), minutes(50)));
    assert_eq!(run(&mut (0..60).rev()), forwards);
    assert_eq!(run(&mut (0..60).map(|place| place * 7 % 60)), forwards);
}

#[test]
fn a_line_that_waits_when_a_mute_ends_late_does_not_hold_up_the_tick() {
    let mut incidents = Incidents::default();
    absorb(
        &mut incidents,
        &seen(&key(), "volume_spike", 6.0, minutes(0)),
        "open alert-medium opened",
    );
    let id = incidents.open_on(&key()).unwrap().id;
    incidents.mute(id, Mute { until: minutes(5000), ..Mute::default() });
    let worse = Finding { severity: Severity::High, ..seen(&key(), "failures", 6.0, minutes(30)) };
    absorb(&mut incidents, &worse, "muted");
    incidents.tick(minutes(6000));
    incidents.tick(minutes(6100));
    assert!(incidents.is_empty());
}

#[test]
fn more_of_the_same_is_shown_every_ten_seconds_and_not_each_time() {
    let mut incidents = Incidents::default();
    absorb(
        &mut incidents,
        &seen(&key(), "volume_spike", 6.0, minutes(0)),
        "open alert-medium opened",
    );
    let second = |second| minutes(0).plus(Millis::seconds(second));
    for at in 1..10 {
        absorb(&mut incidents, &seen(&key(), "volume_spike", 6.0, second(at)), "");
    }
    let changes = incidents.tick(second(10));
    check(&changes, "open");
    assert!(matches!(&changes[0], Change::Incident(incident) if incident.last_seen == second(9)));
    check(&incidents.tick(second(30)), "");
}

#[test]
fn what_a_person_closed_stays_closed_until_there_is_something_else() {
    let mut incidents = Incidents::default();
    absorb(
        &mut incidents,
        &seen(&key(), "volume_spike", 6.0, minutes(0)),
        "open alert-medium opened",
    );
    let id = incidents.open_on(&key()).unwrap().id;
    check(&incidents.resolve(id, minutes(1)), "resolved resolved");
    absorb(&mut incidents, &seen(&key(), "volume_spike", 6.2, minutes(2)), "resolved");
    assert!(incidents.open_on(&key()).is_none());
    absorb(
        &mut incidents,
        &seen(&key(), "new_network", 1.0, minutes(90)),
        "open alert-medium update",
    );
    assert!(incidents.open_on(&key()).is_some());
}
