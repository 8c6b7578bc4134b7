//! Commands that ask: a running daemon and the store that it leaves tell the same.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::program::{Running, free_address, keyvigil, start, stderr, stdout};

/// A log in which a revoked key is used, written by somebody who would like to steer
/// terminals and spreadsheets.
pub(crate) fn configured(folder: &Path) -> Running {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let address = free_address();
    let now = jiff::Timestamp::now().as_second();
    let line = |number: i64, key: &str| {
        let at = now - 300 + number;
        format!(
            "{{\"time\":{at},\"remote_addr\":\"198.51.100.9\",\"method\":\"GET\",\"path\":\"/v1/\\u001b[31m{number}\",\"status\":200,\"key_id\":\"{key}\",\"user_agent\":\"\\u001b]0;x\\u202e\"}}\n"
        )
    };
    let keys = ["=cmd|'/C calc'!A0", "k_revoked", "k_usual", "k_usual"];
    let log: String = (0..200).zip(keys.iter().cycle()).map(|(at, key)| line(at, key)).collect();
    fs::write(path("access.log"), log).unwrap();
    let inventory = "key_id,owner,role,created,last_rotated,status,status_since\n\
         k_revoked,\"=HYPERLINK(1)\",batch,2025-06-03,2025-06-03,revoked,2026-01-15\n\
         k_usual,b@example.com,partner,2025-06-03,2025-06-03,active,\n";
    fs::write(path("inventory.csv"), inventory).unwrap();
    let config = format!(
        "key_is = \"id\"\ninventory = \"{}\"\nsources = [{{ path = \"{}\", format = \"json\" }}]\n\
         [web]\nlisten = \"{address}\"\n[store]\ndirectory = \"{}\"\n",
        path("inventory.csv"),
        path("*.log"),
        path("state")
    );
    fs::write(path("keyvigil.toml"), config).unwrap();
    // A file that comes later is read from its beginning.
    fs::rename(path("access.log"), path("access.later")).unwrap();
    fs::write(path("other.log"), "").unwrap();
    let mut running = start(&["run", "--config", &path("keyvigil.toml")], address, folder);
    running.wait_for("/api/v1/status", |body| body.contains("other.log"));
    fs::rename(path("access.later"), path("access.log")).unwrap();
    running.wait_for("/api/v1/status", |body| {
        body.contains("\"lines\":200") && body.contains("\"high\":2")
    });
    running.wait_for("/api/v1/keys", |body| {
        body.contains("\"requests\":100") && body.contains("rotation_overdue")
    });
    running
}

pub(crate) fn ask(folder: &Path, args: &[&str]) -> Output {
    let config = folder.join("keyvigil.toml");
    keyvigil(&[args, &["--config", config.to_str().unwrap()]].concat())
}

const QUESTIONS: [&[&str]; 17] = [
    &["keys"],
    &["keys", "--json"],
    &["keys", "--csv"],
    &["keys", "--stale"],
    &["incidents"],
    &["incidents", "--open", "--json"],
    &["incidents", "--all", "--json"],
    &["incidents", "--since", "1h"],
    &["query", "SELECT * FROM events ORDER BY time, path"],
    &[
        "query",
        "SELECT key, count(*) AS n, avg(status) AS s FROM events GROUP BY key ORDER BY key",
        "--format",
        "table",
    ],
    &["query", "SELECT count(*) / 0.0 AS inf, max(time) AS t FROM events", "--format", "json"],
    &["query", "SELECT nonsense FROM events"],
    &["third-parties"],
    &["third-parties", "--json"],
    &["roles", "suggest"],
    &["roles", "suggest", "--role", "partner", "--days", "7"],
    &["query", "SELECT key, hour, count(*) AS n FROM events GROUP BY key, hour"],
];

/// What is learned changes when an hour is over: not in between two questions, please.
pub(crate) fn away_from_the_turn_of_an_hour() {
    while 3480 < jiff::Timestamp::now().as_second() % 3600 {
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
}

#[test]
fn a_daemon_and_its_store_answer_the_same() {
    away_from_the_turn_of_an_hour();
    let folder = tempfile::tempdir().unwrap();
    let running = configured(folder.path());
    let all = |questions: &[&[&str]]| -> Vec<(Option<i32>, String, String)> {
        let answers = questions.iter().map(|args| ask(folder.path(), args));
        answers.map(|it| (it.status.code(), stdout(&it), stderr(&it))).collect()
    };
    let listed = stdout(&ask(folder.path(), &["incidents"]));
    let line = listed.lines().find(|line| line.contains("k_revoked")).unwrap();
    let id = line.split_whitespace().next().unwrap().to_owned();
    let explain: [&[&str]; 3] =
        [&["explain", &id], &["explain", &id, "--json"], &["explain", "INC-000000"]];
    let up = (all(&QUESTIONS), all(&explain));
    assert_eq!(running.stop(), 0);
    let down = (all(&QUESTIONS), all(&explain));
    for (question, (up, down)) in QUESTIONS.iter().zip(up.0.iter().zip(&down.0)) {
        assert_eq!(up, down, "{question:?}");
    }
    assert_eq!(up.1, down.1);

    let codes: Vec<Option<i32>> = up.0.iter().chain(&up.1).map(|it| it.0).collect();
    assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 18, "{up:?}");
    assert_eq!(codes[11], Some(1), "a wrong question");
    assert_eq!(codes[19], Some(1), "no such incident");
    for (place, (_, out, err)) in up.0.iter().chain(&up.1).enumerate() {
        // CSV of a question is for programs, which get what was logged.
        assert!(place == 8 || !out.contains('\u{1b}') && !out.contains('\u{202e}'), "{out}");
        assert!(!err.contains('\u{1b}'), "{err}");
    }
    let csv = &up.0[2].1;
    assert!(csv.contains("'=cmd|") && csv.contains(",'=HYPERLINK(1),"), "{csv}");
    assert!(up.0[3].1.contains("rotation_overdue"), "{}", up.0[3].1);
    assert!(up.0[8].1.lines().count() == 201, "{}", up.0[8].1);
    let by_hour = &up.0[16].1;
    let counted = by_hour.lines().skip(1).filter_map(|it| it.rsplit(',').next());
    assert_eq!(counted.map(|n| n.parse::<u32>().unwrap()).sum::<u32>(), 200, "{by_hour}");
    let parties = &up.0[12].1;
    assert!(parties.contains("b@example.com (partner)\n  keys       k_usual"), "{parties}");
    assert!(parties.contains("100 requests") && !parties.contains("[roles"), "{parties}");
    let partner = &up.0[15].1;
    assert!(partner.contains("[roles.\"partner\"]") && !partner.contains("batch"), "{partner}");
    assert!(up.0[0].1.contains("Not known yet: which of the older keys"), "{}", up.0[0].1);
    let told = &up.1[0].1;
    for part in ["HIGH  k_revoked: ", "next  1. ", "from  198.51.100.9", "/v1/"] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
}

