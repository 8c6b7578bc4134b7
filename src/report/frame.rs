//! Stored blocks to one polars frame, with the wanted columns only.

use polars::prelude::{BooleanChunked, ChunkFull as _, DataFrame, IntoColumn as _, PolarsResult};

use super::alike::Rows;
use super::columns;
use super::values::Values;
use crate::model::EventBatch;
use crate::store::{Columns, Store, StoreError, Wanted};

/// The wanted events of the store, so many at a time.
pub(super) struct Pieces<'s> {
    blocks: Box<dyn Iterator<Item = Result<EventBatch, StoreError>> + 's>,
    piece: Piece,
    is_done: bool,
}

/// Bounds what a piece of an answer takes in memory.
pub(super) const ROWS_PER_PIECE: usize = if cfg!(test) { 7 } else { 1 << 17 };

/// Texts are kept once in each chunk; this bounds what a chunk's dictionaries hold.
const ROWS_PER_CHUNK: usize = if cfg!(test) { 50 } else { 1 << 20 };

impl<'s> Pieces<'s> {
    pub(super) fn of(
        store: &'s Store,
        names: &[&'static str],
        wanted: &Wanted,
    ) -> Result<Self, StoreError> {
        let stored = names.iter().filter_map(|name| columns::stored(name));
        let columns = stored.fold(Columns::NONE, Columns::with);
        let blocks = Box::new(store.blocks(&Wanted { columns, ..wanted.clone() })?);
        Ok(Self { blocks, piece: Piece::new(names), is_done: false })
    }

    pub(super) const fn is_done(&self) -> bool {
        self.is_done
    }

    /// A frame of the next events. The outer error is the store's, the inner one polars'.
    pub(super) fn next_piece(&mut self) -> Result<PolarsResult<DataFrame>, StoreError> {
        self.take_until(ROWS_PER_PIECE)?;
        Ok(self.piece.take())
    }

    /// One frame of all that are left.
    pub(super) fn all(&mut self) -> Result<PolarsResult<DataFrame>, StoreError> {
        let mut frame = self.piece.take();
        while !self.is_done {
            frame = self.next_chunk(frame)?;
        }
        Ok(frame)
    }

    /// A frame, and the next events behind it.
    pub(super) fn next_chunk(
        &mut self,
        frame: PolarsResult<DataFrame>,
    ) -> Result<PolarsResult<DataFrame>, StoreError> {
        self.take_until(ROWS_PER_CHUNK)?;
        Ok(stacked(frame, self.piece.take()))
    }

    /// Adds the events of the next block.
    pub(super) fn next_into(&mut self, rows: &mut Rows) -> Result<(), StoreError> {
        match self.blocks.next() {
            Some(batch) => rows.add(&batch?),
            None => self.is_done = true,
        }
        Ok(())
    }

    fn take_until(&mut self, rows: usize) -> Result<(), StoreError> {
        while self.piece.rows < rows {
            let Some(batch) = self.blocks.next() else {
                self.is_done = true;
                break;
            };
            self.piece.append(&batch?);
        }
        Ok(())
    }
}

/// Events of some blocks, to become a part of the frame.
struct Piece {
    rows: usize,
    columns: Vec<(&'static str, Values)>,
}

impl Piece {
    fn new(names: &[&'static str]) -> Self {
        let columns = names.iter().map(|&name| (name, Values::of(name))).collect();
        Self { rows: 0, columns }
    }

    fn append(&mut self, batch: &EventBatch) {
        self.rows += batch.len();
        for (name, values) in &mut self.columns {
            values.append(name, batch);
        }
    }

    /// The frame of the piece, which is empty then.
    fn take(&mut self) -> PolarsResult<DataFrame> {
        let rows = std::mem::take(&mut self.rows);
        let columns = self
            .columns
            .iter_mut()
            .map(|(name, values)| std::mem::replace(values, Values::of(name)).into_series(name));
        DataFrame::new(rows, columns.collect::<PolarsResult<_>>()?)
    }
}

fn stacked(
    frame: PolarsResult<DataFrame>,
    piece: PolarsResult<DataFrame>,
) -> PolarsResult<DataFrame> {
    let mut frame = frame?;
    frame.vstack_mut(&piece?)?;
    Ok(frame)
}

/// Rows to be counted, with a column that nobody asks for.
pub(super) fn no_columns(rows: u64) -> PolarsResult<DataFrame> {
    let rows = usize::try_from(rows).unwrap_or(usize::MAX);
    let nothing = BooleanChunked::full("late".into(), false, rows);
    DataFrame::new(rows, vec![nothing.into_column()])
}
