//! `keyvigil reload`: the running daemon reads its configuration again, and says what came of
//! it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::ask::{Asked, WhomArgs};
use super::exit;
use super::journal;
use crate::app::Reloaded;
use crate::app::control::{Because, Question, Refusal};
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct ReloadArgs {
    #[command(flatten)]
    whom: WhomArgs,
    /// What came of it, as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ReloadArgs) -> anyhow::Result<ExitCode> {
    let answer = match args.whom.ask(&Question::Reload) {
        Ok(Asked::Answer(answer)) => answer,
        Ok(Asked::Nobody) => return nobody(&args.whom),
        Err(error) => return refused(error),
    };
    let reloaded: Reloaded =
        serde_json::from_value(answer).context("the daemon's answer cannot be understood")?;
    let mut out = std::io::stdout().lock();
    let text = if args.json {
        format!("{:#}\n", serde_json::to_value(&reloaded)?)
    } else {
        told(&reloaded)?
    };
    out.write_all(text.as_bytes())?;
    let fine = reloaded.problems.is_empty();
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::from(exit::FINDINGS) })
}

fn told(reloaded: &Reloaded) -> Result<String, std::fmt::Error> {
    let mut text = match reloaded.changed.as_slice() {
        [] => "read again; nothing has changed\n".to_owned(),
        changed => format!("read again; now in force: {}\n", changed.join(", ")),
    };
    if !reloaded.restart.is_empty() {
        let names = reloaded.restart.join(", ");
        writeln!(text, "only after a restart (systemctl restart keyvigil): {names}")?;
    }
    for problem in &reloaded.problems {
        writeln!(text, "PROBLEM: {problem}\n  what was read before stays in force")?;
    }
    Ok(text)
}

/// The mistakes stand as `keyvigil check` shows them.
fn refused(error: anyhow::Error) -> anyhow::Result<ExitCode> {
    match error.downcast_ref() {
        Some(Refusal { because: Because::Configuration, message }) => {
            let mut out = std::io::stderr().lock();
            let text = format!("{message}\n\nkeyvigil: the old configuration stays in force");
            writeln!(out, "{}", journal::urgent(&text))?;
            Ok(ExitCode::from(exit::CONFIG))
        }
        Some(_) | None => Err(error),
    }
}

/// A mistake in the file may be why no daemon was found, or why none runs.
fn nobody(whom: &WhomArgs) -> anyhow::Result<ExitCode> {
    let state = whom.state();
    let mut text = format!(
        "keyvigil: no daemon runs with the state directory {}; start it (systemctl start \
         keyvigil), or name another with --config or --state\n",
        state.display()
    );
    if whom.state.is_none()
        && let Err(error) = Config::load(&whom.config)
    {
        writeln!(text, "\n{error}")?;
    }
    std::io::stderr().lock().write_all(text.as_bytes())?;
    Ok(ExitCode::from(exit::NO_DAEMON))
}
