//! `keyvigil mail`: sends a test mail, or shows what a mail about an incident looks like.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::tell::shown;
use crate::app;
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct MailArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Send a test mail to everyone whom the configuration names, and say what the server replied
    Test(TestArgs),
    /// Write the mail about a made-up incident, to look at it
    Sample(SampleArgs),
}

#[derive(Debug, Args)]
struct TestArgs {
    /// The configuration with the mail server to try
    #[arg(long, value_name = "FILE", default_value = Config::DEFAULT_PATH)]
    config: PathBuf,
    /// To this address instead
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// Send nothing: write the mail into this file
    #[arg(long, value_name = "FILE")]
    render: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct SampleArgs {
    /// The kind of incident: `volume_spike`, `revoked_key_used`, …
    kind: String,
    /// The configuration, for sender and links; without it they are examples
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The file to write, for any mail program to open
    #[arg(long, value_name = "FILE", default_value = "sample.eml")]
    render: PathBuf,
}

const NOBODY: &str = "you@example.com";

pub(super) fn run(args: &MailArgs) -> anyhow::Result<ExitCode> {
    match &args.what {
        What::Test(args) => test(args),
        What::Sample(args) => {
            let config = args.config.as_deref().map(Config::load).transpose()?.unwrap_or_default();
            let bytes = app::render_mail(&config, Some(&args.kind), recipient(&config, None))?;
            write(&args.render, &bytes)
        }
    }
}

fn test(args: &TestArgs) -> anyhow::Result<ExitCode> {
    let config = Config::load(&args.config)?;
    if let Some(path) = &args.render {
        let to = recipient(&config, args.to.as_deref());
        return write(path, &app::render_mail(&config, None, to)?);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let replies = runtime.block_on(app::send_test_mail(&config, args.to.as_deref()))?;
    let mut out = std::io::stdout().lock();
    for (to, reply) in replies {
        writeln!(out, "{}: taken: {}", shown(&to), shown(&reply))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn recipient<'a>(config: &'a Config, to: Option<&'a str>) -> &'a str {
    let configured = || config.mail.as_ref().and_then(|mail| mail.to.first());
    to.or_else(|| configured().map(String::as_str)).unwrap_or(NOBODY)
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<ExitCode> {
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    writeln!(std::io::stdout().lock(), "written to {}", path.display())?;
    Ok(ExitCode::SUCCESS)
}
