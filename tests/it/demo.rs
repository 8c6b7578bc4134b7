//! The first thing that a new user tries.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::program::{free_address, start};

#[test]
fn the_demo_learns_shows_a_page_finds_something_writes_mails_and_ends_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    let address = free_address();
    let listen = address.to_string();
    let args = ["demo", "--speed", "3600", "--listen", &listen, "--out", out.to_str().unwrap()];
    let mut running = start(&args, address, folder.path());
    let overview = running.wait_for("/", |body| body.contains("keyvigil"));
    assert!(overview.contains("demo"), "it does not say that this is a demo");
    assert!(!overview.contains(">off<"), "it writes mails, and says that it does not");
    running.wait_for("/api/v1/incidents", |body| body.contains("INC-"));
    let since = Instant::now();
    while fs::read_dir(out.join("mails")).map_or(0, Iterator::count) == 0 {
        assert!(since.elapsed() < Duration::from_mins(1), "no mail was written");
        thread::sleep(Duration::from_millis(100));
    }
    let status = running.wait_for("/api/v1/status", |body| body.contains("verdict"));
    assert!(!status.contains("clock"), "a story has its own clock: {status}");
    let id = running.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let status = running.child.wait().unwrap();
    assert_eq!(status.code(), Some(0));
    let said = fs::read_to_string(folder.path().join("stdout")).unwrap();
    assert!(said.contains(&format!("http://{address}/")), "{said}");
    assert!(said.contains("learned from") && said.contains("why "), "{said}");
}
