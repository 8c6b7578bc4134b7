//! What is wrong with the world is said in words that help, and loses nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::program::{keyvigil, query, run, stderr, stdout};

fn line(second: u32) -> String {
    format!(
        "192.0.2.7 - - [09/Mar/2026:10:00:{:02} +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"ExampleBrowser/1.0\"\n",
        second % 60
    )
}

fn good_lines(number: u32) -> String {
    (0..number).map(line).collect()
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let output = keyvigil(&["replay", "/nowhere/access.log"]);
    assert_ne!(output.status.code(), Some(0));
    assert!(stderr(&output).contains("/nowhere/access.log"), "{}", stderr(&output));
}

#[test]
fn a_log_that_is_looked_at_is_named_or_missed_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    fs::write(&log, good_lines(3)).unwrap();
    let output = keyvigil(&["parse", "--json", log.to_str().unwrap()]);
    assert_eq!(stdout(&output).matches("\"event\"").count(), 3, "{}", stdout(&output));
    let output = keyvigil(&["parse", "/nowhere/access.log"]);
    assert_ne!(output.status.code(), Some(0));
    assert!(stderr(&output).contains("/nowhere/access.log"), "{}", stderr(&output));
}

#[test]
fn a_replay_of_lines_without_time_or_key_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("litellm.log");
    let line = "INFO:     192.0.2.7:40000 - \"POST /chat/completions HTTP/1.1\" 200 OK\n";
    fs::write(&log, line.repeat(30)).unwrap();
    let state = folder.path().join("state");
    let args = ["replay", "--state", state.to_str().unwrap(), log.to_str().unwrap()];
    let said = stdout(&keyvigil(&args));
    assert!(said.contains("`keyvigil run` goes by the time at which"), "{said}");
    assert!(said.contains("LiteLLM's spend logs do"), "{said}");
    assert!(!said.contains("1970"), "{said}");
}

#[test]
fn a_directory_in_place_of_a_log_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = keyvigil(&["replay", folder.path().to_str().unwrap()]);
    assert_ne!(output.status.code(), Some(0));
    assert!(stderr(&output).contains("directory"), "{}", stderr(&output));
}

#[test]
fn a_log_of_no_known_format_says_what_to_give() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("odd.log");
    fs::write(&log, "this is\nno access log\nat all\n".repeat(50)).unwrap();
    let output = keyvigil(&["replay", log.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(78), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("odd.log") && said.contains("--log-format"), "{said}");
}

#[test]
fn a_format_with_nothing_between_two_variables_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    fs::write(&log, good_lines(3)).unwrap();
    let log = log.to_str().unwrap();
    let output = keyvigil(&["replay", "--log-format", "$remote_addr$request", log]);
    assert_eq!(output.status.code(), Some(78), "{}", stderr(&output));
    assert!(stderr(&output).contains('^'), "nothing points in\n{}", stderr(&output));
}

/// The lines around it are read, and it is counted.
#[test]
fn a_line_of_ten_megabytes_is_skipped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let ten_megabytes = format!("192.0.2.7 - - [{}\n", "x".repeat(10_000_000));
    fs::write(&log, good_lines(50) + &ten_megabytes + &good_lines(50)).unwrap();
    let output = keyvigil(&["replay", log.to_str().unwrap()]);
    let said = stdout(&output);
    assert!(said.contains("100 lines, 100 of them requests"), "{said}{}", stderr(&output));
    assert!(said.contains("1 lines were too long"), "{said}");
}

