//! Limits of use that a person set: told at the first slot beyond them, by the clock's day.

use std::sync::Arc;

use super::history::{Line, batch_of, inventory};
use crate::detect::{Quota, RoleRules};
use crate::engine::{Action, Engine, Input, Settings};
use crate::incident::Incident;
use crate::model::{Day, EventBatch, Millis, Timestamp};

fn at(hours: i64) -> Timestamp {
    Day(20_580).start().plus(Millis::hours(hours))
}

/// 30 requests of 500 bytes and 70 tokens in each hour of two days.
fn findings_with(settings: Settings) -> Vec<(Timestamp, String, String)> {
    let mut engine = Engine::new(settings);
    let mut actions = engine.step(&inventory());
    for hour in 0..48 {
        actions.extend(engine.step(&Input::Batch(hour_of(hour))));
        actions.extend(engine.step(&Input::Tick(at(hour + 1))));
    }
    actions.extend(engine.step(&Input::Finish));
    let mut found: Vec<(Timestamp, String, String)> = Vec::new();
    for action in actions {
        let Action::Incident(incident) = action else { continue };
        let Incident { findings, .. } = *incident;
        for finding in findings.into_iter().filter(|it| it.kind.ends_with("_exceeded")) {
            let told = (finding.at, finding.kind, finding.because);
            if !found.iter().any(|(first, kind, _)| (first, kind) == (&told.0, &told.1)) {
                found.push(told);
            }
        }
    }
    found
}

fn hour_of(hour: i64) -> Arc<EventBatch> {
    let line = |place: i64| Line {
        at: at(hour).plus(Millis::seconds(place * 100)),
        key: "k_1".to_owned(),
        address: "192.0.2.1".to_owned(),
        route: "/v1/orders",
        status: 200,
        client: "acme-sdk/1",
    };
    let lines: Vec<Line> = (0..30).map(line).collect();
    let mut batch = Arc::unwrap_or_clone(batch_of(&lines));
    batch.input_tokens = vec![50; 30];
    batch.output_tokens = vec![20; 30];
    Arc::new(batch)
}

fn of_key(quota: Quota) -> Settings {
    let mut settings = Settings::default();
    settings.rules.quotas.insert("k_1".to_owned(), quota);
    settings
}

#[test]
fn a_days_bytes_are_told_in_the_slot_that_is_beyond_them_and_each_day_anew() {
    // The 61st request: in the third hour of each day.
    let quota = Quota { bytes_per_day_max: Some(30_000), ..Quota::default() };
    let found = findings_with(of_key(quota));
    let first: Vec<Timestamp> = found.iter().map(|(first, ..)| *first).collect();
    assert_eq!(first.first(), Some(&at(2)), "{found:?}");
    assert!(first.iter().all(|first| (2..24).contains(&(first.hour().of_day()))), "{found:?}");
    assert!(first.iter().any(|first| at(26) <= *first), "{found:?}");
    let (_, kind, because) = found.first().unwrap();
    assert_eq!(kind, "quota_exceeded");
    assert_eq!(because, "30.5 kB in one day; this key may have 30 kB");
}

#[test]
fn what_the_log_says_of_tokens_counts() {
    let quota = Quota { tokens_per_hour_max: Some(2_000), ..Quota::default() };
    let found = findings_with(of_key(quota));
    let (first, _, because) = found.first().unwrap();
    assert_eq!(*first, at(0).plus(Millis::seconds(2_800)));
    assert_eq!(because, "2,030 tokens in one hour; this key may use 2,000");
}

#[test]
fn use_within_the_limits_is_no_news_and_another_keys_limits_are_not_its_own() {
    let enough = Quota {
        requests_per_day_max: Some(720),
        bytes_per_hour_max: Some(15_000),
        tokens_per_day_max: Some(50_400),
        ..Quota::default()
    };
    assert_eq!(findings_with(of_key(enough)), []);
    let mut settings = Settings::default();
    let quota = Quota { requests_per_day_max: Some(1), ..Quota::default() };
    settings.rules.quotas.insert("k_2".to_owned(), quota.clone());
    let role = RoleRules { quota, ..RoleRules::default() };
    settings.rules.roles.insert("another".to_owned(), role);
    assert_eq!(findings_with(settings), []);
}

#[test]
fn a_key_that_comes_from_too_many_addresses_in_an_hour_is_told_once_in_that_hour() {
    let settings = of_key(Quota { addresses_per_hour_max: Some(3), ..Quota::default() });
    let line = |hour: i64, place: i64, address: i64| Line {
        at: at(hour).plus(Millis::seconds(place * 100)),
        key: "k_1".to_owned(),
        address: format!("198.51.100.{address}"),
        route: "/v1/orders",
        status: 200,
        client: "acme-sdk/1",
    };
    let said = |lines: &[Line]| {
        let mut engine = Engine::new(settings.clone());
        let mut actions = engine.step(&inventory());
        actions.extend(engine.step(&Input::Batch(batch_of(lines))));
        actions.extend(engine.step(&Input::Tick(at(9))));
        let mut said = Vec::new();
        for action in actions {
            let Action::Incident(incident) = action else { continue };
            let quota = incident.findings.iter().filter(|it| it.kind == "quota_exceeded");
            said.extend(quota.map(|it| it.because.clone()));
        }
        said.dedup();
        said
    };
    // Three in each hour, though not the same three.
    let few: Vec<Line> = (0..9).map(|place| line(place / 3, place, place)).collect();
    assert_eq!(said(&few), [""; 0]);
    let mut many: Vec<Line> = (0..5).map(|place| line(2, place, place % 4)).collect();
    let because = "4 addresses in one hour; this key may come from 3";
    assert_eq!(said(&many), [because]);
    many.reverse();
    assert_eq!(said(&many), [because]);
}
