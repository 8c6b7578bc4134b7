//! The promise the whole design rests on: a replay of history is history.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use keyvigil::engine::{Action, Engine, Input, Settings};
use keyvigil::store::{OpenOptions, Shown, Store};

use crate::program::{history, keyvigil, query, replay, stderr, stdout};

/// Ten days of thirty keys: small enough for every kind of replay.
const SMALL: &[&str] = &["--days=10", "--keys=30", "--requests-per-day=3000", "--seed=11"];

#[test]
fn two_replays_and_any_chunking_give_the_same_alerts() {
    let folder = tempfile::tempdir().unwrap();
    history(folder.path(), SMALL);
    let (_, first) = replay(folder.path(), &[]);
    assert!(1 < first.lines().count(), "nothing was found, so nothing was compared");
    assert_eq!(replay(folder.path(), &[]).1, first);
    for bytes in ["1", "7", "4096"] {
        let (_, alerts) = replay(folder.path(), &["--chunk-bytes", bytes]);
        assert!(alerts == first, "chunks of {bytes} bytes gave other alerts");
    }
}

#[test]
fn the_journalled_inputs_give_the_same_actions() {
    let folder = tempfile::tempdir().unwrap();
    history(folder.path(), SMALL);
    let state = folder.path().join("state");
    let (_, alerts) = replay(folder.path(), &["--state", state.to_str().unwrap()]);

    let store = Store::open(&state, &OpenOptions::default()).unwrap();
    let mut engine = Engine::new(Settings::default());
    let mut again = String::new();
    let mut incidents = BTreeMap::new();
    for input in store.inputs_from(0).unwrap() {
        let (_, input) = input.unwrap();
        for action in engine.step(&without_marks(input)) {
            match action {
                Action::Alert(alert) => {
                    again.push_str(&serde_json::to_string(&alert).unwrap());
                    again.push('\n');
                }
                Action::Incident(incident) => drop(incidents.insert(incident.id, *incident)),
                Action::SetAside { .. } | Action::Notice(_) | Action::Stale(_) => (),
            }
        }
    }
    assert_eq!(again, alerts);
    let kept = store.incidents(Shown::All).unwrap();
    assert_eq!(kept.len(), incidents.len());
    for incident in kept {
        assert_eq!(incidents.get(&incident.id), Some(&incident));
    }
}

/// A stored block has its late rows marked; the engine was given it without.
fn without_marks(input: Input) -> Input {
    match input {
        Input::Batch(batch) => {
            let mut batch = std::sync::Arc::unwrap_or_clone(batch);
            batch.late.fill(false);
            Input::Batch(batch.into())
        }
        other @ (Input::Tick(_)
        | Input::Verdict(_)
        | Input::Inventory(_)
        | Input::Settings(_)
        | Input::Finish) => other,
    }
}

/// One log cut in two by line, so that both files cover the whole time.
#[test]
fn two_files_are_read_in_time_order() {
    let folder = tempfile::tempdir().unwrap();
    history(folder.path(), SMALL);
    let (_, whole) = replay(folder.path(), &[]);
    let log = fs::read_to_string(folder.path().join("access.log")).unwrap();
    let part = |wanted: usize| -> String {
        let lines = log.lines().enumerate().filter(|(number, _)| number % 3 % 2 == wanted);
        lines.flat_map(|(_, line)| [line, "\n"]).collect()
    };
    fs::write(folder.path().join("access.log"), part(0)).unwrap();
    let other = folder.path().join("other.log");
    fs::write(&other, part(1)).unwrap();
    let (_, halves) = replay(folder.path(), &[other.to_str().unwrap()]);
    assert_eq!(halves, whole);
}

