//! Each rule of scoring, on both sides.

use super::{Judged, Label, Labelled, Share};
use crate::incident::{Alert, IncidentId};
use crate::model::{Millis, Severity, Timestamp};

const START: Timestamp = Timestamp::from_seconds(1_773_700_000);

fn after_minutes(minutes: i64) -> Timestamp {
    START.plus(Millis::seconds(minutes * 60))
}

fn alert(minutes: i64, key: Option<&str>, ip: Option<&str>, score: f64) -> Alert {
    Alert {
        time: after_minutes(minutes),
        key: key.map(ToOwned::to_owned),
        ip: ip.map(ToOwned::to_owned),
        kind: "volume_spike".to_owned(),
        severity: Severity::High,
        score,
        incident: IncidentId(1),
        below: score < 5.0,
    }
}

/// An incident of `keys` from one address, from the start for an hour; ten days count.
fn history(keys: &[&str]) -> Labelled {
    let label = Label {
        id: "I1".to_owned(),
        kind: "stolen_key".to_owned(),
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        addresses: ["192.0.2.1".to_owned()].into(),
        start: START,
        end: after_minutes(60),
        is_notable: false,
    };
    Labelled { labels: vec![label], eval_start: START, eval_days: 10.0 }
}

fn check(keys: &[&str], alerts: &[Alert], found: u32, false_alarms: u32) {
    let labelled = history(keys);
    let score = Judged::new(alerts, &labelled).as_emitted();
    assert_eq!((score.found.part, score.false_alarms), (found, false_alarms), "{alerts:?}");
}

#[test]
fn an_alert_on_its_key_or_address_finds_an_incident_up_to_an_hour_after() {
    check(&["k"], &[alert(120, Some("k"), None, 9.0)], 1, 0);
    check(&["k"], &[alert(1, None, Some("192.0.2.1"), 9.0)], 1, 0);
    check(&["k"], &[alert(1, Some("other"), Some("192.0.2.1"), 9.0)], 1, 0);
    check(&["k"], &[alert(1, Some("other"), None, 9.0)], 0, 1);
}

#[test]
fn the_six_hours_after_are_neutral_and_then_it_is_false() {
    check(&["k"], &[alert(121, Some("k"), None, 9.0)], 0, 0);
    check(&["k"], &[alert(60 + 360, Some("k"), None, 9.0)], 0, 0);
    check(&["k"], &[alert(60 + 361, Some("k"), None, 9.0)], 0, 1);
}

#[test]
fn false_ones_within_six_hours_of_the_last_are_one() {
    let three = [600, 900, 1260].map(|minutes| alert(minutes, Some("x"), None, 9.0));
    check(&["k"], &three, 0, 1);
    let apart = [600, 961].map(|minutes| alert(minutes, Some("x"), None, 9.0));
    check(&["k"], &apart, 0, 2);
}

#[test]
fn one_alert_by_chance_does_not_find_what_concerns_many_keys() {
    let keys = ["a", "b", "c", "d", "e", "f"];
    let on = |key| alert(1, Some(key), None, 9.0);
    check(&keys, &[on("a"), on("b")], 0, 0);
    check(&keys, &[on("a"), on("b"), on("c")], 1, 0);
    check(&keys, &[alert(1, None, Some("192.0.2.1"), 9.0)], 1, 0);
    check(&["a", "b", "c", "d", "e"], &[on("a")], 1, 0);
}

#[test]
fn what_names_nobody_touches_only_what_is_about_all() {
    check(&["k"], &[alert(1, None, None, 9.0)], 0, 1);
    check(&["*"], &[alert(1, None, None, 9.0)], 1, 0);
    check(&["*"], &[alert(1, Some("anyone"), None, 9.0)], 1, 0);
}

#[test]
fn what_is_below_or_came_while_learning_does_not_count_as_emitted() {
    check(&["k"], &[alert(1, Some("k"), None, 4.0)], 0, 0);
    check(&["k"], &[alert(-1, Some("x"), None, 9.0)], 0, 0);
}

#[test]
fn with_hindsight_the_lowest_threshold_within_the_budget_is_taken() {
    let mut alerts = vec![alert(5, Some("k"), None, 4.0)];
    alerts.extend((0..20).map(|day| alert(600 + day * 600, Some("x"), None, 3.0)));
    let labelled = history(&["k"]);
    let judged = Judged::new(&alerts, &labelled);
    let quiet = judged.within(1.0);
    assert_eq!((quiet.found.part, quiet.false_alarms), (1, 0));
    assert_eq!(judged.within(2.0).false_alarms, 20);
    assert_eq!(judged.within(2.0).median_delay, Some(Millis::seconds(300)));
}

#[test]
fn an_interval_is_wide_for_few_and_narrow_for_many() {
    let few = Share { part: 8, whole: 10 }.interval();
    let many = Share { part: 800, whole: 1000 }.interval();
    assert!(few.0 < 0.50 && 0.94 < few.1, "{few:?}");
    assert!(0.77 < many.0 && many.1 < 0.83, "{many:?}");
}
