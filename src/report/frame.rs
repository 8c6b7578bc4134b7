//! Stored blocks to one polars frame, with the wanted columns only.

use polars::prelude::{
    BooleanChunked, ChunkFull as _, Column as Series, DataFrame, DataType, Float64Chunked,
    Int64Chunked, IntoColumn as _, IntoSeries as _, NewChunkedArray as _, PolarsResult,
    StringChunked, TimeUnit, UInt32Chunked, UInt64Chunked,
};

use super::columns;
use crate::model::{EventBatch, EventKind, TextColumn, Timestamp};
use crate::store::{Columns, Store, StoreError, Wanted};

/// The wanted events of the store, so many at a time.
pub(super) struct Pieces<'s> {
    blocks: Box<dyn Iterator<Item = Result<EventBatch, StoreError>> + 's>,
    piece: Piece,
    is_done: bool,
}

/// Bounds what a piece of an answer takes in memory.
pub(super) const ROWS_PER_PIECE: u64 = 1 << 17;

/// Texts are kept once in each chunk; this bounds what a chunk's dictionaries hold.
const ROWS_PER_CHUNK: usize = 1 << 20;

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
        self.take_until(usize::try_from(ROWS_PER_PIECE).unwrap_or(usize::MAX))?;
        Ok(self.piece.take())
    }

    /// One frame of all that are left.
    pub(super) fn all(&mut self) -> Result<PolarsResult<DataFrame>, StoreError> {
        let mut frame = self.piece.take();
        while !self.is_done {
            self.take_until(ROWS_PER_CHUNK)?;
            frame = stacked(frame, self.piece.take());
        }
        Ok(frame)
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

enum Values {
    Text(TextColumn),
    Times(Vec<i64>),
    Counts(Vec<u64>),
    Numbers(Vec<Option<u32>>),
    Fractions(Vec<f64>),
    Flags(Vec<bool>),
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

impl Values {
    fn of(name: &str) -> Self {
        match name {
            "time" | "hour" | "day" => Self::Times(Vec::new()),
            "bytes" | "tokens_in" | "tokens_out" | "units" => Self::Counts(Vec::new()),
            "duration_ms" | "cost" => Self::Fractions(Vec::new()),
            "status" | "asn" => Self::Numbers(Vec::new()),
            "late" => Self::Flags(Vec::new()),
            _ => Self::Text(TextColumn::default()),
        }
    }

    fn append(&mut self, name: &str, batch: &EventBatch) {
        match self {
            Self::Times(times) => {
                let round = rounding(name);
                times.extend(batch.time.iter().map(|&time| round(Timestamp(time)).0));
            }
            Self::Counts(counts) => counts.extend_from_slice(match name {
                "tokens_in" => &batch.input_tokens,
                "tokens_out" => &batch.output_tokens,
                "units" => &batch.count,
                _ => &batch.bytes,
            }),
            Self::Numbers(numbers) if name == "asn" => {
                numbers.extend(batch.asn.iter().map(|&asn| Some(asn).filter(|&asn| 0 < asn)));
            }
            Self::Numbers(numbers) => {
                let known = |&status: &u16| Some(u32::from(status)).filter(|&status| 0 < status);
                numbers.extend(batch.status.iter().map(known));
            }
            Self::Fractions(fractions) if name == "cost" => {
                fractions
                    .extend(batch.cost_micros.iter().copied().map(|micros| millis(micros) / 1e3));
            }
            Self::Fractions(fractions) => {
                fractions.extend(batch.duration_us.iter().copied().map(millis));
            }
            Self::Flags(flags) => flags.extend_from_slice(&batch.late),
            Self::Text(text) if name == "kind" => append_kinds(text, &batch.kind),
            Self::Text(text) => {
                if let Some(more) = text_of(name, batch) {
                    append_texts(text, more);
                }
            }
        }
    }

    fn into_series(self, name: &'static str) -> PolarsResult<Series> {
        let name = name.into();
        Ok(match self {
            Self::Text(text) => {
                let values =
                    text.dictionary.values().map(|value| Some(value).filter(|v| !v.is_empty()));
                let values = StringChunked::from_iter_options(name, values);
                values.into_series().take_slice(&text.rows)?.into_column()
            }
            Self::Times(times) => {
                let times = Int64Chunked::from_vec(name, times).into_series();
                times.cast(&DataType::Datetime(TimeUnit::Milliseconds, None))?.into_column()
            }
            Self::Counts(counts) => UInt64Chunked::from_vec(name, counts).into_column(),
            Self::Numbers(numbers) => {
                UInt32Chunked::from_iter_options(name, numbers.into_iter()).into_column()
            }
            Self::Fractions(values) => Float64Chunked::from_vec(name, values).into_column(),
            Self::Flags(flags) => BooleanChunked::from_slice(name, &flags).into_column(),
        })
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

fn rounding(name: &str) -> fn(Timestamp) -> Timestamp {
    match name {
        "hour" => |time| time.hour().start(),
        "day" => |time| time.day().start(),
        _ => |time| time,
    }
}

#[expect(clippy::cast_precision_loss, reason = "durations lie far below 2^53 microseconds")]
fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

fn append_kinds(text: &mut TextColumn, kinds: &[EventKind]) {
    let numbers = EventKind::ALL.map(|kind| (kind, text.dictionary.number_of(kind.name())));
    let number_of = |kind: &EventKind| {
        numbers.iter().find(|(other, _)| other == kind).map_or(0, |(_, number)| *number)
    };
    text.rows.extend(kinds.iter().map(number_of));
}

fn append_texts(text: &mut TextColumn, more: &TextColumn) {
    let number_of = |value| text.dictionary.number_of(value);
    let numbers: Vec<u32> = more.dictionary.values().map(number_of).collect();
    let known = |row: &u32| numbers.get(*row as usize).copied().unwrap_or(0);
    text.rows.extend(more.rows.iter().map(known));
}

fn text_of<'a>(name: &str, batch: &'a EventBatch) -> Option<&'a TextColumn> {
    match name {
        "source" => Some(&batch.source),
        "format" => Some(&batch.format),
        "key" => Some(&batch.key),
        "role" => Some(&batch.role),
        "source_ip" => Some(&batch.source_ip),
        "method" => Some(&batch.method),
        "path" => Some(&batch.path),
        "query" => Some(&batch.query),
        "route" => Some(&batch.route),
        "user_agent" => Some(&batch.user_agent),
        "model" => Some(&batch.model),
        "operation" => Some(&batch.operation),
        "outcome" => Some(&batch.outcome),
        "tenant" => Some(&batch.tenant),
        "object" => Some(&batch.object),
        "country" => Some(&batch.country),
        "city" => Some(&batch.city),
        "referer" => Some(&batch.referer),
        "user" => Some(&batch.user),
        _ => None,
    }
}
