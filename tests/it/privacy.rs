//! How much is kept: nothing of requests, or only pseudonyms, on a daemon that is killed.

use std::fs;
use std::path::Path;

use keyvigil::store::{OpenOptions, Store};

use crate::asking::ask;
use crate::program::{LOG_FORMAT, Running, free_address, keyvigil, start, stderr, stdout};

#[test]
fn without_retention_no_request_is_stored_and_a_kill_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("access.log"), "").unwrap();
    let mut running = watched(folder.path(), "mode = \"zero_retention\"");
    append(folder.path(), 0..40);
    running.wait_for("/api/v1/incidents", |body| body.contains("k_revoked"));
    running.wait_for("/api/v1/keys", |body| body.contains("\"requests\":20"));
    running.kill();
    let mut running = watched(folder.path(), "mode = \"zero_retention\"");
    running.wait_for("/api/v1/keys", |body| body.matches("\"requests\":20").count() == 2);
    append(folder.path(), 40..60);
    running.wait_for("/api/v1/keys", |body| body.matches("\"requests\":30").count() == 2);
    let incidents = running.get("/api/v1/incidents").unwrap().1;
    assert_eq!(incidents.matches("\"id\":\"INC-").count(), 1, "{incidents}");
    let refused = stderr(&ask(folder.path(), &["query", "SELECT key FROM events"]));
    assert!(refused.contains("no requests are stored"), "{refused}");
    assert_eq!(running.stop(), 0);
    let running = watched(folder.path(), "mode = \"zero_retention\"");
    let keys = running.get("/api/v1/keys").unwrap().1;
    assert_eq!(keys.matches("\"requests\":30").count(), 2, "{keys}");
    assert_eq!(running.stop(), 0);
    // At rest nobody is to think that there were no requests, either.
    let refused = ask(folder.path(), &["query", "SELECT key FROM Events"]);
    assert!(!refused.status.success() && stderr(&refused).contains("zero_retention"));
    let answered = ask(folder.path(), &["query", "SELECT key FROM stale"]);
    assert!(answered.status.success() && stderr(&answered).is_empty(), "{}", stderr(&answered));
    let status = stdout(&ask(folder.path(), &["status"]));
    assert!(status.contains("zero_retention (no requests"), "{status}");
    let state = folder.path().join("state");
    let sql = "SELECT key FROM events";
    let unknown = keyvigil(&["query", sql, "--state", state.to_str().unwrap()]);
    assert!(stderr(&unknown).contains("no requests are stored here"), "{}", stderr(&unknown));
    let store = Store::open(&folder.path().join("state"), &OpenOptions::default()).unwrap();
    assert_eq!((store.event_count(), store.inputs_from(0).unwrap().count()), (0, 0));
}

#[test]
fn a_new_mode_holds_from_then_on_and_is_written_down() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("access.log"), "").unwrap();
    let mut running = watched(folder.path(), "mode = \"full\"");
    append(folder.path(), 0..10);
    running.wait_for("/api/v1/keys", |body| body.matches("\"requests\":5").count() == 2);
    let list = folder.path().join("never");
    fs::write(&list, "k_usual\n").unwrap();
    let never = format!("mode = \"pseudonymous\"\nnever_store = \"{}\"", list.display());
    configure(folder.path(), &never, &running.address.to_string());
    let output = ask(folder.path(), &["reload"]);
    assert!(output.status.success(), "{}", stderr(&output));
    append(folder.path(), 10..20);
    running.wait_for("/api/v1/keys", |body| body.contains("\"requests\":10"));
    let rows = stdout(&ask(
        folder.path(),
        &[
            "query",
            "SELECT key, source_ip, count(*) AS n FROM events GROUP BY key, source_ip ORDER BY key, source_ip",
        ],
    ));
    let expected = "key,source_ip,n\nk_revoked,203.0.113.0,5\nk_revoked,203.0.113.77,5\nk_usual,203.0.113.77,5\n";
    assert_eq!(rows, expected);
    let journal = stdout(&ask(folder.path(), &["journal", "list"]));
    assert!(journal.contains("read the configuration again: [privacy]"), "{journal}");
    let health = running.get("/health").unwrap().1;
    assert!(health.contains("pseudonymous") && health.contains("never stored"), "{health}");
    assert!(health.contains("<dd>5 lines</dd>") && health.contains("What is kept"), "{health}");
    let status = stdout(&ask(folder.path(), &["status"]));
    for line in [
        "kept        Of a request: pseudonymous (users by keyed hashes",
        "kept        Events: 30 days, counted back from the newest",
        "kept        Never stored, as asked for: 5 lines",
        "kept        Removed as too old, since the start: 0 events",
    ] {
        assert!(status.contains(line), "{status}");
    }
    assert_eq!(running.stop(), 0);
}

fn watched(folder: &Path, privacy: &str) -> Running {
    let address = free_address();
    configure(folder, privacy, &address.to_string());
    let config = folder.join("keyvigil.toml");
    let mut running = start(&["run", "--config", config.to_str().unwrap()], address, folder);
    running.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
    running
}

fn configure(folder: &Path, privacy: &str, address: &str) {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let inventory = "key_id,status,status_since\nk_revoked,revoked,2026-01-01\nk_usual,active,\n";
    if !folder.join("inventory.csv").exists() {
        fs::write(path("inventory.csv"), inventory).unwrap();
    }
    let config = format!(
        "key_is = \"id\"\ninventory = \"{}\"\n[[sources]]\npath = \"{}\"\nlog_format = '{LOG_FORMAT}'\n\
         [store]\ndirectory = \"{}\"\n[web]\nlisten = \"{address}\"\n[privacy]\n{privacy}\n",
        path("inventory.csv"),
        path("access.log"),
        path("state"),
    );
    fs::write(path("keyvigil.toml"), config).unwrap();
}

/// Every other line is of a key that was revoked.
fn append(folder: &Path, numbers: std::ops::Range<u32>) {
    use std::io::Write as _;
    let now = jiff::Timestamp::now().strftime("%d/%b/%Y:%H:%M:%S +0000");
    let mut log = fs::OpenOptions::new().append(true).open(folder.join("access.log")).unwrap();
    for number in numbers {
        let key = if number % 2 == 0 { "k_revoked" } else { "k_usual" };
        writeln!(
            log,
            "203.0.113.77 - - [{now}] \"GET /v1/orders HTTP/1.1\" 200 512 \"-\" \"sdk/1\" \"{key}\" 0.010"
        )
        .unwrap();
    }
}
