//! A writer that is faster than the daemon for a while, through a rotation: it says that it is behind,
//! catches up, and has lost nothing.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::program::query;
use crate::site::{LINES_AND_PATHS, Site, lines_and_paths};

/// Written without a pause, which is several times faster than they are read.
const LINES: u64 = 600_000;
const LINES_A_ROUND: u64 = 2000;

#[test]
fn a_log_that_grows_faster_than_it_is_read_is_said_caught_up_with_and_kept() {
    let mut site = Site::new();
    let mut running = site.start("");
    write_without_pause(site.folder.path());
    site.lines = LINES;
    let read = running.get("/api/v1/status").unwrap().1;
    let all = format!("\"lines\":{LINES},");
    assert!(!read.contains(&all), "the writer was not faster: {read}");
    running.wait_for("/api/v1/status", |body| body.contains("\"state\":\"catching_up\""));
    site.wait_until_all_is_read(&mut running);
    let status = running.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
    assert!(status.contains("\"losses\":0"), "{status}");
    running.wait_for("/api/v1/status", |body| {
        let status: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        status["lag_seconds"].as_f64().is_some_and(|lag| lag < 60.0)
    });
    assert_eq!(running.stop(), 0);
    assert_eq!(query(&site.path("state"), LINES_AND_PATHS), lines_and_paths(site.lines));
}

/// In the middle the log is renamed, and a new one begun.
fn write_without_pause(folder: &Path) {
    let path = folder.join("access.log");
    let open = || fs::OpenOptions::new().create(true).append(true).open(&path).unwrap();
    let mut log = open();
    for first in (0..LINES).step_by(usize::try_from(LINES_A_ROUND).unwrap()) {
        if first == LINES / 2 {
            fs::rename(&path, folder.join("access.log.1")).unwrap();
            log = open();
        }
        let at = jiff::Timestamp::now().as_second();
        let line = |number: u64| {
            format!(
                "{{\"time\":{at},\"remote_addr\":\"192.0.2.7\",\"method\":\"GET\",\
                 \"path\":\"/e/{number}\",\"status\":200,\"key_id\":\"k_usual\"}}\n"
            )
        };
        let round: String = (first..first + LINES_A_ROUND).map(line).collect();
        log.write_all(round.as_bytes()).unwrap();
    }
}
