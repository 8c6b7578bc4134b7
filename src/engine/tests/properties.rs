//! The same inputs give the same actions, restored in the middle or not; order within
//! patience and further ticks change nothing.

use std::collections::BTreeMap;

use super::history::{Dice, Line, actions_of, batch_of, history, incidents_of, inputs_of};
use super::restored;
use crate::engine::{Action, Engine, Input, Settings, StateRow};
use crate::model::{Millis, Timestamp};

#[test]
fn a_history_with_trouble_gives_the_incidents_it_should() {
    let actions = actions_of(&inputs_of(&history(1), 700));
    let incidents = incidents_of(&actions).join("\n");
    for part in ["k_5", "198.51.100.7", "198.51.100.8", "revoked since", "403 forbidden"] {
        assert!(incidents.contains(part), "{part} is missing in\n{incidents}");
    }
    let lines = incidents.lines().count();
    assert!((4..=25).contains(&lines), "{incidents}");
    assert!(actions.iter().any(|action| matches!(action, Action::Stale(_))));
    assert!(!actions.iter().any(|action| matches!(action, Action::SetAside { .. })));
}

#[test]
fn the_same_inputs_give_the_same_actions() {
    for seed in 1..4 {
        let inputs = inputs_of(&history(seed), 1000);
        assert_eq!(actions_of(&inputs), actions_of(&inputs));
    }
}

#[test]
fn restored_in_the_middle_it_goes_on_action_for_action() {
    for seed in 1..4u64 {
        let inputs = inputs_of(&history(seed), 300);
        let mut dice = Dice(seed + 77);
        let mut engine = Engine::new(Settings::default());
        let mut rows: BTreeMap<String, Option<Vec<u8>>> = BTreeMap::new();
        let mut actions = Vec::new();
        for input in &inputs {
            actions.extend(engine.step(input));
            if dice.below(6) == 0 {
                keep(&mut rows, engine.changed_state());
                let stored = rows
                    .iter()
                    .map(|(id, value)| StateRow { id: id.clone(), value: value.clone() });
                engine = restored(&stored.collect::<Vec<_>>()).unwrap();
                assert_eq!(engine.changed_state(), []);
            }
        }
        assert!(actions == actions_of(&inputs), "seed {seed}");
    }
}

fn keep(rows: &mut BTreeMap<String, Option<Vec<u8>>>, changed: Vec<StateRow>) {
    for row in changed {
        match row.value {
            Some(_) => rows.insert(row.id, row.value),
            None => rows.remove(&row.id),
        };
    }
}

#[test]
fn order_within_patience_does_not_matter() {
    for seed in 1..5 {
        let lines = history(seed);
        let mut dice = Dice(seed + 99);
        let mut arrivals: Vec<(Timestamp, &Line)> = lines
            .iter()
            .map(|line| (line.at.plus(Millis(i64::try_from(dice.below(5000)).unwrap())), line))
            .collect();
        arrivals.sort_by_key(|(arrival, _)| *arrival);
        let jostled: Vec<Line> = arrivals.into_iter().map(|(_, line)| line.clone()).collect();
        let expected = actions_of(&inputs_of(&lines, 500));
        let actions = actions_of(&inputs_of(&jostled, 173));
        same(&actions, &expected);
    }
}

#[test]
fn further_ticks_change_nothing() {
    let lines = history(5);
    let mut inputs = vec![super::history::inventory()];
    for lines in lines.chunks(50) {
        inputs.push(Input::Batch(batch_of(lines)));
        let (first, last) = (lines.first().unwrap().at, lines.last().unwrap().at);
        let half = Timestamp(first.0.midpoint(last.0));
        inputs.extend([first, half, half, last, first].map(Input::Tick));
    }
    inputs.push(Input::Finish);
    same(&actions_of(&inputs), &actions_of(&inputs_of(&lines, 2000)));
}

fn same(actions: &[Action], expected: &[Action]) {
    let (found, expected) = (incidents_of(actions), incidents_of(expected));
    let only = |a: &[String], b: &[String]| -> Vec<String> {
        a.iter().filter(|incident| !b.contains(incident)).cloned().collect()
    };
    assert_eq!(only(&found, &expected), only(&expected, &found));
}
