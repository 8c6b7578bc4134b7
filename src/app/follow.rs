//! The reading stage of the daemon: what the tail delivers, in rounds, with the passing
//! of time between them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use tracing::{error, info, warn};

use super::beats::Stage;
use super::intake::Intake;
use super::job::JobError;
use super::replay::{parser_for, source_of};
use super::stages::Reach;
use super::wall::{self, Wall};
use crate::config::{Config, Source};
use crate::format::{Options, Parser};
use crate::model::{Millis, Position, SourceId, Timestamp};
use crate::tail::{Chunk, Growth, SourceState, SourceStatus, TailOptions, Tailed, Tailer, Unseen};

/// Lines are handed on no more often than this: a lone one at once, those of a busy log
/// together.
const HAND_OVER_EVERY: Millis = Millis(200);

/// How long a quiet tail sleeps, unless a log grows and that is told.
const QUIET: Duration = Duration::from_millis(200);

/// The same where nobody tells it.
const QUIET_UNTOLD: Duration = Duration::from_millis(100);

/// How long it sleeps while lines wait for others.
const UNTIL_DUE: Duration = Duration::from_millis(20);

/// How often the passing of time is told when nothing comes.
const TICK_EVERY: Millis = Millis::seconds(1);

/// How often what is wrong with the patterns is asked for.
const LOOK_AROUND_EVERY: Duration = Duration::from_secs(5);

pub(super) struct Follow {
    tailer: Tailer,
    growth: Growth,
    wall: Wall,
    /// While the clock is doubted: those read to their end. What comes of them next is written now.
    read_up: BTreeSet<SourceId>,
    sources: Vec<Source>,
    unseen: Unseen,
    /// How far each source was read, also of those that are not followed any more.
    positions: BTreeMap<SourceId, Position>,
    /// Rotations and offset of each source, as of the last look.
    places: Vec<(u64, u64)>,
    handed_over: Option<Timestamp>,
    ticked_at: Option<Timestamp>,
    /// By the program's uptime.
    looked_around: Option<Duration>,
    /// Those about which it was said that their lines are not understood.
    unrecognised: BTreeSet<SourceId>,
}

impl Follow {
    pub(super) fn new(
        config: &Config,
        (positions, judged): (&BTreeMap<SourceId, Position>, Option<Timestamp>),
        from_start: bool,
    ) -> Result<Self, JobError> {
        let unseen = if from_start { Unseen::FromBeginning } else { Unseen::FromEnd };
        let tailer = Tailer::new(&options(&config.sources, unseen), positions.clone())?;
        Ok(Self {
            growth: Growth::new(&tailer.directories()),
            tailer,
            wall: Wall::known(judged, super::uptime()),
            read_up: BTreeSet::new(),
            sources: config.sources.clone(),
            unseen,
            positions: positions.clone(),
            places: Vec::new(),
            handed_over: None,
            ticked_at: None,
            looked_around: None,
            unrecognised: BTreeSet::new(),
        })
    }

