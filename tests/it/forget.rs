//! Somebody who is forgotten is found nowhere afterwards, and is not learned again.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use keyvigil::store::{OpenOptions, Store};

use crate::asking::ask;
use crate::program::{LOG_FORMAT, Running, free_address, start, stderr, stdout};

/// A key, its address, and a person: found nowhere when they were forgotten.
pub(crate) const NAMES: [&str; 3] = ["zq-victim-7f31", "203.0.113.77", "cleo.vanish@example.com"];

#[test]
fn a_forgotten_subject_is_found_in_no_value_and_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut running = watched(folder.path());
    fs::write(path("access.log"), log()).unwrap();
    running.wait_for("/api/v1/incidents", |body| body.contains(NAMES[0]));
    running.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
    // The journal names them, too, and a written report does.
    let sql = format!("SELECT * FROM events WHERE key = '{}'", NAMES[0]);
    assert!(stdout(&ask(folder.path(), &["query", &sql])).contains(NAMES[1]));
    fs::create_dir_all(path("state/reports")).unwrap();
    fs::write(path("state/reports/keyvigil-2026-01.json"), format!("{{\"a\":\"{}\"}}", NAMES[0]))
        .unwrap();
    fs::create_dir_all(path("state/store.damaged-1")).unwrap();
    assert_eq!(NAMES.map(|name| found(&folder.path().join("access.log"), name)), [true; 3]);

    let exported = stdout(&ask(folder.path(), &["export", "--key", NAMES[0]]));
    assert!(exported.contains(NAMES[1]) && exported.contains("revoked_key_used"), "{exported}");
    assert!(!exported.contains("other-key"), "{exported}");
    let csv = stdout(&ask(folder.path(), &["export", "--address", NAMES[1], "--format", "csv"]));
    assert_eq!(csv.lines().count(), 31, "{csv}");

    let preview = stdout(&ask(folder.path(), &["forget", "--key", NAMES[0]]));
    assert!(preview.contains("      30  events\n"), "{preview}");
    assert!(preview.contains("inventory.csv names them"), "{preview}");
    assert!(preview.ends_with("Nothing was changed yet; --yes does it.\n"), "{preview}");
    assert!(stdout(&ask(folder.path(), &["keys"])).contains(NAMES[0]), "it was a preview");

    fs::write(path("inventory.csv"), "key_id,status\nother-key,active\n").unwrap();
    assert!(ask(folder.path(), &["reload"]).status.success());
    for (flag, name) in ["--key", "--address", "--subject"].into_iter().zip(NAMES) {
        let output = ask(folder.path(), &["forget", flag, name, "--yes"]);
        let told = stdout(&output);
        assert!(output.status.success(), "{told}{}", stderr(&output));
        assert!(told.contains("Receipt ") && !told.contains(name), "{told}");
    }
    let keys = stdout(&ask(folder.path(), &["keys"]));
    assert!(keys.contains("other-key") && !keys.contains(NAMES[0]), "{keys}");
    for page in ["/", "/incidents", "/keys", "/api/v1/incidents", "/api/v1/keys"] {
        let body = running.get(page).unwrap().1;
        assert!(!NAMES.iter().any(|name| body.contains(name)), "{page}: {body}");
    }
    // However it ends, what was journalled before teaches it nothing again.
    running.kill();
    let running = restarted(folder.path());
    assert!(!stdout(&ask(folder.path(), &["keys"])).contains(NAMES[0]));
    assert_eq!(running.stop(), 0);
    look_everywhere(&folder.path().join("state"), &NAMES);

    let again = stdout(&ask(folder.path(), &["forget", "--key", NAMES[0], "--yes"]));
    assert!(again.starts_with("Nothing names them."), "{again}");
    let verified = ask(folder.path(), &["journal", "verify"]);
    assert_eq!(verified.status.code(), Some(0), "{}", stdout(&verified));
    assert!(stdout(&verified).contains("words in it were forgotten"), "{}", stdout(&verified));
    check_kept_heads(folder.path());
    let left = stdout(&ask(folder.path(), &["query", "SELECT count(*) AS n FROM events"]));
    assert_eq!(left.trim(), "n\n30", "the others are there");
}

