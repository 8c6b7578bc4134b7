//! A report on the terminal: what matters, as wide as it is.

use std::fmt::Write as _;

use super::columns::{Cell, Screen, Tone, table};
use super::keys::to_minute;
use crate::report::{Figure, Report, Value};

/// Rows of a table that the terminal is shown; a file has more.
const ROWS_MAX: usize = 10;

pub(super) fn text(report: &Report) -> String {
    let screen = Screen::of_stdout();
    let mut out = String::new();
    // Writing to a String cannot fail.
    let mut say = |line: &str| writeln!(out, "{line}").unwrap_or_default();
    let minute = |at| to_minute(&Value::Time(at).to_string());
    say(&format!("Report on API access, {} to {}", minute(report.from), minute(report.until)));
    for caution in &report.cautions {
        say(&screen.painted(&format!("note  {caution}"), Tone::Warning));
    }
    for section in &report.sections {
        say(&format!("\n{}", screen.painted(&section.title, Tone::Warning)));
        for (name, what) in &section.facts {
            say(&format!("  {name:<40} {what}"));
        }
        for figure in section.figures.iter().filter(|it| it.is_single()) {
            let value = figure.shown_rows().next().and_then(|row| row.into_iter().next());
            let value = value.map(|value| value.text).unwrap_or_default();
            say(&format!("  {:<60} {value}", figure.title));
        }
        for control in &section.controls {
            say(&format!("\n{} {}: {}", control.framework, control.id, control.asks));
            for evidence in &control.evidence {
                let mark = if evidence.is_gap { "look" } else { "" };
                say(&format!("  {mark:<4}  {}: {}", evidence.says, evidence.value));
            }
        }
        for figure in section.figures.iter().filter(|it| !it.is_single() && !it.rows.is_empty()) {
            say(&format!("\n{}", figure.title));
            say(sheet(figure, screen).trim_end());
        }
    }
    out
}

fn sheet(figure: &Figure, screen: Screen) -> String {
    let numbers: Vec<bool> = figure
        .shown_rows()
        .next()
        .map(|row| row.iter().map(|cell| cell.is_number).collect())
        .unwrap_or_default();
    let heads: Vec<String> = figure
        .labels()
        .into_iter()
        .zip(&numbers)
        .map(|(label, is_number)| if *is_number { label } else { format!("~{label}") })
        .collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let cell = |(shown, is_number): (crate::report::Shown, &bool)| {
        if *is_number { Cell::number(&shown.text) } else { Cell::new(&shown.text) }
    };
    let rows = figure.shown_rows().take(ROWS_MAX);
    let rows: Vec<Vec<Cell>> =
        rows.map(|row| row.into_iter().zip(&numbers).map(cell).collect()).collect();
    let mut text = table(&heads, &rows, screen);
    let more = figure.rows.len().saturating_sub(ROWS_MAX);
    if 0 < more {
        // Writing to a String cannot fail.
        writeln!(text, "… and {more} more; --out report.html has them").unwrap_or_default();
    }
    text
}
