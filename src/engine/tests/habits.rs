//! Rules of roles and unsafe habits: what is said, once, and when it is over.

use std::sync::Arc;

use super::restored;
use crate::detect::{Pattern, Quota, RoleRules};
use crate::engine::{Action, Engine, Input, Settings, StateRow};
use crate::identity::Inventory;
use crate::incident::{Incident, StaleFinding, StaleState};
use crate::model::{Day, EventBatch, EventKind, Flaw, Flaws, Millis, Severity, Timestamp};

const DAY: Day = Day(20_580);

/// One line; the key `k_a` is listed, with the role `partner`.
#[derive(Clone, Copy)]
struct Hit {
    seconds: i64,
    key: &'static str,
    path: &'static str,
    query: &'static str,
    address: &'static str,
    status: u16,
    flaws: Flaws,
}

const HIT: Hit = Hit {
    seconds: 0,
    key: "k_a",
    path: "/v1/orders",
    query: "",
    address: "192.0.2.7",
    status: 200,
    flaws: Flaws(0),
};

fn at(seconds: i64) -> Timestamp {
    DAY.start().plus(Millis::seconds(seconds))
}

fn batch_of(hits: &[Hit]) -> Input {
    let mut batch = EventBatch::default();
    for hit in hits {
        batch.time.push(at(hit.seconds).0);
        batch.kind.push(EventKind::Request);
        batch.key.push(hit.key);
        batch.source_ip.push(hit.address);
        batch.method.push("GET");
        batch.path.push(hit.path);
        batch.route.push(hit.path);
        batch.query.push(hit.query);
        batch.status.push(hit.status);
        batch.flaws.push(hit.flaws.0);
    }
    Input::Batch(Arc::new(batch))
}

fn engine(settings: Settings, networks: &str) -> Engine {
    let text = format!(
        "key_id,owner,role,created,last_rotated,expires,status,status_since,allowed_networks\n\
         k_a,ana,partner,2026-05-01,,2030-01-01,active,,{networks}\n"
    );
    let (inventory, _) = Inventory::from_csv(text.as_bytes(), "i").unwrap();
    let mut engine = Engine::new(settings);
    engine.step(&Input::Inventory(Arc::new(inventory)));
    engine
}

fn incidents(actions: &[Action]) -> Vec<&Incident> {
    actions
        .iter()
        .filter_map(|action| match action {
            Action::Incident(incident) => Some(incident.as_ref()),
            Action::SetAside { .. } | Action::Alert(_) | Action::Notice(_) | Action::Stale(_) => {
                None
            }
        })
        .collect()
}

fn findings(actions: &[Action]) -> Vec<&StaleFinding> {
    actions
        .iter()
        .filter_map(|action| match action {
            Action::Stale(finding) => Some(finding.as_ref()),
            Action::SetAside { .. }
            | Action::Incident(_)
            | Action::Alert(_)
            | Action::Notice(_) => None,
        })
        .collect()
}

fn played(engine: &mut Engine, hits: &[Hit], until: i64) -> Vec<Action> {
    let mut actions = engine.step(&batch_of(hits));
    actions.extend(engine.step(&Input::Tick(at(until))));
    actions
}

#[test]
fn a_request_outside_of_the_role_is_an_incident_at_once() {
    let mut settings = Settings::default();
    let routes = vec![Pattern::from("GET /v1/orders*".to_owned())];
    let quota = Quota { requests_per_minute_max: Some(3), ..Quota::default() };
    let rules = RoleRules { routes, quota, ..RoleRules::default() };
    settings.rules.roles.insert("partner".to_owned(), rules);
    let mut engine = engine(settings, "");
    engine.step(&Input::Tick(at(0)));
    let actions = engine.step(&batch_of(&[HIT, Hit { path: "/v1/users", ..HIT }]));
    let found = incidents(&actions);
    assert_eq!(found[0].kind, "route_not_allowed");
    assert!(found[0].findings[0].because.contains("/v1/users, which is not among"), "{found:?}");
    let more = [HIT, HIT, HIT].map(|hit| Hit { seconds: 60, ..hit });
    let quiet = played(&mut engine, &more, 90);
    assert!(incidents(&quiet).iter().all(|it| it.findings.len() == 1), "{quiet:?}");
    let fourth = played(&mut engine, &[Hit { seconds: 100, ..HIT }], 140);
    let kinds: Vec<_> = incidents(&fourth).last().unwrap().findings.iter().collect();
    assert!(kinds.iter().any(|it| it.kind == "rate_exceeded"), "{kinds:?}");
}

#[test]
fn what_was_refused_first_and_is_let_in_within_the_hour_is_worse() {
    let mut settings = Settings::default();
    let routes = vec![Pattern::from("GET /v1/orders*".to_owned())];
    settings.rules.roles.insert("partner".to_owned(), RoleRules { routes, ..RoleRules::default() });
    let mut engine = engine(settings, "");
    engine.step(&Input::Tick(at(0)));
    let refused = Hit { path: "/v1/users", status: 403, ..HIT };
    let actions = engine.step(&batch_of(&[refused]));
    let first = incidents(&actions);
    assert_eq!(first[0].severity, Severity::Medium);
    let again = engine.step(&batch_of(&[Hit { seconds: 5, ..refused }]));
    assert!(incidents(&again).is_empty(), "the same is told once an hour");
    let let_in = engine.step(&batch_of(&[Hit { seconds: 9, status: 200, ..refused }]));
    let worse = incidents(&let_in).pop().unwrap();
    assert_eq!((worse.id, worse.severity), (first[0].id, Severity::High));
    assert!(worse.findings[0].because.contains("let in (answered with 200)"), "{worse:?}");
}

