//! How far time has certainly passed, told from the sources: the least over all of them.
//!
//! A source with unread bytes holds it at its last event. One read to its end holds it
//! at the wall clock, less its own delay. A single line from the far future moves
//! nothing: a jump of more than [`JUMP_MAX`] has to be confirmed by the lines after it.

use std::collections::BTreeMap;

use crate::model::{Millis, SourceId, Timestamp};

/// A step that a log may take without a second line that agrees.
const JUMP_MAX: Millis = Millis::hours(1);

/// Lines in a row that confirm a longer jump.
const CONFIRMING_LINES: u32 = 8;

/// At the end of a file nothing more can confirm: a jump of up to a day is believed.
const LAST_JUMP_MAX: Millis = Millis::days(1);

#[derive(Clone, Debug, Default)]
pub(super) struct Watermark {
    sources: BTreeMap<SourceId, Progress>,
    /// The latest end of the files that have ended. It counts when no other is read.
    ended: Option<Timestamp>,
    /// The wall clock, if there is one to follow: nobody has seen what comes after it.
    wall: Option<Timestamp>,
    /// Never moves back.
    passed: Option<Timestamp>,
}

#[derive(Clone, Debug, Default)]
struct Progress {
    last: Option<Timestamp>,
    /// Lines of the source, as far as they matter: the first ones confirm each other.
    lines: u32,
    /// Where a jump leads to, and how many lines in a row agree.
    jump: Option<(Timestamp, u32)>,
    /// The wall clock at which it had been read to its end.
    at_end: Option<Timestamp>,
}

impl Watermark {
    /// An event of the source was read.
    pub(super) fn saw(&mut self, source: &SourceId, at: Timestamp) {
        if let Some(progress) = self.sources.get_mut(source) {
            progress.saw(at);
        } else {
            let mut progress = Progress::default();
            progress.saw(at);
            self.sources.insert(source.clone(), progress);
        }
    }

    /// Time passes also when nothing is read, and is never ahead of this clock.
    pub(super) fn follow(&mut self, wall: Timestamp) {
        self.wall = Some(wall);
    }

    /// The source had nothing left to read at that moment of the wall clock.
    pub(super) fn caught_up(&mut self, source: &SourceId, wall: Timestamp) {
        self.sources.entry(source.clone()).or_default().at_end = Some(wall);
    }

    /// The source cannot be read: it holds nothing back, or time would stand still.
    pub(super) fn lost(&mut self, source: &SourceId) {
        self.sources.remove(source);
    }

    /// The source has bytes that are not read yet.
    pub(super) fn behind(&mut self, source: &SourceId) {
        if let Some(progress) = self.sources.get_mut(source) {
            progress.at_end = None;
        }
    }

    /// The file has ended for good: it holds nothing any more. Its last events count once
    /// all have ended.
    pub(super) fn ended(&mut self, source: &SourceId) {
        if let Some(progress) = self.sources.remove(source) {
            self.ended = self.ended.max(progress.at_its_end());
        }
    }

    /// Up to when everything has been seen, if anything has.
    pub(super) fn passed(&mut self, delay: Millis) -> Option<Timestamp> {
        let least = self.sources.values().filter_map(|it| it.holds_at(delay)).min();
        let seen = if self.sources.is_empty() { self.ended } else { least };
        let seen = seen.map(|at| self.wall.map_or(at, |wall| at.min(wall)));
        self.passed = self.passed.max(seen);
        self.passed
    }
}

impl Progress {
    fn saw(&mut self, at: Timestamp) {
        self.lines = self.lines.saturating_add(1);
        let Some(last) = self.last else {
            self.last = Some(at);
            return;
        };
        if self.lines <= CONFIRMING_LINES && at.plus(JUMP_MAX) < last {
            // It was the line before that lies in the future.
            self.last = Some(at);
            self.jump = None;
            return;
        }
        if at <= last.plus(JUMP_MAX) {
            self.last = Some(last.max(at));
            self.jump = None;
            return;
        }
        let (to, lines) = match self.jump {
            Some((to, lines)) if to <= at.plus(JUMP_MAX) => (to.min(at), lines + 1),
            Some(_) | None => (at, 1),
        };
        self.jump = Some((to, lines));
        if CONFIRMING_LINES <= lines {
            self.last = Some(at);
            self.jump = None;
        }
    }

