//! Wires the rooms together. The only room that knows them all, and the one that reads the clock.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::model::Timestamp;

mod beats;
mod beside;
mod board;
mod compared;
pub mod control;
mod counts;
mod desk;
mod diary;
mod difference;
mod errands;
mod exporting;
mod feed;
mod follow;
mod forgetting;
mod hall;
mod headers;
mod hearing;
mod intake;
#[cfg(test)]
mod intake_tests;
mod job;
mod judge;
mod keeper;
mod keeping;
mod kept;
mod key_file;
mod keyring;
mod known;
mod lateness;
mod live;
mod look;
mod memory_limit;
mod mending;
mod monthly;
mod obstacles;
mod once;
mod ongoing;
mod orders;
mod outputs;
mod pending;
mod people;
mod play;
mod reading;
mod recovering;
mod replay;
mod rotation;
mod routes;
mod spares;
mod stages;
mod steward;
mod subject;
mod tidying;
mod tls;
mod troubles;
mod unfinished;
mod wall;
mod watermark;
mod ways;
mod whole_file;
mod whose;
mod windows;

pub use counts::Counts;
pub use exporting::export_at_rest;
pub use forgetting::{Receipt, forget_at_rest};
pub use job::{JobError, Outputs, open_existing};
pub use kept::kept;
pub use keyring::ask_at_rest;
pub use live::{Live, Reader, run};
pub use look::{Resting, look};
pub use mending::{compact, repair, verify};
pub use obstacles::{Obstacle, Obstacles, obstacles};
pub use play::{NextHour, Play};
pub use reading::Reject;
pub use replay::{Progress, Replay, SourceSummary, Summary};
pub use rotation::rotate_at_rest;
pub use steward::{Reloaded, Reread};
pub use ways::{check_way, render_mail, send_test_mail, smtp_options};
pub use whole_file::write_whole;

/// The one clock of the program.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let at = Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX));
    // A test sets it by as many seconds as stand in a file.
    fail::fail_point!("clock", |file: Option<String>| {
        let seconds = std::fs::read_to_string(file.unwrap_or_default()).unwrap_or_default();
        at.plus(crate::model::Millis::seconds(seconds.trim().parse().unwrap_or(0)))
    });
    at
}

/// How long the program has run, for timers: unlike [`now`] it never jumps.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
fn uptime() -> Duration {
    static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
    STARTED.elapsed()
}

/// The machine's name, as the page shows it.
fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}
