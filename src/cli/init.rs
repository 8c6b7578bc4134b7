//! `keyvigil init`: looks for the machine's logs and writes a configuration for them.

use std::fs::{self, OpenOptions};
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};

use super::check_logs;
use super::init_text::{Answers, configuration};
use super::job::KeyIs;
use crate::config::Config;
use crate::survey::{Access, Content, Found, Machine};

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// Where to write the configuration
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write it to standard output, and change nothing
    #[arg(long)]
    print: bool,
    /// Replace a configuration that is there
    #[arg(long)]
    force: bool,
    /// Watch this log, instead of those that are found; may be given several times
    #[arg(long, value_name = "FILE")]
    log: Vec<String>,
    /// Who is mailed; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    mail: Vec<String>,
    /// The mail server, with its port if it is not the usual one
    #[arg(long, value_name = "HOST[:PORT]")]
    smtp: Option<String>,
    /// How to talk to it
    #[arg(long, value_enum, default_value_t = SmtpTls::Starttls)]
    smtp_tls: SmtpTls,
    /// The user at the mail server; the password is put into a file, see the configuration
    #[arg(long, value_name = "NAME")]
    smtp_user: Option<String>,
    /// Whether the logs hold the keys themselves, or public ids of them
    #[arg(long, value_enum, default_value_t = KeyIs::Secret)]
    key_is: KeyIs,
    /// Who owns which key: a CSV file
    #[arg(long, value_name = "FILE")]
    inventory: Option<String>,
    /// Ask nothing, even on a terminal
    #[arg(long, short)]
    yes: bool,
    /// A folder in the place of the machine's root
    #[arg(long, value_name = "DIR", default_value = "/", hide = true)]
    root: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SmtpTls {
    /// Port 587
    Starttls,
    /// Port 465
    Implicit,
    /// Port 25, to this machine only
    None,
}

pub(super) fn run(args: &InitArgs) -> anyhow::Result<ExitCode> {
    let machine = Machine::new(&args.root);
    let path = args
        .config
        .clone()
        .unwrap_or_else(|| args.root.join(Config::DEFAULT_PATH.trim_start_matches('/')));
    if !args.print && !args.force && path.exists() {
        bail!(
            "{} is there already and stays as it is; keyvigil init --print shows what would be \
             written, --force writes it",
            path.display()
        );
    }
    let logs = logs(args, &machine);
    let answers = Answers {
        to: recipients(args)?,
        smtp: args.smtp.clone(),
        smtp_tls: args.smtp_tls,
        smtp_user: args.smtp_user.clone(),
        key_is: args.key_is,
        inventory: args.inventory.clone(),
        has_local_mail: ["/usr/sbin/sendmail", "/usr/sbin/postfix", "/usr/sbin/exim4"]
            .iter()
            .any(|it| machine.has(it)),
    };
    let text = configuration(&logs, &answers);
    // What is written must be right, whatever the flags and the servers said.
    Config::parse(&text, "the configuration that was made")?;
    if args.print {
        io::stdout().lock().write_all(text.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    write(&path, &text, args.force)?;
    say(&told(&path, &logs, &machine))?;
    Ok(ExitCode::SUCCESS)
}

/// The named logs, or those that are worth watching of what is found.
fn logs(args: &InitArgs, machine: &Machine) -> Vec<Found> {
    let found = machine.survey().logs;
    if args.log.is_empty() {
        return found.into_iter().filter(is_worth_watching).collect();
    }
    let named = |path: &String| {
        found.iter().find(|log| log.path == *path).cloned().unwrap_or_else(|| machine.found(path))
    };
    args.log.iter().map(named).collect()
}

/// What a server's configuration names, or what is a log of requests by its lines. Of
/// containers only a person knows which ones matter.
fn is_worth_watching(log: &Found) -> bool {
    let is_container = log.server == crate::survey::Server::Container;
    let is_readable = match &log.content {
        Content::Lines(lines) => lines.is_access_log(),
        Content::Empty | Content::Unseen(_) => true,
        Content::Unknown(_) => log.declared.is_some(),
    };
    !is_container && is_readable
}

/// Asked for on a terminal only, and only if no flag says it.
fn recipients(args: &InitArgs) -> anyhow::Result<Vec<String>> {
    let may_ask = io::stdin().is_terminal() && io::stdout().is_terminal();
    if !args.mail.is_empty() || args.yes || args.print || !may_ask {
        return Ok(args.mail.clone());
    }
    say("Who is mailed when something is found? (an address; empty for nobody yet) ")?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).context("cannot read the answer")?;
    Ok(answer
        .split([' ', ',', ';'])
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect())
}

fn write(path: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    let doing = || {
        format!(
            "cannot write {}; run this as root (sudo), or name another file with --config",
            path.display()
        )
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(doing)?;
    }
    // Between the look and the write somebody else may have made one.
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .create_new(!force)
        .truncate(force)
        .open(path)
        .with_context(doing)?;
    file.write_all(text.as_bytes()).with_context(doing)
}

/// What was written, what is in the way, and the next command.
fn told(path: &Path, logs: &[Found], machine: &Machine) -> String {
    let mut text = format!("{} is written", path.display());
    text.push_str(match logs {
        [] => "; no access log was found, so name one in it, or with keyvigil init --force --log FILE\n",
        [_] => "; it watches one log\n",
        _ => "; it watches these logs\n",
    });
    for log in logs {
        text.push('\n');
        check_logs::log(&mut text, log, machine);
    }
    let has_keys = logs
        .iter()
        .any(|log| matches!(&log.content, Content::Lines(lines) if 0 < lines.keys.named));
    if !logs.is_empty() && !has_keys {
        text.push_str(
            "\nno log says which key was used yet: keyvigil check --logs shows the lines to add to \
             the server\n",
        );
    }
    let denied = logs.iter().any(|log| matches!(log.access, Access::Denied { .. }));
    let mend = if denied { "mend what is said above; " } else { "" };
    let flag = if path == Path::new(Config::DEFAULT_PATH) {
        String::new()
    } else {
        format!(" --config {}", path.display())
    };
    let start = if machine.reader.is_service && flag.is_empty() {
        "systemctl enable --now keyvigil".to_owned()
    } else {
        format!("keyvigil run{flag}")
    };
    text + &format!("\nnext: {mend}keyvigil check --logs{flag}; then: {start}\n")
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
