//! One path that is followed through growth, rotation, truncation and absence.

mod opening;
mod succession;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::chunk::Start;
use super::content::Content;
use super::lines::{Lines, Look, Piece, Unfinished};
use super::mark::{Mark, Place};
use super::siblings::{self, Sibling};
use super::{Chunk, Limits, SourceState, SourceStatus, Tailed, Unseen};
use crate::model::SourceId;

/// A file whose path has another inode is done after so long without growth …
const QUIET_MIN: Duration = Duration::from_secs(5);
/// … and so many looks.
const QUIET_POLLS_MIN: u32 = 2;

pub(super) struct Source {
    id: SourceId,
    path: PathBuf,
    limits: Limits,
    unseen: Unseen,
    /// A rotated file that is named beside its log: what its path holds later was read
    /// there.
    is_only_this: bool,
    reading: Option<Lines>,
    /// Newer files, oldest first; the last is the one at the path.
    waiting: VecDeque<Content>,
    /// Where to go on if nothing is open.
    left_at: Option<Left>,
    done: Arc<[Mark]>,
    quiet: Option<Quiet>,
    status: SourceStatus,
    long_lines_before: u64,
}

/// A place that was left, to be found again.
struct Left {
    mark: Mark,
    is_skipping: bool,
    /// Bytes that were seen behind it.
    unread: u64,
    /// The file as it was when it was closed because nothing happened in it.
    closed: Option<Sibling>,
}

struct Quiet {
    since: Duration,
    polls: u32,
    /// What stands behind the last newline was looked at.
    has_looked: bool,
}

impl Quiet {
    fn is_long(&self, now: Duration) -> bool {
        QUIET_POLLS_MIN <= self.polls && QUIET_MIN <= now.saturating_sub(self.since)
    }
}

impl Left {
    fn at(mark: &Mark) -> Self {
        Self { mark: mark.clone(), is_skipping: false, unread: 0, closed: None }
    }
}

impl Source {
    pub(super) fn new(id: SourceId, limits: Limits, unseen: Unseen) -> Self {
        let status = SourceStatus {
            source: id.clone(),
            state: SourceState::Missing,
            offset: 0,
            size: 0,
            at_end: false,
            rotations: 0,
            losses: 0,
            lost_bytes: 0,
            long_lines: 0,
            problem: None,
        };
        Self {
            path: PathBuf::from(&id.0),
            id,
            limits,
            unseen,
            is_only_this: false,
            reading: None,
            waiting: VecDeque::new(),
            left_at: None,
            done: [].into(),
            quiet: None,
            status,
            long_lines_before: 0,
        }
    }

    /// Does not follow its path to another file.
    pub(super) fn and_only_this(self, is_only_this: bool) -> Self {
        Self { is_only_this, ..self }
    }

    /// Goes on where a former life of the source was committed.
    pub(super) fn go_on_at(self, place: Place) -> Self {
        let left_at = Some(Left::at(&place.at));
        Self { left_at, done: place.done.into(), ..self }
    }

    /// Reads at most one chunk.
    pub(super) fn poll(&mut self, now: Duration, out: &mut Vec<Tailed>) {
        self.status.problem = None;
        if (self.reading.is_none() && !self.open(out)) || self.reading.is_none() {
            return;
        }
        if let Err(error) = self.read(now, out) {
            self.fail(error, out);
        }
        self.take_figures();
    }

    pub(super) fn status(&self) -> &SourceStatus {
        &self.status
    }

    /// Closes the file if nothing happened in it for so long; it is found again.
    pub(super) fn close_if_idle(&mut self, now: Duration, idle_min: Duration) {
        let idle =
            self.quiet.as_ref().is_some_and(|quiet| idle_min <= now.saturating_sub(quiet.since));
        if !idle || !self.waiting.is_empty() || self.status.state != SourceState::Idle {
            return;
        }
        let closed = siblings::look_at(&self.path).ok();
        let is_as_read = |lines: &Lines| {
            closed.as_ref().is_some_and(|at| at.file == lines.file() && at.size == lines.size())
        };
        if self.reading.as_ref().is_some_and(is_as_read) {
            self.leave();
            if let Some(left) = &mut self.left_at {
                left.closed = closed;
            }
        }
    }

