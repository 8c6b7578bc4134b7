//! A person's own rules: told at once, once an hour, in any order of lines, restored or not.

use std::sync::Arc;

use super::history::{Line, batch_of, inventory};
use super::restored;
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
    let mut again = restored(&rows).unwrap();
    let expected = incidents(engine.step(&Input::Tick(at(60))));
    assert_eq!(expected.len(), 1);
    assert_eq!(incidents(again.step(&Input::Tick(at(60)))), expected);
    assert!(played(&mut again, &[line(100, "k_1", "/d.sql")], 200).is_empty());
}

#[test]
fn without_rules_nothing_is_matched() {
    let mut engine = Engine::new(Settings::default());
    assert!(played(&mut engine, &[line(1, "k_1", "/dump.sql")], 60).is_empty());
}

const REFUSED: &str = "
title: Refused login
name: refused_login
logsource:
    category: webserver
detection:
    selection:
        cs-uri-stem: /login
    condition: selection
---
title: Many refused logins
id: 00000000-0000-4000-8000-000000000002
correlation:
    type: event_count
    rules: [refused_login]
    group-by: [c-ip]
    timespan: 1m
    condition:
        gte: 3
level: high
falsepositives:
    - A load test
references:
    - https://example.com/rules/logins
tags:
    - attack.t1110.001
";

fn counting(rule: &str) -> Settings {
    let mut settings = Settings::default();
    settings.rules.sigma.push(SigmaFile { name: "c.yml".to_owned(), text: rule.to_owned() });
    settings
}

fn logins(seconds: &[i64]) -> Vec<Line> {
    seconds.iter().map(|second| line(*second, "", "/login")).collect()
}

fn because(found: &[Incident]) -> Vec<&str> {
    found.iter().flat_map(|it| &it.findings).map(|it| it.because.as_str()).collect()
}

#[test]
fn enough_matches_within_the_time_are_one_incident_with_what_the_rule_says() {
    let found = played(&mut Engine::new(counting(REFUSED)), &logins(&[1, 30, 59]), 120);
    let said = "rule \"Many refused logins\" (T1110.001): 3 matches within 1 minute";
    assert_eq!(because(&found), [said]);
    assert_eq!(found[0].addresses, ["203.0.113.9"]);
    assert_eq!(found[0].evidence.len(), 3);
    assert_eq!((found[0].severity, found[0].since), (Severity::High, at(1)));
    let rule = found[0].findings[0].rule.as_ref().unwrap();
    assert_eq!(rule.false_positives, ["A load test"]);
    assert_eq!(rule.references, ["https://example.com/rules/logins"]);
    assert_eq!(found[0].attack(), ["T1110.001"]);
}

#[test]
fn too_few_or_too_far_apart_are_nothing() {
    let check = |seconds: &[i64]| {
        let found = played(&mut Engine::new(counting(REFUSED)), &logins(seconds), 1_000);
        assert_eq!(found, []);
    };
    check(&[1, 30]);
    check(&[1, 40, 80, 120, 160]);
}

#[test]
fn what_is_counted_is_the_same_in_any_order_and_over_a_restart() {
    let lines = logins(&[1, 12, 25, 40]);
    let mut turned = lines.clone();
    turned.reverse();
    let expected = played(&mut Engine::new(counting(REFUSED)), &lines, 120);
    assert_eq!(expected.len(), 1);
    assert_eq!(played(&mut Engine::new(counting(REFUSED)), &turned, 120), expected);
    let mut engine = Engine::new(counting(REFUSED));
    assert_eq!(played(&mut engine, &lines[..2], 24), []);
    let rows = engine.changed_state();
    let mut again = restored(&rows).unwrap();
    assert_eq!(played(&mut again, &lines[2..], 120), played(&mut engine, &lines[2..], 120));
}

#[test]
fn different_values_and_several_rules_are_counted_too() {
    let values = REFUSED
        .replace("event_count", "value_count")
        .replace("gte: 3", "gte: 2\n        field: cs-user-agent")
        .replace("[c-ip]", "[cs-uri-stem]");
    let mut two = logins(&[1, 2, 3]);
    assert_eq!(played(&mut Engine::new(counting(&values)), &two, 60), []);
    two[1].client = "python/3";
    let found = played(&mut Engine::new(counting(&values)), &two, 60);
    assert!(because(&found)[0].ends_with("2 different values of cs-user-agent within 1 minute"));
    let both = REFUSED
        .replace("event_count", "temporal")
        .replace("[refused_login]", "[refused_login, dump]")
        .replace("    condition:\n        gte: 3\n", "");
    let dump = "
title: Dump
name: dump
logsource:
    category: webserver
detection:
    selection:
        cs-uri-stem: /dump.sql
    condition: selection
---";
    let both = format!("{dump}{both}");
    let lines = [line(1, "", "/login"), line(20, "", "/dump.sql")];
    assert_eq!(played(&mut Engine::new(counting(&both)), &lines[..1], 60), []);
    let found = played(&mut Engine::new(counting(&both)), &lines, 60);
    assert!(because(&found)[0].contains("refused_login, dump matched"), "{found:?}");
}

#[test]
fn each_rule_that_a_key_matches_is_named_in_its_incident() {
    let other = RULE.replace("Looks for backups", "Reads a dump").replace(".sql", "dump.sql");
    let found = played(
        &mut Engine::new(counting(&format!("{RULE}---{other}"))),
        &[line(1, "", "/dump.sql")],
        60,
    );
    let last = found.last().unwrap();
    let titles: Vec<_> = last.rules().map(|rule| rule.title.as_str()).collect();
    assert_eq!(titles, ["Looks for backups", "Reads a dump"]);
}
