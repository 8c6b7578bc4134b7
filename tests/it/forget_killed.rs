//! Killed while somebody is forgotten, at each step: the next one who opens the store brings it to
//! its end, and nothing of them is left.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::asking::ask;
use crate::forget::{NAMES, configured, look_everywhere, started, with_history};
use crate::parts::until;
use crate::program::{start_as, stderr, stdout};

/// Where it dies.
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
        let copy = copy_of(&whole);
        let state = copy.path().join("state");
        // What they did is in no log any more.
        fs::write(copy.path().join("access.log"), "").unwrap();
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

/// Comes to a step of the forgetting, and dies there.
fn killed_at(folder: &Path, step: &str, name: &str) {
    let config = folder.join("keyvigil.toml");
    let ended = Command::new(env!("CARGO_BIN_EXE_keyvigil"))
        .args(["forget", flag(name), name, "--yes", "--config", config.to_str().unwrap()])
        .env("FAILPOINTS", format!("{step}=return(die)"))
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), None, "{step}: it did not die: {}", stderr(&ended));
}

#[test]
fn whoever_a_daemon_was_asked_to_forget_when_it_was_killed_is_forgotten_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    with_history(folder.path());
    let whole = folder.path().join("state");
    for (number, step) in STEPS.into_iter().enumerate() {
        let copy = copy_of(&whole);
        // The log still has them: its lines were read, and are not read again.
        fs::copy(folder.path().join("access.log"), copy.path().join("access.log")).unwrap();
        let address = configured(copy.path());
        let name = NAMES[(number + 1) % NAMES.len()];
        let config = copy.path().join("keyvigil.toml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyvigil"));
        command.args(["run", "--config", config.to_str().unwrap()]);
        command.env("FAILPOINTS", format!("{step}=return(die)"));
        let mut dying = start_as(&mut command, address, copy.path());
        dying.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
        let asked = ask(copy.path(), &["forget", flag(name), name, "--yes"]);
        assert!(!asked.status.success(), "{step}: {}", stdout(&asked));
        let ended = until("it has died", || dying.child.try_wait().unwrap());
        assert_eq!(ended.code(), None, "{step}: it did not die: {}", stderr(&asked));
        let address = configured(copy.path());
        let running = started(copy.path(), address);
        until("it is done", || {
            let journal = stdout(&ask(copy.path(), &["journal", "list"]));
            journal.contains("forgot somebody").then_some(())
        });
        let again = stdout(&ask(copy.path(), &["forget", flag(name), name]));
        assert!(again.starts_with("Nothing names them."), "{step}: {again}");
        assert_eq!(running.stop(), 0, "{step}");
        look_everywhere(&copy.path().join("state"), &[name]);
    }
}

/// A folder with the state of another, and an inventory that does not know them.
fn copy_of(whole: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-a").args([whole, &copy.path().join("state")]).status();
    assert!(copied.unwrap().success());
    fs::write(copy.path().join("inventory.csv"), "key_id,status\nother-key,active\n").unwrap();
    copy
}
