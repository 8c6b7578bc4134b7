//! How far time has certainly passed, told from the sources: the least over all of them.
//!
//! A source with unread bytes holds it at its last event. One read to its end holds it
//! at the wall clock, less its own delay. One that cannot be read holds it for
//! [`LOST_HOLDS_MAX`]: if it is back by then, what it has is not late. A single line from the far future moves
//! nothing: a jump of more than [`JUMP_MAX`] has to be confirmed by the lines after it.

use std::collections::BTreeMap;

use crate::model::{Millis, SourceId, Timestamp};

/// A step that a log may take without a second line that agrees.
const JUMP_MAX: Millis = Millis::hours(1);

/// How long a source that cannot be read any more holds the others back. Longer would
/// make everybody blind because of one.
const LOST_HOLDS_MAX: Millis = Millis::seconds(60);

/// Lines in a row that confirm a longer jump.
const CONFIRMING_LINES: usize = 8;

/// Lines no further apart than this belong together.
const TOGETHER_MAX: Millis = Millis::days(1);

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
    /// The first lines, or those in a row that lie far ahead: not believed yet.
    doubtful: Vec<Timestamp>,
    /// The wall clock at which it had been read to its end.
    at_end: Option<Timestamp>,
    /// The wall clock at which it could not be read any more.
    lost_at: Option<Timestamp>,
}

/// Follows one source, which is looked up once.
pub(super) struct Follower<'w> {
    watermark: Option<&'w mut Watermark>,
    progress: Option<&'w mut Progress>,
}

impl Watermark {
    /// Until its first event there is nothing to follow.
    pub(super) const fn follower(&mut self) -> Follower<'_> {
        Follower { watermark: Some(self), progress: None }
    }

    fn progress_of(&mut self, source: &SourceId) -> &mut Progress {
        self.sources.entry(source.clone()).or_default()
    }

    /// Time passes also when nothing is read, and is never ahead of this clock.
    pub(super) fn follow(&mut self, wall: Timestamp) {
        self.wall = Some(wall);
    }

    /// The source had nothing left to read at that moment of the wall clock.
    pub(super) fn caught_up(&mut self, source: &SourceId, wall: Timestamp) {
        let progress = self.sources.entry(source.clone()).or_default();
        progress.at_end = Some(wall);
        progress.lost_at = None;
    }

    /// The source cannot be read: soon it holds nothing back, or time would stand still.
    pub(super) fn lost(&mut self, source: &SourceId, wall: Timestamp) {
        let Some(progress) = self.sources.get_mut(source) else { return };
        let since = *progress.lost_at.get_or_insert(wall);
        if since.plus(LOST_HOLDS_MAX) <= wall || wall < since {
            self.sources.remove(source);
        }
    }

    /// Nobody reads the source any more.
    pub(super) fn forget(&mut self, source: &SourceId) {
        self.sources.remove(source);
    }

    /// The source has bytes that are not read yet.
    pub(super) fn behind(&mut self, source: &SourceId) {
        if let Some(progress) = self.sources.get_mut(source) {
            progress.at_end = None;
            progress.lost_at = None;
        }
    }

    /// The file has ended for good: it holds nothing any more. Its last events count once
    /// all have ended.
    pub(super) fn ended(&mut self, source: &SourceId) {
        if let Some(progress) = self.sources.remove(source) {
            self.ended = self.ended.max(progress.at_its_end());
        }
    }

    /// The latest line that is believed.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.sources.values().filter_map(|source| source.last).max()
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

impl Follower<'_> {
    /// An event of the source was read, which is always the same.
    pub(super) fn saw(&mut self, source: &SourceId, at: Timestamp) {
        if let Some(watermark) = self.watermark.take() {
            self.progress = Some(watermark.progress_of(source));
        }
        if let Some(progress) = &mut self.progress {
            progress.saw(at);
        }
    }
}

impl Progress {
    fn saw(&mut self, at: Timestamp) {
        if let Some(last) = self.last
            && at <= last.plus(JUMP_MAX)
        {
            self.last = Some(last.max(at));
            self.doubtful.clear();
            return;
        }
        self.doubtful.push(at);
        if CONFIRMING_LINES <= self.doubtful.len() {
            let most = most_of(std::mem::take(&mut self.doubtful));
            self.last = self.last.max(most);
        }
    }

    fn holds_at(&self, delay: Millis) -> Option<Timestamp> {
        let last = self.last.unwrap_or(Timestamp(i64::MIN));
        match self.at_end {
            Some(wall) => Some(wall.back(delay).max(last.min(wall))),
            None => self.last,
        }
    }

    /// Nothing more can confirm: what lies no further ahead than a day is believed.
    fn at_its_end(self) -> Option<Timestamp> {
        let Some(mut last) = self.last else { return most_of(self.doubtful) };
        let mut doubtful = self.doubtful;
        doubtful.sort_unstable();
        for at in doubtful {
            if at <= last.plus(TOGETHER_MAX) {
                last = last.max(at);
            }
        }
        Some(last)
    }
}

