//! A person's own rules: told at once, once an hour, in any order of lines, restored or not.

use std::sync::Arc;

use super::history::{Line, batch_of, inventory};
use crate::detect::SigmaFile;
use crate::engine::{Action, Engine, Input, Settings, StateRow};
use crate::incident::Incident;
use crate::model::{Day, Millis, Severity, Timestamp};

const RULE: &str = "
title: Looks for backups
logsource:
    category: webserver
detection:
    selection:
        cs-uri-stem|endswith: .sql
    condition: selection
level: high
tags:
    - attack.t1595.003
";

fn settings() -> Settings {
    let mut settings = Settings::default();
    let file = SigmaFile { name: "backups.yml".to_owned(), text: RULE.to_owned() };
    settings.rules.sigma.push(file);
    settings
}

fn at(seconds: i64) -> Timestamp {
    Day(20_580).start().plus(Millis::seconds(seconds))
}

fn line(seconds: i64, key: &str, route: &'static str) -> Line {
    Line {
        at: at(seconds),
        key: key.to_owned(),
        address: "203.0.113.9".to_owned(),
        route,
        status: 200,
        client: "curl/8",
    }
}

fn incidents(actions: Vec<Action>) -> Vec<Incident> {
    let of = |action| match action {
        Action::Incident(incident) => Some(*incident),
        Action::SetAside { .. } | Action::Alert(_) | Action::Notice(_) | Action::Stale(_) => None,
    };
    let found = actions.into_iter().filter_map(of);
    found.filter(|it| it.findings.iter().any(|finding| finding.kind == "sigma_rule")).collect()
}

fn played(engine: &mut Engine, lines: &[Line], until: i64) -> Vec<Incident> {
    let mut actions = engine.step(&Input::Batch(Arc::clone(&batch_of(lines))));
    actions.extend(engine.step(&Input::Tick(at(until))));
    incidents(actions)
}

#[test]
fn a_match_is_an_incident_of_its_key_or_address_with_the_rules_words() {
    let mut engine = Engine::new(settings());
    engine.step(&inventory());
    let lines = [line(1, "k_1", "/dump.sql"), line(2, "", "/b.sql"), line(3, "k_2", "/v1/orders")];
    let found = played(&mut engine, &lines, 60);
    assert_eq!(found.len(), 2, "{found:?}");
    let because = "rule \"Looks for backups\" (T1595.003): GET /dump.sql answered with 200";
    assert!(found.iter().any(|it| it.findings[0].because == because), "{found:?}");
    assert!(found.iter().all(|it| it.severity == Severity::High), "{found:?}");
}

#[test]
fn the_earliest_line_is_told_whatever_the_order_and_once_an_hour() {
    let lines = [line(5, "k_1", "/a.sql"), line(2, "k_1", "/b.sql"), line(8, "k_1", "/c.sql")];
    let mut turned = lines.clone();
    turned.reverse();
    let of = |lines: &[Line]| played(&mut Engine::new(settings()), lines, 60);
    assert_eq!(of(&lines), of(&turned));
    assert!(of(&lines)[0].findings[0].because.contains("/b.sql"));
    let mut engine = Engine::new(settings());
    played(&mut engine, &lines, 60);
    assert!(played(&mut engine, &[line(100, "k_1", "/d.sql")], 200).is_empty());
    assert!(!played(&mut engine, &[line(3700, "k_1", "/d.sql")], 3800).is_empty());
}

#[test]
fn a_restored_engine_tells_what_waited_and_nothing_twice() {
    let mut engine = Engine::new(settings());
    engine.step(&Input::Batch(batch_of(&[line(1, "k_1", "/a.sql")])));
    let rows: Vec<StateRow> = engine.changed_state();
    let mut restored = Engine::restore(Settings::default(), rows).unwrap();
    let expected = incidents(engine.step(&Input::Tick(at(60))));
    assert_eq!(expected.len(), 1);
    assert_eq!(incidents(restored.step(&Input::Tick(at(60)))), expected);
    assert!(played(&mut restored, &[line(100, "k_1", "/d.sql")], 200).is_empty());
}

#[test]
fn without_rules_nothing_is_matched() {
    let mut engine = Engine::new(Settings::default());
    assert!(played(&mut engine, &[line(1, "k_1", "/dump.sql")], 60).is_empty());
}
