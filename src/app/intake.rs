//! Chunks of bytes to batches of events: frame, parse, identify, and count what was not
//! an event.

use std::collections::BTreeMap;
use std::sync::Arc;

use memchr::memchr;

use super::counts::{Counts, count};
use super::desk::Desk;
use super::headers::Headers;
use super::once::Once;
use super::reading::{Reading, Reject};
use super::spares::Spares;
use super::watermark::Watermark;
use super::whose::Hashes;
use crate::format::{Joined, Joins, Outcome, Parser, Turn};
use crate::identity::{Identity, Inventory, Networks, Privacy};
use crate::model::{EventBatch, Mention, Millis, Position, SourceId, Timestamp};
use crate::store::{Counters, Memory};
use crate::tail::Chunk;

/// A format is looked for again when more than half of so many lines did not fit.
const DOUBTFUL_LINES_MIN: u64 = 200;

/// So long the rest of a line is waited for that a container runtime wrote in parts. Less
/// than the patience of the engine.
const PARTS_AGE_MAX: Millis = Millis::seconds(2);

/// What the engine is to see next, and where the sources then stand.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) batch: EventBatch,
    pub(super) positions: BTreeMap<SourceId, Position>,
    pub(super) watermark: Option<Timestamp>,
    /// What has become of all lines so far, if any came.
    pub(super) counters: Option<Counters>,
    /// What is to be remembered of what was read, if it is another than before.
    pub(super) memory: Memory,
}

/// How far a chunk has been read.
#[derive(Debug, Default)]
struct Read {
    consumed: usize,
    /// Up to where all lines were dealt with.
    whole: usize,
}

#[derive(Debug)]
pub(super) struct Intake {
    identity: Identity,
    once: Once,
    sources: BTreeMap<SourceId, Reading>,
    watermark: Watermark,
    delay: Millis,
    latest: Option<Timestamp>,
    /// What earlier processes counted.
    counted: Counters,
    /// The headers of tables, by their sources.
    headers: Headers,
    taken: Taken,
    /// Where batches come back to be filled again.
    pub(super) spares: Spares,
}

impl Intake {
    /// With what earlier processes counted and remembered.
    pub(super) fn new(
        identity: Identity,
        delay: Millis,
        (counted, memory): (Counters, Memory),
    ) -> Self {
        let hashes = Hashes::new(identity.record_key());
        Self {
            identity,
            once: Once::recall(&memory, hashes),
            headers: Headers::recall(&memory),
            sources: BTreeMap::new(),
            watermark: Watermark::default(),
            delay,
            latest: None,
            counted,
            taken: Taken::default(),
            spares: Spares::default(),
        }
    }

    pub(super) fn watermark_mut(&mut self) -> &mut Watermark {
        &mut self.watermark
    }

    /// From the next line on. What was taken before must have been handed over.
    pub(super) fn set_inventory(&mut self, inventory: Arc<Inventory>) {
        self.identity.set_inventory(inventory);
    }

    /// As [`Intake::set_inventory`].
    pub(super) fn set_networks(&mut self, networks: Arc<Networks>) {
        self.identity.set_networks(networks);
    }

    /// As [`Intake::set_inventory`].
    pub(super) fn set_privacy(&mut self, privacy: Arc<Privacy>) {
        self.identity.set_privacy(privacy);
    }

    /// Somebody was never here. What goes of them is handed over with what comes next.
    pub(super) fn forget(&mut self, mention: &Mention) {
        self.once.forget(mention);
        for reading in self.sources.values_mut() {
            reading.rejects.retain(|reject| !mention.is_in(&reject.line));
        }
    }

    pub(super) const fn set_delay(&mut self, delay: Millis) {
        self.delay = delay;
    }

    /// The source is to be read in another way: its format is told anew.
    pub(super) fn forget_format(&mut self, source: &SourceId) {
        if let Some(reading) = self.sources.get_mut(source) {
            reading.parser = None;
        }
    }

    /// Whether the source has its format already.
    pub(super) fn knows(&self, source: &SourceId) -> bool {
        self.sources.get(source).is_some_and(|reading| reading.parser.is_some())
    }

    /// From now on the source is read with this parser.
    pub(super) fn add(&mut self, source: &SourceId, mut parser: Option<Parser>) {
        if let (Some(parser), Some(header)) = (&mut parser, self.headers.of(source)) {
            parser.take_header(header);
        }
        let format = parser.as_ref().map_or("unknown", Parser::name).to_owned();
        let reading = self.reading(source);
        reading.parts.set_joins(parser.as_ref().map_or(Joins::Nothing, Parser::joins));
        reading.parser = parser;
        reading.format = format;
        reading.doubt = (0, 0);
    }