#[test]
fn a_binary_file_is_no_log_and_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let mut bytes: Vec<u8> =
        (0..300_000u32).map(|it| it.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect();
    fs::write(&log, &bytes).unwrap();
    let output = keyvigil(&["replay", log.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(78), "{}", stderr(&output));

    // In the middle of a good log it is counted, and what follows is read.
    bytes.push(b'\n');
    let mut mixed = good_lines(300).into_bytes();
    mixed.extend(bytes);
    mixed.extend(good_lines(300).into_bytes());
    fs::write(&log, mixed).unwrap();
    let state = folder.path().join("state");
    let output = keyvigil(&["replay", "--state", state.to_str().unwrap(), log.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(query(&state, "SELECT count(*) FROM events"), ["600"]);
}

#[test]
fn an_inventory_with_a_key_twice_names_both_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("access.log"), good_lines(3)).unwrap();
    fs::write(path("inventory.csv"), "key_id,owner,role\nk_a,x@example.com,r\nk_b,,\nk_a,,\n")
        .unwrap();
    let inventory = path("inventory.csv");
    let output = keyvigil(&["replay", "--inventory", &inventory, &path("access.log")]);
    assert_eq!(output.status.code(), Some(78), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("lines 2 and 4 have the same key_id"), "{said}");
}

#[test]
fn a_second_instance_is_told_apart_by_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    fs::write(&log, good_lines(10)).unwrap();
    let state = folder.path().join("state");
    let (log, state) = (log.to_str().unwrap(), state.to_str().unwrap());
    let mut first = run(&["--state", state, log], folder.path());
    first.wait_for("/api/v1/status", |body| body.contains("\"lines\":10"));
    let output = keyvigil(&["replay", "--state", state, log]);
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
    assert!(stderr(&output).contains("another keyvigil"), "{}", stderr(&output));
    assert_eq!(first.stop(), 0);
}

#[test]
fn a_store_that_is_damaged_is_moved_aside_and_the_log_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    fs::write(&log, good_lines(100)).unwrap();
    let state = folder.path().join("state");
    let replay =
        || keyvigil(&["replay", "--state", state.to_str().unwrap(), log.to_str().unwrap()]);
    assert!(replay().status.success());
    let database = file_named(&state, "db").unwrap();
    let bytes = fs::read(&database).unwrap();
    fs::write(&database, vec![0; bytes.len()]).unwrap();
    let output = replay();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("moved"), "{}", stdout(&output));
    assert_eq!(query(&state, "SELECT count(*) FROM events"), ["100"]);
    let kept = fs::read_dir(&state).unwrap().count() + fs::read_dir(folder.path()).unwrap().count();
    assert!(4 < kept, "the damaged store is gone");
}

/// The first file of that name, however deep.
fn file_named(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.file_name().unwrap() == name {
                return Some(path);
            }
        }
    }
    None
}

/// Root may read anything, so the test is about the mode only where it can be.
#[test]
fn an_unreadable_log_is_shown_with_what_to_do_and_read_when_it_can_be() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let other = folder.path().join("other.log");
    fs::write(&other, good_lines(5)).unwrap();
    // A directory in its place cannot be read by anyone, root included.
    fs::create_dir(&log).unwrap();
    fs::set_permissions(&log, fs::Permissions::from_mode(0o755)).unwrap();
    let mut running = run(&[log.to_str().unwrap(), other.to_str().unwrap()], folder.path());
    let status = running.wait_for("/api/v1/status", |body| body.contains("\"unreadable\""));
    assert!(status.contains("\"lines\":5") || status.contains("other.log"), "{status}");
    fs::remove_dir(&log).unwrap();
    fs::write(&log, good_lines(7)).unwrap();
    running.wait_for("/api/v1/status", |body| body.contains("\"lines\":7"));
    assert_eq!(running.stop(), 0);
}

#[test]
fn an_unknown_setting_ends_run_with_the_exit_code_of_a_wrong_configuration() {
    let output = keyvigil(&["run", "--config", "tests/config/wrong/unknown-setting.toml"]);
    assert_eq!(output.status.code(), Some(78), "{}", stderr(&output));
    assert!(stderr(&output).contains("did you mean `listen`?"), "{}", stderr(&output));
}

#[test]
fn the_page_is_not_served_where_others_could_reach_it() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    fs::write(&log, good_lines(1)).unwrap();
    let output = keyvigil(&["run", "--listen", "0.0.0.0:0", log.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(78), "{}", stderr(&output));
    assert!(stderr(&output).contains("loopback"), "{}", stderr(&output));
}