    fn read(&mut self, now: Duration, out: &mut Vec<Tailed>) -> io::Result<()> {
        let Some(lines) = &mut self.reading else {
            return Ok(());
        };
        let was_at_end = self.quiet.is_some();
        let (unread, seen) = (lines.unread(), lines.size());
        let look = lines.look_again()?;
        // Without a byte read there is nothing to know a copy by.
        if lines.at().offset == 0 && lines.size() < seen {
            self.tell_cut_unread(seen, out);
        }
        let Some(lines) = &mut self.reading else {
            return Ok(());
        };
        if look == Look::CutShort {
            let at = lines.at().clone();
            self.cut_short(&at, unread, out);
            return Ok(());
        }
        self.note_rotation();
        self.tell_cuts(out);
        let Some(lines) = &mut self.reading else {
            return Ok(());
        };
        if look == Look::Same && was_at_end {
            self.rest(now, out);
            return self.give_whole(now, out);
        }
        match lines.next(Unfinished::Hold)? {
            Piece::Lines { start, .. } if !lines.is_intact(&start)? => {
                let unread = lines.size().saturating_sub(start.offset);
                self.cut_short(&start, unread, out);
            }
            Piece::Lines { bytes, start } => self.give(bytes, start, out),
            Piece::Skipped => self.skipped(out),
            Piece::End => {
                self.rest(now, out);
                // It has grown, and may have come to its end by that.
                if let Some(quiet) = &mut self.quiet {
                    quiet.has_looked = false;
                }
            }
        }
        Ok(())
    }

    /// A file of JSON may end without a newline, and nothing more comes.
    fn give_whole(&mut self, now: Duration, out: &mut Vec<Tailed>) -> io::Result<()> {
        let is_behind = self.is_behind();
        let (Some(quiet), Some(lines)) = (&mut self.quiet, &mut self.reading) else {
            return Ok(());
        };
        let is_due = quiet.is_long(now) && !is_behind && 0 < lines.unread();
        if !is_due || std::mem::replace(&mut quiet.has_looked, true) {
            return Ok(());
        }
        if let Piece::Lines { bytes, start } = lines.next(Unfinished::GiveIfWhole)? {
            self.give(bytes, start, out);
        }
        Ok(())
    }

    fn give(&mut self, bytes: Vec<u8>, start: Start, out: &mut Vec<Tailed>) {
        self.quiet = None;
        let (source, done) = (self.id.clone(), Arc::clone(&self.done));
        out.push(Tailed::Chunk(Chunk { source, bytes, start, done }));
        let more = self.reading.as_ref().is_some_and(|lines| 0 < lines.unread());
        self.status.state =
            if more || self.is_behind() { SourceState::CatchingUp } else { SourceState::Reading };
    }

    fn skipped(&mut self, out: &mut Vec<Tailed>) {
        self.quiet = None;
        self.status.state = SourceState::CatchingUp;
        if self.reading.as_ref().is_some_and(|lines| !lines.is_skipping()) {
            out.push(Tailed::TooLong { source: self.id.clone() });
        }
        self.tell_place(out);
    }

    /// The place is worth remembering though there are no lines.
    fn tell_place(&self, out: &mut Vec<Tailed>) {
        let Some(lines) = self.reading.as_ref().filter(|lines| !lines.is_skipping()) else {
            return;
        };
        let place = Place { at: lines.at().mark(), done: self.done.to_vec() };
        out.push(Tailed::Stands { source: self.id.clone(), position: place.to_position() });
    }

    /// At the end of what can be read: waits, or goes on with the next file.
    fn rest(&mut self, now: Duration, out: &mut Vec<Tailed>) {
        let quiet = self.quiet.get_or_insert(Quiet { since: now, polls: 0, has_looked: false });
        quiet.polls += 1;
        let is_quiet = quiet.is_long(now);
        if self.is_behind() {
            self.status.state = SourceState::CatchingUp;
        } else if !self.is_path_lost() {
            self.status.state = SourceState::Idle;
        }
        let is_packed = self.reading.as_ref().is_some_and(Lines::is_packed);
        // Whoever writes has been told twice to move, or cannot write here.
        let is_past = 2 <= self.waiting.len() || (is_packed && !self.waiting.is_empty());
        if is_past || (is_quiet && self.is_behind()) {
            self.finish(out);
        }
    }

    fn tell_cut_unread(&mut self, seen: u64, out: &mut Vec<Tailed>) {
        let because = format!("{} was cut short before it was read", self.path.display());
        self.tell_loss(seen, because, out);
    }

    fn tell_loss(&mut self, bytes: u64, because: String, out: &mut Vec<Tailed>) {
        self.status.losses += 1;
        self.status.lost_bytes += bytes;
        out.push(Tailed::Lost { source: self.id.clone(), bytes, because });
    }

    fn take_figures(&mut self) {
        let at_end = self.quiet.is_some() && !self.is_behind();
        let Some(lines) = &self.reading else {
            return;
        };
        let status = &mut self.status;
        status.offset = lines.at().offset;
        status.size = lines.size();
        status.long_lines = self.long_lines_before + lines.long_lines();
        status.at_end = at_end || status.state == SourceState::Reading;
    }
}
