//! The reading stage of the demo: made-up lines instead of a log, first as fast as they
//! come, then at a multiple of their own pace.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use memchr::memchr_iter;
use tokio::sync::watch;

use super::beats::{Beats, Stage};
use super::board::Board;
use super::intake::{Intake, Taken};
use super::job::JobError;
use super::stages::{Said, Stages};
use crate::format::{Options, Parser};
use crate::model::{Hour, Millis, SourceId, Timestamp};

/// Where the play stands: in a demo, this is the clock of page and mail.
static PLAYED_TO: AtomicI64 = AtomicI64::new(0);

/// Played lines are handed on this often, by the wall.
const ROUND: Duration = Duration::from_millis(100);

/// What is to be played.
pub struct Play {
    /// Appends the next hour's lines; `None` when the story is over.
    pub next_hour: Box<dyn FnMut(&mut String) -> Option<Hour> + Send>,
    /// Lines before it are history to learn from.
    pub from: Timestamp,
    /// How many times faster than life.
    pub speed: u32,
    pub log_format: String,
    /// Where the mails are put, as files.
    pub letters: PathBuf,
    /// Told once, when the history is learned: the number of its events.
    pub on_learned: Box<dyn FnOnce(u64) + Send>,
}

/// The clock of a demo.
pub(super) fn played_to() -> Timestamp {
    Timestamp(PLAYED_TO.load(Ordering::Relaxed))
}

impl Play {
    /// Sets the clock to where the play begins.
    pub(super) fn wind(&self) {
        PLAYED_TO.store(self.from.0, Ordering::Relaxed);
    }

    /// Plays until the story is over, and then waits to be told to stop.
    pub(super) fn run(
        mut self,
        intake: &mut Intake,
        stages: &Stages,
        board: &Board,
        (beats, stopped): (&Beats, &watch::Receiver<bool>),
    ) -> Result<(), JobError> {
        let source = SourceId("demo".to_owned());
        let options = Options { log_format: Some(self.log_format.clone()), ..Options::default() };
        let parser = Parser::by_name("custom-nginx", &options)
            .map_err(|cause| JobError::Format { path: source.0.clone(), source: cause })?;
        intake.add(source.clone(), Some(parser));
        let mut text = String::new();
        let mut learned = Some(std::mem::replace(&mut self.on_learned, Box::new(|_| ())));
        let mut began = None;
        while (self.next_hour)(&mut text).is_some() {
            let mut start = 0;
            for end in memchr_iter(b'\n', text.as_bytes()) {
                let line = text.as_bytes().get(start..end).unwrap_or_default();
                start = end + 1;
                if *stopped.borrow() {
                    return stages.say(Said::Taken(intake.hand_over()));
                }
                intake.take_line(&source, line, self.from);
                if intake.is_full() {
                    beats.beat(Stage::Reading, super::now());
                    stages.say(Said::Taken(intake.hand_over()))?;
                }
                if intake.latest().is_some_and(|latest| self.from <= latest) {
                    if let Some(learned) = learned.take() {
                        stages.say(Said::Taken(intake.hand_over()))?;
                        learned(intake.counts().map(|(_, counts)| counts.events).sum());
                    }
                    let began = *began.get_or_insert_with(super::uptime);
                    let pace = Pace { from: self.from, speed: self.speed, began };
                    pace.keep(intake, stages, board, (beats, stopped))?;
                }
            }
            text.clear();
        }
        intake.watermark_mut().ended(&source);
        stages.say(Said::Taken(intake.hand_over()))?;
        while !*stopped.borrow() {
            beats.beat(Stage::Reading, super::now());
            std::thread::park_timeout(ROUND);
        }
        Ok(())
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
    fn keep(
        self,
        intake: &mut Intake,
        stages: &Stages,
        board: &Board,
        (beats, stopped): (&Beats, &watch::Receiver<bool>),
    ) -> Result<(), JobError> {
        let told = intake.latest().unwrap_or(self.from);
        while self.story_time() < told && !*stopped.borrow() {
            beats.beat(Stage::Reading, super::now());
            let taken: Taken = intake.hand_over();
            PLAYED_TO.store(self.story_time().0, Ordering::Relaxed);
            stages.say(Said::Taken(taken))?;
            board.publish_if_due();
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