    /// There is no better format for it: it is asked again after so many lines more.
    pub(super) fn settle_doubt(&mut self, source: &SourceId) {
        if let Some(reading) = self.sources.get_mut(source) {
            reading.doubt = (0, 0);
        }
    }

    /// What has become of a source's lines, those of earlier processes among them.
    pub(super) fn counts_so_far(&self, source: &SourceId) -> Counts {
        let stored = || Counts::stored(source, &self.counted);
        self.sources.get(source).map_or_else(stored, Reading::counts_so_far)
    }

    /// What this process counted.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&SourceId, &Counts)> {
        self.sources.iter().map(|(source, reading)| (source, &reading.counts))
    }

    pub(super) fn rejects(&self, source: &SourceId) -> impl Iterator<Item = &Reject> {
        self.sources.get(source).into_iter().flat_map(|reading| reading.rejects.iter())
    }

    pub(super) fn format_of(&self, source: &SourceId) -> &str {
        self.sources.get(source).map_or("unknown", |reading| reading.format.as_str())
    }

    /// Takes a chunk's lines. Each time a batch is full, `ready` is given it.
    pub(super) fn take(&mut self, chunk: &Chunk, arrival: Timestamp, ready: &mut dyn FnMut(Taken)) {
        let mut read = Read::default();
        while read.consumed < chunk.bytes.len() {
            if self.take_lines(chunk, &mut read, arrival) == Turn::AllReady {
                self.take_joined(&chunk.source, arrival);
                read.whole = read.consumed;
            }
            if self.taken.batch.is_full() {
                self.mark(chunk, read.whole, read.consumed);
                ready(self.hand_over());
            }
        }
        self.mark(chunk, read.whole, read.consumed);
    }

    /// Takes lines until the batch is full, or one that was written in parts is whole.
    fn take_lines(&mut self, chunk: &Chunk, read: &mut Read, arrival: Timestamp) -> Turn {
        let Some((reading, mut desk)) = self.desk(&chunk.source) else {
            read.take_rest(chunk);
            return Turn::Now;
        };
        while let Some(line) = read.next_line(chunk) {
            match reading.parts.push(line) {
                Turn::Now => {
                    desk.take((&chunk.source, reading), (line, 1), arrival);
                    read.whole = read.consumed;
                }
                Turn::Later => {
                    reading.waits.get_or_insert((arrival, None));
                }
                Turn::AllReady => return Turn::AllReady,
            }
            if desk.batch.is_full() {
                break;
            }
        }
        Turn::Now
    }

    /// One line without its end. Whether it and all before it were dealt with: a line that
    /// was written in parts, and what comes between them, waits for the last of them.
    pub(super) fn take_line(&mut self, source: &SourceId, line: &[u8], arrival: Timestamp) -> bool {
        let Some((reading, mut desk)) = self.desk(source) else { return true };
        match reading.parts.push(line) {
            Turn::Now => desk.take((source, reading), (line, 1), arrival),
            Turn::Later => {
                reading.waits.get_or_insert((arrival, None));
                return false;
            }
            Turn::AllReady => self.take_joined(source, arrival),
        }
        true
    }

    /// Lines may have been lost, so many bytes of them known.
    pub(super) fn lost(&mut self, source: &SourceId, bytes: u64) {
        let counts = &mut self.reading(source).counts;
        counts.losses += 1;
        counts.lost_bytes += bytes;
    }

    /// A line was skipped because it is too long.
    pub(super) fn too_long(&mut self, source: &SourceId) {
        let counts = &mut self.reading(source).counts;
        counts.lines += 1;
        count(&mut counts.rejected, "is longer than 64 KiB");
    }

    fn reading(&mut self, source: &SourceId) -> &mut Reading {
        self.sources
            .entry(source.clone())
            .or_insert_with_key(|source| Reading::new(Counts::stored(source, &self.counted)))
    }

    /// Goes on without the rest of lines that were begun too long ago; of all, if nothing
    /// more can come.
    pub(super) fn give_up_parts(&mut self, now: Option<Timestamp>) {
        let is_due = |since: Timestamp| {
            now.is_none_or(|now| since.plus(PARTS_AGE_MAX) <= now || now < since)
        };
        let mut due = Vec::new();
        for (source, reading) in &mut self.sources {
            if let Some((since, _)) = reading.waits
                && is_due(since)
            {
                reading.parts.give_up();
                due.push((source.clone(), since));
            }
        }
        for (source, since) in due {
            self.take_joined(&source, since);
        }
    }

    /// Takes what waited for the rest of a line.
    fn take_joined(&mut self, source: &SourceId, arrival: Timestamp) {
        let Some(reading) = self.sources.get_mut(source) else { return };
        let behind = reading.waits.take().and_then(|(_, behind)| behind);
        for Joined { line, of_lines, is_broken } in reading.parts.take() {
            if is_broken {
                self.reject_parts(source, (&line, of_lines));
            } else {
                self.take_whole(source, (&line, of_lines), arrival);
            }
        }
        if let Some(position) = behind {
            self.taken.positions.insert(source.clone(), position);
        }
    }

    fn reject_parts(&mut self, source: &SourceId, (line, of_lines): (&[u8], u64)) {
        let Some(reading) = self.sources.get_mut(source) else { return };
        reading.counts.lines += of_lines;
        reading.count_joined(of_lines);
        reading.reject("a part of a line whose rest did not come", line, &self.identity);
    }

    /// A line that was so many lines of the file.
    fn take_whole(&mut self, source: &SourceId, line: (&[u8], u64), arrival: Timestamp) {
        if let Some((reading, mut desk)) = self.desk(source) {
            desk.take((source, reading), line, arrival);
        }
    }

    /// A source, and what its lines are taken with.
    fn desk(&mut self, source: &SourceId) -> Option<(&mut Reading, Desk<'_>)> {
        let Self { sources, identity, once, headers, taken, watermark, latest, .. } = self;
        let batch = &mut taken.batch;
        let follower = watermark.follower();
        let desk = Desk { identity, once, headers, batch, follower, latest };
        Some((sources.get_mut(source)?, desk))
    }

    /// The time that a line gives, without taking it.
    pub(super) fn time_of(&mut self, source: &SourceId, line: &[u8]) -> Option<Timestamp> {
        match self.sources.get_mut(source)?.parser.as_mut()?.parse(line) {
            Outcome::Event(record) => record.time,
            Outcome::Events(records) => records.first()?.time,
            Outcome::Skip(_) | Outcome::Malformed(_) | Outcome::Pending(_) => None,
        }
    }

    /// The time of the last event taken: what a line without a time of its own gets in a
    /// replay.
    pub(super) fn latest(&self) -> Option<Timestamp> {
        self.latest
    }

    /// Whether so many lines did not fit that the format should be looked for again.
    pub(super) fn doubts(&self, source: &SourceId) -> bool {
        self.sources.get(source).is_some_and(|reading| {
            let (lines, misfits) = reading.doubt;
            DOUBTFUL_LINES_MIN <= lines && lines < misfits * 2
        })
    }

    /// What has come together since the last time, whether full or not.
    pub(super) fn hand_over(&mut self) -> Taken {
        let watermark = self.watermark.passed(self.delay);
        let counters = (!self.is_empty()).then(|| self.counters());
        let mut memory = self.once.take_news();
        memory.extend(self.headers.take_news());
        let batch = self.spares.behind(&self.taken.batch);
        let next = Taken { batch, ..Taken::default() };
        let taken = std::mem::replace(&mut self.taken, next);
        Taken { watermark, counters, memory, ..taken }
    }

    /// The counts of every source that was ever read, as they are stored.
    fn counters(&self) -> Counters {
        let mut counters = self.counted.clone();
        for (source, reading) in &self.sources {
            reading.counts_so_far().store(source, &mut counters);
        }
        counters
    }

    pub(super) fn is_empty(&self) -> bool {
        self.taken.batch.is_empty() && self.taken.positions.is_empty()
    }

    /// The source goes on from there, without a line of its own.
    pub(super) fn stands(&mut self, source: SourceId, position: Position) {
        let waits = self.sources.get_mut(&source).and_then(|reading| reading.waits.as_mut());
        if let Some((_, behind)) = waits {
            *behind = Some(position);
        } else {
            self.taken.positions.insert(source, position);
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.taken.batch.is_full()
    }

    /// The chunk's source has been taken up to `whole`, and read up to `consumed`.
    pub(super) fn mark(&mut self, chunk: &Chunk, whole: usize, consumed: usize) {
        if let Some(reading) = self.sources.get_mut(&chunk.source)
            && let Some((_, behind)) = &mut reading.waits
        {
            *behind = Some(chunk.position_after(consumed));
        }
        if whole == 0 {
            return;
        }
        let position = chunk.position_after(whole);
        if let Some(known) = self.taken.positions.get_mut(&chunk.source) {
            *known = position;
        } else {
            self.taken.positions.insert(chunk.source.clone(), position);
        }
    }
}

impl Read {
    /// The next line, without its end.
    fn next_line<'c>(&mut self, chunk: &'c Chunk) -> Option<&'c [u8]> {
        let rest = chunk.bytes.get(self.consumed..).filter(|rest| !rest.is_empty())?;
        let length = memchr(b'\n', rest).unwrap_or(rest.len());
        self.consumed += (length + 1).min(rest.len());
        rest.get(..length)
    }

    /// Nothing of it is wanted.
    fn take_rest(&mut self, chunk: &Chunk) {
        (self.consumed, self.whole) = (chunk.bytes.len(), chunk.bytes.len());
    }
}
