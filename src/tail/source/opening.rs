//! Opening a source: for the first time, where it was left, or after what was read is gone.

use std::io;
use std::path::Path;

use super::{Left, Source};
use crate::tail::chunk::Start;
use crate::tail::content::Content;
use crate::tail::lines::Lines;
use crate::tail::search::{self, Search, Sought};
use crate::tail::siblings::{self, Sibling};
use crate::tail::{SourceState, TailError, Tailed, Unseen};

impl Source {
    /// Opens the file, where it was left if it was. False if there is nothing to read.
    pub(super) fn open(&mut self, out: &mut Vec<Tailed>) -> bool {
        let Some(left) = self.left_at.take() else {
            return self.open_unseen(out);
        };
        if left.closed.as_ref().is_some_and(|closed| is_unchanged(closed, &self.path)) {
            self.left_at = Some(left);
            return false;
        }
        let sought = Sought { mark: &left.mark, done: &self.done };
        match search::find(&self.path, sought, self.limits) {
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

    pub(super) fn open_unseen(&mut self, out: &mut Vec<Tailed>) -> bool {
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

    pub(super) fn start_over(&mut self, left: Left, newer: &[Sibling], out: &mut Vec<Tailed>) {
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
        self.take_next(out);
        self.status.state = SourceState::CatchingUp;
    }

    /// The bytes that were read are no longer there: they may live on in a copy.
    pub(super) fn cut_short(&mut self, at: &Start, unread: u64, out: &mut Vec<Tailed>) {
        let is_skipping = self.reading.as_ref().is_some_and(Lines::is_skipping);
        self.leave();
        self.left_at = Some(Left { mark: at.mark(), is_skipping, unread, closed: None });
        self.open(out);
    }

    pub(super) fn leave(&mut self) {
        self.waiting.clear();
        self.quiet = None;
        if let Some(lines) = self.reading.take() {
            self.long_lines_before += lines.long_lines();
            let (is_skipping, unread) = (lines.is_skipping(), lines.unread());
            self.left_at =
                Some(Left { mark: lines.at().mark(), is_skipping, unread, closed: None });
        }
    }

    pub(super) fn fail(&mut self, error: io::Error, out: &mut Vec<Tailed>) {
        let Some(lines) = &self.reading else {
            return;
        };
        let (is_packed, offset) = (lines.is_packed(), lines.at().offset);
        let error = TailError::read(&self.path, offset, error);
        if is_packed && !self.waiting.is_empty() {
            self.tell_loss(0, format!("{error} (of a rotated file)"), out);
            self.take_next(out);
        } else if !is_packed {
            self.leave();
        }
        self.cannot_open(&error);
    }

    pub(super) fn cannot_open(&mut self, error: &TailError) {
        self.status.state =
            if error.is_missing() { SourceState::Missing } else { SourceState::Unreadable };
        self.status.problem = Some(error.to_string());
        self.status.at_end = true;
    }
}

fn is_unchanged(closed: &Sibling, path: &Path) -> bool {
    siblings::look_at(path).is_ok_and(|now| {
        (now.file, now.size, now.modified) == (closed.file, closed.size, closed.modified)
    })
}
