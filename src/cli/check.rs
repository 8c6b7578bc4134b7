//! `keyvigil check`: whether the configuration is right, and what would keep `run` from working.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::check_logs;
use super::check_mail;
use super::exit;
use super::tell::shown;
use crate::app;
use crate::config::{Config, ConfigError};
use crate::survey::{Machine, SERVERS, key_lines};

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The configuration to check
    #[arg(long, value_name = "FILE", default_value = Config::DEFAULT_PATH)]
    config: PathBuf,
    /// Look into the logs: format, key, who may read them; and for others on this machine
    #[arg(long)]
    logs: bool,
    /// Talk to the mail server up to the mail itself; nothing is sent
    #[arg(long)]
    mail: bool,
    /// Show the lines that let a server log which key was used, and not the key itself
    #[arg(long, value_name = "SERVER", value_parser = servers())]
    key_lines: Option<String>,
    /// The header that holds the keys
    #[arg(long, value_name = "NAME", default_value = "X-API-Key")]
    key_header: String,
    /// A folder in the place of the machine's root
    #[arg(long, value_name = "DIR", default_value = "/", hide = true)]
    root: PathBuf,
    /// What is in the way, as JSON
    #[arg(long, conflicts_with_all = ["logs", "mail", "key_lines"])]
    json: bool,
}

fn servers() -> clap::builder::PossibleValuesParser {
    SERVERS.map(|(name, _)| name).into()
}

pub(super) fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    if let Some(name) = &args.key_lines {
        let wanted = SERVERS.iter().find(|(known, _)| known == name);
        let lines = wanted.and_then(|(_, server)| key_lines(*server, &args.key_header));
        print(&lines.map(|lines| check_logs::advice(&lines)).unwrap_or_default())?;
        return Ok(ExitCode::SUCCESS);
    }
    let machine = Machine::new(&args.root);
    let config = match Config::load(&args.config) {
        Err(ConfigError::Unreadable { source, .. })
            if args.logs && source.kind() == std::io::ErrorKind::NotFound =>
        {
            let mut text =
                format!("there is no {} yet; keyvigil init makes one\n", args.config.display());
            check_logs::machine(&mut text, &machine, (&[], &args.key_header));
            print(&text)?;
            return Ok(ExitCode::from(exit::CONFIG));
        }
        loaded => loaded?,
    };
    if args.json {
        return in_json(&config, &machine);
    }
    let mut text = format!("{}: no mistakes\n", args.config.display());
    let mut wrong = obstacles(&mut text, &config, &machine);
    if args.logs {
        wrong |= check_logs::sources(&mut text, &machine, &config.sources);
        check_logs::machine(&mut text, &machine, (&config.sources, &args.key_header));
    }
    print(&text)?;
    if args.mail {
        wrong |= !check_mail::run(&config)?;
    }
    let more: Vec<&str> = [(args.logs, "--logs"), (args.mail || config.mail.is_none(), "--mail")]
        .iter()
        .filter_map(|(done, flag)| (!done).then_some(*flag))
        .collect();
    if !wrong && !more.is_empty() {
        print(&format!("\nto look closer: keyvigil check {}\n", more.join(" ")))?;
    }
    Ok(if wrong { ExitCode::from(exit::FINDINGS) } else { ExitCode::SUCCESS })
}

/// A wrong configuration is told on standard error, as without it.
fn in_json(config: &Config, machine: &Machine) -> anyhow::Result<ExitCode> {
    let found = app::obstacles(config, machine);
    let problem = |it: &app::Obstacle| json!({ "what": it.what, "mend": it.mend });
    let mut problems: Vec<_> = found.problems.iter().map(problem).collect();
    if config.sources.is_empty() {
        problems.push(json!({ "what": "there is no log to watch", "mend": ["keyvigil init"] }));
    }
    let fine = problems.is_empty();
    let answer = json!({ "fine": fine, "problems": problems, "notes": found.notes });
    print(&format!("{answer:#}\n"))?;
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::from(exit::FINDINGS) })
}

/// Whether anything would keep `run` from working.
fn obstacles(text: &mut String, config: &Config, machine: &Machine) -> bool {
    let found = app::obstacles(config, machine);
    let mut wrong = !found.problems.is_empty();
    if config.sources.is_empty() {
        text.push_str(
            "PROBLEM  there is no log to watch; keyvigil init finds some, or add:\n           \
             [[sources]]\n           path = \"/var/log/nginx/access.log\"\n",
        );
        wrong = true;
    }
    for problem in found.problems {
        // Writing to a String cannot fail.
        writeln!(text, "PROBLEM  {}", shown(&problem.what)).unwrap_or_default();
        for line in problem.mend {
            writeln!(text, "           {}", shown(&line)).unwrap_or_default();
        }
    }
    for (what, how) in app::kept(config) {
        writeln!(text, "kept     {}: {}", shown(what), shown(&how)).unwrap_or_default();
    }
    for note in found.notes {
        writeln!(text, "note     {}", shown(&note)).unwrap_or_default();
    }
    if !wrong {
        text.push_str("nothing keeps `keyvigil run` from working\n");
    }
    wrong
}

fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
