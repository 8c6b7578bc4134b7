//! Which file comes after the one that is read, and when.

use std::mem;

use super::{Left, Source};
use crate::tail::content::{Content, Packed};
use crate::tail::lines::Lines;
use crate::tail::mark::Mark;
use crate::tail::search;
use crate::tail::siblings::{self, Sibling};
use crate::tail::{SourceState, TailError, Tailed};

/// So many newer files are held open; the rest is found again later.
const WAITING_MAX: usize = 16;
/// So many ends of finished files are remembered.
const DONE_MAX: usize = 8;

impl Source {
    /// Opens what is newer than the newest that is open, if the path is another file now.
    pub(super) fn note_rotation(&mut self) {
        if self.is_only_this {
            return;
        }
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

    pub(super) fn is_path_lost(&self) -> bool {
        matches!(self.status.state, SourceState::Missing | SourceState::Unreadable)
    }

    pub(super) fn wait_for(&mut self, newer: &[Sibling]) {
        let newer = if self.is_only_this { &[] } else { newer };
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
                Err(error) if error.is_missing() => return,
                Err(error) if sibling.path == self.path => self.cannot_open(&error),
                Err(error) => {
                    self.status.losses += 1;
                    self.status.problem = Some(error.to_string());
                }
            }
        }
    }

    /// Those that were cut short while they waited.
    pub(super) fn tell_cuts(&mut self, out: &mut Vec<Tailed>) {
        let cut_off = self.waiting.iter_mut().map(|content| mem::take(&mut content.cut_off)).sum();
        if 0 < cut_off {
            self.tell_cut_unread(cut_off, out);
        }
    }

    /// Whether a newer file has something to read.
    pub(super) fn is_behind(&mut self) -> bool {
        2 <= self.waiting.len()
            || self.waiting.front_mut().is_some_and(|next| {
                next.packed != Packed::No || next.look_again().is_err() || 0 < next.size
            })
    }

    /// Leaves a file that nobody writes to any more, and takes the next.
    pub(super) fn finish(&mut self, out: &mut Vec<Tailed>) {
        let unfinished = self.reading.as_ref().map_or(0, Lines::unread);
        if 0 < unfinished {
            let because = format!(
                "the file that {} was rotated to ends inside a line of {unfinished} bytes",
                self.path.display()
            );
            self.tell_loss(unfinished, because, out);
        }
        self.take_next(out);
    }

    pub(super) fn take_next(&mut self, out: &mut Vec<Tailed>) {
        // It may have been opened long ago, and have grown meanwhile.
        let looked = self.waiting.front_mut().map_or(Ok(()), Content::look_again);
        self.tell_cuts(out);
        let Some(content) = self.waiting.pop_front() else {
            return;
        };
        if let Some(lines) = self.reading.take() {
            self.long_lines_before += lines.long_lines();
            self.status.rotations += 1;
            let end = Some(lines.at().mark()).filter(|mark| 0 < mark.offset);
            let done: Vec<Mark> = self.done.iter().cloned().chain(end).collect();
            self.done = done.get(done.len().saturating_sub(DONE_MAX)..).unwrap_or(&[]).into();
        }
        self.quiet = None;
        let opened = looked.and_then(|()| Lines::from_known(content, self.limits, &self.done));
        match opened {
            Ok(lines) => self.reading = Some(lines),
            Err(error) => {
                // From the end of the one before, all that is newer is found again.
                self.waiting.clear();
                self.left_at = self.done.last().map(Left::at);
                self.cannot_open(&TailError::read(&self.path, 0, error));
            }
        }
    }
}
