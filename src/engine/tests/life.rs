//! A year of 500 keys: what is found about them is what happened to them, on the right day.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::lives::{DAYS, Fact, Life, Use, day_of, life, noon, start};
use crate::detect::{RoleRules, StaleCredential};
use crate::engine::{Action, Engine, Input, Settings};
use crate::identity::{Inventory, InventoryKey};
use crate::incident::{StaleFinding, StaleState};
use crate::model::{EventBatch, EventKind, Millis, Severity};

/// As many lives in one engine; four of these make the 500.
const LIVES: usize = 125;

#[test]
fn the_first_quarter_of_the_keys() {
    check(0);
}

#[test]
fn the_second_quarter_of_the_keys() {
    check(1);
}

#[test]
fn the_third_quarter_of_the_keys() {
    check(2);
}

#[test]
fn the_last_quarter_of_the_keys() {
    check(3);
}

fn check(quarter: usize) {
    let lives: Vec<Life> = (quarter * LIVES..(quarter + 1) * LIVES).map(life).collect();
    let mut expected: Vec<Fact> = lives.iter().flat_map(|life| life.facts.clone()).collect();
    expected.sort();
    let found = facts_of(&findings_of(&lives));
    let only = |a: &[Fact], b: &[Fact]| -> Vec<Fact> {
        a.iter().filter(|fact| !b.contains(fact)).cloned().collect()
    };
    let (missed, invented) = (only(&expected, &found), only(&found, &expected));
    assert!(missed.is_empty() && invented.is_empty(), "missed {missed:#?}\ninvented {invented:#?}");
    assert!(100 < found.len());
}

/// What the engine says in a year.
fn findings_of(lives: &[Life]) -> Vec<StaleFinding> {
    let mut engine = Engine::new(settings());
    let mut listed: BTreeMap<String, InventoryKey> = BTreeMap::new();
    let mut changes = changes_of(lives);
    let mut uses: BTreeMap<i64, Vec<&Use>> = BTreeMap::new();
    for use_ in lives.iter().flat_map(|life| &life.uses) {
        uses.entry(use_.day).or_default().push(use_);
    }
    let mut findings = Vec::new();
    for day in 0..DAYS {
        let mut inputs = vec![Input::Tick(start(day).plus(Millis::seconds(60)))];
        if let Some(changes) = changes.remove(&day) {
            for (id, key) in changes {
                match key {
                    Some(key) => drop(listed.insert(id, key)),
                    None => drop(listed.remove(&id)),
                }
            }
            inputs.push(Input::Inventory(Arc::new(Inventory::of(listed.values().cloned()))));
        }
        inputs.push(Input::Tick(noon(day)));
        inputs.extend(uses.remove(&day).map(|uses| Input::Batch(batch_of(day, &uses))));
        for input in inputs {
            for action in engine.step(&input) {
                if let Action::Stale(finding) = action {
                    findings.push(StaleFinding::clone(&finding));
                }
            }
        }
    }
    findings
}

fn settings() -> Settings {
    let stale = StaleCredential { unused_warn_days_min: 120, ..StaleCredential::default() };
    let batch = RoleRules { stale: Some(stale), ..RoleRules::default() };
    let mut settings = Settings::default();
    settings.rules.roles.insert("batch".to_owned(), batch);
    settings
}

type Changes = BTreeMap<i64, Vec<(String, Option<InventoryKey>)>>;

fn changes_of(lives: &[Life]) -> Changes {
    let mut changes = Changes::new();
    for life in lives {
        let mut id = String::new();
        for (day, key) in &life.listed {
            // A life's only key that leaves the list is the last one named.
            id = key.as_ref().map_or(id, |key| key.key_id.to_string());
            changes.entry(*day).or_default().push((id.clone(), key.clone()));
        }
    }
    changes
}

fn batch_of(day: i64, uses: &[&Use]) -> Arc<EventBatch> {
    let mut batch = EventBatch::default();
    for use_ in uses {
        batch.time.push(noon(day).plus(Millis::hours(2)).0);
        batch.kind.push(EventKind::Request);
        batch.key.push(&use_.key);
        batch.role.push("partner");
        batch.source_ip.push(&format!("192.0.{}.7", use_.place));
        batch.method.push(use_.method);
        batch.path.push("/v1/orders");
        batch.route.push("/v1/orders");
        batch.status.push(200);
        batch.bytes.push(500);
        batch.user_agent.push("acme-sdk/1.2");
    }
    Arc::new(batch)
}

/// From what was said, day by day, when each finding was opened and resolved. On the way:
/// what is open is said again within a week, and no word is said for nothing.
fn facts_of(findings: &[StaleFinding]) -> Vec<Fact> {
    type Open = (Fact, i64, Severity);
    let mut open: BTreeMap<(String, String), Open> = BTreeMap::new();
    let mut facts = Vec::new();
    for finding in findings {
        let today = day_of(finding.at);
        let id = (finding.key.to_string(), finding.kind.to_string());
        let known = open.remove(&id);
        if let Some((_, said, severity)) = &known {
            assert!(today - said <= 7, "not reminded: {finding:?}");
            let is_news = finding.severity != *severity || finding.state == StaleState::Resolved;
            assert!(today - said == 7 || is_news, "said for nothing: {finding:?}");
        }
        let (mut fact, _, severity) = known.unwrap_or_else(|| {
            assert_eq!(finding.state, StaleState::Open, "resolved, and was not open: {finding:?}");
            let (key, kind) = id.clone();
            let new = Fact { key, kind, opened: today, graver: None, resolved: None };
            (new, today, finding.severity)
        });
        match finding.state {
            StaleState::Open => {
                fact.graver = fact.graver.or((severity < finding.severity).then_some(today));
                open.insert(id, (fact, today, finding.severity));
            }
            StaleState::Resolved => facts.push(Fact { resolved: Some(today), ..fact }),
        }
    }
    facts.extend(open.into_values().map(|(fact, _, _)| fact));
    facts.sort();
    facts
}
