//! Stored events to tables: questions in SQL.

mod columns;
mod frame;
mod table;

use polars::prelude::{IntoLazy, LazyFrame, PolarsResult};
use polars::sql::SQLContext;
use thiserror::Error;

pub use columns::NAMES;
pub use table::{Table, Value};

use crate::store::{Store, StoreError, Wanted};

#[derive(Debug, Error)]
pub enum ReportError {
    #[error("the question cannot be answered: {message}; the columns of `events` are {columns}")]
    Sql { message: String, columns: String },
    #[error("cannot read the stored events")]
    Store(#[from] StoreError),
}

/// Answers a question about the table `events`.
pub fn query(store: &Store, sql: &str) -> Result<Table, ReportError> {
    let events = frame::events(store, &columns::named_in(sql))?;
    answer(events.map(IntoLazy::lazy), sql)
        .map_err(|error| ReportError::Sql { message: error.to_string(), columns: NAMES.join(", ") })
}

/// What the events that a question needs will about take in memory.
pub fn memory_bytes(store: &Store, sql: &str) -> Result<u64, ReportError> {
    let each: u64 = columns::named_in(sql).into_iter().map(columns::row_bytes).sum();
    Ok(store.rows(&Wanted::default())?.saturating_mul(each))
}

fn answer(events: PolarsResult<LazyFrame>, sql: &str) -> PolarsResult<Table> {
    let mut context = SQLContext::new();
    context.register("events", events?);
    context.execute(sql)?.collect().map(Table::new)
}

#[cfg(test)]
mod tests;
