//! The key of the store: replaced while the daemon works, over kills, and asked for when it is
//! missing.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::parts::{text, until};
use crate::program::{Running, free_address, keyvigil, query, start_as, stderr, stdout};

const LINES: u64 = 60_000;
const COUNTS: &str = "SELECT count(*) AS lines, count(DISTINCT path) AS paths FROM events";

struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    /// With a log that takes some thousand values to remember.
    fn new() -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap() };
        let mut lines = String::new();
        let at = jiff::Timestamp::now().as_second() - 100;
        for number in 1..=LINES {
            let word = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            writeln!(
                lines,
                "{{\"time\":{at},\"remote_addr\":\"192.0.2.7\",\"method\":\"GET\",\"path\":\"/e/{number}\",\"status\":200,\"user_agent\":\"{word:016x}{:016x}\",\"key_id\":\"k_usual\"}}",
                word.rotate_left(17).wrapping_mul(word)
            )
            .unwrap();
        }
        fs::write(site.path("access.log"), lines).unwrap();
        for (name, digit) in [("one.key", "1"), ("two.key", "2")] {
            fs::write(site.path(name), digit.repeat(64)).unwrap();
        }
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the configuration; `store` is what stands below `[store]`.
    fn configured(&self, listen: &str, store: &str) -> PathBuf {
        let config = format!(
            "key_is = \"id\"\n[store]\ndirectory = \"{}\"\n{store}\n[web]\nlisten = \"{listen}\"\n",
            text(&self.path("state")),
        );
        let path = self.path("keyvigil.toml");
        fs::write(&path, config).unwrap();
        path
    }

    fn key(&self, name: &str) -> String {
        format!("{{ file = \"{}\" }}", text(&self.path(name)))
    }

    /// The daemon, with points at which it hesitates.
    fn start(&self, store: &str, points: &str) -> Running {
        let address = free_address();
        let config = self.configured("off", store);
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyvigil"));
        command.args(["run", "--listen", &address.to_string(), "--format", "json", "--config"]);
        command.arg(config).arg("--state").arg(self.path("state"));
        command.arg(self.path("access.log")).env("FAILPOINTS", points);
        start_as(&mut command, address, self.folder.path())
    }

    fn ask(&self, store: &str, args: &[&str]) -> std::process::Output {
        let config = self.configured("off", store);
        keyvigil(&[args, &["--config", text(&config)]].concat())
    }
}

fn fill(running: &mut Running) {
    let all = format!("\"lines\":{LINES},");
    running.wait_for("/api/v1/status", |body| body.contains(&all));
}

fn percent(running: &Running) -> Option<Value> {
    let status: Value = serde_json::from_str(&running.get("/api/v1/status")?.1).ok()?;
    Some(status["store"]["rotation_percent"].clone())
}

#[test]
fn a_key_is_replaced_while_the_daemon_works_and_over_kills() {
    let site = Site::new();
    let (one, two) = (site.key("one.key"), site.key("two.key"));
    let mut running = site.start(&format!("key = {one}"), "");
    fill(&mut running);
    assert_eq!(running.stop(), 0);

    let both = format!("key = {two}\nprevious_keys = [{one}]");
    let mut running = site.start(&both, "rotating=1*off->sleep(1500)");
    let begun = until("a piece is done and more are to come", || {
        percent(&running)?.as_u64().filter(|percent| *percent != 0)
    });
    assert!(begun < 100);
    let page = running.wait_for("/health", |body| body.contains("New key of the store"));
    assert!(page.contains("% encrypted with it"));
    running.kill();

    let refused = site.ask(&format!("key = {two}"), &["run"]);
    assert_eq!(refused.status.code(), Some(78), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("[store] previous_keys"), "{}", stderr(&refused));

    for _ in 0..3 {
        let running = site.start(&both, "rotating=sleep(300)");
        until("it runs", || percent(&running));
        running.kill();
    }
    let running = site.start(&both, "");
    until("it is over", || percent(&running).filter(Value::is_null));
    let said = until("it is said", || {
        let said = fs::read_to_string(&running.stderr).ok()?;
        said.contains("encrypted with its new key").then_some(said)
    });
    assert!(!said.contains(&"2".repeat(64)) && !said.contains(&"1".repeat(64)));
    assert_eq!(running.stop(), 0);

    let counted = site.ask(&format!("key = {two}"), &["query", COUNTS]);
    assert!(stdout(&counted).ends_with(&format!("\n{LINES},{LINES}\n")), "{}", stderr(&counted));
    let refused = site.ask(&format!("key = {one}"), &["query", COUNTS]);
    assert_eq!(refused.status.code(), Some(78));
    assert!(stderr(&refused).contains("cannot be read with this key"), "{}", stderr(&refused));
}

