//! Long works begin once more with the allocator told to keep less: as the same process, once, and not where the
//! user has told it something.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::parts::text;
use crate::program::{Running, free_address, start_as};

const ARENAS: &str = "MALLOC_ARENA_MAX";
const TRIM: &str = "MALLOC_TRIM_THRESHOLD_";
const MMAP: &str = "MALLOC_MMAP_THRESHOLD_";

#[test]
fn a_daemon_has_the_settings_in_the_process_that_was_started_and_says_so_to_systemd() {
    let folder = tempfile::tempdir().unwrap();
    let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
    let notify = folder.path().join("notify");
    let running = started(folder.path(), &[("NOTIFY_SOCKET", text(&notify))]);
    let mut said = [0; 4096];
    loop {
        let length = socket.recv(&mut said).unwrap();
        if String::from_utf8_lossy(&said[..length]).contains("READY=1") {
            break;
        }
    }
    let mebibyte = Some("1048576");
    check(&running, &[(ARENAS, Some("2")), (TRIM, mebibyte), (MMAP, mebibyte)]);
    let words = fs::read_to_string(process(&running, "cmdline")).unwrap();
    let words: Vec<&str> = words.trim_end_matches('\0').split('\0').collect();
    assert_eq!(words.first(), Some(&env!("CARGO_BIN_EXE_keyvigil")), "it is called what it was");
    assert_eq!(words.get(1), Some(&"run"));
    assert_eq!(running.stop(), 0);
}

#[test]
fn what_the_user_tells_the_allocator_holds() {
    let folder = tempfile::tempdir().unwrap();
    let running = started(folder.path(), &[(ARENAS, "7")]);
    check(&running, &[(ARENAS, Some("7")), (TRIM, None), (MMAP, None)]);
    assert_eq!(running.stop(), 0);
}

/// A daemon whose page answers.
fn started(folder: &Path, environment: &[(&str, &str)]) -> Running {
    fs::write(folder.join("access.log"), "").unwrap();
    let address = free_address();
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyvigil"));
    command.env_remove(ARENAS).env_remove(TRIM).env_remove(MMAP).envs(environment.iter().copied());
    command.arg("run").arg(folder.join("access.log")).arg("--state").arg(folder.join("state"));
    let mut running = start_as(command.args(["--listen", &address.to_string()]), address, folder);
    running.wait_for("/api/v1/status", |body| body.contains("verdict"));
    running
}

/// The process that was started has these in its environment, each once.
#[track_caller]
fn check(running: &Running, expected: &[(&str, Option<&str>)]) {
    let environment = fs::read(process(running, "environ")).unwrap();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in String::from_utf8_lossy(&environment).split('\0') {
        if let Some((name, value)) = pair.split_once('=') {
            found.entry(name.to_owned()).or_default().push(value.to_owned());
        }
    }
    for (name, value) in expected {
        let values: Vec<&str> =
            found.get(*name).into_iter().flatten().map(String::as_str).collect();
        assert_eq!(values, value.iter().copied().collect::<Vec<_>>(), "{name}");
    }
}

fn process(running: &Running, name: &str) -> String {
    format!("/proc/{}/{name}", running.child.id())
}