    fn holds_at(&self, delay: Millis) -> Option<Timestamp> {
        match (self.at_end, self.last) {
            (Some(wall), last) => {
                Some(wall.back(delay).max(last.unwrap_or(Timestamp(i64::MIN)).min(wall)))
            }
            (None, last) => last,
        }
    }

    fn at_its_end(&self) -> Option<Timestamp> {
        let last = self.last?;
        let jump = self.jump.map(|(to, _)| to).filter(|to| *to <= last.plus(LAST_JUMP_MAX));
        Some(jump.unwrap_or(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Millis = Millis::seconds(5);

    fn source(name: &str) -> SourceId {
        SourceId(name.to_owned())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn the_slowest_source_holds_it() {
        let mut watermark = Watermark::default();
        watermark.saw(&source("a"), at(100));
        watermark.saw(&source("b"), at(60));
        assert_eq!(watermark.passed(DELAY), Some(at(60)));
        watermark.saw(&source("b"), at(130));
        assert_eq!(watermark.passed(DELAY), Some(at(100)));
    }

    #[test]
    fn a_source_read_to_its_end_follows_the_wall_clock() {
        let mut watermark = Watermark::default();
        watermark.saw(&source("a"), at(100));
        watermark.caught_up(&source("a"), at(200));
        assert_eq!(watermark.passed(DELAY), Some(at(195)));
        watermark.behind(&source("a"));
        assert_eq!(watermark.passed(DELAY), Some(at(195)), "it never moves back");
    }

    #[test]
    fn one_line_from_the_future_moves_nothing() {
        let mut watermark = Watermark::default();
        let a = source("a");
        watermark.saw(&a, at(100));
        watermark.saw(&a, at(2_000_000_000));
        watermark.saw(&a, at(101));
        assert_eq!(watermark.passed(DELAY), Some(at(101)));
        watermark.ended(&a);
        assert_eq!(watermark.passed(DELAY), Some(at(101)));
    }

    #[test]
    fn a_first_line_from_the_future_moves_nothing_either() {
        let mut watermark = Watermark::default();
        let a = source("a");
        watermark.saw(&a, at(2_000_000_000));
        watermark.saw(&a, at(100));
        watermark.saw(&a, at(101));
        assert_eq!(watermark.passed(DELAY), Some(at(101)));
    }

    #[test]
    fn nothing_is_ahead_of_the_clock_that_is_followed() {
        let mut watermark = Watermark::default();
        watermark.follow(at(1000));
        watermark.saw(&source("a"), at(2_000_000_000));
        assert_eq!(watermark.passed(DELAY), Some(at(1000)));
    }

    #[test]
    fn a_file_that_ends_first_neither_holds_nor_pushes_the_others() {
        let mut watermark = Watermark::default();
        let (a, b) = (source("a"), source("b"));
        watermark.saw(&b, at(60));
        watermark.saw(&a, at(100));
        watermark.ended(&a);
        assert_eq!(watermark.passed(DELAY), Some(at(60)));
        watermark.saw(&b, at(700));
        assert_eq!(watermark.passed(DELAY), Some(at(700)));
        watermark.ended(&b);
        assert_eq!(watermark.passed(DELAY), Some(at(700)));
    }

    #[test]
    fn a_quiet_week_is_passed_when_eight_lines_agree() {
        let mut watermark = Watermark::default();
        let a = source("a");
        watermark.saw(&a, at(100));
        for line in 0..7 {
            watermark.saw(&a, at(700_000 + line));
        }
        assert_eq!(watermark.passed(DELAY), Some(at(100)));
        watermark.saw(&a, at(700_007));
        assert_eq!(watermark.passed(DELAY), Some(at(700_007)));
    }

    #[test]
    fn the_last_lines_of_a_file_count_after_a_quiet_night() {
        let mut watermark = Watermark::default();
        let a = source("a");
        watermark.saw(&a, at(100));
        watermark.saw(&a, at(30_000));
        watermark.ended(&a);
        assert_eq!(watermark.passed(DELAY), Some(at(30_000)));
    }
}
