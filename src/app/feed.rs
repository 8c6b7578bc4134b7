//! Files that are replayed, each with its next unread line: whichever is the oldest comes next.

use std::collections::BTreeMap;

use super::intake::{Intake, Taken};
use super::replay::Progress;
use crate::model::{Millis, SourceId, Timestamp};
use crate::tail::{Chunk, FileReader};

/// A file with its next unread line.
pub(super) struct Feed {
    pub(super) source: SourceId,
    pub(super) reader: FileReader,
    chunk: Option<Chunk>,
    consumed: usize,
    /// Up to where all was dealt with.
    whole: usize,
    /// The time of the last line that did not lie far ahead, and how many did since.
    last: Option<Timestamp>,
    ahead: usize,
    pub(super) missing: Vec<&'static str>,
    /// Why it is not read on.
    pub(super) damage: Option<String>,
}

/// A line this far ahead of the one before it is not waited for …
const AHEAD_MAX: Millis = Millis::days(1);

/// … unless more than so many in a row agree: then the log was quiet.
const AHEAD_LINES_MAX: usize = 7;

/// Takes line after line from whichever file's next line is the oldest.
pub(super) fn in_time_order(
    intake: &mut Intake,
    feeds: &mut [Feed],
    progress: &mut dyn FnMut(Progress),
    ready: &mut dyn FnMut(Taken),
) {
    let mut heads: BTreeMap<usize, Timestamp> = BTreeMap::new();
    for (place, feed) in feeds.iter_mut().enumerate() {
        heads.extend(feed.head(intake, None).map(|head| (place, head)));
    }
    // A first line can be from the future too.
    let ahead = heads.values().min().map(|first| (*first, first.plus(AHEAD_MAX)));
    for head in heads.values_mut() {
        *head = ahead.filter(|(_, ahead)| ahead < head).map_or(*head, |(first, _)| first);
    }
    while let Some((&place, &head)) = heads.iter().min_by_key(|(place, head)| (**head, **place)) {
        let next = heads.iter().filter(|(other, _)| **other != place).map(|(_, at)| *at).min();
        let mut head = Some(head);
        while let Some(at) = head.filter(|at| next.is_none_or(|next| *at <= next)) {
            let Some(feed) = feeds.get_mut(place) else { break };
            feed.take_line(intake, at);
            head = feed.head(intake, Some(at));
            if intake.is_full() {
                for feed in &*feeds {
                    feed.mark(intake);
                }
                ready(intake.hand_over());
            }
        }
        if let Some(at) = head {
            heads.insert(place, at);
        } else {
            heads.remove(&place);
            // Or the files after it would wait for it to the end of all.
            if let Some(feed) = feeds.get(place) {
                intake.watermark_mut().ended(&feed.source);
            }
        }
        progress(Progress::of(feeds));
    }
}

impl Feed {
    pub(super) fn new(source: SourceId, reader: FileReader, missing: Vec<&'static str>) -> Self {
        Self {
            source,
            reader,
            chunk: None,
            consumed: 0,
            whole: 0,
            last: None,
            ahead: 0,
            missing,
            damage: None,
        }
    }

    /// Of a file that is damaged, what comes before: the others are read all the same.
    pub(super) fn next_chunk(&mut self) -> Option<Chunk> {
        if self.damage.is_some() {
            return None;
        }
        self.reader.next_chunk().unwrap_or_else(|error| {
            self.damage = Some(error.to_string());
            None
        })
    }

    /// The time of the next line; that of the one before where it has none of its own.
    fn head(&mut self, intake: &mut Intake, before: Option<Timestamp>) -> Option<Timestamp> {
        let used_up = self.chunk.as_ref().is_none_or(|chunk| chunk.bytes.len() <= self.consumed);
        if used_up {
            self.mark(intake);
            if let Some(chunk) = self.chunk.take() {
                self.reader.reuse(chunk.bytes);
            }
            self.chunk = self.next_chunk();
            (self.consumed, self.whole) = (0, 0);
        }
        let chunk = self.chunk.as_ref()?;
        let line = line_at(&chunk.bytes, self.consumed);
        let first = Timestamp(i64::MIN);
        let told = intake.time_of(&self.source, line).or(before).unwrap_or(first);
        Some(self.turn_of(told))
    }

    /// When the line is to be taken. One that lies far ahead comes right after the line
    /// before it, until so many in a row do: or else the file would wait for all others
    /// because of one line from the future, and the rest of it come late.
    fn turn_of(&mut self, told: Timestamp) -> Timestamp {
        let last = self.last.unwrap_or(told);
        if last.plus(AHEAD_MAX) < told && self.ahead < AHEAD_LINES_MAX {
            self.ahead += 1;
            return last;
        }
        self.ahead = 0;
        self.last = Some(told);
        told
    }

    fn take_line(&mut self, intake: &mut Intake, at: Timestamp) {
        let Some(chunk) = &self.chunk else { return };
        let line = line_at(&chunk.bytes, self.consumed);
        let is_whole = intake.take_line(&self.source, line, at);
        self.consumed = (self.consumed + line.len() + 1).min(chunk.bytes.len());
        if is_whole {
            self.whole = self.consumed;
        }
    }

    fn mark(&self, intake: &mut Intake) {
        if let Some(chunk) = &self.chunk {
            intake.mark(chunk, self.whole, self.consumed);
        }
    }
}

fn line_at(bytes: &[u8], start: usize) -> &[u8] {
    let rest = bytes.get(start..).unwrap_or_default();
    let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    rest.get(..length).unwrap_or_default()
}
