//! The report for people who check: what the keys did, what went wrong, what is left to tidy
//! up. Each figure names the question that made it.

mod controls;
mod controls_laws;
mod controls_standards;
mod coverage;
mod credentials;
mod csv;
mod facts;
mod grouping;
mod html;
mod incidents;
mod json;
mod ocsf;
mod paper;
mod processing;
mod shown;
mod tally;
mod third_parties;
mod usage;

use std::ops::Range;

use polars::sql::SQLContext;

pub use facts::Facts;
pub use paper::{Figure, Report};
pub use shown::Shown;

use paper::Section;

use super::{ReportError, Table, Value, tables};
use crate::alert::plain;
use crate::engine::{KeyRow, Party};
use crate::model::Timestamp;
use crate::store::{Counters, Store};
use tally::Tally;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    pub from: Timestamp,
    pub until: Timestamp,
    /// When it is made.
    pub made: Timestamp,
}

/// What is known beside the stored events.
#[derive(Clone, Debug, Default)]
pub struct Known<'a> {
    pub host: String,
    pub keys: &'a [KeyRow],
    pub parties: &'a [Party],
    pub facts: Facts,
}

/// The sections, in order.
pub const SECTIONS: [&str; 8] = [
    "coverage",
    "usage",
    "incidents",
    "credentials",
    "third-parties",
    "evidence",
    "processing",
    "notice",
];

/// Rows that a table has at most.
const ROWS_MAX: usize = 100;

/// Texts of logs are cut to this.
const CHARS_MAX: usize = 300;

/// What the sections are made from.
struct Case<'a> {
    asked: Asked,
    known: &'a Known<'a>,
    counters: Counters,
    tally: Tally,
    tables: SQLContext,
    store: &'a Store,
}

/// Makes the report of a period.
pub fn report(store: &Store, known: &Known<'_>, asked: Asked) -> Result<Report, ReportError> {
    let asked = asked.in_whole_seconds();
    let mut context = SQLContext::new();
    tables::register(&mut context, (store, known.keys), "incidents, stale, keys")?
        .map_err(|error| super::wrong(&error))?;
    let mut case = Case {
        asked,
        known,
        counters: store.counters()?,
        tally: Tally::of(store, &asked.period(), &usage::plans())?,
        tables: context,
        store,
    };
    let mut sections = vec![
        coverage::section(&case)?,
        usage::section(&case),
        incidents::section(&mut case)?,
        credentials::section(&mut case)?,
    ];
    let figures: Vec<&Figure> = sections.iter().flat_map(|section| &section.figures).collect();
    let evidence = controls::section(&case, &figures);
    let parties = third_parties::section(&case);
    sections.extend([parties, evidence, processing::record(&case), processing::notice(&case)]);
    Ok(Report {
        host: clean(&known.host),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made: asked.made,
        from: asked.from,
        until: asked.until,
        cautions: coverage::cautions(&case)?,
        sections,
    })
}

impl Asked {
    pub(super) const fn period(&self) -> Range<Timestamp> {
        self.from..self.until
    }

    /// SQL is asked in whole seconds, too.
    fn in_whole_seconds(self) -> Self {
        let whole = |at: Timestamp| Timestamp::from_seconds(at.seconds());
        Self { from: whole(self.from), until: whole(self.until), ..self }
    }

    /// That a time lies in the period, in SQL.
    fn within(&self, column: &str) -> String {
        format!("{column} >= '{}' AND {column} < '{}'", in_sql(self.from), in_sql(self.until))
    }
}

impl Case<'_> {
    /// A figure whose rows are the answer to its question.
    fn ask(&mut self, name: &str, title: &str, sql: String) -> Result<Figure, ReportError> {
        let table =
            super::table_of(&mut self.tables, &sql).map_err(|error| super::wrong(&error))?;
        Ok(Figure {
            name: name.to_owned(),
            title: title.to_owned(),
            made_by: sql,
            heads: table.columns.clone(),
            rows: rows_of(&table),
            ..Figure::default()
        })
    }
}

fn rows_of(table: &Table) -> Vec<Vec<Value>> {
    table.rows().map(|row| row.into_iter().map(cleaned).collect()).collect()
}

/// What strangers wrote is made harmless once, for every form of the report.
fn cleaned(value: Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(clean(&text)),
        other @ (Value::Absent
        | Value::Flag(_)
        | Value::Integer(_)
        | Value::Fraction(_)
        | Value::Time(_)) => other,
    }
}

fn clean(text: &str) -> String {
    plain(text, CHARS_MAX).replace("[:]//", "://")
}

fn in_sql(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A figure of one number.
fn single(name: &str, title: &str, (made_by, value): (String, Value)) -> Figure {
    Figure {
        name: name.to_owned(),
        title: title.to_owned(),
        made_by,
        heads: vec!["n".to_owned()],
        rows: vec![vec![value]],
        ..Figure::default()
    }
}

#[cfg(test)]
mod tests;
