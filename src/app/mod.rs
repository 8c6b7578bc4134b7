//! Wires the rooms together. The only room that knows them all, and the one that reads the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::model::Timestamp;

mod beats;
mod board;
mod demo;
mod follow;
mod intake;
mod job;
mod judge;
mod keeper;
mod live;
mod outputs;
mod people;
mod replay;
mod stages;
mod watermark;

pub use demo::{Demo, DemoOptions};
pub use intake::{Counts, Reject};
pub use job::{JobError, Outputs};
pub use live::{Live, run};
pub use replay::{Progress, Replay, Summary};

/// The one clock of the program.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
