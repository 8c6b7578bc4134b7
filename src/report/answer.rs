//! The rows of an answer, one after the other. Where each is of one event, no more of the store
//! is in memory at a time than a piece.

use polars::prelude::{DataFrame, IntoLazy as _, PolarsResult};
use polars::sql::SQLContext;

use super::frame::Pieces;
use super::needs::Needs;
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
    /// The events that were not looked at yet.
    rest: Option<Pieces<'s>>,
    sql: String,
}

/// Answers a question about the table `events`, or those beside it.
pub fn answer<'s>(store: &'s Store, keys: &[KeyRow], sql: &str) -> Result<Answer<'s>, ReportError> {
    let needs = Needs::of(sql);
    let names = columns::named_in(sql);
    let rows_max = needs.rows_of_events_max.filter(|_| !names.is_empty());
    let mut pieces = Pieces::of(store, &names, &wanted(&needs))?;
    let first = if !tables::is_named("events", sql) {
        Ok(DataFrame::empty())
    } else if names.is_empty() {
        frame::no_columns(store.rows(&wanted(&needs))?)
    } else if rows_max.is_some() {
        pieces.next_piece()?
    } else {
        pieces.all()?
    };
    let mut context = SQLContext::new();
    let beside = tables::register(&mut context, (store, keys), sql)?;
    let first = beside.and(first);
    let table = of_frame(first, context, sql)?;
    Ok(Answer {
        columns: table.columns.clone(),
        table,
        row: 0,
        left: rows_max.unwrap_or(usize::MAX),
        rest: rows_max.map(|_| pieces),
        sql: sql.to_owned(),
    })
}

/// What the events that a question needs will about take in memory.
pub fn memory_bytes(store: &Store, sql: &str) -> Result<u64, ReportError> {
    if !tables::is_named("events", sql) {
        return Ok(0);
    }
    let needs = Needs::of(sql);
    let each: u64 = columns::named_in(sql).into_iter().map(columns::row_bytes).sum();
    let rows = store.rows(&wanted(&needs))?;
    let at_a_time =
        if needs.rows_of_events_max.is_some() { frame::ROWS_PER_PIECE } else { u64::MAX };
    Ok(rows.min(at_a_time).saturating_mul(each))
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

impl Answer<'_> {
    fn next_table(&mut self) -> Option<Result<Table, ReportError>> {
        let pieces = self.rest.as_mut().filter(|pieces| !pieces.is_done())?;
        let piece = pieces.next_piece().map_err(ReportError::from);
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
