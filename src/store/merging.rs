//! Merging: the many small blocks of a quiet log become a few large ones.

use super::block::{Columns, Header, append};
use super::database::Batch;
use super::parts::decode;
use super::read::new_decoder;
use super::{Store, StoreError, Writer, keys, meta};
use crate::model::{EventBatch, Millis};

/// A block with fewer rows is small.
const SMALL_ROWS_MAX: u32 = 2048;
/// How much is done in one commit.
const BLOCKS_PER_COMMIT: usize = 512;
const HEADERS_PER_LOOK: usize = 4096;
/// From the first to the last event of what becomes one: a block is forgotten as a whole, and
/// nothing in it is to be kept much longer than was asked for.
const SPAN_MAX: Millis = Millis::days(1);

/// How far the merging has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    /// From which input on it is to be looked next time.
    pub next: u64,
    /// Nothing more is to be merged for now.
    pub is_done: bool,
}

/// Small blocks that follow one another.
#[derive(Default)]
struct Run {
    blocks: Vec<(u64, Header)>,
    rows: u32,
}

impl Store {
    /// Makes one block of the next small ones, from an input on, and gives it the number of
    /// the last of them. What the last snapshot does not know yet stays as it is: it may be
    /// stepped again.
    pub fn merge_small(&self, from: u64) -> Result<Merged, StoreError> {
        let mut writer = self.writer();
        let known = writer.totals.snapshot_input;
        let Some(last) = known.checked_sub(1).filter(|last| from <= *last) else {
            return Ok(Merged { next: from, is_done: true });
        };
        let checkpoints = self.checkpoints(from, last)?;
        let mut run = Run::default();
        let (mut next, mut looked, mut is_done) = (from, 0, true);
        for row in self.vault().database.range(keys::between(keys::HEADER, from, last)) {
            let (key, value) = row?;
            let (number, header) = self.open_header(&key, &value)?;
            let takes = |run: &Run| run.takes(&header) && !run.crosses(&checkpoints, number);
            if HEADERS_PER_LOOK <= looked || (!takes(&run) && run.is_worth_it()) {
                is_done = false;
                break;
            }
            looked += 1;
            if !takes(&run) {
                run = Run::default();
            }
            if takes(&run) {
                run.rows += header.rows;
                run.blocks.push((number, header));
            }
            next = run.blocks.last().map_or(number + 1, |(number, _)| *number);
        }
        if run.is_worth_it() {
            self.merge(&mut writer, &run)?;
        }
        Ok(Merged { next, is_done })
    }

    fn merge(&self, writer: &mut Writer, run: &Run) -> Result<(), StoreError> {
        let Some((last, _)) = run.blocks.last() else { return Ok(()) };
        let mut decoder = new_decoder()?;
        let mut merged = EventBatch::default();
        let mut batch = Batch::default();
        for (number, header) in &run.blocks {
            let block = (*number, header);
            append(&mut merged, &decode(self.vault(), &mut decoder, block, Columns::ALL)?);
            for prefix in [keys::BLOCK, keys::HEADER] {
                for row in self.vault().database.range(keys::between(prefix, *number, *number)) {
                    batch.remove(row?.0);
                }
            }
        }
        let before = writer.totals.clone();
        let blocks = u64::try_from(run.blocks.len()).unwrap_or(u64::MAX);
        writer.totals.blocks = before.blocks.saturating_sub(blocks);
        writer.totals.events = before.events.saturating_sub(u64::from(run.rows));
        let written = self
            .put_block(&mut batch, writer, (*last, &merged))
            .and_then(|()| meta::put_totals(self.vault(), &mut batch, &writer.totals))
            .and_then(|()| self.vault().database.write(batch));
        if written.is_err() {
            writer.totals = before;
        }
        written
    }
}

impl Run {
    fn takes(&self, header: &Header) -> bool {
        let first = self.blocks.first().map_or(header.first, |(_, first)| first.first);
        header.rows < SMALL_ROWS_MAX
            && header.last.since(first).0 <= SPAN_MAX.0
            && (self.rows + header.rows) as usize <= EventBatch::ROWS_MAX
            && self.blocks.len() < BLOCKS_PER_COMMIT
    }

    /// To a checkpoint one goes back: what comes before it stays apart from what comes after.
    fn crosses(&self, checkpoints: &[u64], number: u64) -> bool {
        let first = self.blocks.first().map_or(number, |(first, _)| *first);
        let next = checkpoints.partition_point(|checkpoint| *checkpoint <= first);
        checkpoints.get(next).is_some_and(|checkpoint| *checkpoint <= number)
    }

    const fn is_worth_it(&self) -> bool {
        1 < self.blocks.len()
    }
}