/// The latest of those that most of the lines stand together with.
fn most_of(mut lines: Vec<Timestamp>) -> Option<Timestamp> {
    lines.sort_unstable();
    let groups = lines.chunk_by(|earlier, later| *later <= earlier.plus(TOGETHER_MAX));
    // Of two groups alike the earlier one: time can still go on from there.
    let largest = groups.rev().max_by_key(|group| group.len())?;
    largest.last().copied()
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

    /// As many lines of that second as are believed.
    fn saw(watermark: &mut Watermark, source: &SourceId, seconds: i64) {
        for _ in 0..CONFIRMING_LINES {
            watermark.follower().saw(source, at(seconds));
        }
    }

    #[test]
    fn the_slowest_source_holds_it() {
        let mut watermark = Watermark::default();
        saw(&mut watermark, &source("a"), 100);
        saw(&mut watermark, &source("b"), 60);
        assert_eq!(watermark.passed(DELAY), Some(at(60)));
        watermark.follower().saw(&source("b"), at(130));
        assert_eq!(watermark.passed(DELAY), Some(at(100)));
    }

    #[test]
    fn a_source_read_to_its_end_follows_the_wall_clock() {
        let mut watermark = Watermark::default();
        saw(&mut watermark, &source("a"), 100);
        watermark.caught_up(&source("a"), at(200));
        assert_eq!(watermark.passed(DELAY), Some(at(195)));
        watermark.behind(&source("a"));
        assert_eq!(watermark.passed(DELAY), Some(at(195)), "it never moves back");
    }

    #[test]
    fn a_source_that_is_lost_for_a_moment_holds_what_it_will_bring() {
        let mut watermark = Watermark::default();
        let (a, b) = (source("a"), source("b"));
        watermark.caught_up(&a, at(1000));
        watermark.caught_up(&b, at(1000));
        for seconds in [1001, 1030, 1060] {
            watermark.caught_up(&a, at(seconds));
            watermark.lost(&b, at(seconds));
            assert_eq!(watermark.passed(DELAY), Some(at(995)), "{seconds}");
        }
        watermark.caught_up(&a, at(1061));
        watermark.lost(&b, at(1061));
        assert_eq!(watermark.passed(DELAY), Some(at(1056)), "a minute is enough");
        watermark.lost(&b, at(1062));
        watermark.caught_up(&b, at(1063));
        assert_eq!(watermark.passed(DELAY), Some(at(1056)));
    }

    #[test]
    fn one_line_from_the_future_moves_nothing() {
        let mut watermark = Watermark::default();
        let a = source("a");
        saw(&mut watermark, &a, 100);
        watermark.follower().saw(&a, at(2_000_000_000));
        watermark.follower().saw(&a, at(101));
        assert_eq!(watermark.passed(DELAY), Some(at(101)));
        watermark.ended(&a);
        assert_eq!(watermark.passed(DELAY), Some(at(101)));
    }

    #[test]
    fn a_quiet_week_is_passed_when_eight_lines_agree() {
        let mut watermark = Watermark::default();
        let a = source("a");
        saw(&mut watermark, &a, 100);
        for line in 0..7 {
            watermark.follower().saw(&a, at(700_000 + line));
        }
        assert_eq!(watermark.passed(DELAY), Some(at(100)));
        watermark.follower().saw(&a, at(700_007));
        assert_eq!(watermark.passed(DELAY), Some(at(700_007)));
    }

    #[test]
    fn the_last_lines_of_a_file_count_after_a_quiet_night() {
        let mut watermark = Watermark::default();
        let a = source("a");
        saw(&mut watermark, &a, 100);
        for seconds in [30_000, 60_000, 130_000, 2_000_000_000] {
            watermark.follower().saw(&a, at(seconds));
        }
        watermark.ended(&a);
        assert_eq!(watermark.passed(DELAY), Some(at(130_000)));
    }

    #[test]
    fn a_first_line_from_the_future_does_not_carry_the_log_away() {
        let mut watermark = Watermark::default();
        let a = source("a");
        watermark.follower().saw(&a, at(2_000_000_000));
        for seconds in 100..107 {
            watermark.follower().saw(&a, at(seconds));
        }
        assert_eq!(watermark.passed(DELAY), Some(at(106)));
    }

    #[test]
    fn nothing_is_ahead_of_the_clock_that_is_followed() {
        let mut watermark = Watermark::default();
        watermark.follow(at(1000));
        saw(&mut watermark, &source("a"), 2_000_000_000);
        assert_eq!(watermark.passed(DELAY), Some(at(1000)));
    }

    #[test]
    fn a_file_that_ends_first_neither_holds_nor_pushes_the_others() {
        let mut watermark = Watermark::default();
        let (a, b) = (source("a"), source("b"));
        saw(&mut watermark, &b, 60);
        saw(&mut watermark, &a, 100);
        watermark.ended(&a);
        assert_eq!(watermark.passed(DELAY), Some(at(60)));
        watermark.follower().saw(&b, at(700));
        watermark.ended(&b);
        assert_eq!(watermark.passed(DELAY), Some(at(700)));
    }

    #[test]
    fn a_file_of_one_line_counts() {
        let mut watermark = Watermark::default();
        watermark.follower().saw(&source("a"), at(100));
        assert_eq!(watermark.passed(DELAY), None);
        watermark.ended(&source("a"));
        assert_eq!(watermark.passed(DELAY), Some(at(100)));
    }
}
