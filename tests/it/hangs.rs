//! A disk that does not answer: the page goes on answering and says so, nothing is lost, and the
//! daemon ends when it is told to.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::parts::{text, until};
use crate::program::{Running, free_address, query, start_as};

/// The watchdog's limit: a stage is missed after a third of it.
const WATCHDOG_MICROS: &str = "6000000";

#[test]
fn a_disk_that_hangs_is_said_and_what_waited_is_kept_when_it_answers_again() {
    let mut site = Site::new();
    let mut running = site.start("store.sync=8*off->1*sleep(12000)->off");
    site.write_until(&running, "does not answer");
    let status = running.get("/api/v1/status").unwrap().1;
    assert!(status.contains("\"verdict\":\"degraded\""), "{status}");
    assert!(running.get("/").unwrap().1.contains("does not answer"));
    running.wait_for("/api/v1/status", |body| body.contains("\"problems\":[]"));
    site.check(running);
}

#[test]
fn a_disk_that_never_answers_does_not_keep_the_daemon_from_ending() {
    let mut site = Site::new();
    let running = site.start("store.sync=8*off->pause");
    site.write_until(&running, "does not answer");
    assert_eq!(running.stop(), 1, "{}", fs::read_to_string(site.path("stderr")).unwrap());
    let running = site.start("");
    site.check(running);
}

#[test]
fn what_is_written_to_a_log_that_was_seen_is_read_even_if_nothing_was_kept_by_then() {
    let mut site = Site::new();
    site.start("keeping=sleep(1500)").kill();
    for number in 1..=5 {
        write_line(&site.path("access.log"), number);
    }
    site.lines = 5;
    let running = site.start("");
    site.check(running);
}

/// A log, and a daemon that follows it.
struct Site {
    folder: tempfile::TempDir,
    lines: u64,
}

impl Site {
    fn new() -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap(), lines: 0 };
        fs::write(site.path("access.log"), "").unwrap();
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self, points: &str) -> Running {
        let listen = free_address();
        let config = format!(
            "key_is = \"id\"\nsources = [{{ path = \"{}\", format = \"json\" }}]\n\
             [store]\ndirectory = \"{}\"\n[web]\nlisten = \"{listen}\"\n",
            text(&self.path("access.log")),
            text(&self.path("state")),
        );
        let path = self.path("keyvigil.toml");
        fs::write(&path, config).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyvigil"));
        command.args(["run", "--config", text(&path)]).env("FAILPOINTS", points);
        command.env("WATCHDOG_USEC", WATCHDOG_MICROS);
        let mut running = start_as(&mut command, listen, self.folder.path());
        running.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
        running
    }

    fn write_until(&mut self, running: &Running, said: &str) {
        let log = self.path("access.log");
        until(said, || {
            self.lines += 1;
            write_line(&log, self.lines);
            thread::sleep(Duration::from_millis(200));
            let status = running.get("/api/v1/status")?.1;
            status.contains(said).then_some(())
        });
    }

    /// Every line is there once.
    fn check(&self, mut running: Running) {
        let all = format!("\"lines\":{},", self.lines);
        running.wait_for("/api/v1/status", |body| body.contains(&all));
        assert_eq!(running.stop(), 0);
        let counted = "SELECT count(*) AS n, count(DISTINCT path) AS p FROM events";
        assert_eq!(query(&self.path("state"), counted), [format!("{0},{0}", self.lines)]);
    }
}

fn write_line(log: &Path, number: u64) {
    let at = jiff::Timestamp::now().as_second();
    let mut log = fs::OpenOptions::new().append(true).open(log).unwrap();
    writeln!(
        log,
        "{{\"time\":{at},\"remote_addr\":\"192.0.2.7\",\"method\":\"GET\",\"path\":\"/e/{number}\",\
         \"status\":200,\"key_id\":\"k_usual\"}}"
    )
    .unwrap();
}
