//! `keyvigil run`: the daemon, with its configuration or with files named on the spot.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::announce::Announcer;
use super::job::JobArgs;
use super::tell;
use crate::app::{JobError, Live, Reader};
use crate::config::{Config, Source};
use crate::format::OwnFormats;

/// What still runs when everything has been told to end: something that hangs.
const SHUTDOWN_MAX: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, Args)]
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
    let args = args.located();
    let config = args.config()?;
    if config.sources.is_empty() {
        // A fresh installation: the page says so too.
        tracing::warn!(
            configuration = args.job.config.as_deref().map(|it| it.display().to_string()),
            "nothing is watched yet: add [[sources]] with the path of a log to the configuration, \
             then run keyvigil reload"
        );
    }
    let state = match (&args.job.state, args.is_configured()) {
        (Some(state), _) => Some(state.clone()),
        (None, true) => Some(config.store.directory.clone()),
        (None, false) => None,
    };
    let any_port = !args.is_configured() && args.listen.is_none();
    let mut announcer = Announcer::default();
    let again = args.clone();
    let live = Live {
        config,
        file: args.job.config.clone(),
        reread: Arc::new(move || again.config()),
        state,
        outputs: args.job.outputs(),
        reader: Reader::Follow { from_start: !args.is_configured() },
        any_port,
        announce: Box::new(move |incident| announcer.announce(incident)),
        on_page: Box::new(|address| {
            tracing::info!(page = address, "the page is open");
        }),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(crate::app::run(live));
    // What still hangs is not waited for.
    runtime.shutdown_timeout(SHUTDOWN_MAX);
    ended?;
    std::io::stdout().flush()?;
    Ok(ExitCode::SUCCESS)
}

impl RunArgs {
    /// Whether the configuration says what to watch, and not the command line.
    fn is_configured(&self) -> bool {
        self.files.is_empty()
    }

    /// With the configuration's usual place, if none is given and it is needed.
    fn located(&self) -> Self {
        let mut args = self.clone();
        if args.is_configured() && args.job.config.is_none() {
            args.job.config = Some(PathBuf::from(Config::DEFAULT_PATH));
        }
        args
    }

    /// What the file says now, with the flags laid over it.
    fn config(&self) -> anyhow::Result<Config> {
        let mut config = self.job.config()?;
        let own = config.own_formats.clone();
        for file in &self.files {
            config.sources.push(source(file, &self.job, &own)?);
        }
        match self.listen.as_deref() {
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
        Ok(config)
    }
}

fn source(file: &Path, job: &JobArgs, own: &OwnFormats) -> anyhow::Result<Source> {
    let path = file.display().to_string();
    Ok(Source {
        format: job.format.clone(),
        log_format: job.pasted(&path).settle()?,
        key_from: job.key_from.clone(),
        own: own.clone(),
        zone: job.time_zone.clone(),
        path,
    })
}
