//! A log, an inventory and a configuration in a folder of their own, and a daemon that watches them.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::parts::text;
use crate::program::{Running, free_address, start_as};

/// A log, an inventory with a revoked key, and a configuration of both.
pub(crate) struct Site {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) lines: u64,
}

impl Site {
    pub(crate) fn new() -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap(), lines: 0 };
        let inventory = "key_id,owner,role,created,last_rotated,status,status_since\n\
             k_usual,a@example.com,partner,2025-01-01,2026-06-01,active,2025-01-01\n\
             k_revoked,b@example.com,partner,2025-01-01,2026-06-01,revoked,2025-06-01\n";
        fs::write(site.path("inventory.csv"), inventory).unwrap();
        fs::write(site.path("access.log"), "").unwrap();
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The configuration with its page at this address.
    pub(crate) fn configured(&self, listen: &str, state: &Path, more: &str) -> PathBuf {
        let config = format!(
            "key_is = \"id\"\ninventory = \"{}\"\nsources = [{{ path = \"{}\", format = \"json\" }}]\n\
             [store]\ndirectory = \"{}\"\n[web]\nlisten = \"{listen}\"\n{more}",
            text(&self.path("inventory.csv")),
            text(&self.path("access.log")),
            text(state),
        );
        let path = self.path("keyvigil.toml");
        fs::write(&path, config).unwrap();
        path
    }

    pub(crate) fn start(&self, more: &str) -> Running {
        let mut running = self.start_at(more, "");
        running.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
        running
    }

    /// With points at which something fails, and not yet seen to watch.
    pub(crate) fn start_at(&self, more: &str, points: &str) -> Running {
        let listen = free_address();
        let config = self.configured(&listen.to_string(), &self.path("state"), more);
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyvigil"));
        command.args(["run", "--config", text(&config)]).env("FAILPOINTS", points);
        start_as(&mut command, listen, self.folder.path())
    }

    /// What it said on standard error, over all its lives.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.path("stderr")).unwrap_or_default()
    }

    /// Adds so many lines of some seconds ago. Every path is another one.
    pub(crate) fn write(&mut self, count: u64, key: &str, seconds_ago: i64) {
        let at = jiff::Timestamp::now().as_second() - seconds_ago;
        let mut log = fs::OpenOptions::new().append(true).open(self.path("access.log")).unwrap();
        for number in self.lines..self.lines + count {
            writeln!(
                log,
                "{{\"time\":{at},\"remote_addr\":\"192.0.2.7\",\"method\":\"GET\",\
                 \"path\":\"/e/{number}\",\"status\":200,\"key_id\":\"{key}\"}}"
            )
            .unwrap();
        }
        self.lines += count;
    }

    pub(crate) fn wait_until_all_is_read(&self, running: &mut Running) -> String {
        let all = format!("\"lines\":{},", self.lines);
        running.wait_for("/api/v1/status", |body| body.contains(&all))
    }
}

pub(crate) fn lines_and_paths(lines: u64) -> [String; 1] {
    [format!("{lines},{lines}")]
}

pub(crate) const LINES_AND_PATHS: &str =
    "SELECT count(*) AS lines, count(DISTINCT path) AS paths FROM events";
