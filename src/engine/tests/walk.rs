//! A key that begins to walk through objects by their numbers, and one that always did.

use std::sync::Arc;

use super::history::{Dice, Line, START, batch_of, incidents_of};
use crate::engine::{Action, Engine, Input, Settings};
use crate::model::{EventBatch, Hour, Millis, TextColumn};

/// Ten days of 20 requests an hour for any of 100,000 orders; for two hours of the last day
/// the key asks for one order after another, if it did not do so all along.
fn days_of(is_walker: bool) -> Vec<Action> {
    let mut engine = Engine::new(Settings::default());
    let mut dice = Dice(7);
    let mut actions = Vec::new();
    let mut next = 40_000;
    for hour in 0..10 * 24 {
        let is_walk = is_walker || (9 * 24 + 10..9 * 24 + 12).contains(&hour);
        let mut objects = Vec::new();
        for _ in 0..20 {
            next += 1;
            objects.push(if is_walk { next } else { dice.below(100_000) });
        }
        let batch = hour_of(Hour(START.0 + hour), &objects);
        actions.extend(engine.step(&Input::Batch(batch)));
        actions.extend(engine.step(&Input::Tick(Hour(START.0 + hour).end())));
    }
    actions.extend(engine.step(&Input::Finish));
    actions
}

fn hour_of(hour: Hour, objects: &[u64]) -> Arc<EventBatch> {
    let line = |place: usize| Line {
        at: hour.start().plus(Millis::seconds(i64::try_from(place).unwrap() * 170)),
        key: "k_a".to_owned(),
        address: "192.0.2.1".to_owned(),
        route: "/v1/orders/{id}",
        status: 200,
        client: "acme-sdk/1",
    };
    let lines: Vec<Line> = (0..objects.len()).map(line).collect();
    let mut batch = Arc::unwrap_or_clone(batch_of(&lines));
    batch.path = TextColumn::default();
    for object in objects {
        batch.path.push(&format!("/v1/orders/{object}"));
    }
    Arc::new(batch)
}

#[test]
fn one_order_after_another_is_found_though_nothing_is_refused() {
    let incidents = incidents_of(&days_of(false)).join("\n");
    assert!(incidents.contains("went from one object's number to the next"), "{incidents}");
}

#[test]
fn who_always_walks_is_left_alone() {
    let incidents = incidents_of(&days_of(true)).join("\n");
    assert!(!incidents.contains("from one object's number"), "{incidents}");
}
