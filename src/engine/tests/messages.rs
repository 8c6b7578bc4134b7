//! Messages and windows of usage: judged against their own hours, over a restart too.

use std::sync::Arc;

use super::restored;
use crate::engine::{Action, Engine, Input, Settings};
use crate::identity::{Consent, Identity, KeyIs, Seen};
use crate::incident::Incident;
use crate::model::{EventBatch, EventKind, Record, Timestamp};

const HOUR: i64 = 3_600_000;

/// So many rows in an hour, each a copy of the record.
fn rows(record: &Record<'_>, (hour, number): (i64, usize)) -> Input {
    let mut identity = Identity::new([7; 32], KeyIs::Id);
    let consent = Consent::read(Some((b"15550100", "in")), None).unwrap();
    identity.set_consent(Arc::new(consent));
    let mut batch = EventBatch::default();
    for row in 0..number {
        let at = Timestamp(hour * HOUR + i64::try_from(row).unwrap());
        let record = Record { time: Some(at), ..record.clone() };
        let seen = Seen { source: "log", format: "wati", arrival: at };
        identity.append(&record, &seen, &mut batch);
    }
    Input::Batch(Arc::new(batch))
}

fn message(recipient: &'static str, outcome: &'static str) -> Record<'static> {
    Record {
        kind: EventKind::Delivery,
        tenant: Some(b"VideoBot".into()),
        object: Some(b"otp".into()),
        outcome: Some(outcome.as_bytes().into()),
        recipient: Some(recipient.as_bytes().into()),
        ..Record::default()
    }
}

fn incidents(actions: Vec<Action>) -> Vec<Incident> {
    let incident = |action: Action| match action {
        Action::Incident(incident) => Some(*incident),
        Action::SetAside { .. } | Action::Alert(_) | Action::Notice(_) | Action::Stale(_) => None,
    };
    actions.into_iter().filter_map(incident).collect()
}

/// Learns from so many messages an hour for two days.
fn taught(record: &Record<'_>, each: usize) -> Engine {
    let mut engine = Engine::new(Settings::default());
    for hour in 0..48 {
        let found = incidents(engine.step(&rows(record, (hour, each))));
        assert!(found.is_empty(), "{found:?}");
    }
    engine
}

#[test]
fn an_app_that_sends_ten_times_as_much_is_told_of_after_a_restart_too() {
    let mut engine = taught(&message("15550100", "sent"), 30);
    let state = engine.changed_state();
    let mut engine = restored(&state).unwrap();
    let few = incidents(engine.step(&rows(&message("15550100", "sent"), (48, 100))));
    assert!(few.is_empty(), "{few:?}");
    let found = incidents(engine.step(&rows(&message("15550100", "sent"), (49, 300))));
    let kinds: Vec<&str> = found.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(kinds, ["message_pumping"]);
    assert_eq!(found[0].name(), "VideoBot");
    let because = &found[0].findings[0].because;
    assert!(
        because.contains("messages of template otp in the hour from 01:00 UTC; 30 is usual"),
        "{because}"
    );
}

#[test]
fn failures_have_hours_of_their_own() {
    let mut engine = taught(&message("15550100", "delivered"), 30);
    let found = incidents(engine.step(&rows(&message("15550100", "FAILED"), (48, 40))));
    let kinds: Vec<&str> = found.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(kinds, ["delivery_failures"]);
}

#[test]
fn who_has_not_agreed_is_told_of_once_an_hour() {
    let mut engine = Engine::new(Settings::default());
    let found = incidents(engine.step(&rows(&message("15550101", "sent"), (0, 3))));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].kind, "no_opt_in");
}

#[test]
fn usage_is_judged_by_key_and_model_and_makes_no_request() {
    let usage = |model: &'static str, tokens: u64| Record {
        kind: EventKind::Usage,
        key: Some(b"key_17".into()),
        model: Some(model.as_bytes().into()),
        input_tokens: Some(tokens),
        ..Record::default()
    };
    let mut engine = taught(&usage("small-1", 50_000), 1);
    assert!(incidents(engine.step(&rows(&usage("large-1", 900_000), (48, 1)))).is_empty());
    let found = incidents(engine.step(&rows(&usage("small-1", 900_000), (48, 1))));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].kind.as_str(), found[0].entity.key()), ("usage_spike", Some("key_17")));
    let because = &found[0].findings[0].because;
    assert!(because.contains("900,000 tokens of small-1"), "{because}");
    let requests: u64 = engine.overview().keys.iter().map(|key| key.requests).sum();
    assert_eq!(requests, 0);
}
