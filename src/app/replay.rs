//! History through the same engine: files in, what was found out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf, absolute};
use std::sync::{Arc, Mutex};

use super::beats::Beats;
use super::board::Board;
use super::counts::Counts;
use super::intake::{Intake, Taken};
use super::job::{Job, JobError, Outputs};
use super::judge::Rhythm;
use super::keeper::{Announce, Keeper, Pending, Policy, REPLAY_BLOCKS_MAX};
use super::outputs::{Beginning, Writers};
use super::stages::Stages;
use super::tidying::Tidying;
use crate::config::{Config, format_name};
use crate::engine::{Input, Overview};
use crate::format::{Options, Parser, Sample};
use crate::incident::{Incident, IncidentId, StaleFinding};
use crate::model::{Millis, SourceId, Timestamp};
use crate::tail::{Chunk, FileReader, Limits};

/// Lines of a file's head among which the names of its columns are looked for.
const HEAD_LINES_MAX: usize = 20;

/// A line this far ahead of the one before it is not waited for …
const AHEAD_MAX: Millis = Millis::days(1);

/// … unless more than so many in a row agree: then the log was quiet.
const AHEAD_LINES_MAX: usize = 7;

/// What is to be replayed.
#[derive(Debug)]
pub struct Replay {
    pub config: Config,
    pub files: Vec<PathBuf>,
    pub options: Options,
    pub format: String,
    /// `None`: the state is temporary.
    pub state: Option<PathBuf>,
    pub outputs: Outputs,
    pub limits: Limits,
}

/// How far it has come, for a progress bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub bytes_read: u64,
    pub bytes_total: u64,
}

/// What came of it, for a person.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    pub sources: Vec<SourceSummary>,
    pub overview: Overview,
    /// The worst first.
    pub incidents: Vec<Incident>,
    pub stale: Vec<StaleFinding>,
    pub warnings: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub struct SourceSummary {
    pub path: String,
    pub format: String,
    pub missing: Vec<&'static str>,
    pub counts: Counts,
    pub long_lines: u64,
}

/// A file with its next unread line.
struct Feed {
    source: SourceId,
    reader: FileReader,
    chunk: Option<Chunk>,
    consumed: usize,
    /// Up to where all was dealt with.
    whole: usize,
    /// The time of the last line that did not lie far ahead, and how many did since.
    last: Option<Timestamp>,
    ahead: usize,
    missing: Vec<&'static str>,
}

