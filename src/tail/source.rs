//! One path that is followed through growth, rotation, truncation and absence.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::chunk::Start;
use super::content::Content;
use super::lines::{Lines, Look, Piece, Unfinished};
use super::mark::{Mark, Place};
use super::search::{self, Search};
use super::siblings::{self, Sibling};
use super::{Chunk, Limits, SourceState, SourceStatus, TailError, Tailed, Unseen};
use crate::model::SourceId;

/// A file whose path has another inode is done after so long without growth …
const QUIET_MIN: Duration = Duration::from_secs(5);
/// … and so many looks.
const QUIET_POLLS_MIN: u32 = 2;
/// So many newer files are held open; the rest is found again later.
const WAITING_MAX: usize = 16;
/// So many ends of finished files are remembered.
const DONE_MAX: usize = 8;

pub(super) struct Source {
    id: SourceId,
    path: PathBuf,
    limits: Limits,
    unseen: Unseen,
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
            reading: None,
            waiting: VecDeque::new(),
            left_at: None,
            done: [].into(),
            quiet: None,
            status,
            long_lines_before: 0,
        }
    }

    /// Goes on where a former life of the source was committed.
    pub(super) fn go_on_at(self, place: Place) -> Self {
        let left = Left { mark: place.at, is_skipping: false, unread: 0, closed: None };
        Self { left_at: Some(left), done: place.done.into(), ..self }
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
        let unread = lines.unread();
        let look = lines.look_again()?;
        if look == Look::CutShort {
            let at = lines.at().clone();
            self.cut_short(&at, unread, out);
            return Ok(());
        }
        self.note_rotation();
        let Some(lines) = &mut self.reading else {
            return Ok(());
        };
        if look == Look::Same && was_at_end {
            self.rest(now, out);
            return Ok(());
        }
        match lines.next(Unfinished::Hold)? {
            Piece::Lines { start, .. } if !lines.is_intact(&start)? => {
                let unread = lines.size().saturating_sub(start.offset);
                self.cut_short(&start, unread, out);
            }
            Piece::Lines { bytes, start } => self.give(bytes, start, out),
            Piece::Skipped => self.skipped(out),
            Piece::End => self.rest(now, out),
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
        let quiet = self.quiet.get_or_insert(Quiet { since: now, polls: 0 });
        quiet.polls += 1;
        let is_quiet =
            QUIET_POLLS_MIN <= quiet.polls && QUIET_MIN <= now.saturating_sub(quiet.since);
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

    /// Whether a newer file has something to read.
    fn is_behind(&mut self) -> bool {
        2 <= self.waiting.len()
            || self.waiting.front_mut().is_some_and(|next| {
                next.packed != super::content::Packed::No
                    || next.look_again().is_err()
                    || 0 < next.size
            })
    }

    /// Leaves a file that nobody writes to any more, and takes the next.
    fn finish(&mut self, out: &mut Vec<Tailed>) {
        let unfinished = self.reading.as_ref().map_or(0, Lines::unread);
        if 0 < unfinished {
            let because = format!(
                "the file that {} was rotated to ends inside a line of {unfinished} bytes",
                self.path.display()
            );
            self.tell_loss(unfinished, because, out);
        }
        self.take_next();
    }

    fn take_next(&mut self) {
        let Some(content) = self.waiting.pop_front() else {
            return;
        };
        if let Some(lines) = self.reading.take() {
            self.long_lines_before += lines.long_lines();
            let end = Some(lines.at().mark()).filter(|mark| 0 < mark.offset);
            let done: Vec<Mark> = self.done.iter().cloned().chain(end).collect();
            self.done = done.get(done.len().saturating_sub(DONE_MAX)..).unwrap_or(&[]).into();
        }
        self.status.rotations += 1;
        self.quiet = None;
        match Lines::from_known(content, self.limits, &self.done) {
            Ok(lines) => self.reading = Some(lines),
            Err(error) => self.status.problem = Some(error.to_string()),
        }
    }

    /// Opens what is newer than the newest that is open, if the path is another file now.
    fn note_rotation(&mut self) {
        // As it is now: its compressed copy keeps its time, and is not newer.
        let newest = self.waiting.back_mut().and_then(|content| {
            content.look_again().ok()?;
            Some((content.file, content.modified))
        });
        let reading = self.reading.as_ref().map(|lines| (lines.file(), lines.at().modified));
        let Some(newest) = newest.or(reading) else {
            return;
        };
        match siblings::look_at(&self.path) {
            Ok(current) if current.file == newest.0 => {
                if self.is_path_lost() {
                    self.status.state = SourceState::Idle;
                }
                return;
            }
            Ok(_) => {}
            Err(_) => {
                if let Err(error) = Content::open_file(&self.path) {
                    self.cannot_open(&error);
                }
            }
        }
        let files = siblings::list(&self.path);
        self.wait_for(&search::newer_than(&self.path, &files, newest));
    }

    fn is_path_lost(&self) -> bool {
        matches!(self.status.state, SourceState::Missing | SourceState::Unreadable)
    }

    fn wait_for(&mut self, newer: &[Sibling]) {
        for sibling in newer.iter().take(WAITING_MAX - self.waiting.len().min(WAITING_MAX)) {
            match Content::open_file(&sibling.path) {
                Ok(content) if content.file == sibling.file => {
                    // Whoever writes has to learn of it: from now on it must be quiet.
                    if self.waiting.is_empty() {
                        self.quiet = None;
                    }
                    self.waiting.push_back(content);
                }
                // Renamed in this moment: the next look sees it right.
                Ok(_) => return,
                Err(error) if sibling.path == self.path => self.cannot_open(&error),
                Err(error) => {
                    self.status.losses += 1;
                    self.status.problem = Some(error.to_string());
                }
            }
        }
    }

    fn cannot_open(&mut self, error: &TailError) {
        self.status.state =
            if error.is_missing() { SourceState::Missing } else { SourceState::Unreadable };
        self.status.problem = Some(error.to_string());
        self.status.at_end = true;
    }

    /// The bytes that were read are no longer there: they may live on in a copy.
    fn cut_short(&mut self, at: &Start, unread: u64, out: &mut Vec<Tailed>) {
        let is_skipping = self.reading.as_ref().is_some_and(Lines::is_skipping);
        self.leave();
        self.left_at = Some(Left { mark: at.mark(), is_skipping, unread, closed: None });
        self.open(out);
    }

    fn leave(&mut self) {
        self.waiting.clear();
        self.quiet = None;
        if let Some(lines) = self.reading.take() {
            self.long_lines_before += lines.long_lines();
            let (is_skipping, unread) = (lines.is_skipping(), lines.unread());
            self.left_at =
                Some(Left { mark: lines.at().mark(), is_skipping, unread, closed: None });
        }
    }

    fn fail(&mut self, error: io::Error, out: &mut Vec<Tailed>) {
        let Some(lines) = &self.reading else {
            return;
        };
        let (is_packed, offset) = (lines.is_packed(), lines.at().offset);
        let error = TailError::read(&self.path, offset, error);
        if is_packed && !self.waiting.is_empty() {
            self.tell_loss(0, error.to_string(), out);
            self.take_next();
        } else if !is_packed {
            self.leave();
        }
        self.cannot_open(&error);
    }

    fn tell_loss(&mut self, bytes: u64, because: String, out: &mut Vec<Tailed>) {
        self.status.losses += 1;
        self.status.lost_bytes += bytes;
        out.push(Tailed::Lost { source: self.id.clone(), bytes, because });
    }

    /// Opens the file, where it was left if it was. False if there is nothing to read.
    fn open(&mut self, out: &mut Vec<Tailed>) -> bool {
        let Some(left) = self.left_at.take() else {
            return self.open_unseen(out);
        };
        if left.closed.as_ref().is_some_and(|closed| is_unchanged(closed, &self.path)) {
            self.left_at = Some(left);
            return false;
        }
        match search::find(&self.path, &left.mark, self.limits) {
            Search::Found { lines, newer } => {
                self.reading = Some(lines.and_skipping(left.is_skipping));
                self.wait_for(&newer);
                self.status.state = SourceState::CatchingUp;
            }
            Search::Gone { newer } => self.start_over(left, &newer, out),
            Search::Hidden(error) => {
                self.left_at = Some(left);
                self.cannot_open(&error);
            }
        }
        self.reading.is_some()
    }

    fn start_over(&mut self, left: Left, newer: &[Sibling], out: &mut Vec<Tailed>) {
        self.wait_for(newer);
        if self.waiting.is_empty() {
            self.left_at = Some(left);
            let missing = io::ErrorKind::NotFound.into();
            self.cannot_open(&TailError::open(&self.path, missing));
            return;
        }
        if 0 < left.mark.offset || 0 < left.unread {
            let because = format!(
                "{} was cut short or replaced, and no rotated copy holds the rest; lines written \
                 after byte {} may be lost (use rename instead of copytruncate in logrotate)",
                self.path.display(),
                left.mark.offset
            );
            self.tell_loss(left.unread, because, out);
        }
        self.take_next();
        self.status.state = SourceState::CatchingUp;
    }

    fn open_unseen(&mut self, out: &mut Vec<Tailed>) -> bool {
        let opened = Content::open_file(&self.path).and_then(|content| match self.unseen {
            Unseen::FromBeginning => Ok(Lines::from_start(content, self.limits)),
            Unseen::FromEnd => Lines::from_end(content, self.limits)
                .map_err(|source| TailError::read(&self.path, 0, source)),
        });
        match opened {
            Ok(lines) => {
                self.reading = Some(lines);
                self.tell_place(out);
                self.status.state = SourceState::CatchingUp;
                true
            }
            Err(error) => {
                // What appears later is new as a whole.
                if error.is_missing() {
                    self.unseen = Unseen::FromBeginning;
                }
                self.cannot_open(&error);
                false
            }
        }
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

fn is_unchanged(closed: &Sibling, path: &std::path::Path) -> bool {
    siblings::look_at(path).is_ok_and(|now| {
        (now.file, now.size, now.modified) == (closed.file, closed.size, closed.modified)
    })
}
