//! A report of a small store: every figure is what its own question answers.

use std::sync::Arc;

use super::*;
use crate::engine::Input;
use crate::incident::{IncidentId, Remark, StaleFinding, State};
use crate::model::Millis;
use crate::model::{Entity, EventBatch, EventKind, Severity};
use crate::report::answer;
use crate::store::{Commit, OpenOptions};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

#[test]
fn every_figure_is_the_answer_to_its_question() {
    let dir = tempfile::tempdir().unwrap();
    let (store, keys) = (store(&dir), keys());
    let report = made(&store, &keys, (0, 3 * DAY));
    let mut asked = 0;
    for figure in report.figures().filter(|figure| figure.is_sql()) {
        let answer = answer(&store, &keys, &figure.made_by).unwrap();
        assert_eq!(answer.columns, figure.heads, "{}", figure.name);
        let rows = answer.map(|row| row.unwrap().into_iter().map(cleaned).collect::<Vec<_>>());
        let rows: Vec<String> = rows.map(|row| format!("{row:?}")).collect();
        let shown: Vec<String> = figure.rows.iter().map(|row| format!("{row:?}")).collect();
        assert_eq!(rows, shown, "{}: {}", figure.name, figure.made_by);
        asked += 1;
    }
    assert!(40 < asked, "{asked} figures");
}

#[test]
fn events_outside_of_the_period_are_in_no_figure() {
    let dir = tempfile::tempdir().unwrap();
    let (store, keys) = (store(&dir), keys());
    let of = |period| made(&store, &keys, period);
    assert_eq!(of((0, DAY)).value("events.all"), Some(&Value::Integer(18)));
    assert_eq!(of((DAY, 2 * DAY)).value("events.all"), Some(&Value::Integer(0)));
    let nothing = of((10 * DAY, 11 * DAY));
    assert!(nothing.cautions[0].contains("from 1970-01-01 00:00 UTC to 1970-01-03"), "{nothing:?}");
}

#[test]
fn what_is_missing_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let (store, keys) = (store(&dir), keys());
    let report = made(&store, &keys, (0, 3 * DAY));
    assert!(report.cautions.iter().any(|it| it.starts_with("6 events came so late")));
    let gaps = report.figure("coverage.gaps").unwrap();
    assert_eq!(gaps.rows[0][0], Value::Time(Timestamp(6 * HOUR)));
    assert_eq!(gaps.rows[0][2], Value::Integer(42));
}

#[test]
fn who_has_access_is_told_with_what_they_did() {
    let dir = tempfile::tempdir().unwrap();
    let (store, keys) = (store(&dir), keys());
    let report = made(&store, &keys, (0, 3 * DAY));
    let row = &report.figure("third-parties.each").unwrap().rows[0];
    assert_eq!((&row[2], &row[3]), (&Value::Integer(1), &Value::Integer(7)));
    assert_eq!(row[6], Value::Text("GET /v1/orders".to_owned()));
}

#[test]
fn what_speaks_against_a_control_is_marked_and_none_is_said_to_be_met() {
    let dir = tempfile::tempdir().unwrap();
    let (store, keys) = (store(&dir), keys());
    let report = made(&store, &keys, (0, 3 * DAY));
    let controls: Vec<_> = report.sections.iter().flat_map(|it| &it.controls).collect();
    let of = |id: &str| controls.iter().find(|it| it.id == id).unwrap();
    let unused = &of("8.2.6").evidence[0];
    assert_eq!((unused.is_gap, &unused.value), (true, &Value::Integer(1)));
    assert!(!of("CC6.7").evidence[0].is_gap, "no finding of transport");
    for control in &controls {
        assert!(!control.evidence.is_empty(), "{}", control.id);
        for evidence in control.evidence.iter().filter(|it| !it.figure.is_empty()) {
            assert!(report.figure(&evidence.figure).is_some(), "{}", evidence.figure);
        }
    }
    let events = report.in_ocsf();
    let verdicts = events.iter().filter(|it| it["class_uid"] == 2003);
    assert!(verdicts.clone().all(|it| it["compliance"]["status_id"] != 1), "nothing is passed");
    assert!(verdicts.count() > controls.len());
    let text = report.in_html().unwrap().to_lowercase();
    assert!(!text.contains("compliant") && !text.contains("complies"));
}