#[test]
fn somebody_is_forgotten_while_no_daemon_runs() {
    let folder = tempfile::tempdir().unwrap();
    with_history(folder.path());
    fs::write(folder.path().join("inventory.csv"), "key_id,status\nother-key,active\n").unwrap();
    for (flag, name) in ["--key", "--address", "--subject"].into_iter().zip(NAMES) {
        let output = ask(folder.path(), &["forget", flag, name, "--yes", "--json"]);
        let receipt: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(receipt["is_preview"], false, "{receipt}");
        assert!(!receipt.to_string().contains(name), "{receipt}");
    }
    look_everywhere(&folder.path().join("state"), &NAMES);
}

#[test]
fn what_is_delivered_again_of_somebody_who_was_forgotten_is_new_and_of_others_not() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    fs::write(&log, "").unwrap();
    fs::write(folder.path().join("inventory.csv"), "key_id,status\nother-key,active\n").unwrap();
    // The time is of the record, not of its delivery.
    let at = jiff::Timestamp::now().as_second();
    let (begin, mut delivered) = (|| restarted_with(folder.path(), "format = \"json\""), 0);
    let mut deliver = |running: &mut Running| {
        let line = |key: &str, id: &str| {
            format!(
                "{{\"time\":{at},\"remote_addr\":\"192.0.2.7\",\"method\":\"GET\",\"path\":\"/v1/orders\",\
                 \"status\":200,\"key_id\":\"{key}\",\"event_id\":\"{id}\"}}\n"
            )
        };
        let both = line(NAMES[0], "17") + &line("other-key", "18");
        fs::OpenOptions::new().append(true).open(&log).unwrap().write_all(both.as_bytes()).unwrap();
        delivered += 2;
        running
            .wait_for("/api/v1/status", |body| body.contains(&format!("\"lines\":{delivered},")));
    };
    let forget = || ask(folder.path(), &["forget", "--key", NAMES[0], "--yes"]);
    let stored = || {
        let sql = "SELECT key, count(*) AS n FROM events GROUP BY key ORDER BY key";
        stdout(&ask(folder.path(), &["query", sql]))
    };
    let both = format!("key,n\nother-key,1\n{},1\n", NAMES[0]);

    let mut running = begin();
    deliver(&mut running);
    deliver(&mut running);
    assert!(forget().status.success());
    deliver(&mut running);
    assert_eq!(running.stop(), 0);
    assert_eq!(stored(), both);
    // The same while nobody runs.
    assert!(forget().status.success());
    assert_eq!(stored(), "key,n\nother-key,1\n");
    let mut running = begin();
    deliver(&mut running);
    assert_eq!(running.stop(), 0);
    assert_eq!(stored(), both);
}

/// The heads that the daemon told are kept, with their signatures: they are asked for.
fn check_kept_heads(folder: &Path) {
    let told = fs::read_to_string(folder.join("stderr")).unwrap();
    let verify = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        let output = ask(folder, &["journal", "verify", "--head", path.to_str().unwrap()]);
        (output.status.code(), stdout(&output) + &stderr(&output))
    };
    let (code, text) = verify("kept", &told);
    assert!(code == Some(0) && text.contains("nothing was changed since it was kept"), "{text}");
    let (before, signed) = told.split_once("signature=\"").unwrap();
    let mut digits = signed.chars();
    let digit = if digits.next() == Some('0') { '1' } else { '0' };
    let forged = format!("{before}signature=\"{digit}{}", digits.as_str());
    let (code, text) = verify("forged", &forged);
    assert!(code == Some(65) && text.contains("its signature is not good"), "{text}");
    assert_eq!(verify("none", "nothing of it").0, Some(2));
}

