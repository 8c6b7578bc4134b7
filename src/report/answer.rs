//! The rows of an answer, one after the other. Where each is of one event, or of events that are
//! alike, no more of the store is in memory at a time than a piece.

use polars::prelude::{DataFrame, IntoLazy as _, PolarsResult};
use polars::sql::SQLContext;

use super::alike::{Done, Rows};
use super::columns::COUNT;
use super::frame::{Pieces, ROWS_PER_PIECE};
use super::needs::Needs;
use super::question::{Alike, By, OfGroups};
use super::table::{Table, Value};
use super::{ReportError, columns, frame, table_of, tables, wrong};
use crate::engine::KeyRow;
use crate::store::{Store, Wanted};

pub struct Answer<'s> {
    pub columns: Vec<String>,
    table: Table,
    /// The next row of the table.
    row: usize,
    /// Rows that may still come.
    left: usize,
    rest: Option<Rest<'s>>,
    /// What is asked of each piece.
    sql: String,
}

/// What comes behind the first rows.
enum Rest<'s> {
    Events(Pieces<'s>),
    Rows(Done),
}

/// So many times what rows take themselves are taken at most while they are grouped or put in order.
/// Measured: ten million of a path, or of a key and an hour.
const WHILE_GATHERED: u64 = 5;

/// Answers a question about the table `events`, or those beside it.
pub fn answer<'s>(store: &'s Store, keys: &[KeyRow], sql: &str) -> Result<Answer<'s>, ReportError> {
    answer_within(store, keys, (sql, u64::MAX))
}

/// The same, if the events that are needed take no more memory than so many bytes.
pub fn answer_within<'s>(
    store: &'s Store,
    keys: &[KeyRow],
    (sql, bytes_max): (&str, u64),
) -> Result<Answer<'s>, ReportError> {
    let needs = Needs::of(sql);
    let alike = Alike::of(sql).filter(|it| !it.columns.is_empty() || !it.sums.is_empty());
    if let Some(alike) = alike {
        return of_alike(store, &alike, (&wanted(&needs), bytes_max));
    }
    of_events((store, keys), (sql, &needs), bytes_max)
}

/// From the events as they are.
pub(super) fn of_events<'s>(
    (store, keys): (&'s Store, &[KeyRow]),
    (sql, needs): (&str, &Needs),
    bytes_max: u64,
) -> Result<Answer<'s>, ReportError> {
    let names = columns::named_in(sql);
    let rows_max = needs.rows_of_events_max.filter(|_| !names.is_empty());
    if tables::is_named("events", sql) {
        check(store, (&names, &wanted(needs)), (rows_max.is_some(), bytes_max))?;
    }
    let mut pieces = Pieces::of(store, &names, &wanted(needs))?;
    let first = if !tables::is_named("events", sql) {
        Ok(DataFrame::empty())
    } else if names.is_empty() {
        frame::no_columns(store.rows(&wanted(needs))?)
    } else if rows_max.is_some() {
        pieces.next_piece()?
    } else {
        pieces.all()?
    };
    let mut context = SQLContext::new();
    let beside = tables::register(&mut context, (store, keys), sql)?;
    let first = beside.and(first);
    let table = of_frame(first, context, sql)?;
    let left = rows_max.unwrap_or(usize::MAX);
    Ok(Answer::of(table, sql, (rows_max.map(|_| Rest::Events(pieces)), left)))
}

/// Events that are alike are put together as they are read.
fn of_alike<'s>(
    store: &'s Store,
    alike: &Alike,
    (wanted, bytes_max): (&Wanted, u64),
) -> Result<Answer<'s>, ReportError> {
    let names = [&alike.columns[..], &alike.sums[..], &[COUNT]].concat();
    let is_within = |bytes: u64| {
        if bytes <= bytes_max {
            return Ok(());
        }
        // Of how much too much it would be, the number of events tells.
        Err(too_much(bytes.max(bytes_of(store, (&names, wanted))?), bytes_max))
    };
    let mut pieces = Pieces::of(store, &names, wanted)?;
    let mut rows = Rows::of(&alike.columns, &alike.sums);
    while !pieces.is_done() && !rows.are_too_many() {
        pieces.next_into(&mut rows)?;
        is_within(rows.bytes())?;
    }
    let of_pieces = alike.of_groups.as_ref().filter(|it| pieces.is_done() && it.by != By::Whole);
    if of_pieces.is_none() {
        let all = if pieces.is_done() { rows.len() as u64 } else { store.rows(wanted)? };
        let gathered = all.saturating_mul(bytes_of_row(&names)).saturating_mul(WHILE_GATHERED);
        is_within(rows.bytes().saturating_add(gathered))?;
    }
    let done = rows.done();
    if let (true, Some(groups)) = (pieces.is_done(), &alike.of_groups) {
        return of_groups(done, groups);
    }
    let mut frame = done.and_then(|mut done| done.next(usize::MAX));
    while !pieces.is_done() {
        frame = pieces.next_chunk(frame)?;
    }
    Ok(Answer::of(of_frame(frame, SQLContext::new(), &alike.sql)?, &alike.sql, (None, usize::MAX)))
}

