//! One source as its lines are read: its format, what became of them, and the last that
//! were not understood.

use std::collections::VecDeque;

use super::counts::{Counts, count};
use crate::format::{Parser, Parts};
use crate::identity::Identity;
use crate::model::{Position, Timestamp};

/// Rejected lines that are kept to be shown, the newest, scrubbed.
const REJECTS_SHOWN_MAX: usize = 10;

/// How much of a rejected line is shown.
const REJECT_BYTES_MAX: usize = 200;

/// One source as it is read.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) format: String,
    pub(super) parser: Option<Parser>,
    /// What became of its lines before this start, and since.
    pub(super) counts_before: Counts,
    pub(super) counts: Counts,
    pub(super) rejects: VecDeque<Reject>,
    /// Lines and misfits since the format was last looked for.
    pub(super) doubt: (u64, u64),
    pub(super) parts: Parts,
    /// While a part waits for its rest: since when, and the place behind all that was read.
    pub(super) waits: Option<(Timestamp, Option<Position>)>,
}

/// A line that was not understood, as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    pub reason: String,
    pub line: String,
}

impl Reading {
    pub(super) fn new(counts_before: Counts) -> Self {
        Self {
            format: "unknown".to_owned(),
            parser: None,
            counts_before,
            counts: Counts::default(),
            rejects: VecDeque::new(),
            doubt: (0, 0),
            parts: Parts::default(),
            waits: None,
        }
    }

    /// One line of the file came of several.
    #[inline]
    pub(super) fn count_joined(&mut self, of_lines: u64) {
        if 1 < of_lines {
            let skipped = &mut self.counts.skipped;
            *skipped.entry("a part, joined with the rest".to_owned()).or_default() += of_lines - 1;
        }
    }

    pub(super) fn counts_so_far(&self) -> Counts {
        self.counts_before.plus(&self.counts)
    }

    pub(super) fn reject(&mut self, reason: &str, line: &[u8], identity: &Identity) {
        count(&mut self.counts.rejected, reason);
        self.doubt.1 += 1;
        let start = line.get(..REJECT_BYTES_MAX).unwrap_or(line);
        let line = identity.scrub_sample(start);
        if self.rejects.len() == REJECTS_SHOWN_MAX {
            self.rejects.pop_front();
        }
        self.rejects.push_back(Reject { reason: reason.to_owned(), line });
    }
}