#[test]
fn a_key_stays_in_the_networks_that_its_owner_named() {
    let mut engine = engine(Settings::default(), "192.0.2.0/24");
    engine.step(&Input::Tick(at(0)));
    assert!(incidents(&engine.step(&batch_of(&[HIT]))).is_empty());
    let actions = engine.step(&batch_of(&[Hit { address: "198.51.100.7", ..HIT }]));
    assert_eq!(incidents(&actions)[0].kind, "network_not_allowed");
}

#[test]
fn a_flaw_is_one_finding_a_key_and_over_after_a_week() {
    let mut engine = engine(Settings::default(), "");
    let flaws = Flaws::default().with(Flaw::KeyInUrl);
    let hits = [0, 5, 30, 4000].map(|seconds| Hit { seconds, flaws, ..HIT });
    let actions = played(&mut engine, &hits, 5000);
    let found = findings(&actions);
    let found: Vec<_> = found.iter().filter(|it| it.kind == "key_in_url").collect();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].key.as_str(), found[0].owner.as_str()), ("k_a", "ana"));
    let days = |days: i64| at(days * 86_400 + 60);
    let silent = engine.step(&Input::Tick(days(7)));
    let said: Vec<_> = findings(&silent).into_iter().filter(|it| it.kind == "key_in_url").collect();
    assert!(said.iter().all(|it| it.state == StaleState::Open), "{said:?}");
    assert!(said.iter().any(|it| it.because.starts_with("4 requests")), "{said:?}");
    let over = engine.step(&Input::Tick(days(8)));
    let resolved = |it: &&StaleFinding| it.kind == "key_in_url" && it.state == StaleState::Resolved;
    assert_eq!(findings(&over).into_iter().filter(resolved).count(), 1);
}

#[test]
fn strangers_and_scanners_do_not_make_findings_of_their_own() {
    let mut engine = engine(Settings::default(), "");
    let flaws = Flaws::default().with(Flaw::KeyInUrl).with(Flaw::PlainHttp);
    let hits = [
        Hit { key: "", path: "/a", flaws, status: 404, ..HIT },
        Hit { key: "k_x", path: "/login", flaws, ..HIT },
        Hit { key: "k_y", path: "/login", flaws, ..HIT },
        Hit { key: "k_z", path: "/login", flaws, ..HIT },
        Hit { key: "k_z", path: "/twice", flaws, ..HIT },
        Hit { key: "k_z", path: "/twice", flaws, ..HIT },
        Hit { key: "", path: "/open", flaws: Flaws::default().with(Flaw::PlainHttp), ..HIT },
    ];
    let actions = played(&mut engine, &hits, 60);
    let found: Vec<(&str, &str)> =
        findings(&actions).into_iter().map(|it| (it.route.as_str(), it.kind.as_str())).collect();
    assert_eq!(found, [("/login", "key_in_url"), ("/login", "plain_http")]);
}

#[test]
fn a_signed_link_that_goes_round_is_found_and_the_state_remembers_it() {
    let mut engine = engine(Settings::default(), "");
    let flaws = Flaws::default().with(Flaw::SignedUrl);
    let addresses = ["192.0.2.1", "198.51.100.1", "203.0.113.1", "192.0.3.1", "192.0.4.1"];
    let hit = Hit { key: "", path: "/files/{id}", query: "sig=[secret:abcdef]", flaws, ..HIT };
    let hits = addresses.map(|address| Hit { address, ..hit });
    assert!(findings(&played(&mut engine, &hits[..4], 60)).is_empty());
    let rows: Vec<StateRow> = engine.changed_state();
    let mut engine = restored(&rows).unwrap();
    let actions = played(&mut engine, &[Hit { seconds: 100, ..hits[4] }], 200);
    assert_eq!(findings(&actions)[0].kind, "signed_url_shared");
}

#[test]
fn a_key_is_held_to_rules_of_its_own_before_those_of_its_role() {
    let mut settings = Settings::default();
    let networks = |text: &str| RoleRules {
        networks: crate::identity::Prefixes::read(&[text.to_owned()]).unwrap(),
        ..RoleRules::default()
    };
    settings.rules.roles.insert("partner".to_owned(), networks("192.0.2.0/24"));
    let said = |settings: &Settings| {
        let mut engine = engine(settings.clone(), "");
        engine.step(&Input::Tick(at(0)));
        let actions = engine.step(&batch_of(&[HIT]));
        let found = incidents(&actions);
        found.iter().map(|it| it.findings[0].because.clone()).collect::<Vec<_>>()
    };
    let of_role = said(&settings);
    settings.rules.own.insert(HIT.key.to_owned(), networks("203.0.113.0/24"));
    let own = said(&settings);
    settings.rules.own.insert(HIT.key.to_owned(), networks("0.0.0.0/0"));
    assert_eq!(said(&settings), [""; 0]);
    assert!(own[0].contains("none of the networks of this key"), "{own:?} {of_role:?}");
}
