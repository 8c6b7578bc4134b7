//! Killed while somebody is forgotten, at each step: the next one who opens the store brings it to
//! its end, and nothing of them is left.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::asking::ask;
use crate::forget::{NAMES, configured, look_everywhere, started, with_history};
use crate::parts::until;
use crate::program::{stderr, stdout};

const PATIENCE: Duration = Duration::from_mins(2);

/// Where it stands still, and is killed.
const STEPS: [&str; 9] = [
    "forgetting begins",
    "forgetting in the store",
    "forgetting events",
    "forgetting incidents",
    "forgetting findings",
    "forgetting messages",
    "forgetting inputs",
    "forgetting in reports",
    "forgetting is written down",
];

#[test]
fn whoever_was_being_forgotten_at_a_kill_is_forgotten_by_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    with_history(folder.path());
    let whole = folder.path().join("state");
    for (number, step) in STEPS.into_iter().enumerate() {
        let copy = tempfile::tempdir().unwrap();
        let state = copy.path().join("state");
        let copied = Command::new("cp").arg("-a").args([&whole, &state]).status();
        assert!(copied.unwrap().success());
        // What they did is in no log any more, and the inventory does not know them.
        fs::write(copy.path().join("access.log"), "").unwrap();
        fs::write(copy.path().join("inventory.csv"), "key_id,status\nother-key,active\n").unwrap();
        let address = configured(copy.path());
        let name = NAMES[number % NAMES.len()];
        killed_at(copy.path(), step, name);
        if number % 2 == 0 {
            // The daemon brings it to its end by itself.
            let running = started(copy.path(), address);
            until("it is done", || {
                let journal = stdout(&ask(copy.path(), &["journal", "list"]));
                journal.contains("forgot somebody").then_some(())
            });
            assert_eq!(running.stop(), 0);
        } else {
            // So does the next who has somebody forgotten.
            let other = ask(copy.path(), &["forget", "--subject", "nobody@example.com", "--yes"]);
            assert!(other.status.success(), "{step}: {}", stderr(&other));
        }
        look_everywhere(&state, &[name]);
        let again = stdout(&ask(copy.path(), &["forget", flag(name), name]));
        assert!(again.starts_with("Nothing names them."), "{step}: {again}");
    }
}

fn flag(name: &str) -> &'static str {
    match NAMES.iter().position(|it| *it == name) {
        Some(0) => "--key",
        Some(1) => "--address",
        _ => "--subject",
    }
}

/// Stands still at a step of the forgetting, and is killed there.
fn killed_at(folder: &Path, step: &str, name: &str) {
    let config = folder.join("keyvigil.toml");
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyvigil"))
        .args(["forget", flag(name), name, "--yes", "--config", config.to_str().unwrap()])
        .env("FAILPOINTS", format!("{step}=sleep(600000)"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (since, mut before, mut still) = (Instant::now(), None, 0);
    // It has come there when it does nothing any more.
    while still < 8 {
        assert!(since.elapsed() < PATIENCE, "{step}: it does not stand still");
        assert!(child.try_wait().unwrap().is_none(), "{step}: it has ended");
        thread::sleep(Duration::from_millis(100));
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        let used: Vec<&str> =
            stat.rsplit(')').next().unwrap().split(' ').skip(12).take(2).collect();
        let now = Some(used.join(" "));
        still = if now == before && stat.contains(") S") { still + 1 } else { 0 };
        before = now;
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