/// What classes 2003 and 2004 of the schema require of each event.
#[test]
fn every_event_in_ocsf_has_what_its_class_requires() {
    let dir = tempfile::tempdir().unwrap();
    let (store, keys) = (store(&dir), keys());
    let events = made(&store, &keys, (0, 3 * DAY)).in_ocsf();
    assert!(!events.is_empty());
    for event in &events {
        let number = |place: &str| event.pointer(place).and_then(serde_json::Value::as_i64);
        let class = number("/class_uid").unwrap();
        assert!([2003, 2004].contains(&class), "{event:#}");
        assert_eq!(number("/category_uid"), Some(2));
        assert_eq!(number("/type_uid"), Some(class * 100 + number("/activity_id").unwrap()));
        assert!((0..=6).contains(&number("/severity_id").unwrap()), "{event:#}");
        assert!(0 < number("/time").unwrap());
        let mut texts = vec![
            "/metadata/version",
            "/metadata/product/name",
            "/metadata/product/vendor_name",
            "/finding_info/uid",
            "/finding_info/title",
        ];
        if class == 2003 {
            texts.extend(["/compliance/control", "/compliance/standards/0"]);
            assert!((0..=3).contains(&number("/compliance/status_id").unwrap()), "{event:#}");
        }
        for place in texts {
            let text = event.pointer(place).and_then(serde_json::Value::as_str);
            assert!(text.is_some_and(|text| !text.is_empty()), "{place} in {event:#}");
        }
        assert!(!event.to_string().contains(":null"), "{event:#}");
    }
}

#[test]
fn what_a_stranger_wrote_is_harmless_in_every_form() {
    let dir = tempfile::tempdir().unwrap();
    let (store, keys) = (store(&dir), keys());
    let report = made(&store, &keys, (0, 3 * DAY));
    let text = serde_json::to_string(&report).unwrap();
    assert!(!text.contains("\\u001b") && !text.contains('\u{202e}'), "{text}");
    assert!(text.contains("[31mcurl"), "{text}");
}

fn made(store: &Store, keys: &[KeyRow], (from, until): (i64, i64)) -> Report {
    let asked =
        Asked { from: Timestamp(from), until: Timestamp(until), made: Timestamp(400 * DAY) };
    let party = crate::engine::Party {
        owner: "a@example.com".to_owned(),
        keys: vec!["k_a".into()],
        routes: vec!["GET /v1/orders".to_owned()],
        ..crate::engine::Party::default()
    };
    report(store, &Known { keys, parties: &[party], ..Known::default() }, asked).unwrap()
}

fn batch(first: i64) -> EventBatch {
    let mut batch = EventBatch::default();
    let events = [("k_a", 200), ("k_b", 403), ("", 0), ("k_a", 503), ("k_c", 401), ("k_b", 200)];
    for (n, (key, status)) in (0i64..).zip(events) {
        batch.time.push(first + n * HOUR + 500);
        batch.kind.push(if n == 2 { EventKind::Usage } else { EventKind::Request });
        batch.source.push("/var/log/a.log");
        batch.key.push(key);
        batch.role.push(if key == "k_a" { "partner" } else { "" });
        batch.method.push("GET");
        batch.route.push("/v1/orders/{id}");
        batch.user_agent.push(if n == 1 { "\u{1b}[31mcurl\u{202e}" } else { "sdk/1" });
        batch.model.push(if n < 2 { "x-1" } else { "" });
        batch.country.push(if n == 0 { "NO" } else { "" });
        batch.status.push(status);
        batch.bytes.push(1000 + n.unsigned_abs());
        batch.input_tokens.push(600);
        batch.output_tokens.push(120);
        batch.cost_micros.push(1230);
        batch.late.push(n == 4);
    }
    batch
}

fn keys() -> Vec<KeyRow> {
    let row = |key: &str, owner: &str| KeyRow {
        key: key.into(),
        owner: owner.into(),
        requests: 7,
        state: "ready",
        ..KeyRow::default()
    };
    vec![row("k_a", "a@example.com"), row("k_b", "")]
}

fn store(dir: &tempfile::TempDir) -> Store {
    let store =
        Store::open(dir.path(), &OpenOptions { key: Some([1; 32]), ..OpenOptions::default() })
            .unwrap();
    let batches = [0, 0, 0, 2 * DAY, 2 * DAY, 2 * DAY];
    let inputs: Vec<(u64, Input)> =
        (0..).zip(batches.map(|first| Input::Batch(Arc::new(batch(first))))).collect();
    let incidents = [incident(1, "revoked_key_used", 40), incident(2, "brute_force", 20)];
    let finding = |kind: &str| StaleFinding {
        key: "k_b".into(),
        kind: kind.into(),
        severity: Severity::Medium,
        may: ["POST /v1/orders".into()].into(),
        ..StaleFinding::default()
    };
    let stale = ["unused", "over_privileged"].map(|kind| Arc::new(finding(kind)));
    let commit =
        Commit { inputs: &inputs, incidents: &incidents, stale: &stale, ..Commit::default() };
    store.commit(&commit).unwrap();
    store
}

fn incident(id: u64, kind: &str, seconds: i64) -> crate::incident::Incident {
    let opened = Timestamp(2 * HOUR);
    crate::incident::Incident {
        id: IncidentId(id << 40),
        kind: kind.to_owned(),
        entity: Entity::Key("k_a".to_owned()),
        severity: Severity::High,
        state: State::Acknowledged,
        since: opened.back(Millis::seconds(seconds)),
        opened,
        last_seen: opened,
        title: format!("k_a: {kind}"),
        remarks: vec![Remark {
            at: opened.plus(Millis::seconds(90)),
            word: "acknowledged".to_owned(),
            ..Remark::default()
        }],
        ..crate::incident::Incident::default()
    }
}
