//! All files that are followed: paths and patterns, in fair rounds.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use glob::Pattern;

use super::mark::Place;
use super::siblings;
use super::source::Source;
use super::{Chunk, Limits, SourceState, SourceStatus, TailError};
use crate::model::{Position, SourceId};

/// So many files are followed at most.
const SOURCES_MAX: usize = 4096;
/// Above so many, those in which nothing happens are closed.
const OPEN_MAX: usize = 256;
const IDLE_MIN: Duration = Duration::from_mins(1);
/// Patterns are tried again after so long.
const EXPAND_EVERY: Duration = Duration::from_secs(5);

/// Follows files as they grow, rotate, are cut short and vanish.
pub struct Tailer {
    limits: Limits,
    patterns: Vec<Named>,
    sources: BTreeMap<SourceId, Source>,
    expanded: Option<Duration>,
    too_many: usize,
}

#[derive(Clone, Debug, Default)]
pub struct TailOptions {
    /// Paths, and patterns with `*`, `?` and `[…]`.
    pub patterns: Vec<String>,
    pub limits: Limits,
    pub unseen: Unseen,
}

/// Where to begin in a file that is there at the start and has no position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unseen {
    FromBeginning,
    #[default]
    FromEnd,
}

#[derive(Debug)]
pub enum Tailed {
    Chunk(Chunk),
    /// No lines, but a place that is to be committed: the start of a file that was not
    /// seen before, or the end of a line that was too long.
    Stands {
        source: SourceId,
        position: Position,
    },
    /// A line that was too long has ended; it was skipped.
    TooLong {
        source: SourceId,
    },
    /// Lines may be lost. `bytes` are those that had been seen.
    Lost {
        source: SourceId,
        bytes: u64,
        because: String,
    },
}

enum Named {
    Path(PathBuf),
    Pattern(Pattern),
}

impl Tailer {
    /// Begins with the positions that were committed last. Nothing is opened yet.
    pub fn new(
        options: &TailOptions,
        positions: BTreeMap<SourceId, Position>,
    ) -> Result<Self, TailError> {
        let patterns =
            options.patterns.iter().map(|text| Named::new(text)).collect::<Result<_, _>>()?;
        let mut tailer = Self {
            limits: options.limits,
            patterns,
            sources: BTreeMap::new(),
            expanded: None,
            too_many: 0,
        };
        for (id, position) in positions {
            if tailer.patterns.iter().any(|named| named.matches(Path::new(&id.0))) {
                let place = Place::from_position(&position)
                    .ok_or_else(|| TailError::Position { path: PathBuf::from(&id.0) })?;
                let source = tailer.source(&id, options.unseen);
                tailer.sources.insert(id, source.go_on_at(place));
            }
        }
        tailer.expand(options.unseen);
        Ok(tailer)
    }

    /// Follows these from now on. A file that still is among them goes on as it stands; one
    /// that was left goes on at its position.
    pub fn retarget(
        &mut self,
        options: &TailOptions,
        positions: BTreeMap<SourceId, Position>,
    ) -> Result<(), TailError> {
        let mut fresh = Self::new(options, positions)?;
        for (id, source) in std::mem::take(&mut self.sources) {
            if fresh.patterns.iter().any(|named| named.matches(Path::new(&id.0))) {
                fresh.sources.insert(id, source);
            }
        }
        fresh.expanded = self.expanded;
        *self = fresh;
        Ok(())
    }

    /// One fair round: at most one chunk of each file. `now` is any clock that only goes
    /// forward. It never waits for more to come.
    pub fn poll(&mut self, now: Duration) -> Vec<Tailed> {
        let due = self.expanded.is_none_or(|last| EXPAND_EVERY <= now.saturating_sub(last));
        if due {
            if self.expanded.is_some() {
                self.expand(Unseen::FromBeginning);
            }
            self.expanded = Some(now);
        }
        let may_close = OPEN_MAX < self.sources.len();
        let mut tailed = Vec::new();
        for source in self.sources.values_mut() {
            source.poll(now, &mut tailed);
            if may_close {
                source.close_if_idle(now, IDLE_MIN);
            }
        }
        tailed
    }