#[test]
fn the_key_beside_the_store_is_replaced_by_a_command() {
    let site = Site::new();
    let mut running = site.start("", "");
    fill(&mut running);
    let refused = site.ask("", &["store", "rotate-key"]);
    assert_eq!(refused.status.code(), Some(75), "{}", stderr(&refused));
    assert_eq!(running.stop(), 0);
    let before = key_of(&site.path("state"));
    let done = site.ask("", &["store", "rotate-key"]);
    assert!(done.status.success(), "{}", stderr(&done));
    assert!(stdout(&done).contains("values were encrypted anew"), "{}", stdout(&done));
    assert_ne!(key_of(&site.path("state")), before);
    assert!(!site.path("state/store.key.old").exists());
    assert_eq!(query(&site.path("state"), COUNTS), [format!("{LINES},{LINES}")]);

    let two = format!("key = {}", site.key("two.key"));
    let done = site.ask(&two, &["store", "rotate-key"]);
    assert!(stdout(&done).contains("encrypted anew"), "{}{}", stdout(&done), stderr(&done));
    assert!(!site.path("state/store.key").exists(), "nothing needs it any more");
    let told = site.ask(&two, &["store", "rotate-key"]);
    assert!(stdout(&told).contains("openssl rand -hex 32"), "{}", stdout(&told));
    let refused = site.ask("", &["query", COUNTS]);
    assert_eq!(refused.status.code(), Some(78));
}

#[test]
fn a_configured_key_that_is_missing_or_none_says_what_to_do() {
    let site = Site::new();
    fs::write(site.path("broken.key"), "12345").unwrap();
    for (store, said) in [
        ("key = { env = \"KEYVIGIL_NO_SUCH_KEY\" }".to_owned(), "is not set"),
        ("key = { credential = \"store-key\" }".to_owned(), "/etc/credstore/keyvigil.store-key"),
        (format!("key = {}", site.key("no-such.key")), "no-such.key"),
        (format!("key = {}", site.key("broken.key")), "openssl rand -hex 32"),
        (format!("previous_keys = {}", site.key("broken.key")), "openssl rand -hex 32"),
    ] {
        let refused = site.ask(&store, &["run"]);
        assert_eq!(refused.status.code(), Some(78), "{store}: {}", stderr(&refused));
        assert!(stderr(&refused).contains(said), "{store}: {}", stderr(&refused));
        assert!(!site.path("state/store").exists(), "no store is begun without its key");
    }
}

fn key_of(state: &Path) -> String {
    fs::read_to_string(state.join("store.key")).unwrap()
}

/// Loses a stretch in the middle of the store's file, as a failing disk does.
fn damage(state: &Path) {
    let path = state.join("store/db");
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes.iter_mut().skip(end / 3).take(end / 3).for_each(|byte| *byte = 0);
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_file_doubles_no_line_and_is_mended_by_a_command_or_by_itself() {
    let site = Site::new();
    let mut running = site.start("", "");
    fill(&mut running);
    assert_eq!(running.stop(), 0);
    let whole = site.ask("", &["store", "verify"]);
    assert!(whole.status.success(), "{}{}", stdout(&whole), stderr(&whole));
    assert!(stdout(&whole).starts_with("The store is whole: 60000 events"), "{}", stdout(&whole));

    damage(&site.path("state"));
    let broken = site.ask("", &["store", "verify"]);
    assert_eq!(broken.status.code(), Some(1), "{}", stderr(&broken));
    assert!(stdout(&broken).contains("next: keyvigil store repair"), "{}", stdout(&broken));
    let repaired = site.ask("", &["store", "repair"]);
    assert!(repaired.status.success(), "{}", stderr(&repaired));
    assert!(stdout(&repaired).contains("store.damaged-1"), "{}", stdout(&repaired));
    let whole = site.ask("", &["store", "verify"]);
    assert!(whole.status.success(), "{}", stdout(&whole));

    // And by itself: the daemon mends it, says so, and reads again what is lost.
    damage(&site.path("state"));
    let mut running = site.start("", "");
    let status =
        running.wait_for("/api/v1/status", |body| body.contains("The store was damaged. It was"));
    assert!(status.contains("store.damaged-2"), "{status}");
    assert_eq!(running.stop(), 0);
    let [counts] = query(&site.path("state"), COUNTS).try_into().unwrap();
    let (lines, paths) = counts.split_once(',').unwrap();
    assert_eq!(lines, paths, "a line counts twice");
    let compacted = site.ask("", &["store", "compact"]);
    assert!(stdout(&compacted).starts_with("The store took "), "{}", stderr(&compacted));
    assert_eq!(query(&site.path("state"), COUNTS), [counts]);
}
