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
    /// Never moves back.
    passed: Option<Timestamp>,
}

#[derive(Clone, Debug, Default)]
struct Progress {
    last: Option<Timestamp>,
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
            let progress = Progress { last: Some(at), ..Progress::default() };
            self.sources.insert(source.clone(), progress);
        }
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

    /// The file has ended for good: its last events count, and it holds nothing any more.
    pub(super) fn ended(&mut self, source: &SourceId) {
        if let Some(progress) = self.sources.remove(source) {
            self.passed = self.passed.max(progress.at_its_end());
        }
    }

    /// Up to when everything has been seen, if anything has.
    pub(super) fn passed(&mut self, delay: Millis) -> Option<Timestamp> {
        let least = self.sources.values().filter_map(|it| it.holds_at(delay)).min();
        self.passed = self.passed.max(least);
        self.passed
    }
}

impl Progress {
    fn saw(&mut self, at: Timestamp) {
        let Some(last) = self.last else {
            self.last = Some(at);
            return;
        };
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
