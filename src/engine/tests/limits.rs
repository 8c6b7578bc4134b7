//! What comes late, from the future, after a long silence, or in masses.

use std::collections::BTreeMap;

use super::history::{Line, START, batch_of, incidents_of};
use super::restored;
use crate::engine::{Action, Engine, EngineError, Input, Settings, StateRow};
use crate::model::{Millis, Severity, Timestamp};

fn line(seconds: i64, key: &str) -> Line {
    Line {
        at: START.start().plus(Millis::seconds(seconds)),
        key: key.to_owned(),
        address: "192.0.2.1".to_owned(),
        route: "/v1/orders",
        status: 200,
        client: "acme-sdk/1",
    }
}

fn at(seconds: i64) -> Input {
    Input::Tick(START.start().plus(Millis::seconds(seconds)))
}

#[test]
fn a_line_is_in_time_until_its_slot_is_judged_and_set_aside_after() {
    let mut engine = Engine::new(Settings::default());
    engine.step(&Input::Batch(batch_of(&[line(0, "k_a"), line(30, "k_a")])));
    engine.step(&at(24));
    assert_eq!(engine.step(&Input::Batch(batch_of(&[line(19, "k_a")]))), []);
    engine.step(&at(25));
    let actions = engine.step(&Input::Batch(batch_of(&[line(20, "k_a"), line(19, "k_a")])));
    assert_eq!(actions, [Action::SetAside { row: 1 }]);
    let overview = engine.overview();
    assert_eq!((overview.events, overview.late), (5, 1));
    assert_eq!(overview.keys.first().map(|key| key.requests), Some(5));
}

#[test]
fn the_far_future_closes_nothing_and_is_set_aside_at_the_end() {
    let mut engine = Engine::new(Settings::default());
    let far = line(400 * 86_400, "k_a");
    engine.step(&Input::Batch(batch_of(&[line(0, "k_a"), far, line(5, "k_a")])));
    engine.step(&at(5));
    assert_eq!(engine.overview().waiting_slots, 2);
    engine.step(&Input::Finish);
    let overview = engine.overview();
    assert_eq!((overview.waiting_slots, overview.late), (0, 1));
}

#[test]
fn forty_years_of_silence_take_no_time() {
    let mut engine = Engine::new(Settings::default());
    let years = 40 * 365 * 86_400;
    engine.step(&Input::Batch(batch_of(&[line(-years, "k_a"), line(0, "k_a")])));
    engine.step(&at(60));
    assert_eq!(engine.overview().waiting_slots, 0);
    assert!(engine.overview().keys.first().unwrap().hours_learned < 1000);
}

#[test]
fn invented_keys_are_one_incident_and_not_our_memory() {
    let settings = Settings { unknown_keys_max: 1000, ..Settings::default() };
    let mut engine = Engine::new(settings);
    let mut actions = Vec::new();
    let mut lines: Vec<Line> = (0..12).map(|hour| line(hour * 3600, "k_a")).collect();
    for number in 0..20_000 {
        let at = 13 * 3600 + number / 20;
        lines.push(Line { status: 401, ..line(at, &format!("x_{number}")) });
    }
    for lines in lines.chunks(1000) {
        actions.extend(engine.step(&Input::Batch(batch_of(lines))));
        actions.extend(engine.step(&Input::Tick(lines.last().unwrap().at)));
    }
    let incidents = incidents_of(&actions).join("\n");
    // They come from one address, and are told of as what it does.
    assert!(incidents.contains("tries many logins"), "{incidents}");
    assert_eq!(incidents.matches("never seen before").count(), 0, "{incidents}");
    let overview = engine.overview();
    assert!(overview.keys.len() < 4000, "{}", overview.keys.len());
    assert!(0 < overview.keys_forgotten);
}

#[test]
fn a_state_of_another_version_is_refused_by_name() {
    let row = StateRow { id: "budget".to_owned(), value: Some(vec![200, 1, 2]) };
    let error = restored(&[row]).unwrap_err();
    assert_eq!(error, EngineError::Version { id: "budget".to_owned(), version: 200 });
    let row = StateRow { id: "no longer known".to_owned(), value: Some(vec![200, 1]) };
    assert!(matches!(restored(&[row]), Err(EngineError::Version { .. })));
    let row = StateRow { id: "budget".to_owned(), value: Some(vec![1]) };
    assert!(restored(&[row]).is_err());
}