impl Replay {
    /// Reads all files in time order. `announce` is told of each incident as it comes.
    pub fn run(
        &self,
        announce: Announce,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Summary, JobError> {
        let mut job = Job::open(&self.config, self.state.as_deref(), Rhythm::Rarely)?;
        let mut feeds = self.open_feeds(&mut job)?;
        let found = Arc::new(Mutex::new(Found::default()));
        let board = Board::collecting(Arc::clone(&found));
        let keeper = Keeper {
            store: job.store.take(),
            writers: Writers::create(&self.outputs, Beginning::Anew)?,
            board,
            beats: Beats::default(),
            now: super::now,
            policy: Policy::of_history(),
            blocks_max: REPLAY_BLOCKS_MAX,
            announce,
            pending: Pending::default(),
            stopped: None,
            newest: None,
            tidying: Tidying::default(),
        };
        let stages = Stages::start(job.judge, keeper);
        stages.keep(job.keeping)?;
        for input in job.first_inputs {
            stages.tell(input)?;
        }
        let read = read_all(&mut job.intake, &mut feeds, &stages, progress);
        // The error of the stage that ended says more than that its channel is closed.
        stages.finish()?;
        read?;
        let found =
            std::mem::take(&mut *found.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        job.warnings.extend(job.degraded);
        Ok(found.into_summary(&job.intake, &feeds, job.warnings))
    }

    fn open_feeds(&self, job: &mut Job) -> Result<Vec<Feed>, JobError> {
        let mut feeds = Vec::new();
        for path in &self.files {
            let source = source_of(path);
            let position = job.positions.get(&source).cloned();
            // By its absolute path, so that its chunks carry the same name.
            let reader = FileReader::open(Path::new(&source.0), self.limits, position.as_ref())?;
            let (parser, missing) = parser_for(path, &self.format, &self.options)?;
            job.intake.add(&source, parser);
            feeds.push(Feed {
                source,
                reader,
                chunk: None,
                consumed: 0,
                whole: 0,
                last: None,
                ahead: 0,
                missing,
            });
        }
        Ok(feeds)
    }
}

/// The name of a file as a source: its absolute path, so that `run` goes on where
/// `replay` stopped.
pub(super) fn source_of(path: &Path) -> SourceId {
    SourceId(absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string())
}

/// The parser of that name, or the one that the file's first lines fit; none for an
/// empty file.
pub(super) fn parser_for(
    path: &Path,
    format: &str,
    options: &Options,
) -> Result<(Option<Parser>, Vec<&'static str>), JobError> {
    let failed = |source| JobError::Format { path: path.display().to_string(), source };
    let name = format_name(format, options.log_format.as_deref());
    if name != "auto" {
        let mut parser = Parser::by_name(name, options).map_err(failed)?;
        if parser.needs_header() {
            // A file that is gone on with in its middle has its columns' names at its head.
            for line in sample(path)?.iter().take(HEAD_LINES_MAX) {
                parser.take_header(line);
            }
        }
        return Ok((Some(parser), Vec::new()));
    }
    let sample = sample(path)?;
    let lines: Vec<&[u8]> = sample.iter().map(Vec::as_slice).collect();
    if lines.is_empty() {
        return Ok((None, Vec::new()));
    }
    let detected = Parser::detect(&lines, options).map_err(failed)?;
    Ok((Some(detected.parser), detected.missing))
}

/// The first lines of a file.
pub(super) fn sample(path: &Path) -> Result<Vec<Vec<u8>>, JobError> {
    let mut reader = FileReader::open(path, Limits::default(), None)?;
    let mut sample = Sample::default();
    while let Some(chunk) = reader.next_chunk()? {
        let lines = chunk.bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.for_each(|line| sample.push(line));
        if sample.is_full() {
            break;
        }
    }
    Ok(sample.into_lines())
}

fn read_all(
    intake: &mut Intake,
    feeds: &mut [Feed],
    stages: &Stages,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), JobError> {
    let mut failed = None;
    let mut ready = |taken: Taken| failed = stages.take(taken).err();
    match &mut *feeds {
        [feed] => {
            while let Some(chunk) = feed.reader.next_chunk()? {
                let arrival = intake.latest().unwrap_or_default();
                intake.take(&chunk, arrival, &mut ready);
                feed.reader.reuse(chunk.bytes);
                progress(Progress::of(std::slice::from_ref(feed)));
            }
        }
        _ => in_time_order(intake, feeds, progress, &mut ready)?,
    }
    intake.give_up_parts(None);
    for feed in feeds.iter() {
        intake.watermark_mut().ended(&feed.source);
    }
    ready(intake.hand_over());
    failed.map_or(Ok(()), Err)?;
    stages.tell(Input::Finish)
}

/// Takes line after line from whichever file's next line is the oldest.
fn in_time_order(
    intake: &mut Intake,
    feeds: &mut [Feed],
    progress: &mut dyn FnMut(Progress),
    ready: &mut dyn FnMut(Taken),
) -> Result<(), JobError> {
    let mut heads: BTreeMap<usize, Timestamp> = BTreeMap::new();
    for (place, feed) in feeds.iter_mut().enumerate() {
        heads.extend(feed.head(intake, None)?.map(|head| (place, head)));
    }
    // A first line can be from the future too.
    let ahead = heads.values().min().map(|first| (*first, first.plus(AHEAD_MAX)));
    for head in heads.values_mut() {
        *head = ahead.filter(|(_, ahead)| ahead < head).map_or(*head, |(first, _)| first);
    }
    while let Some((&place, &head)) = heads.iter().min_by_key(|(place, head)| (**head, **place)) {
        let next = heads.iter().filter(|(other, _)| **other != place).map(|(_, at)| *at).min();
        let mut head = Some(head);
        while let Some(at) = head.filter(|at| next.is_none_or(|next| *at <= next)) {
            let Some(feed) = feeds.get_mut(place) else { break };
            feed.take_line(intake, at);
            head = feed.head(intake, Some(at))?;
            if intake.is_full() {
                for feed in &*feeds {
                    feed.mark(intake);
                }
                ready(intake.hand_over());
            }
        }
        if let Some(at) = head {
            heads.insert(place, at);
        } else {
            heads.remove(&place);
            // Or the files after it would wait for it to the end of all.
            if let Some(feed) = feeds.get(place) {
                intake.watermark_mut().ended(&feed.source);
            }
        }
        progress(Progress::of(feeds));
    }
    Ok(())
}

impl Feed {
    /// The time of the next line; that of the one before where it has none of its own.
    fn head(
        &mut self,
        intake: &mut Intake,
        before: Option<Timestamp>,
    ) -> Result<Option<Timestamp>, JobError> {
        let used_up = self.chunk.as_ref().is_none_or(|chunk| chunk.bytes.len() <= self.consumed);
        if used_up {
            self.mark(intake);
            if let Some(chunk) = self.chunk.take() {
                self.reader.reuse(chunk.bytes);
            }
            self.chunk = self.reader.next_chunk()?;
            (self.consumed, self.whole) = (0, 0);
        }
        let Some(chunk) = &self.chunk else { return Ok(None) };
        let line = line_at(&chunk.bytes, self.consumed);
        let first = Timestamp(i64::MIN);
        let told = intake.time_of(&self.source, line).or(before).unwrap_or(first);
        Ok(Some(self.turn_of(told)))
    }

    /// When the line is to be taken. One that lies far ahead comes right after the line
    /// before it, until so many in a row do: or else the file would wait for all others
    /// because of one line from the future, and the rest of it come late.
    fn turn_of(&mut self, told: Timestamp) -> Timestamp {
        let last = self.last.unwrap_or(told);
        if last.plus(AHEAD_MAX) < told && self.ahead < AHEAD_LINES_MAX {
            self.ahead += 1;
            return last;
        }
        self.ahead = 0;
        self.last = Some(told);
        told
    }

    fn take_line(&mut self, intake: &mut Intake, at: Timestamp) {
        let Some(chunk) = &self.chunk else { return };
        let line = line_at(&chunk.bytes, self.consumed);
        let is_whole = intake.take_line(&self.source, line, at);
        self.consumed = (self.consumed + line.len() + 1).min(chunk.bytes.len());
        if is_whole {
            self.whole = self.consumed;
        }
    }

    fn mark(&self, intake: &mut Intake) {
        if let Some(chunk) = &self.chunk {
            intake.mark(chunk, self.whole, self.consumed);
        }
    }
}

fn line_at(bytes: &[u8], start: usize) -> &[u8] {
    let rest = bytes.get(start..).unwrap_or_default();
    let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    rest.get(..length).unwrap_or_default()
}

impl Progress {
    fn of(feeds: &[Feed]) -> Self {
        Self {
            bytes_read: feeds.iter().map(|feed| feed.reader.bytes_read()).sum(),
            bytes_total: feeds.iter().map(|feed| feed.reader.bytes_total()).sum(),
        }
    }
}

/// What the keeper saw committed.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) overview: Overview,
    pub(super) incidents: BTreeMap<IncidentId, Incident>,
    pub(super) stale: BTreeMap<(String, String), StaleFinding>,
}

impl Found {
    fn into_summary(self, intake: &Intake, feeds: &[Feed], warnings: Vec<String>) -> Summary {
        let counts: BTreeMap<&SourceId, &Counts> = intake.counts().collect();
        let source = |feed: &Feed| SourceSummary {
            path: feed.source.0.clone(),
            format: intake.format_of(&feed.source).to_owned(),
            missing: feed.missing.clone(),
            counts: counts.get(&feed.source).map(|counts| (*counts).clone()).unwrap_or_default(),
            long_lines: feed.reader.long_lines(),
        };
        let mut incidents: Vec<Incident> = self
            .incidents
            .into_values()
            .filter(|it| !it.below && it.merged_into.is_none())
            .collect();
        incidents.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.opened.cmp(&b.opened)));
        Summary {
            sources: feeds.iter().map(source).collect(),
            overview: self.overview,
            incidents,
            stale: self.stale.into_values().collect(),
            warnings,
        }
    }
}
