//! `keyvigil top`: the keys that are used now, live in the terminal.

mod draw;
mod keyboard;
mod screen;
mod state;

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::ask::Asked;
use super::columns::{Cell, Screen, table};
use super::exit;
use super::look::LookArgs;
use super::tell::shown;
use crate::app;
use crate::app::control::Question;
use crate::detect::count_text;
use state::{KeyLine, Sort, State};

const AFTER_HELP: &str = "\
Keys while it runs: r requests per minute, n requests, e errors, l last used, s stale, k name: sorts
by it; / finds, Escape shows all again; p holds; arrows and Page Up and Down move; q ends.

Requests per minute are those that the daemon counted in the last minute of watching, or between the
two looks of --once, made into a rate. Without a terminal the table is printed once.

Exit code 69 where no daemon runs: `keyvigil keys` shows what its store remembers.";

/// The keys that are used now, live
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct TopArgs {
    #[command(flatten)]
    look: LookArgs,
    /// Print the table once, and end
    #[arg(long)]
    once: bool,
    /// Once, as JSON
    #[arg(long)]
    json: bool,
    /// By what is sorted
    #[arg(long, value_enum, default_value_t = Sort::Rate)]
    sort: Sort,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
}

/// Rows of the printed table.
const PRINTED_MAX: usize = 40;

pub(super) fn run(args: &TopArgs) -> anyhow::Result<ExitCode> {
    let Some(first) = args.ask()? else {
        let note = "keyvigil: no daemon runs with this state directory; `keyvigil keys` shows what \
                    its store remembers";
        writeln!(io::stderr().lock(), "{note}")?;
        return Ok(ExitCode::from(exit::NO_DAEMON));
    };
    let mut state = State::new(args.sort);
    state.take(&first, app::now());
    if args.once || args.json || !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return args.print(state);
    }
    screen::run(state, args.asking())?;
    Ok(ExitCode::SUCCESS)
}

impl TopArgs {
    /// What the daemon says of itself and its keys, if one runs.
    fn ask(&self) -> anyhow::Result<Option<Value>> {
        let (Asked::Answer(status), Asked::Answer(keys)) =
            (self.look.whom.ask(&Question::Status)?, self.look.whom.ask(&Question::Keys)?)
        else {
            return Ok(None);
        };
        Ok(Some(json!({ "status": status, "keys": keys.get("keys") })))
    }

    /// Asks again and again on a thread of its own, until nobody listens.
    fn asking(&self) -> screen::Asking {
        let (told, answers) = mpsc::sync_channel(1);
        let (stop, stopped) = mpsc::channel::<()>();
        let (look, every) = (self.look.clone(), Duration::from_secs(self.every));
        let args = Self { look, once: false, json: false, sort: self.sort, every: self.every };
        let thread = std::thread::spawn(move || {
            while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(every) {
                let answer = match args.ask() {
                    Ok(Some(answer)) => Ok(answer),
                    Ok(None) => Err("the daemon has ended".to_owned()),
                    Err(error) => Err(error.to_string()),
                };
                if told.send(answer).is_err() {
                    break;
                }
            }
        });
        screen::Asking { answers, stop, thread }
    }

    /// What is used per minute takes two looks.
    fn print(&self, mut state: State) -> anyhow::Result<ExitCode> {
        let asking = self.asking();
        if let Ok(Ok(answer)) = asking.answers.recv() {
            state.take(&answer, app::now());
        }
        asking.end();
        let text = if self.json {
            format!(
                "{:#}\n",
                json!({ "keys": state.rows().iter().map(|it| json_of(it)).collect::<Vec<_>>() })
            )
        } else {
            printed(&state)
        };
        io::stdout().lock().write_all(text.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}

fn json_of(key: &KeyLine) -> Value {
    json!({
        "key": key.key,
        "role": key.role,
        "owner": key.owner,
        "requests_per_minute": key.rate,
        "error_share": key.error_share,
        "requests": key.requests,
        "errors": key.errors,
        "last_used": key.last_used,
        "stale": key.stale,
    })
}

fn printed(state: &State) -> String {
    let heads = ["key", "~role", "req/min", "errors", "requests", "last used", "~stale"];
    let rows = state.rows();
    let cells: Vec<Vec<Cell>> = rows.iter().take(PRINTED_MAX).map(|key| row(key, state)).collect();
    let mut text = format!("{}\n", state.headline());
    text.push_str(&table(&heads, &cells, Screen::of_stdout()));
    let more = rows.len().saturating_sub(PRINTED_MAX);
    if 0 < more {
        text.push_str("… and ");
        text.push_str(&count_text(more as u64));
        text.push_str(" more; `keyvigil keys` lists them all\n");
    }
    text
}

fn row(key: &KeyLine, state: &State) -> Vec<Cell> {
    vec![
        Cell::new(&shown(&key.key)),
        Cell::new(&key.role),
        Cell::number(&key.rate_text()),
        Cell::number(&key.errors_text()),
        Cell::number(&count_text(key.requests)),
        Cell::new(&key.last_text(state.at())),
        Cell::new(&key.stale.join(", ")),
    ]
}
