//! The command line: one file a subcommand.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::alert::AlertError;
use crate::app::JobError;
use crate::app::control::{Because, Refusal};
use crate::config::ConfigError;
use crate::engine::Judgement;
use crate::format::FormatError;
use crate::store::StoreError;

mod allocator;
mod announce;
mod ask;
mod audit_journal;
mod check;
mod check_logs;
mod check_mail;
mod check_ways;
mod columns;
mod demo;
mod evaluate;

mod explain;
mod forget;
mod generate;
mod incidents;
mod init;
mod init_text;
mod job;
mod journal;
mod keys;
mod look;
mod mail;
mod memory;
mod origins;
mod parse;
mod query;
mod reload;
mod replay;
mod report;
mod report_text;
mod roles;
mod run;
mod shown;
mod simulate;
mod status;
mod store;
mod tell;
mod third_parties;
mod token;
mod top;
mod verdict;

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
    /// Find the logs of this machine and write a configuration for them
    Init(init::InitArgs),
    /// Say what is wrong with the configuration, the logs, the mail server
    Check(check::CheckArgs),
    /// Show what became of each log line, and why
    Parse(parse::ParseArgs),
    /// Ask a question in SQL about the stored events
    Query(query::QueryArgs),
    /// Try the way of the mails, or look at one
    Mail(mail::MailArgs),
    /// How the daemon is doing
    Status(status::StatusArgs),
    /// What is open, and what was lately
    Incidents(incidents::IncidentsArgs),
    /// All about one incident, and what to do
    Explain(explain::ExplainArgs),
    /// Say that somebody looks into an incident
    Ack(verdict::WordArgs),
    /// Say nothing more about an incident for a while
    Mute(verdict::MuteArgs),
    /// Say that an incident is what it seems
    Confirm(verdict::WordArgs),
    /// Say that it is right so, and is to be learned
    Expected(verdict::WordArgs),
    /// Say that it was nothing
    FalsePositive(verdict::WordArgs),
    /// Say that it is over
    Resolve(verdict::WordArgs),
    /// Every key, and which are stale
    Keys(keys::KeysArgs),
    /// The keys that are used now, live in the terminal
    Top(top::TopArgs),
    /// Who has access to what, and who still uses it
    ThirdParties(third_parties::ThirdPartiesArgs),
    /// Roles, and what their keys may do
    Roles(roles::RolesArgs),
    /// Tokens by which people and programs log in to the page
    Token(token::TokenArgs),
    /// Who looked at what and who changed what, and whether that was changed
    Journal(audit_journal::JournalArgs),
    /// What was used, what went wrong, what to tidy up: for people who check
    Report(report::ReportArgs),
    /// Forget somebody: everything that names them goes
    Forget(forget::ForgetArgs),
    /// Hand out what is stored about somebody
    Export(forget::ExportArgs),
    /// Replace the key of the store, see whether it is whole, mend it, make it small
    Store(store::StoreArgs),
    /// Let the running daemon read its configuration again
    Reload(reload::ReloadArgs),
    /// Write labelled traffic, made up from a seed
    Simulate(simulate::SimulateArgs),
    /// How well incidents are found in labelled logs
    Evaluate(evaluate::EvaluateArgs),
    /// Write the man pages and the completions that a package installs
    #[command(hide = true)]
    Generate(generate::GenerateArgs),
}

/// Exit codes, by name.
mod exit {
    /// Something was found: incidents, or mistakes.
    pub(super) const FINDINGS: u8 = 1;
    /// What was kept is not as it was written, or a log could not be read to its end (`EX_DATAERR`).
    pub(super) const ALTERED: u8 = 65;
    /// No daemon runs that could be asked (`EX_UNAVAILABLE`).
    pub(super) const NO_DAEMON: u8 = 69;
    /// Another process uses the store (`EX_TEMPFAIL`).
    pub(super) const STORE_IN_USE: u8 = 75;
    /// The configuration is wrong (`EX_CONFIG`).
    pub(super) const CONFIG: u8 = 78;
}

