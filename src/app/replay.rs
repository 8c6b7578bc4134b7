//! History through the same engine: files in, what was found out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf, absolute};
use std::sync::{Arc, Mutex};

use super::beats::Beats;
use super::board::Board;
use super::counts::Counts;
use super::feed::{Feed, in_time_order};
use super::intake::{Intake, Taken};
use super::job::{Job, JobError, Outputs};
use super::judge::Rhythm;
use super::keeper::{Announce, Committing, Keeper, Policy};
use super::known::BySubject;
use super::outputs::{Beginning, Writers};
use super::pending::Pending;
use super::stages::Stages;
use super::tidying::Tidying;
use crate::config::{Config, format_name};
use crate::engine::{Input, Overview};
use crate::format::{Options, Parser, Sample};
use crate::incident::{Incident, IncidentId, StaleFinding};
use crate::model::SourceId;
use crate::tail::{FileReader, Limits, TailError};

/// Lines of a file's head among which the names of its columns are looked for.
const HEAD_LINES_MAX: usize = 20;

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
    pub stale: Vec<Arc<StaleFinding>>,
    pub warnings: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub struct SourceSummary {
    pub path: String,
    pub format: String,
    pub missing: Vec<&'static str>,
    pub counts: Counts,
    pub long_lines: u64,
    /// Why it could not be read to its end.
    pub damage: Option<String>,
}

impl Summary {
    /// Files that could not be read to their end.
    pub fn damaged(&self) -> usize {
        self.sources.iter().filter(|source| source.damage.is_some()).count()
    }
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
            committing: Committing::InGroups,
            announce,
            pending: Pending::default(),
            unshown: None,
            stopped: None,
            newest: None,
            tidying: Tidying::default(),
            spares: job.intake.spares.clone(),
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
            let (parser, missing) = match parser_for(path, &self.format, &self.options) {
                // What is wrong with it is met again where it is read.
                Err(JobError::Tail(TailError::Read { .. })) => (None, Vec::new()),
                known => known?,
            };
            job.intake.add(&source, parser);
            feeds.push(Feed::new(source, reader, missing));
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
    loop {
        let chunk = match reader.next_chunk() {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            // The lines before the damage tell the format as well.
            Err(_) if !sample.is_empty() => break,
            Err(error) => return Err(error.into()),
        };
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
            while let Some(chunk) = feed.next_chunk() {
                let arrival = intake.latest().unwrap_or_default();
                intake.take(&chunk, arrival, &mut ready);
                feed.reader.reuse(chunk.bytes);
                progress(Progress::of(std::slice::from_ref(feed)));
            }
        }
        _ => in_time_order(intake, feeds, progress, &mut ready),
    }
    intake.give_up_parts(None);
    for feed in feeds.iter() {
        if feed.damage.is_some() {
            intake.lost(&feed.source, 0);
        }
        intake.watermark_mut().ended(&feed.source);
    }
    ready(intake.hand_over());
    failed.map_or(Ok(()), Err)?;
    stages.tell(Input::Finish)
}

impl Progress {
    pub(super) fn of(feeds: &[Feed]) -> Self {
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
    pub(super) stale: BySubject,
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
            damage: feed.damage.clone(),
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
            stale: self.stale.into_iter().map(|named| named.0).collect(),
            warnings,
        }
    }
}
