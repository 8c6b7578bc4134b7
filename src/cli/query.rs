//! `keyvigil query`: SQL over the stored events, as a table for people or CSV for programs.

use std::fs;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use crate::report::{Table, Value, query};
use crate::store::{OpenOptions, Store, key_of};

const AFTER_HELP: &str = "\
There is one table, `events`, with a row for each request:
  time, hour, day, source, format, kind, key, role, source_ip, method, path, query, route,
  status, bytes, duration_ms, user_agent, referer, user, late

The keys that were refused most often:
  keyvigil query --state /var/lib/keyvigil \\
    'SELECT key, count(*) AS n FROM events WHERE status IN (401, 403) GROUP BY key ORDER BY n DESC'

A running keyvigil holds its state directory; stop it before you ask.";

/// Ask the stored events in SQL
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct QueryArgs {
    /// The question, such as 'SELECT key, count(*) FROM events GROUP BY key'
    sql: String,
    /// The state directory that keyvigil was run with
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// The file with the key of the store, if it is not DIR/store.key
    #[arg(long, value_name = "FILE")]
    store_key: Option<PathBuf>,
    /// How to print the answer; a table on a terminal, otherwise CSV
    #[arg(long, value_enum)]
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Csv,
    Json,
}

pub(super) fn run(args: &QueryArgs) -> anyhow::Result<ExitCode> {
    let key = args.store_key.as_deref().map(read_key).transpose()?;
    let store = Store::open_existing(&args.state, &OpenOptions { key })?;
    let table = query(&store, &args.sql)?;
    let stdout = io::stdout();
    let natural = if stdout.is_terminal() { Format::Table } else { Format::Csv };
    let mut out = BufWriter::new(stdout.lock());
    let printed = print(&mut out, &table, args.format.unwrap_or(natural));
    match printed.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot print the answer")
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn read_key(path: &Path) -> anyhow::Result<[u8; 32]> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read the key of the store, {}", path.display()))?;
    let wrong = || format!("the key in {} is not 64 hexadecimal digits", path.display());
    key_of(text.trim()).with_context(wrong)
}

fn print(out: &mut impl Write, table: &Table, format: Format) -> io::Result<()> {
    match format {
        Format::Table => print_table(out, table),
        Format::Csv => print_csv(out, table),
        Format::Json => print_json(out, table),
    }
}

fn print_csv(out: &mut impl Write, table: &Table) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(&table.columns)?;
    for row in table.rows() {
        csv.write_record(row.iter().map(cell))?;
    }
    csv.flush()
}

/// Spreadsheets compute what begins like a formula: a text that does is marked as a text.
fn cell(value: &Value) -> String {
    let text = value.to_string();
    let is_formula = matches!(value, Value::Text(_))
        && text.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if is_formula { format!("'{text}") } else { text }
}

fn print_json(out: &mut impl Write, table: &Table) -> io::Result<()> {
    let mut separator = "[";
    for row in table.rows() {
        let cells = table.columns.iter().cloned().zip(row.into_iter().map(json_of));
        let row = serde_json::Value::Object(cells.collect());
        write!(out, "{separator}\n{row}")?;
        separator = ",";
    }
    writeln!(out, "{}]", if table.is_empty() { separator } else { "\n" })
}

fn json_of(value: Value) -> serde_json::Value {
    match value {
        Value::Absent => serde_json::Value::Null,
        Value::Flag(flag) => flag.into(),
        Value::Integer(number) => match i64::try_from(number) {
            Ok(number) => number.into(),
            Err(_large) => {
                u64::try_from(number).map_or_else(|_| number.to_string().into(), Into::into)
            }
        },
        Value::Fraction(number) => number.into(),
        Value::Text(text) => text.into(),
        Value::Time(_) => value.to_string().into(),
    }
}

fn print_table(out: &mut impl Write, table: &Table) -> io::Result<()> {
    let mut widths: Vec<usize> = table.columns.iter().map(|name| name.chars().count()).collect();
    for row in table.rows() {
        for (width, value) in widths.iter_mut().zip(&row) {
            *width = (*width).max(shown(value).chars().count());
        }
    }
    let names = table.columns.iter().zip(&widths);
    let names: Vec<String> = names.map(|(name, width)| format!("{name:width$}")).collect();
    writeln!(out, "{}", names.join("  ").trim_end())?;
    let lines: Vec<String> = widths.iter().map(|&width| "─".repeat(width)).collect();
    writeln!(out, "{}", lines.join("  "))?;
    for row in table.rows() {
        let cells = row.iter().zip(&widths).map(|(value, &width)| match value {
            Value::Integer(_) | Value::Fraction(_) => format!("{:>width$}", shown(value)),
            Value::Absent | Value::Flag(_) | Value::Text(_) | Value::Time(_) => {
                format!("{:width$}", shown(value))
            }
        });
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// Log lines are written by strangers: nothing in them may steer the terminal.
fn shown(value: &Value) -> String {
    let is_harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let text = value.to_string();
    if !text.contains(is_harmful) {
        return text;
    }
    let each = |c: char| if is_harmful(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Input;
    use crate::model::EventBatch;
    use crate::store::Commit;

    #[test]
    fn a_formula_from_a_log_line_is_a_text_in_a_spreadsheet() {
        for attack in ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", " =1", "\t=1"] {
            let said = cell(&Value::Text(attack.to_owned()));
            assert_eq!(said, format!("'{attack}"));
        }
        assert_eq!(cell(&Value::Text("/v1/a=b".to_owned())), "/v1/a=b");
        assert_eq!(cell(&Value::Integer(-5)), "-5");
    }

    fn check(format: Format, expected: &str) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &OpenOptions::default()).unwrap();
        let mut batch = EventBatch { time: vec![1500, 2500], ..EventBatch::default() };
        batch.status.extend([200, 0]);
        batch.path.push("/a,\"b\"");
        batch.path.push("/\u{1b}[31m");
        let inputs = [(0, Input::Batch(batch.into()))];
        store.commit(&Commit { inputs: &inputs, ..Commit::default() }).unwrap();
        let sql = "SELECT time, path, status FROM events ORDER BY time";
        let mut out = Vec::new();
        print(&mut out, &query(&store, sql).unwrap(), format).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_directory_without_a_store_is_not_given_one() {
        let dir = tempfile::tempdir().unwrap();
        let error = Store::open_existing(dir.path(), &OpenOptions::default()).unwrap_err();
        assert!(error.to_string().starts_with("there is no store in"), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn programs_get_csv() {
        check(
            Format::Csv,
            "time,path,status\n1970-01-01T00:00:01.5Z,\"/a,\"\"b\"\"\",200\n\
             1970-01-01T00:00:02.5Z,/\u{1b}[31m,\n",
        );
    }

    #[test]
    fn people_get_a_table_that_cannot_steer_their_terminal() {
        check(
            Format::Table,
            "time                    path         status\n\
             ──────────────────────  ───────────  ──────\n\
             1970-01-01T00:00:01.5Z  /a,\"b\"          200\n\
             1970-01-01T00:00:02.5Z  /\\u{1b}[31m\n",
        );
    }

    #[test]
    fn json_is_one_list() {
        check(
            Format::Json,
            "[\n{\"path\":\"/a,\\\"b\\\"\",\"status\":200,\"time\":\"1970-01-01T00:00:01.5Z\"},\n\
             {\"path\":\"/\\u001b[31m\",\"status\":null,\"time\":\"1970-01-01T00:00:02.5Z\"}\n]\n",
        );
    }
}