    /// Reads until it is told to stop or a later stage is gone.
    pub(super) fn run(&mut self, reach: &mut Reach<'_>) -> Result<(), JobError> {
        while !reach.is_stopped() {
            let now = super::now();
            reach.beats.beat(Stage::Reading);
            fail::fail_point!("reading");
            reach.obey(&mut |reach, sources| self.retarget(reach, sources))?;
            let mut busy = false;
            let news = self.tailer.poll(super::uptime());
            self.begin(&news, reach)?;
            for tailed in news {
                match tailed {
                    Tailed::Chunk(chunk) => {
                        busy = true;
                        self.take(&chunk, reach, now)?;
                    }
                    Tailed::Stands { source, position } => {
                        self.positions.insert(source.clone(), position.clone());
                        reach.intake.stands(source, position);
                    }
                    Tailed::TooLong { source } => reach.intake.too_long(&source),
                    Tailed::Lost { source, bytes, because } => {
                        reach.intake.lost(&source, bytes);
                        error!(source = %source.0, bytes, because, "lines may be lost");
                    }
                }
            }
            let statuses = self.tailer.sources();
            // A line without end is skipped: that gives no lines, and is work all the same.
            let places = statuses.iter().map(|it| (it.rotations, it.offset)).collect();
            busy |= std::mem::replace(&mut self.places, places) != self.places;
            let seen = reach.intake.watermark_mut().newest();
            let wall = self.wall.look(now, super::uptime(), seen);
            wall::believe(wall, super::uptime());
            reach.board.note("a leap of the clock", self.wall.trouble());
            let read_up = statuses.iter().filter(|it| self.wall.is_doubted() && it.at_end);
            self.read_up = read_up.map(|it| it.source.clone()).collect();
            note_ends(&statuses, reach.intake, wall);
            reach.board.sources(&statuses, reach.intake);
            self.look_around(reach);
            reach.intake.give_up_parts(Some(now));
            self.hand_over_if_due(reach, now)?;
            if reach.stages.is_broken() {
                return Err(JobError::StageEnded("judging or keeping"));
            }
            if !busy {
                let quiet = if self.growth.is_told() { QUIET } else { QUIET_UNTOLD };
                self.growth.wait(if reach.intake.is_empty() { quiet } else { UNTIL_DUE });
            }
        }
        reach.hand_over()
    }

    /// Keeps where logs begin that were never seen before, and only then reads on.
    fn begin(&self, news: &[Tailed], reach: &Reach<'_>) -> Result<(), JobError> {
        let unseen = news.iter().filter_map(|tailed| match tailed {
            Tailed::Stands { source, position } if !self.positions.contains_key(source) => {
                Some((source.clone(), position.clone()))
            }
            Tailed::Stands { .. }
            | Tailed::Chunk(_)
            | Tailed::TooLong { .. }
            | Tailed::Lost { .. } => None,
        });
        let begun: Vec<(SourceId, Position)> = unseen.collect();
        if begun.is_empty() { Ok(()) } else { reach.stages.begin(begun) }
    }

    /// Follows these logs from now on, in the way they are described.
    fn retarget(&mut self, reach: &mut Reach<'_>, sources: Vec<Source>) -> Result<(), JobError> {
        let before: Vec<SourceStatus> = self.tailer.sources();
        let ways: Vec<Wanted> = before.iter().map(|it| self.wanted(&it.source)).collect();
        self.tailer.retarget(&options(&sources, self.unseen), self.positions.clone())?;
        self.growth.watch(&self.tailer.directories());
        self.sources = sources;
        let followed: BTreeSet<SourceId> =
            self.tailer.sources().into_iter().map(|it| it.source).collect();
        for (status, way) in before.into_iter().zip(ways) {
            if !followed.contains(&status.source) {
                // Or time would wait for a log that nobody reads.
                reach.intake.watermark_mut().forget(&status.source);
            } else if self.wanted(&status.source) != way {
                reach.intake.forget_format(&status.source);
                self.unrecognised.remove(&status.source);
            }
        }
        Ok(())
    }

    /// Says what is wrong with the patterns, and watches new directories for growth.
    fn look_around(&mut self, reach: &Reach<'_>) {
        let now = super::uptime();
        if self.looked_around.is_some_and(|last| now < last + LOOK_AROUND_EVERY) {
            return;
        }
        self.looked_around = Some(now);
        self.growth.watch(&self.tailer.directories());
        if let Some(problem) = self.growth.take_problem() {
            warn!(problem, "logs are read a little later");
        }
        let problems = self.tailer.problems();
        reach.board.note("patterns", (!problems.is_empty()).then(|| problems.join("; ")));
    }

    fn take(
        &mut self,
        chunk: &Chunk,
        reach: &mut Reach<'_>,
        now: Timestamp,
    ) -> Result<(), JobError> {
        self.find_format(chunk, reach.intake);
        let end = chunk.position_after(chunk.bytes.len());
        self.positions.insert(chunk.source.clone(), end);
        let (stages, mut failed) = (reach.stages, None);
        reach.intake.take(chunk, now, &mut |taken| failed = stages.take(taken).err());
        if self.read_up.contains(&chunk.source)
            && let Some(at) = reach.intake.latest()
        {
            self.wall.note_written(at);
        }
        failed.map_or(Ok(()), Err)
    }

