//! Chunks of bytes to batches of events: frame, parse, identify, and count what was not
//! an event.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use memchr::memchr;

use super::counts::{Counts, count};
use super::watermark::Watermark;
use crate::format::{Outcome, Parser};
use crate::identity::{Identity, Inventory, Networks, Seen};
use crate::model::{EventBatch, Millis, Position, Record, SourceId, Timestamp};
use crate::store::Counters;
use crate::tail::Chunk;

/// Rejected lines that are kept to be shown, the newest, scrubbed.
const REJECTS_SHOWN_MAX: usize = 10;

/// How much of a rejected line is shown.
const REJECT_BYTES_MAX: usize = 200;

/// A format is looked for again when more than half of so many lines did not fit.
const DOUBTFUL_LINES_MIN: u64 = 200;

/// A line that was not understood, as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    pub reason: String,
    pub line: String,
}

/// What the engine is to see next, and where the sources then stand.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) batch: EventBatch,
    pub(super) positions: BTreeMap<SourceId, Position>,
    pub(super) watermark: Option<Timestamp>,
    /// What has become of all lines so far, if any came.
    pub(super) counters: Option<Counters>,
}

/// One source as it is read.
#[derive(Debug)]
struct Reading {
    format: String,
    parser: Option<Parser>,
    /// What became of its lines before this start, and since.
    counts_before: Counts,
    counts: Counts,
    rejects: VecDeque<Reject>,
    /// Lines and misfits since the format was last looked for.
    doubt: (u64, u64),
}

#[derive(Debug)]
pub(super) struct Intake {
    identity: Identity,
    sources: BTreeMap<SourceId, Reading>,
    watermark: Watermark,
    delay: Millis,
    latest: Option<Timestamp>,
    /// What earlier processes counted.
    counted: Counters,
    taken: Taken,
}

impl Intake {
    pub(super) fn new(identity: Identity, delay: Millis, counted: Counters) -> Self {
        Self {
            identity,
            sources: BTreeMap::new(),
            watermark: Watermark::default(),
            delay,
            latest: None,
            counted,
            taken: Taken::default(),
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
    pub(super) fn add(&mut self, source: SourceId, parser: Option<Parser>) {
        let format = parser.as_ref().map_or("unknown", Parser::name).to_owned();
        let reading = self
            .sources
            .entry(source)
            .or_insert_with_key(|source| Reading::new(Counts::stored(source, &self.counted)));
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
        let mut consumed = 0;
        while let Some(rest) = chunk.bytes.get(consumed..).filter(|rest| !rest.is_empty()) {
            let length = memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest.get(..length).unwrap_or_default();
            self.take_line(&chunk.source, line, arrival);
            consumed += (length + 1).min(rest.len());
            if self.taken.batch.is_full() {
                self.mark(chunk, consumed);
                ready(self.hand_over());
            }
        }
        self.mark(chunk, consumed);
    }

    /// One line without its end.
    pub(super) fn take_line(&mut self, source: &SourceId, line: &[u8], arrival: Timestamp) {
        let Some(reading) = self.sources.get_mut(source) else { return };
        reading.counts.lines += 1;
        reading.doubt.0 += 1;
        let Some(parser) = &mut reading.parser else {
            reading.reject("format not recognised", line, &self.identity);
            return;
        };
        match parser.parse(line) {
            Outcome::Event(record) => {
                let seen = Seen { source: &source.0, format: &reading.format, arrival };
                append(&mut self.identity, &record, &seen, &mut self.taken.batch);
                reading.counts.accept(&record);
            }
            Outcome::Events(records) => {
                for record in &records {
                    let seen = Seen { source: &source.0, format: &reading.format, arrival };
                    append(&mut self.identity, record, &seen, &mut self.taken.batch);
                    reading.counts.accept(record);
                }
            }
            Outcome::Skip(reason) => count(&mut reading.counts.skipped, reason),
            Outcome::Malformed(reason) | Outcome::Pending(reason) => {
                reading.reject(reason, line, &self.identity);
                return;
            }
        }
        if let Some(at) = self.taken.batch.time.last() {
            self.latest = Some(Timestamp(*at));
            self.watermark.saw(source, Timestamp(*at));
        }
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
        let taken = std::mem::take(&mut self.taken);
        Taken { watermark, counters, ..taken }
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
        self.taken.positions.insert(source, position);
    }

    pub(super) fn is_full(&self) -> bool {
        self.taken.batch.is_full()
    }

    /// The chunk's source has been taken up to there.
    pub(super) fn mark(&mut self, chunk: &Chunk, consumed: usize) {
        let position = chunk.position_after(consumed);
        if let Some(known) = self.taken.positions.get_mut(&chunk.source) {
            *known = position;
        } else {
            self.taken.positions.insert(chunk.source.clone(), position);
        }
    }
}

fn append(identity: &mut Identity, record: &Record<'_>, seen: &Seen<'_>, batch: &mut EventBatch) {
    identity.append(record, seen, batch);
}

impl Reading {
    fn new(counts_before: Counts) -> Self {
        Self {
            format: "unknown".to_owned(),
            parser: None,
            counts_before,
            counts: Counts::default(),
            rejects: VecDeque::new(),
            doubt: (0, 0),
        }
    }

    fn counts_so_far(&self) -> Counts {
        self.counts_before.plus(&self.counts)
    }

    fn reject(&mut self, reason: &str, line: &[u8], identity: &Identity) {
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