#[test]
fn one_line_from_the_future_makes_no_other_line_late() {
    let folder = tempfile::tempdir().unwrap();
    let line = |at: u64| {
        format!(
            "{{\"time\":{at},\"remote_addr\":\"192.0.2.7\",\"method\":\"GET\",\"path\":\"/a\",\"status\":200,\"key_id\":\"k\"}}\n"
        )
    };
    let usual: Vec<String> = (0..9000).map(|number| line(1_773_000_000 + number * 10)).collect();
    let strange = |place: usize| {
        let (before, behind) = usual.split_at(place);
        [before.concat(), line(2_000_000_000), behind.concat()].concat()
    };
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("first"), strange(0)).unwrap();
    fs::write(path("fourth"), strange(3)).unwrap();
    fs::write(path("usual"), usual.concat()).unwrap();
    let (first, fourth, whole, state) =
        (path("first"), path("fourth"), path("usual"), path("state"));
    let output = keyvigil(&[
        "replay",
        "--key-is=id",
        "--format=json",
        "--state",
        &state,
        &first,
        &fourth,
        &whole,
    ]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
    let late = "SELECT count(*) AS lines, sum(CAST(late AS INT)) AS late FROM events";
    assert_eq!(query(Path::new(&state), late), ["27002,0"]);
}

/// One log cut in two by time, as rotation does: the first file holds nothing back.
#[test]
fn a_rotated_log_is_the_same_history_as_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    history(folder.path(), SMALL);
    let (_, whole) = replay(folder.path(), &[]);
    let log = fs::read_to_string(folder.path().join("access.log")).unwrap();
    let lines: Vec<&str> = log.split_inclusive('\n').collect();
    let (first, rest) = lines.split_at(lines.len() / 10);
    let rotated = folder.path().join("access.log.1");
    fs::write(&rotated, first.concat()).unwrap();
    fs::write(folder.path().join("access.log"), rest.concat()).unwrap();
    let (_, halves) = replay(folder.path(), &[rotated.to_str().unwrap()]);
    assert!(halves == whole, "{} alerts, not {}", halves.lines().count(), whole.lines().count());
}

#[test]
fn compressed_history_is_the_same_history() {
    let folder = tempfile::tempdir().unwrap();
    history(folder.path(), SMALL);
    let (_, plain) = replay(folder.path(), &[]);
    let log = folder.path().join("access.log");
    let bytes = fs::read(&log).unwrap();
    fs::write(&log, zstd::encode_all(bytes.as_slice(), 1).unwrap()).unwrap();
    assert_eq!(replay(folder.path(), &[]).1, plain);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &bytes).unwrap();
    fs::write(&log, gzip.finish().unwrap()).unwrap();
    assert_eq!(replay(folder.path(), &[]).1, plain);
}

#[test]
fn every_line_is_stored_and_can_be_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    history(folder.path(), SMALL);
    let state = folder.path().join("state");
    replay(folder.path(), &["--state", state.to_str().unwrap()]);
    let lines = fs::read_to_string(folder.path().join("access.log")).unwrap().lines().count();
    assert_eq!(query(&state, "SELECT count(*) FROM events"), [lines.to_string()]);
    // A second replay goes on where the first one stopped: at the end.
    replay(folder.path(), &["--state", state.to_str().unwrap()]);
    assert_eq!(query(&state, "SELECT count(*) FROM events"), [lines.to_string()]);
}

#[test]
fn a_log_without_any_configuration_is_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let line = |minute: u32| {
        format!(
            "192.0.2.7 - - [09/Mar/2026:10:{minute:02}:00 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"ExampleBrowser/1.0\"\n"
        )
    };
    let lines: String = (0..60).map(line).collect();
    fs::write(&log, lines).unwrap();
    let output = keyvigil(&["replay", log.to_str().unwrap()]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(said.contains("60 lines, 60 of them requests, 0 rejected"), "{said}");
    assert!(said.contains("No incidents."), "{said}");
}

#[test]
fn alerts_files_are_made_even_when_nothing_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("empty.log");
    fs::write(&log, "").unwrap();
    let path = |name: &str| folder.path().join(name);
    let flag = |name: &str, path: &Path| format!("--{name}={}", path.display());
    let output = keyvigil(&[
        "replay",
        log.to_str().unwrap(),
        &flag("alerts-json", &path("alerts")),
        &flag("findings-json", &path("findings")),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(path("alerts")).unwrap(), "");
    assert_eq!(fs::read_to_string(path("findings")).unwrap(), "");
}
