//! `keyvigil check`: whether the configuration is right and its logs can be read.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::exit;
use crate::app;
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The configuration to check
    #[arg(long, value_name = "FILE", default_value = Config::DEFAULT_PATH)]
    config: PathBuf,
    /// Try each source's format on its first lines too
    #[arg(long)]
    logs: bool,
}

pub(super) fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let config = Config::load(&args.config)?;
    let mut text = format!("{}: no mistakes\n", args.config.display());
    let mut wrong = false;
    if config.sources.is_empty() {
        writeln!(
            text,
            "but there is no log to watch; add:\n\n[[sources]]\npath = \"/var/log/nginx/access.log\""
        )?;
        wrong = true;
    }
    if args.logs {
        for source in &config.sources {
            let tried = app::try_source(source);
            wrong |= tried.is_err();
            let said = tried.unwrap_or_else(|problem| format!("PROBLEM: {problem}"));
            writeln!(text, "{}: {said}", source.path)?;
        }
    }
    if !args.logs && !config.sources.is_empty() {
        writeln!(text, "to try the logs too: keyvigil check --logs")?;
    }
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(if wrong { ExitCode::from(exit::FINDINGS) } else { ExitCode::SUCCESS })
}
