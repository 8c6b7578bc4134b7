//! `keyvigil run`: the daemon, with its configuration or with files named on the spot.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::announce::Announcer;
use super::job::JobArgs;
use super::tell;
use crate::app::{JobError, Live, Reader};
use crate::config::{Config, Source};

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Logs to read from their beginning and then follow, with nothing configured
    files: Vec<PathBuf>,
    #[command(flatten)]
    job: JobArgs,
    /// Where the page is served: an address of the loopback with a port, or `off`
    #[arg(long, value_name = "ADDR|off")]
    listen: Option<String>,
}

pub(super) fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    tell::start_logging("info");
    let configured = args.files.is_empty();
    let mut job = args.job.clone();
    if configured && job.config.is_none() {
        job.config = Some(PathBuf::from(Config::DEFAULT_PATH));
    }
    let mut config = job.config()?;
    for file in &args.files {
        config.sources.push(source(file, &job));
    }
    if config.sources.is_empty() {
        // A fresh installation: the page and the journal say what is missing.
        tracing::warn!(
            configuration = %job.config.as_deref().unwrap_or(Path::new("none")).display(),
            "nothing is watched yet: add [[sources]] with the path of a log to the configuration, \
             then systemctl restart keyvigil"
        );
    }
    match args.listen.as_deref() {
        None => {}
        Some("off") => config.web.listen = None,
        Some(address) => {
            let refused = |_| {
                JobError::Refused(format!(
                    "{address:?} is not an address to listen on; write 127.0.0.1:8787 or off"
                ))
            };
            config.web.listen = Some(address.parse().map_err(refused)?);
        }
    }
    let state = match (&job.state, configured) {
        (Some(state), _) => Some(state.clone()),
        (None, true) => Some(config.store.directory.clone()),
        (None, false) => None,
    };
    let any_port = !configured && args.listen.is_none();
    let mut announcer = Announcer::default();
    let live = Live {
        config,
        state,
        outputs: job.outputs(),
        reader: Reader::Follow { from_start: !configured },
        any_port,
        announce: Box::new(move |incident| announcer.announce(incident)),
        on_page: Box::new(|address| {
            tracing::info!(page = address, "the page is open");
        }),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(crate::app::run(live))?;
    std::io::stdout().flush()?;
    Ok(ExitCode::SUCCESS)
}

fn source(file: &Path, job: &JobArgs) -> Source {
    Source {
        path: file.display().to_string(),
        format: job.format.clone(),
        log_format: job.log_format.clone(),
        key_from: job.key_from.clone(),
    }
}
