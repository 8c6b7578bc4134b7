//! Stored events to tables: questions in SQL, and the report for people who check.

mod alike;
mod answer;
mod audit;
mod columns;
mod frame;
#[expect(clippy::wildcard_enum_match_arm, reason = "SQL has more than is understood here")]
mod gathered;
mod needs;
#[expect(clippy::wildcard_enum_match_arm, reason = "SQL has more than is understood here")]
mod question;
mod roles;
mod table;
mod tables;
mod values;
mod words;

use polars::prelude::{PolarsError, PolarsResult};
use polars::sql::SQLContext;
use thiserror::Error;

pub use answer::{Answer, answer, answer_within};
pub use audit::{Asked, Facts, Figure, Known, Report, SECTIONS, Shown, report};
pub use columns::NAMES;
pub use roles::{RoleUse, Suggested, roles};
pub use table::Value;

use crate::store::StoreError;
use table::Table;

#[derive(Debug, Error)]
pub enum ReportError {
    #[error(
        "the question cannot be answered: {message}; the columns of `events` are {columns}; {others}"
    )]
    Sql { message: String, columns: String, others: &'static str },
    #[error(
        "the events of this question would take {mib} MiB of the daemon's memory, and {mib_max} MiB \
         are allowed; name fewer columns, or stop the daemon and ask again"
    )]
    TooMuch { mib: u64, mib_max: u64 },
    #[error("cannot read the stored events")]
    Store(#[from] StoreError),
}

/// Whether a question needs to know the keys, which the engine knows and not the store.
pub fn is_about_keys(sql: &str) -> bool {
    tables::is_named("keys", sql)
}

fn table_of(context: &mut SQLContext, sql: &str) -> PolarsResult<Table> {
    context.execute(sql)?.collect().map(Table::new)
}

fn wrong(error: &PolarsError) -> ReportError {
    let columns = NAMES.join(", ");
    ReportError::Sql { message: error.to_string(), columns, others: tables::TABLES }
}

#[cfg(test)]
mod tests;