/// No two rows are alike, and each makes one of the answer.
fn of_groups<'s>(
    done: PolarsResult<Done>,
    OfGroups { sql, by }: &OfGroups,
) -> Result<Answer<'s>, ReportError> {
    let first = |mut done: Done| {
        let frame = match by {
            By::Piece => asked(done.next(ROWS_PER_PIECE)?, sql)?,
            By::Best { again } => best(&mut done, (sql, again))?,
            By::Whole => asked(done.next(usize::MAX)?, sql)?,
        };
        Ok((frame, done))
    };
    let (frame, done) = done.and_then(first).map_err(|error| wrong(&error))?;
    Ok(Answer::of(Table::new(frame), sql, (Some(Rest::Rows(done)), usize::MAX)))
}

/// The first rows of all pieces, in the order that is asked for.
fn best(done: &mut Done, (sql, again): (&str, &str)) -> PolarsResult<DataFrame> {
    let mut best = asked(done.next(ROWS_PER_PIECE)?, sql)?;
    while !done.is_over() {
        best.vstack_mut(&asked(done.next(ROWS_PER_PIECE)?, sql)?)?;
    }
    asked(best, again)
}

fn asked(events: DataFrame, sql: &str) -> PolarsResult<DataFrame> {
    let mut context = SQLContext::new();
    context.register("events", events.lazy());
    context.execute(sql)?.collect()
}

/// An error if what a question needs would take too much memory.
fn check(
    store: &Store,
    (names, wanted): (&[&'static str], &Wanted),
    (is_piecewise, bytes_max): (bool, u64),
) -> Result<(), ReportError> {
    let bytes = bytes_of(store, (names, wanted))?;
    let bytes = if is_piecewise {
        bytes.min(ROWS_PER_PIECE as u64 * bytes_of_row(names))
    } else {
        bytes.saturating_mul(WHILE_GATHERED)
    };
    if bytes_max < bytes { Err(too_much(bytes, bytes_max)) } else { Ok(()) }
}

/// What the events that a question needs will about take.
fn bytes_of(
    store: &Store,
    (names, wanted): (&[&'static str], &Wanted),
) -> Result<u64, ReportError> {
    Ok(store.rows(wanted)?.saturating_mul(bytes_of_row(names)))
}

fn bytes_of_row(names: &[&'static str]) -> u64 {
    names.iter().copied().map(columns::row_bytes).sum()
}

const fn too_much(bytes: u64, bytes_max: u64) -> ReportError {
    ReportError::TooMuch { mib: bytes >> 20, mib_max: bytes_max >> 20 }
}

fn wanted(needs: &Needs) -> Wanted {
    Wanted { times: needs.times.clone(), key: needs.key.clone(), ..Wanted::default() }
}

fn of_frame(
    events: PolarsResult<DataFrame>,
    mut context: SQLContext,
    sql: &str,
) -> Result<Table, ReportError> {
    let answered = events.and_then(|events| {
        context.register("events", events.lazy());
        table_of(&mut context, sql)
    });
    answered.map_err(|error| wrong(&error))
}

impl<'s> Answer<'s> {
    fn of(table: Table, sql: &str, (rest, left): (Option<Rest<'s>>, usize)) -> Self {
        let columns = table.columns.clone();
        Self { columns, table, row: 0, left, rest, sql: sql.to_owned() }
    }

    fn next_table(&mut self) -> Option<Result<Table, ReportError>> {
        let piece = match self.rest.as_mut()? {
            Rest::Events(pieces) if pieces.is_done() => return None,
            Rest::Rows(done) if done.is_over() => return None,
            Rest::Events(pieces) => pieces.next_piece().map_err(ReportError::from),
            Rest::Rows(done) => Ok(done.next(ROWS_PER_PIECE)),
        };
        Some(piece.and_then(|events| of_frame(events, SQLContext::new(), &self.sql)))
    }
}

impl Iterator for Answer<'_> {
    type Item = Result<Vec<Value>, ReportError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        while self.table.len() <= self.row {
            match self.next_table()? {
                Ok(table) => (self.table, self.row) = (table, 0),
                Err(error) => {
                    self.rest = None;
                    return Some(Err(error));
                }
            }
        }
        self.row += 1;
        self.left -= 1;
        Some(Ok(self.table.row(self.row - 1)))
    }
}