/// A state in which all of them were seen, and nobody runs.
pub(crate) fn with_history(folder: &Path) {
    let mut running = watched(folder);
    fs::write(folder.join("access.log"), log()).unwrap();
    running.wait_for("/api/v1/incidents", |body| body.contains(NAMES[0]));
    running.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
    assert_eq!(running.stop(), 0);
}

/// The victim's lines, and as many of somebody else.
fn log() -> String {
    let now = jiff::Timestamp::now();
    let mut log = String::new();
    for second in 0..30 {
        let at = now - jiff::SignedDuration::from_secs(90 - second);
        let at = at.strftime("%d/%b/%Y:%H:%M:%S +0000");
        let [key, address, person] = NAMES;
        write!(
            log,
            "{address} - {person} [{at}] \"GET /v1/users/{key}/orders HTTP/1.1\" 200 512 \"-\" \"sdk/1\" \"{key}\" 0.010\n\
             198.51.100.3 - - [{at}] \"GET /v1/orders HTTP/1.1\" 200 512 \"-\" \"sdk/1\" \"other-key\" 0.010\n"
        )
        .unwrap();
    }
    log
}

fn watched(folder: &Path) -> Running {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    fs::write(path("access.log"), "").unwrap();
    let inventory = format!(
        "key_id,owner,status,status_since\n{},{},revoked,2026-01-01\nother-key,ana,active,\n",
        NAMES[0], NAMES[2]
    );
    fs::write(path("inventory.csv"), inventory).unwrap();
    restarted(folder)
}

fn restarted(folder: &Path) -> Running {
    restarted_with(folder, &format!("log_format = '{LOG_FORMAT}'"))
}

fn restarted_with(folder: &Path, format: &str) -> Running {
    let address = configured_with(folder, format);
    started(folder, address)
}

/// Where the page will be.
pub(crate) fn configured(folder: &Path) -> SocketAddr {
    configured_with(folder, &format!("log_format = '{LOG_FORMAT}'"))
}

fn configured_with(folder: &Path, format: &str) -> SocketAddr {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let address = free_address();
    let config = format!(
        "key_is = \"id\"\ninventory = \"{}\"\n[[sources]]\npath = \"{}\"\n{format}\n\
         [store]\ndirectory = \"{}\"\n[web]\nlisten = \"{address}\"\n",
        path("inventory.csv"),
        path("access.log"),
        path("state"),
    );
    fs::write(path("keyvigil.toml"), config).unwrap();
    address
}

pub(crate) fn started(folder: &Path, address: SocketAddr) -> Running {
    let config = folder.join("keyvigil.toml");
    let mut running = start(&["run", "--config", config.to_str().unwrap()], address, folder);
    running.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
    running
}

/// No value of the store and no file has any of the names.
pub(crate) fn look_everywhere(state: &Path, names: &[&str]) {
    let store = Store::open(state, &OpenOptions::default()).unwrap();
    let mut values = 0;
    let mut see = |name: &[u8], value: &[u8]| {
        values += 1;
        for needle in names {
            let is_in = |it: &[u8]| {
                it.windows(needle.len()).any(|it| it.eq_ignore_ascii_case(needle.as_bytes()))
            };
            let (name_text, text) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
            assert!(!is_in(name) && !is_in(value), "{needle} stands in {name_text:?}: {text}");
        }
    };
    store.every_value(&mut see).unwrap();
    assert!(20 < values, "{values} values");
    assert!(store.journal_check(&[]).unwrap().is_whole());
    store.close().unwrap();
    let mut folders = vec![state.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            for needle in names {
                assert!(!found(&path, needle), "{needle} stands in {}", path.display());
            }
        }
    }
    assert!(!state.join("store.damaged-1").exists());
}

fn found(path: &Path, needle: &str) -> bool {
    let bytes = fs::read(path).unwrap();
    bytes.windows(needle.len()).any(|it| it == needle.as_bytes())
}
