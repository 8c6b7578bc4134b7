//! `keyvigil replay FILES…`: history through the same engine, and what was found.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::exit;
use super::job::JobArgs;
use super::tell;
use crate::app::{Progress, Replay};
use crate::tail::Limits;

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// Logs, in any order; .gz and .zst too
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    job: JobArgs,
    /// Read so many bytes at a time
    #[arg(long, value_name = "BYTES", default_value_t = 262_144, hide = true)]
    chunk_bytes: usize,
    /// Say nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

pub(super) fn run(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    tell::start_logging("warn");
    let config = args.job.config()?;
    let replay = Replay {
        options: args.job.options(&config)?,
        config,
        files: args.files.clone(),
        format: args.job.format.clone(),
        state: args.job.state.clone(),
        outputs: args.job.outputs(),
        limits: Limits { chunk_bytes: args.chunk_bytes, ..Limits::default() },
    };
    let bar = if args.quiet { ProgressBar::hidden() } else { bar() };
    let result = replay.run(Box::new(|_incident| ()), &mut |progress: Progress| {
        bar.set_length(progress.bytes_total);
        bar.set_position(progress.bytes_read);
    });
    bar.finish_and_clear();
    let summary = result?;
    if !args.quiet {
        let mut out = std::io::stdout().lock();
        out.write_all(tell::summary(&summary).as_bytes())?;
        out.flush()?;
    }
    if 0 < summary.damaged() {
        let damages = summary.sources.iter().filter_map(|source| source.damage.as_deref());
        damages.for_each(|damage| tracing::error!("{damage}"));
        return Ok(ExitCode::from(exit::ALTERED));
    }
    let found = !summary.incidents.is_empty();
    Ok(if found { ExitCode::from(exit::FINDINGS) } else { ExitCode::SUCCESS })
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
