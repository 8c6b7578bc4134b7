//! Where a source goes on after a kill, if its lines come in parts.

use std::fs;
use std::sync::Arc;

use super::intake::Intake;
use crate::engine::{Action, Engine, Input, Settings};
use crate::format::{Options, Parser};
use crate::identity::{Identity, Inventory, InventoryKey, KeyIs, KeyStatus};
use crate::model::{EventBatch, Millis, SourceId, Timestamp};
use crate::tail::{FileReader, Limits};

/// Two lines in four parts, with one of the other stream between them.
const LINES: [(&str, &str); 6] = [
    ("stdout F", "192.0.2.1 - - [09/Mar/2026:00:00:00 +0000] \"GET /a HTTP/1.1\" 200 5"),
    ("stdout P", "192.0.2.1 - - [09/Mar/2026:00:00:01 +0000] \"GET"),
    ("stderr F", "192.0.2.1 - - [09/Mar/2026:00:00:02 +0000] \"GET /c HTTP/1.1\" 200 5"),
    ("stdout P", " /b HTTP/1.1\" "),
    ("stdout F", "200 5"),
    ("stdout P", "192.0.2.1 - - [09/Mar/2026:00:00:03 +0000] \"GET"),
];

fn intake(source: &SourceId) -> Intake {
    let mut intake = Intake::new(Identity::new([7; 32], KeyIs::Id), Millis(0), Default::default());
    intake.add(source, Parser::by_name("clf", &Options::default()).ok());
    intake
}

fn paths(batch: &EventBatch) -> Vec<String> {
    (0..batch.len()).map(|row| batch.event(row).path.to_owned()).collect()
}

#[test]
fn a_kill_between_the_parts_of_a_line_loses_and_doubles_nothing() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let line = |(tag, text): &(&str, &str)| format!("2026-03-09T00:00:00Z {tag} {text}\n");
    fs::write(log.path(), LINES.iter().map(line).collect::<String>()).unwrap();
    let source = SourceId(log.path().display().to_string());
    for committed_chunks in 0..=LINES.len() {
        let limits = Limits { chunk_bytes: 1, ..Limits::default() };
        let mut before = intake(&source);
        let mut reader = FileReader::open(log.path(), limits, None).unwrap();
        for _ in 0..committed_chunks {
            let chunk = reader.next_chunk().unwrap().unwrap();
            before.take(&chunk, Timestamp(0), &mut |_| ());
        }
        let committed = before.hand_over();
        let from = committed.positions.get(&source);
        let mut after = intake(&source);
        let mut reader = FileReader::open(log.path(), limits, from).unwrap();
        while let Some(chunk) = reader.next_chunk().unwrap() {
            after.take(&chunk, Timestamp(0), &mut |_| ());
        }
        after.give_up_parts(Some(Timestamp(1)));
        assert_eq!(after.counts_so_far(&source).rejected_total(), 0, "it may still come");
        after.give_up_parts(Some(Timestamp(2000)));
        assert_eq!(after.counts_so_far(&source).rejected_total(), 1);
        let rest = after.hand_over();
        let all = [paths(&committed.batch), paths(&rest.batch)].concat();
        assert_eq!(all, ["/a", "/c", "/b"], "after {committed_chunks} chunks");
        let end = rest.positions.get(&source);
        let mut reader = FileReader::open(log.path(), limits, end).unwrap();
        assert!(reader.next_chunk().unwrap().is_none(), "what was given up is behind");
        let lines = |intake: &Intake| intake.counts_so_far(&source).lines;
        assert_eq!(lines(&before) + lines(&after), LINES.len() as u64);
    }
}

const DELETED: &str = r#"{"object":"organization.audit_log","id":"l2","type":"api_key.deleted","effective_at":1795255300,"actor":{"type":"api_key","api_key":{"id":"key_admin","service_account":{"id":"sa_1"}}},"api_key.deleted":{"id":"key_17"}}"#;

#[test]
fn an_audit_event_that_is_read_ends_its_key_in_the_inventory() {
    for key_is in [KeyIs::Id, KeyIs::Secret] {
        let source = SourceId("audit.json".to_owned());
        let identity = Identity::new([7; 32], key_is);
        let key_id = identity.key_id_of("key_17");
        let mut intake = Intake::new(identity, Millis(0), Default::default());
        intake.add(&source, Parser::by_name("openai-audit", &Options::default()).ok());
        assert!(intake.take_line(&source, DELETED.as_bytes(), Timestamp(0)));
        let batch = intake.hand_over().batch;
        assert_eq!(batch.object.get(0), key_id);
        let listed = InventoryKey {
            key_id: key_id.into(),
            status: KeyStatus::Active,
            ..InventoryKey::default()
        };
        let deleted = Timestamp::from_seconds(1_795_255_300);
        let mut engine = Engine::new(Settings::default());
        engine.step(&Input::Inventory(Arc::new(Inventory::of([listed]))));
        engine.step(&Input::Batch(Arc::new(batch)));
        let mut found = Vec::new();
        for days in [1, 2] {
            let actions = engine.step(&Input::Tick(deleted.plus(Millis::days(days))));
            for action in actions {
                if let Action::Stale(finding) = action {
                    found.push((finding.kind.clone(), finding.because.clone()));
                }
            }
        }
        let outdated = found.iter().find(|(kind, _)| kind == "list_outdated");
        let because = outdated.map(|(_, because)| because.as_str()).unwrap_or_default();
        assert!(because.contains("says active; the audit log says revoked"), "{found:?}");
        assert!(because.contains("by sa_1"), "{found:?}");
    }
}
