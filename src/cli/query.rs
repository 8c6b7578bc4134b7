//! `keyvigil query`: SQL over the stored events, as a table for people or CSV for programs.

use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::process::ExitCode;

use anyhow::Context as _;

use super::ask::Rows;
use super::exit;
use super::look::LookArgs;
use crate::app::control::Question;
use crate::engine::KeyRow;
use crate::report::{self, ReportError, Value, is_about_keys};
use crate::store::Store;
use crate::web::is_inert;

const AFTER_HELP: &str = "\
The table `events` has a row for each request:
  time, hour, day, source, format, kind, key, role, source_ip, method, path, query, route,
  status, bytes, duration_ms, user_agent, referer, user, model, tokens_in, tokens_out, cost,
  units, operation, outcome, tenant, object, asn, country, city, late
Beside it there are:
  incidents  id, kind, class, severity, state, title, key, role, owner, address, since, opened,
             last_seen, told, acknowledged, acknowledged_by, resolved, detected_s, told_s,
             acknowledged_s, resolved_s, events, score, below, merged
  stale      key, route, kind, severity, owner, role, since, found, state, first_used, last_used,
             may, did, because, next
  keys       key, role, owner, first_used, last_used, requests, errors, baseline, stale

The keys that were refused most often:
  keyvigil query --state /var/lib/keyvigil \\
    'SELECT key, count(*) AS n FROM events WHERE status IN (401, 403) GROUP BY key ORDER BY n DESC'

A running keyvigil is asked; it answers at most 1,000,000 rows, and nothing that would take more than
384 MiB of its memory. What counts, or adds up bytes, tokens or units, takes memory by how much differs
in the columns that it names, everything else by the events. Without a running keyvigil, the store is
opened.";

/// Ask the stored events in SQL
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct QueryArgs {
    /// The question, such as 'SELECT key, count(*) FROM events GROUP BY key'
    sql: String,
    #[command(flatten)]
    look: LookArgs,
    /// How to print the answer; a table on a terminal, otherwise CSV
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Csv,
    Json,
}

pub(super) fn run(args: &QueryArgs) -> anyhow::Result<ExitCode> {
    let store;
    let mut answer = if let Some(rows) = args.look.whom.query(&args.sql)? {
        Answer { columns: rows.columns.clone(), rows: Source::Daemon(rows) }
    } else if is_about_keys(&args.sql) {
        let resting = args.look.resting(&question(&args.sql))?;
        store = resting.store;
        Answer::at_rest(&store, &resting.view.keys, &args.sql)?
    } else {
        store = args.look.store(&question(&args.sql))?;
        Answer::at_rest(&store, &[], &args.sql)?
    };
    let stdout = io::stdout();
    let natural = if stdout.is_terminal() { Format::Table } else { Format::Csv };
    let mut out = BufWriter::new(stdout.lock());
    let format = if args.json { Format::Json } else { args.format.unwrap_or(natural) };
    let printed = print(&mut out, &mut answer, format);
    match printed.and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
        printed => printed.context("cannot print the answer")?,
    }
    let Source::Daemon(rows) = answer.rows else { return Ok(ExitCode::SUCCESS) };
    if rows.is_cut() {
        let note = "keyvigil: these are not all rows: the daemon cut the answer; add LIMIT, or stop \
                    the daemon and ask again";
        writeln!(io::stderr().lock(), "{note}")?;
        return Ok(ExitCode::from(exit::FINDINGS));
    }
    Ok(ExitCode::SUCCESS)
}

fn question(sql: &str) -> Question {
    Question::Query { sql: sql.to_owned() }
}

/// An answer whose rows come one after the other.
struct Answer<'s> {
    columns: Vec<String>,
    rows: Source<'s>,
}

enum Source<'s> {
    Daemon(Rows),
    Store(Box<report::Answer<'s>>),
}

impl<'s> Answer<'s> {
    fn at_rest(store: &'s Store, keys: &[KeyRow], sql: &str) -> Result<Self, ReportError> {
        let rows = report::answer(store, keys, sql)?;
        Ok(Self { columns: rows.columns.clone(), rows: Source::Store(Box::new(rows)) })
    }
}

impl Iterator for Source<'_> {
    type Item = io::Result<Vec<Value>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Daemon(rows) => rows.next(),
            Self::Store(rows) => rows.next().map(|row| row.map_err(io::Error::other)),
        }
    }
}

fn print(out: &mut impl Write, answer: &mut Answer<'_>, format: Format) -> io::Result<()> {
    match format {
        Format::Table => print_table(out, answer),
        Format::Csv => print_csv(out, answer),
        Format::Json => print_json(out, answer),
    }
}

fn print_csv(out: &mut impl Write, answer: &mut Answer<'_>) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(&answer.columns)?;
    // Often the time is that of the row before: it is not written anew.
    let mut cells = vec![(Value::Absent, String::new()); answer.columns.len()];
    for row in &mut answer.rows {
        for (value, (last, cell)) in row?.into_iter().zip(&mut cells) {
            if !matches!(value, Value::Time(_)) || *last != value {
                cell.clear();
                value.write_csv(cell).map_err(io::Error::other)?;
            }
            csv.write_field(&*cell)?;
            *last = value;
        }
        csv.write_record(None::<&[u8]>)?;
    }
    csv.flush()
}

fn print_json(out: &mut impl Write, answer: &mut Answer<'_>) -> io::Result<()> {
    let mut separator = "[";
    for row in &mut answer.rows {
        let row = row?;
        let cells = answer.columns.iter().cloned().zip(row.iter().map(Value::in_json));
        let row = serde_json::Value::Object(cells.collect());
        write!(out, "{separator}\n{row}")?;
        separator = ",";
    }
    writeln!(out, "{}]", if separator == "[" { separator } else { "\n" })
}

fn print_table(out: &mut impl Write, answer: &mut Answer<'_>) -> io::Result<()> {
    let rows: Vec<Vec<Value>> = (&mut answer.rows).collect::<Result<_, _>>()?;
    let mut widths: Vec<usize> = answer.columns.iter().map(|name| name.chars().count()).collect();
    for row in &rows {
        for (width, value) in widths.iter_mut().zip(row) {
            *width = (*width).max(shown(value).chars().count());
        }
    }
    let names = answer.columns.iter().zip(&widths);
    let names: Vec<String> = names.map(|(name, width)| format!("{name:width$}")).collect();
    writeln!(out, "{}", names.join("  ").trim_end())?;
    let lines: Vec<String> = widths.iter().map(|&width| "─".repeat(width)).collect();
    writeln!(out, "{}", lines.join("  "))?;
    for row in &rows {
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
    let text = value.to_string();
    if text.chars().all(is_inert) {
        return text;
    }
    let each = |c: char| if is_inert(c) { c.to_string() } else { c.escape_default().to_string() };
    text.chars().map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Input;
    use crate::model::EventBatch;
    use crate::store::{Commit, OpenOptions};

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
        let mut answer = Answer::at_rest(&store, &[], sql).unwrap();
        print(&mut out, &mut answer, format).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_directory_without_a_store_is_not_given_one() {
        let dir = tempfile::tempdir().unwrap();
        let error = Store::open_existing(dir.path(), &OpenOptions::default()).unwrap_err();
        assert!(error.to_string().starts_with("there is no store in"), "{error}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn programs_get_csv() {
        check(
            Format::Csv,
            "time,path,status\n1970-01-01T00:00:01.5Z,\"/a,\"\"b\"\"\",200\n\
             1970-01-01T00:00:02.5Z,/\\u{1b}[31m,\n",
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
