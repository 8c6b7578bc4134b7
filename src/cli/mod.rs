//! The command line: one file a subcommand.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::JobError;
use crate::app::control::{Because, Refusal};
use crate::config::ConfigError;
use crate::format::FormatError;
use crate::store::StoreError;

mod announce;
mod ask;
mod check;
mod demo;
mod evaluate;
mod job;
mod parse;
mod query;
mod reload;
mod replay;
mod run;
mod simulate;
mod status;
mod tell;

/// Learns how each API key is normally used, and says when that changes.
#[derive(Debug, Parser)]
#[command(name = "keyvigil", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch the logs: judge, remember, mail, and show a page
    Run(run::RunArgs),
    /// Judge old logs, and say what was found
    Replay(replay::ReplayArgs),
    /// See it work on made-up traffic, with nothing configured
    Demo(demo::DemoArgs),
    /// Check the configuration and whether its logs can be read
    Check(check::CheckArgs),
    /// Show what became of each log line, and why
    Parse(parse::ParseArgs),
    /// Ask a question in SQL about the stored events
    Query(query::QueryArgs),
    /// How the daemon is doing
    Status(status::StatusArgs),
    /// Let the running daemon read its configuration again
    Reload(reload::ReloadArgs),
    /// Write labelled traffic, made up from a seed
    Simulate(simulate::SimulateArgs),
    /// How well incidents are found in labelled logs
    Evaluate(evaluate::EvaluateArgs),
}

/// Exit codes, by name.
mod exit {
    /// Something was found: incidents, or mistakes.
    pub(super) const FINDINGS: u8 = 1;
    /// No daemon runs that could be asked (`EX_UNAVAILABLE`).
    pub(super) const NO_DAEMON: u8 = 69;
    /// Another process uses the store (`EX_TEMPFAIL`).
    pub(super) const STORE_IN_USE: u8 = 75;
    /// The configuration is wrong (`EX_CONFIG`).
    pub(super) const CONFIG: u8 = 78;
}

pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        Command::Run(args) => run::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Demo(args) => demo::run(args),
        Command::Check(args) => check::run(args),
        Command::Parse(args) => parse::run(args).map(|()| ExitCode::SUCCESS),
        Command::Query(args) => query::run(args),
        Command::Status(args) => status::run(args),
        Command::Reload(args) => reload::run(args),
        Command::Simulate(args) => simulate::run(args),
        Command::Evaluate(args) => evaluate::run(args),
    };
    done.unwrap_or_else(|error| {
        let mut lines = vec![format!("keyvigil: {error}")];
        let mut cause = error.source();
        while let Some(error) = cause {
            lines.push(format!("  because: {error}"));
            cause = error.source();
        }
        lines.extend(next_of(&error).map(|next| format!("  next: {next}")));
        // Where nobody listens, the exit code still tells.
        drop(writeln!(std::io::stderr().lock(), "{}", lines.join("\n")));
        ExitCode::from(code_of(&error))
    })
}

/// What a newcomer probably wants, where the error itself cannot know.
fn next_of(error: &anyhow::Error) -> Option<&'static str> {
    let is_missing = |cause: &(dyn std::error::Error + 'static)| {
        matches!(cause.downcast_ref(), Some(ConfigError::Unreadable { source, .. })
            if source.kind() == std::io::ErrorKind::NotFound)
    };
    error.chain().any(is_missing).then_some(
        "name another file with --config, or name the log itself and configure nothing: keyvigil \
         run /var/log/nginx/access.log",
    )
}

fn code_of(error: &anyhow::Error) -> u8 {
    for cause in error.chain() {
        if cause.is::<FormatError>() {
            return exit::CONFIG;
        }
        if let Some(StoreError::InUse { .. }) = cause.downcast_ref() {
            return exit::STORE_IN_USE;
        }
        if let Some(ConfigError::Unreadable { .. } | ConfigError::Wrong { .. }) =
            cause.downcast_ref()
        {
            return exit::CONFIG;
        }
        if let Some(Refusal { because: Because::Configuration, .. }) = cause.downcast_ref() {
            return exit::CONFIG;
        }
        if let Some(JobError::Store(StoreError::InUse { .. })) = cause.downcast_ref() {
            return exit::STORE_IN_USE;
        }
        if let Some(JobError::Format { .. } | JobError::Inventory(_) | JobError::Refused(_)) =
            cause.downcast_ref()
        {
            return exit::CONFIG;
        }
    }
    exit::FINDINGS
}
