//! Stored events to tables: questions in SQL, and the report for people who check.

mod audit;
mod columns;
mod frame;
mod roles;
mod table;
mod tables;

use polars::prelude::{DataFrame, IntoLazy as _, PolarsError, PolarsResult};
use polars::sql::SQLContext;
use thiserror::Error;

pub use audit::{Asked, Facts, Figure, Known, Report, SECTIONS, Shown, report};
pub use columns::NAMES;
pub use roles::{RoleUse, Suggested, roles};
pub use table::{Table, Value};

use crate::engine::KeyRow;
use crate::store::{Store, StoreError, Wanted};

#[derive(Debug, Error)]
pub enum ReportError {
    #[error(
        "the question cannot be answered: {message}; the columns of `events` are {columns}; {others}"
    )]
    Sql { message: String, columns: String, others: &'static str },
    #[error("cannot read the stored events")]
    Store(#[from] StoreError),
}

/// Answers a question about the table `events`, or those beside it.
pub fn query(store: &Store, keys: &[KeyRow], sql: &str) -> Result<Table, ReportError> {
    let mut context = SQLContext::new();
    let events = if tables::is_named("events", sql) {
        frame::events(store, &columns::named_in(sql))?
    } else {
        Ok(DataFrame::empty())
    };
    let registered = tables::register(&mut context, (store, keys), sql)?;
    let answer = || {
        context.register("events", events?.lazy());
        registered?;
        answer(&mut context, sql)
    };
    answer().map_err(|error| wrong(&error))
}

/// What the events that a question needs will about take in memory.
pub fn memory_bytes(store: &Store, sql: &str) -> Result<u64, ReportError> {
    if !tables::is_named("events", sql) {
        return Ok(0);
    }
    let each: u64 = columns::named_in(sql).into_iter().map(columns::row_bytes).sum();
    Ok(store.rows(&Wanted::default())?.saturating_mul(each))
}

/// Whether a question needs to know the keys, which the engine knows and not the store.
pub fn is_about_keys(sql: &str) -> bool {
    tables::is_named("keys", sql)
}

fn answer(context: &mut SQLContext, sql: &str) -> PolarsResult<Table> {
    context.execute(sql)?.collect().map(Table::new)
}

fn wrong(error: &PolarsError) -> ReportError {
    let columns = NAMES.join(", ");
    ReportError::Sql { message: error.to_string(), columns, others: tables::TABLES }
}

#[cfg(test)]
mod tests;
