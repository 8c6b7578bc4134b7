//! Killed at any moment, the daemon goes on as if nothing had been.

use std::fs;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::program::{query, run};

/// More in the full test: see CONTRIBUTING.md.
const KILLS: u64 = 8;

const LINES_A_ROUND: u64 = 200;

/// Every line has a number in its path, so that a lost or doubled one shows. A key that
/// was revoked long ago is used all the while, so that there is an incident to lose.
fn line(number: u64, second: u64) -> String {
    let key = if number.is_multiple_of(50) { "k_revoked" } else { "k_usual" };
    let at = 1_773_000_000 + second;
    format!(
        "{{\"time\":{at},\"remote_addr\":\"192.0.2.7\",\"method\":\"GET\",\"path\":\"/e/{number}\",\"status\":200,\"key_id\":\"{key}\"}}\n"
    )
}

#[test]
fn nothing_is_lost_or_doubled_by_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let kills = std::env::var("KEYVIGIL_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    fs::write(
        path("inventory.csv"),
        "key_id,owner,role,created,status,status_since\n\
         k_usual,a@example.com,partner,2025-01-01,active,2025-01-01\n\
         k_revoked,b@example.com,partner,2025-01-01,revoked,2025-06-01\n",
    )
    .unwrap();
    fs::write(path("access.log"), "").unwrap();
    let written = Arc::new(AtomicU64::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let writer = thread::spawn({
        let (written, done, log) = (Arc::clone(&written), Arc::clone(&done), path("access.log"));
        move || {
            let mut log = fs::OpenOptions::new().append(true).open(log).unwrap();
            while !done.load(Ordering::Relaxed) {
                let first = written.load(Ordering::Relaxed);
                let lines: String =
                    (first..first + LINES_A_ROUND).map(|it| line(it, it / 100)).collect();
                // Cut anywhere, as buffers are.
                let (start, rest) = lines.split_at(lines.len() / 2 + 7);
                log.write_all(start.as_bytes()).unwrap();
                thread::sleep(Duration::from_millis(3));
                log.write_all(rest.as_bytes()).unwrap();
                written.fetch_add(LINES_A_ROUND, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(10));
            }
        }
    });

    let (log, state) = (path("access.log"), path("state"));
    let inventory = path("inventory.csv");
    let args =
        ["--state", &state, "--inventory", &inventory, "--key-is", "id", "--format", "json", &log];
    let mut seed = 7u64;
    for _ in 0..kills {
        let running = run(&args, folder.path());
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        thread::sleep(Duration::from_millis(300 + (seed >> 33) % 1500));
        running.kill();
    }
    done.store(true, Ordering::Relaxed);
    writer.join().unwrap();

    let mut running = run(&args, folder.path());
    let size = fs::metadata(&log).unwrap().len();
    let at_the_end = format!("\"offset\":{size}");
    let status = running.wait_for("/api/v1/status", |body| body.contains(&at_the_end));
    let incidents = running.wait_for("/api/v1/incidents", |body| body.contains("revoked_key_used"));
    assert_eq!(incidents.matches("\"id\":\"INC-").count(), 1, "{incidents}");
    assert_eq!(running.stop(), 0);

    let lines = written.load(Ordering::Relaxed);
    assert!(status.contains(&format!("\"lines\":{lines}")), "not {lines} lines: {status}");
    assert!(1000 < lines, "only {lines} lines were written");
    let state = folder.path().join("state");
    let counted =
        query(&state, "SELECT count(*) AS lines, count(DISTINCT path) AS paths FROM events");
    assert_eq!(counted, [format!("{lines},{lines}")]);
}