pub fn main() -> ExitCode {
    memory::keep_private();
    // In a build without its tests there are no such points, and nobody looks for them.
    let _scenario = fail::has_failpoints().then(fail::FailScenario::setup);
    let cli = Cli::parse();
    if matches!(cli.command, Command::Run(_) | Command::Replay(_) | Command::Demo(_)) {
        allocator::keep_lean();
    }
    let done = match &cli.command {
        Command::Run(args) => run::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Demo(args) => demo::run(args),
        Command::Init(args) => init::run(args),
        Command::Check(args) => check::run(args),
        Command::Parse(args) => parse::run(args).map(|()| ExitCode::SUCCESS),
        Command::Query(args) => query::run(args),
        Command::Mail(args) => mail::run(args),
        Command::Status(args) => status::run(args),
        Command::Incidents(args) => incidents::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Keys(args) => keys::run(args),
        Command::Top(args) => top::run(args),
        Command::ThirdParties(args) => third_parties::run(args),
        Command::Roles(args) => roles::run(args),
        Command::Ack(args) => verdict::say(args, Judgement::Acknowledged),
        Command::Mute(args) => verdict::mute(args),
        Command::Confirm(args) => verdict::say(args, Judgement::Confirmed),
        Command::Expected(args) => verdict::say(args, Judgement::Expected),
        Command::FalsePositive(args) => verdict::say(args, Judgement::FalseAlarm),
        Command::Resolve(args) => verdict::say(args, Judgement::Resolved),
        Command::Token(args) => token::run(args),
        Command::Journal(args) => audit_journal::run(args),
        Command::Report(args) => report::run(args),
        Command::Forget(args) => forget::forget(args),
        Command::Export(args) => forget::export(args),
        Command::Store(args) => store::run(args),
        Command::Reload(args) => reload::run(args),
        Command::Simulate(args) => simulate::run(args),
        Command::Evaluate(args) => evaluate::run(args),
        Command::Generate(args) => generate::run(args),
    };
    done.unwrap_or_else(|error| {
        if is_enough(&error) {
            return ExitCode::SUCCESS;
        }
        // The journal has the name already.
        let name = if journal::is_listening() { "" } else { "keyvigil: " };
        let mut lines = vec![format!("{name}{error}")];
        let mut cause = error.source();
        while let Some(error) = cause {
            lines.push(format!("  because: {error}"));
            cause = error.source();
        }
        lines.extend(next_of(&error).map(|next| format!("  next: {next}")));
        // Where nobody listens, the exit code still tells.
        drop(writeln!(std::io::stderr().lock(), "{}", journal::urgent(&lines.join("\n"))));
        ExitCode::from(code_of(&error))
    })
}

/// `keyvigil parse log | head` has shown all that was wanted.
fn is_enough(error: &anyhow::Error) -> bool {
    let is_pipe = |kind: std::io::ErrorKind| kind == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| {
        let io = cause.downcast_ref().map(std::io::Error::kind);
        let json = cause.downcast_ref().and_then(serde_json::Error::io_error_kind);
        io.or(json).is_some_and(is_pipe)
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
        let store = match cause.downcast_ref() {
            Some(JobError::Store(error)) => Some(error),
            Some(_) | None => cause.downcast_ref::<StoreError>(),
        };
        if let Some(code) = store.and_then(StoreError::exit_code) {
            return code;
        }
        if let Some(
            ConfigError::Unreadable { .. } | ConfigError::Wrong { .. } | ConfigError::Formats(_),
        ) = cause.downcast_ref()
        {
            return exit::CONFIG;
        }
        if let Some(Refusal { because: Because::Configuration, .. }) = cause.downcast_ref() {
            return exit::CONFIG;
        }
        if cause.downcast_ref().is_some_and(is_configured_wrong) {
            return exit::CONFIG;
        }
    }
    exit::FINDINGS
}

/// Whether another start would fail in the same way until a person has mended something.
fn is_configured_wrong(error: &JobError) -> bool {
    match error {
        JobError::Format { .. }
        | JobError::Inventory(_)
        | JobError::Unreadable { .. }
        | JobError::Secret(_)
        | JobError::StoreKey
        | JobError::Refused(_) => true,
        JobError::Alert(error) => !matches!(error, AlertError::Test(_)),
        JobError::Store(_)
        | JobError::Tail(_)
        | JobError::Engine(_)
        | JobError::NoRoom
        | JobError::Output { .. }
        | JobError::Listen { .. }
        | JobError::StageEnded(_)
        | JobError::Beside(_)
        | JobError::Signals(_) => false,
    }
}