    pub fn sources(&self) -> Vec<SourceStatus> {
        self.sources.values().map(|source| source.status().clone()).collect()
    }

    /// What is wrong with the patterns, each with what to do.
    pub fn problems(&self) -> Vec<String> {
        let unmatched = self.patterns.iter().filter_map(|named| match named {
            Named::Pattern(pattern) if !self.has_match(pattern) => Some(format!(
                "no file matches {pattern}; check the pattern and that its directory can be read"
            )),
            Named::Pattern(_) | Named::Path(_) => None,
        });
        let too_many = (0 < self.too_many).then(|| {
            format!(
                "{} files are not read: at most {SOURCES_MAX} are followed; narrow the patterns",
                self.too_many
            )
        });
        unmatched.chain(too_many).collect()
    }

    /// Where something happens when a file grows or rotates: for [`super::Growth`].
    pub fn directories(&self) -> BTreeSet<PathBuf> {
        let of_patterns = self.patterns.iter().filter_map(|named| match named {
            Named::Path(path) => Some(directory_of(path)),
            Named::Pattern(_) => None,
        });
        self.sources.keys().map(|id| directory_of(Path::new(&id.0))).chain(of_patterns).collect()
    }

    fn has_match(&self, pattern: &Pattern) -> bool {
        self.sources.keys().any(|id| pattern.matches(&id.0))
    }

    fn expand(&mut self, unseen: Unseen) {
        let found: BTreeSet<PathBuf> = self.patterns.iter().flat_map(Named::files).collect();
        self.too_many = 0;
        for path in &found {
            let id = SourceId(path.display().to_string());
            if self.sources.contains_key(&id) || self.is_of_another(path, &found) {
                continue;
            }
            if SOURCES_MAX <= self.sources.len() && !self.make_room() {
                self.too_many += 1;
                continue;
            }
            self.sources.insert(id.clone(), self.source(&id, unseen));
        }
    }

    fn source(&self, id: &SourceId, unseen: Unseen) -> Source {
        let path = Path::new(&id.0);
        let is_followed = |base: &PathBuf| self.patterns.iter().any(|named| named.matches(base));
        let is_rotated = self.is_named(path) && siblings::bases_of(path).iter().any(is_followed);
        Source::new(id.clone(), self.limits, unseen).and_only_this(is_rotated)
    }

    fn is_named(&self, path: &Path) -> bool {
        self.patterns.iter().any(|named| matches!(named, Named::Path(named) if named == path))
    }

    /// Whether it is the rotated file of another one: that one's source reads it. Unless
    /// it is asked for by its name.
    fn is_of_another(&self, path: &Path, found: &BTreeSet<PathBuf>) -> bool {
        !self.is_named(path)
            && siblings::bases_of(path).iter().any(|base| {
                found.contains(base)
                    || self.sources.contains_key(&SourceId(base.display().to_string()))
            })
    }

    /// Forgets a file that is gone and came from a pattern.
    fn make_room(&mut self) -> bool {
        let gone = self.sources.values().map(Source::status).find(|status| {
            status.state == SourceState::Missing
                && status.at_end
                && !self.is_named(Path::new(&status.source.0))
        });
        let Some(id) = gone.map(|status| status.source.clone()) else {
            return false;
        };
        self.sources.remove(&id).is_some()
    }
}

impl Named {
    fn new(text: &str) -> Result<Self, TailError> {
        if !text.contains(['*', '?', '[']) {
            return Ok(Self::Path(PathBuf::from(text)));
        }
        Pattern::new(text).map(Self::Pattern).map_err(|error| TailError::Pattern {
            pattern: text.to_owned(),
            at: error.pos + 1,
            reason: error.msg,
        })
    }

    fn matches(&self, path: &Path) -> bool {
        match self {
            Self::Path(named) => named == path,
            Self::Pattern(pattern) => pattern.matches_path(path),
        }
    }

    /// A path stands for itself, there or not; a pattern for the files that are there.
    fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::Path(path) => vec![path.clone()],
            Self::Pattern(pattern) => glob::glob(pattern.as_str())
                .map(|paths| paths.filter_map(Result::ok).filter(|path| path.is_file()).collect())
                .unwrap_or_default(),
        }
    }
}

fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