    /// Tells the format of a source that is new, or whose lines no longer fit.
    fn find_format(&mut self, chunk: &Chunk, intake: &mut Intake) {
        if intake.knows(&chunk.source) && !intake.doubts(&chunk.source) {
            return;
        }
        let wanted = self.wanted(&chunk.source);
        let again = intake.knows(&chunk.source);
        let lines: Vec<&[u8]> =
            chunk.bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        let from_chunk = || {
            let told = (wanted.format == "auto").then(|| Parser::detect(&lines, &wanted.options));
            told?.ok().map(|detected| detected.parser)
        };
        let path = Path::new(&chunk.source.0);
        let from_file = || {
            parser_for(path, &wanted.format, &wanted.options).ok().and_then(|(parser, _)| parser)
        };
        let parser = if again { from_chunk() } else { from_file().or_else(from_chunk) };
        match &parser {
            Some(parser) => {
                info!(source = %chunk.source.0, format = parser.name(), "format recognised");
            }
            None if self.unrecognised.insert(chunk.source.clone()) => {
                warn!(source = %chunk.source.0, "format not recognised; see `keyvigil check --logs`");
            }
            None => (),
        }
        if parser.is_some() || !again {
            intake.add(&chunk.source, parser);
        } else {
            intake.settle_doubt(&chunk.source);
        }
    }

    fn wanted(&self, source: &SourceId) -> Wanted {
        let is_it = |it: &&Source| {
            let pattern = source_of(Path::new(&it.path)).0;
            pattern == source.0
                || glob::Pattern::new(&pattern).is_ok_and(|pattern| pattern.matches(&source.0))
        };
        let source = self.sources.iter().find(is_it);
        let options = source.map(Source::options);
        let format = source.map_or_else(|| "auto".to_owned(), |it| it.format.clone());
        Wanted { format, options: options.unwrap_or_default() }
    }

    fn hand_over_if_due(&mut self, reach: &mut Reach<'_>, now: Timestamp) -> Result<(), JobError> {
        let old = |since: Option<Timestamp>, age: Millis| {
            since.is_none_or(|since| since.plus(age) <= now || now < since)
        };
        let lines_due = !reach.intake.is_empty() && old(self.handed_over, HAND_OVER_EVERY);
        if lines_due || old(self.ticked_at, TICK_EVERY) {
            self.handed_over = Some(now);
            self.ticked_at = Some(now);
            reach.hand_over()?;
        }
        Ok(())
    }
}

fn options(sources: &[Source], unseen: Unseen) -> TailOptions {
    let pattern = |source: &Source| source_of(Path::new(&source.path)).0;
    let patterns = sources.iter().map(pattern).collect();
    TailOptions { patterns, unseen, ..TailOptions::default() }
}

/// Whether these can be followed at all; said before anything is changed.
pub(super) fn check(sources: &[Source]) -> Result<(), JobError> {
    Tailer::new(&options(sources, Unseen::FromEnd), BTreeMap::new())?;
    Ok(())
}

/// Which sources hold time back, and which follow the clock.
fn note_ends(statuses: &[SourceStatus], intake: &mut Intake, now: Timestamp) {
    let watermark = intake.watermark_mut();
    watermark.follow(now);
    for status in statuses {
        match status.state {
            SourceState::Idle | SourceState::Reading if status.at_end => {
                watermark.caught_up(&status.source, now);
            }
            SourceState::Idle | SourceState::Reading | SourceState::CatchingUp => {
                watermark.behind(&status.source);
            }
            SourceState::Unreadable | SourceState::Missing => watermark.lost(&status.source, now),
        }
    }
}

/// How a source is to be read, by the configuration.
#[derive(PartialEq)]
struct Wanted {
    format: String,
    options: Options,
}
