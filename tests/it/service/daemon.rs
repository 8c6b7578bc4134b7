//! The installed daemon, as the steps of its life need it: its log is written, its status asked.

use std::fs;
use std::io::Write as _;

use super::machine::{Machine, text};

/// The installed daemon.
pub(super) struct Service {
    pub(super) machine: Machine,
    /// Lines in its log.
    pub(super) written: u64,
}

impl Service {
    /// What a monitor asks for.
    pub(super) fn status(&self) -> serde_json::Value {
        let output = self.machine.try_run("keyvigil status --json");
        serde_json::from_str(&text(&output.stdout)).unwrap_or_default()
    }

    pub(super) fn write_lines(&mut self, lines: u64) {
        let mut log = fs::OpenOptions::new()
            .append(true)
            .open(self.machine.path("/var/log/api/access.log"))
            .unwrap();
        let second = jiff::Timestamp::now().as_second();
        for number in self.written..self.written + lines {
            let key = if number.is_multiple_of(50) { "k_revoked" } else { "k_usual" };
            writeln!(
                log,
                "{{\"time\":{second},\"remote_addr\":\"192.0.2.7\",\"method\":\"GET\",\"path\":\"/e/{number}\",\"status\":200,\"key_id\":\"{key}\"}}"
            )
            .unwrap();
        }
        self.written += lines;
    }

    pub(super) fn wait_for_all_lines(&self) {
        self.machine.wait_for(&format!("{} lines", self.written), || {
            let lines = self.status()["sources"][0]["lines"].as_u64();
            assert!(lines <= Some(self.written), "{lines:?} of {} lines", self.written);
            (lines == Some(self.written)).then_some(())
        });
    }

    pub(super) fn wait_for_state(&self, state: &str) {
        self.machine
            .wait_for(state, || (self.status()["sources"][0]["state"] == state).then_some(()));
    }

    pub(super) fn wait_for_another_than(&self, before: &str) {
        self.machine.wait_for("another process", || {
            let now = self.machine.property("MainPID");
            (now != before && now != "0" && self.machine.property("ActiveState") == "active")
                .then_some(())
        });
    }
}