#[test]
fn a_verdict_and_an_input_read_back_are_what_they_were() {
    let inputs =
        [at(0), Input::Finish, super::history::inventory(), Input::Settings(Box::default())];
    for input in inputs {
        let bytes = postcard::to_allocvec(&input).unwrap();
        let read: Input = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(format!("{read:?}"), format!("{input:?}"));
    }
    assert!(postcard::to_allocvec(&Input::Batch(batch_of(&[]))).is_err());
    assert!(Timestamp(0) < START.start());
}

#[test]
fn the_state_brings_its_settings_along() {
    let patience = Millis::seconds(40);
    let mut engine = Engine::new(Settings { patience, ..Settings::default() });
    let again = restored(&engine.changed_state()).unwrap();
    assert_eq!(again.settings(), engine.settings());
    assert!(engine.changed_state().is_empty());
}

#[test]
fn who_goes_on_guessing_is_told_of_again_once_it_is_severe() {
    let mut engine = Engine::new(Settings::default());
    let guess = |second| Line { status: 401, ..line(second, "") };
    let mut actions = Vec::new();
    for (start, guesses) in [(0, 180), (40, 30)] {
        let lines: Vec<Line> = (0..guesses).map(|number| guess(start + number % 10)).collect();
        actions.extend(engine.step(&Input::Batch(batch_of(&lines))));
        actions.extend(engine.step(&at(start + 30)));
    }
    actions.extend(engine.step(&Input::Finish));
    let severity = |action: &Action| match action {
        Action::Incident(incident) => Some(incident.severity),
        Action::SetAside { .. } | Action::Alert(_) | Action::Notice(_) | Action::Stale(_) => None,
    };
    let severities: Vec<Severity> = actions.iter().filter_map(severity).collect();
    assert_eq!(severities.first(), Some(&Severity::Medium));
    assert_eq!(severities.last(), Some(&Severity::High));
}

/// A quiet day, and then forty addresses at once.
fn siege(line_of: impl Fn(i32) -> Line) -> String {
    let mut engine = Engine::new(Settings::default());
    let mut actions = Vec::new();
    let mut lines: Vec<Line> = (0..26).map(|hour| line(hour * 3600, "k_a")).collect();
    lines.extend((0..12_000).map(|number| Line {
        at: START.start().plus(Millis::seconds(27 * 3600 + i64::from(number) / 10)),
        address: format!("198.51.100.{}", 1 + number % 40),
        ..line_of(number)
    }));
    for lines in lines.chunks(1000) {
        actions.extend(engine.step(&Input::Batch(batch_of(lines))));
        actions.extend(engine.step(&Input::Tick(lines.last().unwrap().at)));
    }
    incidents_of(&actions).join("\n")
}

#[test]
fn one_cause_with_forty_addresses_is_one_incident() {
    let guesses = siege(|number| Line { status: 401, ..line(0, &format!("x_{number}")) });
    assert_eq!(guesses.lines().count(), 1, "{guesses}");
    let scans = siege(|number| Line {
        status: 404,
        route: [
            "/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h", "/i", "/j", "/k", "/l", "/m", "/n",
            "/o", "/p", "/q", "/r", "/s", "/t", "/u", "/v", "/w", "/x", "/y", "/z",
        ][usize::try_from(number / 40 % 26).unwrap()],
        ..line(0, "")
    });
    assert!(scans.lines().count() < 4, "{scans}");
}

#[test]
fn unknown_keys_that_are_let_in_by_the_thousand_are_one_incident() {
    let mut engine = Engine::new(Settings::default());
    let mut actions = engine.step(&super::history::inventory());
    let lines: Vec<Line> =
        (0..5000).map(|number| line(i64::from(number) / 20, &format!("x_{number}"))).collect();
    for lines in lines.chunks(1000) {
        actions.extend(engine.step(&Input::Batch(batch_of(lines))));
        actions.extend(engine.step(&Input::Tick(lines.last().unwrap().at)));
    }
    let mut last = BTreeMap::new();
    for action in actions {
        if let Action::Incident(incident) = action
            && incident.kind == "unknown_key_accepted"
        {
            last.insert(incident.id, incident);
        }
    }
    let (one, merged): (Vec<_>, Vec<_>) =
        last.into_values().partition(|incident| incident.merged_into.is_none());
    // Eight were told of by themselves before anybody could know.
    assert_eq!((one.len(), merged.len()), (1, 8), "{one:?}");
    assert!(one[0].keys.contains(&"x_0".to_owned()) && 8 < one[0].keys.len(), "{:?}", one[0].keys);
    assert!(merged.iter().all(|incident| incident.merged_into == Some(one[0].id)));
}
