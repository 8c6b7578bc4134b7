//! The reading stage of the demo: made-up lines instead of a log, first as fast as they
//! come, then at a multiple of their own pace.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::beats::Stage;
use super::job::JobError;
use super::stages::Reach;
use crate::format::{Options, Parser};
use crate::model::{Hour, Millis, SourceId, Timestamp};
use crate::tail::{SourceState, SourceStatus};

/// Where the play stands: in a demo, this is the clock of page and mail.
static PLAYED_TO: AtomicI64 = AtomicI64::new(0);

/// Where the history ended.
static BEGAN: AtomicI64 = AtomicI64::new(0);

/// Played lines are handed on this often, by the wall.
const ROUND: Duration = Duration::from_millis(100);

/// Appends the next hour's lines; `None` when the story is over.
pub type NextHour = Box<dyn FnMut(&mut String) -> Option<Hour> + Send>;

/// What is to be played.
pub struct Play {
    pub next_hour: NextHour,
    /// Lines before it are history to learn from.
    pub from: Timestamp,
    /// How many times faster than life.
    pub speed: u32,
    pub log_format: String,
    /// Where the mails are put, as files.
    pub letters: PathBuf,
    /// Told once, when the history is learned: the number of its events.
    pub on_learned: Box<dyn FnMut(u64) + Send>,
    /// Told once, when the last line is played.
    pub on_over: Box<dyn FnMut() + Send>,
}

/// The clock of a demo.
pub(super) fn played_to() -> Timestamp {
    Timestamp(PLAYED_TO.load(Ordering::Relaxed))
}

/// What happens from here on is told to people.
pub(super) fn began() -> Timestamp {
    Timestamp(BEGAN.load(Ordering::Relaxed))
}

impl Play {
    /// Sets the clock to where the play begins.
    pub(super) fn wind(&self) {
        BEGAN.store(self.from.0, Ordering::Relaxed);
        PLAYED_TO.store(self.from.0, Ordering::Relaxed);
    }

    /// Plays until the story is over, and then waits to be told to stop.
    pub(super) fn run(mut self, reach: &mut Reach<'_>) -> Result<(), JobError> {
        let source = source();
        let options = Options { log_format: Some(self.log_format.clone()), ..Options::default() };
        let parser = Parser::by_name("custom-nginx", &options)
            .map_err(|cause| JobError::Format { path: source.0.clone(), source: cause })?;
        reach.intake.add(&source, Some(parser));
        let mut text = String::new();
        let mut pace = None;
        while (self.next_hour)(&mut text).is_some() && !reach.is_stopped() {
            for line in text.as_bytes().split(|byte| *byte == b'\n').filter(|it| !it.is_empty()) {
                reach.intake.take_line(&source, line, self.from);
                self.go_on(&mut pace, reach)?;
                if reach.is_stopped() {
                    break;
                }
            }
            text.clear();
        }
        reach.intake.watermark_mut().ended(&source);
        reach.hand_over()?;
        if !reach.is_stopped() {
            (self.on_over)();
        }
        while !reach.is_stopped() {
            reach.beats.beat(Stage::Reading);
            reach.obey(&mut |_, _| Ok(()))?;
            std::thread::park_timeout(ROUND);
        }
        Ok(())
    }

    /// After a line: history goes on at once, the story at its pace.
    fn go_on(&mut self, pace: &mut Option<Pace>, reach: &mut Reach<'_>) -> Result<(), JobError> {
        if reach.intake.is_full() {
            reach.beats.beat(Stage::Reading);
            reach.hand_over()?;
        }
        if reach.intake.latest().is_none_or(|latest| latest < self.from) {
            return Ok(());
        }
        if pace.is_none() {
            reach.hand_over()?;
            let learned = reach.intake.counts().map(|(_, counts)| counts.events).sum();
            (self.on_learned)(learned);
        }
        let begin = || Pace { from: self.from, speed: self.speed, began: super::uptime() };
        pace.get_or_insert_with(begin).keep(reach)
    }
}

fn source() -> SourceId {
    SourceId("made-up traffic".to_owned())
}

/// The story is always there to be read.
fn status() -> SourceStatus {
    SourceStatus {
        source: source(),
        state: SourceState::Reading,
        offset: 0,
        size: 0,
        at_end: true,
        rotations: 0,
        losses: 0,
        lost_bytes: 0,
        long_lines: 0,
        problem: None,
    }
}

/// How story and life are related.
#[derive(Clone, Copy)]
struct Pace {
    from: Timestamp,
    speed: u32,
    began: Duration,
}

impl Pace {
    /// Waits until the last line's time has come.
    fn keep(self, reach: &mut Reach<'_>) -> Result<(), JobError> {
        let told = reach.intake.latest().unwrap_or(self.from);
        while self.story_time() < told && !reach.is_stopped() {
            reach.beats.beat(Stage::Reading);
            PLAYED_TO.store(self.story_time().0, Ordering::Relaxed);
            reach.obey(&mut |_, _| Ok(()))?;
            reach.hand_over()?;
            reach.board.sources(&[status()], reach.intake);
            std::thread::park_timeout(ROUND);
        }
        Ok(())
    }

    fn story_time(self) -> Timestamp {
        let lived = super::uptime().saturating_sub(self.began).as_millis();
        let told = i64::try_from(lived).unwrap_or(i64::MAX).saturating_mul(i64::from(self.speed));
        self.from.plus(Millis(told))
    }
}
