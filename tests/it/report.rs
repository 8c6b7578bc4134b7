//! The report: the same from a running daemon and from its store, in every form.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::asking::{ask, away_from_the_turn_of_an_hour, configured};
use crate::program::{stderr, stdout};

/// Around everything that `configured` logs.
fn period() -> [String; 4] {
    let now = jiff::Timestamp::now();
    let hour = jiff::SignedDuration::from_hours(1);
    let time = |at: jiff::Timestamp| format!("{at:.0}");
    ["--since".into(), time(now - 2 * hour), "--until".into(), time(now + hour)]
}

/// But for the moment at which it was made.
fn asked(folder: &Path, period: &[String], more: &[&str]) -> String {
    let period: Vec<&str> = period.iter().map(String::as_str).collect();
    let output = ask(folder, &[&["report"], more, &period].concat());
    assert!(output.status.success(), "{more:?}: {}", stderr(&output));
    let is_of_then = |line: &&str| {
        let is_made = line.contains("\"made\"") || line.contains("Made 2");
        !is_made && !line.contains("nothing after that was read")
    };
    let text = stdout(&output);
    let lines: Vec<&str> = text.lines().filter(is_of_then).collect();
    lines.join("\n") + "\n"
}

#[test]
fn a_daemon_and_its_store_report_the_same() {
    away_from_the_turn_of_an_hour();
    let folder = tempfile::tempdir().unwrap();
    let running = configured(folder.path());
    let period = period();
    let questions: [&[&str]; 6] = [
        &["--json"],
        &["--format", "html"],
        &["--format", "csv"],
        &["--format", "text"],
        &["--figure", "usage.by-key", "--format", "csv"],
        &["--section", "incidents", "--section", "evidence", "--json"],
    ];
    let all = || questions.map(|more| asked(folder.path(), &period, more));
    let queries = || {
        let tables = ["keys", "stale", "incidents"];
        tables.map(|table| {
            let sql = format!("SELECT * FROM {table} ORDER BY 1, 2, 3");
            stdout(&ask(folder.path(), &["query", &sql]))
        })
    };
    let up = (all(), queries());
    assert_eq!(running.stop(), 0);
    let down = (all(), queries());
    for (question, (up, down)) in questions.iter().zip(up.0.iter().zip(&down.0)) {
        assert_eq!(up, down, "{question:?}");
    }
    assert_eq!(up.1, down.1);
    assert!(up.1.iter().all(|answer| 1 < answer.lines().count()), "{:?}", up.1);

    for text in &up.0 {
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    }
    let [json, html, csv, _, by_key, _] = &up.0;
    assert!(json.contains("\"name\": \"events.all\"") && json.contains("\"value\": 200"), "{json}");
    assert!(html.contains("<title>API access on ") && !html.contains("src="), "not one file");
    assert!(csv.contains("'=cmd|") && !csv.contains(",=cmd"), "{csv}");
    assert!(
        by_key.starts_with("key,role,events,refused,failed,sent_bytes,first,last\n"),
        "{by_key}"
    );
}

#[test]
fn what_the_report_says_is_what_query_answers() {
    away_from_the_turn_of_an_hour();
    let folder = tempfile::tempdir().unwrap();
    let running = configured(folder.path());
    let json = asked(folder.path(), &period(), &["--json"]);
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    let mut asked = 0;
    for section in report["sections"].as_array().unwrap() {
        for figure in section["figures"].as_array().unwrap() {
            let Some(sql) = figure["query"].as_str() else { continue };
            let output = ask(folder.path(), &["query", sql, "--format", "json"]);
            let rows: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
            if !rows.to_string().contains(['\\', '\u{fffd}']) {
                assert_eq!(rows, figure["rows"], "{sql}");
                asked += 1;
            }
        }
    }
    assert!(30 < asked, "{asked}");
    assert_eq!(running.stop(), 0);
}

#[test]
fn a_report_goes_into_a_file_that_only_its_owner_reads() {
    let folder = tempfile::tempdir().unwrap();
    let running = configured(folder.path());
    assert_eq!(running.stop(), 0);
    let file = folder.path().join("report.html");
    let output = ask(folder.path(), &["report", "--out", file.to_str().unwrap()]);
    assert!(output.status.success() && stdout(&output).is_empty(), "{}", stderr(&output));
    let page = fs::read_to_string(&file).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert!(!page.contains("<script") && !page.contains("http-equiv=\"refresh\""));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let old = ask(folder.path(), &["report", "--until", "2001-01-01", "--json"]);
    assert!(stdout(&old).contains("No stored event lies in this period"), "{}", stdout(&old));
    let wrong = ask(folder.path(), &["report", "--since", "soon"]);
    assert!(stderr(&wrong).contains("is not a time"), "{}", stderr(&wrong));
}

#[test]
fn top_without_a_terminal_is_a_table_and_needs_a_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let running = configured(folder.path());
    let output = ask(folder.path(), &["top", "--every", "1"]);
    let text = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(text.starts_with("keyvigil: alert · 2 high"), "{text}");
    assert!(text.contains("k_usual") && !text.contains('\u{1b}'), "{text}");
    let json =
        stdout(&ask(folder.path(), &["top", "--json", "--every", "1", "--sort", "requests"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["keys"][0]["key"], "k_usual");
    assert_eq!(json["keys"][0]["requests_per_minute"], 0.0);
    assert_eq!(running.stop(), 0);
    let output = ask(folder.path(), &["top", "--once"]);
    assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
    assert!(stderr(&output).contains("no daemon runs"), "{}", stderr(&output));
}