#[test]
fn status_is_blind_once_nobody_watches_and_still_knows_what_was() {
    let folder = tempfile::tempdir().unwrap();
    let running = configured(folder.path());
    let up = stdout(&ask(folder.path(), &["status"]));
    assert!(up.contains("verdict     alert") && up.contains("other.log is idle"), "{up}");
    assert_eq!(running.stop(), 0);
    let output = ask(folder.path(), &["status"]);
    let down = stdout(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(down.contains("verdict     blind"), "{down}");
    assert!(down.contains("trouble     keyvigil is not running"), "{down}");
    let line = |text: &str, name: &str| {
        text.lines().find(|line| line.starts_with(name)).map(str::to_owned).unwrap()
    };
    for name in ["incidents", "stale keys"] {
        assert_eq!(line(&up, name), line(&down, name));
    }
}

#[test]
fn a_directory_without_a_store_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("nothing");
    for command in
        [&["keys"][..], &["incidents"], &["explain", "INC-000000"], &["query", "SELECT 1"]]
    {
        let output = keyvigil(&[command, &["--state", state.to_str().unwrap()]].concat());
        assert!(stderr(&output).contains("there is no store in"), "{}", stderr(&output));
        assert!(!state.exists());
    }
}

fn id_of(folder: &Path, key: &str) -> String {
    let listed = stdout(&ask(folder, &["incidents", "--all"]));
    let line = listed.lines().find(|line| line.contains(key)).unwrap();
    line.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn what_people_say_is_kept_whether_a_daemon_runs_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("keyvigil.toml");
    let running = configured(folder.path());
    let (revoked, unknown) = (id_of(folder.path(), "k_revoked"), id_of(folder.path(), "=cmd"));
    let output = ask(folder.path(), &["ack", &revoked, "--reason", "looking\u{1b}[2J"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains(&format!("{revoked} is acknowledged")), "{}", stdout(&output));
    let output = ask(folder.path(), &["mute", &unknown, "--for", "2h", "--reason", "a test"]);
    assert!(stdout(&output).contains("is muted until"), "{}", stderr(&output));
    let explained = stdout(&ask(folder.path(), &["explain", &revoked]));
    assert!(
        explained.contains("said  acknowledged by ") && explained.contains(": looking[2J"),
        "{explained}"
    );
    let output = ask(folder.path(), &["ack", "INC-000000"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("there is no incident INC-000000"), "{}", stderr(&output));
    assert_eq!(running.stop(), 0);

    let output = ask(folder.path(), &["resolve", &revoked, "--reason", "key removed"]);
    assert!(stdout(&output).contains(&format!("{revoked} is resolved")), "{}", stderr(&output));
    let again = ask(folder.path(), &["resolve", &revoked]);
    assert!(stderr(&again).contains("is over already"), "{}", stderr(&again));
    let output = ask(folder.path(), &["false-positive", &unknown]);
    assert!(stdout(&output).contains("is resolved"), "{}", stderr(&output));

    let address = free_address();
    let text = fs::read_to_string(&config).unwrap();
    let line = text.lines().find(|line| line.starts_with("listen")).unwrap().to_owned();
    fs::write(&config, text.replace(&line, &format!("listen = \"{address}\""))).unwrap();
    let args = ["run", "--config", config.to_str().unwrap()];
    let mut running = start(&args, address, folder.path());
    running.wait_for("/api/v1/status", |body| body.contains("\"lines\":200"));
    let incidents = running.wait_for("/api/v1/incidents", |body| body.contains("key removed"));
    assert_eq!(incidents.matches("\"state\":\"resolved\"").count(), 2, "{incidents}");
    assert!(incidents.contains("\"word\":\"false alarm\""), "{incidents}");
    let output = ask(folder.path(), &["expected", &revoked]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(running.stop(), 0);
}
