//! The daemon: follows the logs until a signal, judges, keeps, tells, and shows.

use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::beats::{Beats, Stage};
use super::board::Board;
use super::follow::Follow;
use super::job::{Job, JobError, Outputs};
use super::judge::Rhythm;
use super::keeper::{Announce, Keeper, Mailing, Pending};
use super::outputs::Writers;
use super::people::{self, Tasks};
use super::play::Play;
use super::stages::{Said, Stages};
use crate::config::Config;
use crate::model::{Millis, Timestamp};
use crate::web;

/// Notices about what happened longer ago are history that was caught up.
const MAILED_AGE_MAX: Millis = Millis::days(1);

/// How often the watchdog of systemd is fed, if every stage is alive.
const WATCHDOG_EVERY: Duration = Duration::from_secs(5);

/// How long the stages may take to drain.
const DRAIN_MAX: Duration = Duration::from_secs(25);

/// What `run` is to do.
pub struct Live {
    pub config: Config,
    pub state: Option<PathBuf>,
    pub outputs: Outputs,
    pub reader: Reader,
    /// Whether a busy default port may be replaced by the next free one.
    pub any_port: bool,
    pub announce: Announce,
    /// Told once, when the page can be opened: its address.
    pub on_page: Box<dyn FnOnce(&str) + Send>,
}

/// Where the lines come from.
pub enum Reader {
    /// The configured logs. Files seen for the first time are read from their beginning,
    /// or only from now on.
    Follow {
        from_start: bool,
    },
    Play(Play),
}

/// Runs until SIGTERM or SIGINT, or until a stage ends, which is an error.
pub async fn run(live: Live) -> Result<(), JobError> {
    let (stop, stopped) = watch::channel(false);
    let mut job = Job::open(&live.config, live.state.as_deref(), Rhythm::Hourly)?;
    for warning in job.warnings.iter().chain(&job.degraded) {
        warn!(warning, "something to look at");
    }
    let store = job.store.take();
    let beats = Beats::default();
    let mut board = Board::live(&job, store.clone(), &live.config)?;
    let mut mailing = match live.config.mail {
        Some(_) => Mailing::Since(super::now().back(MAILED_AGE_MAX)),
        None => Mailing::Off,
    };
    let mut clock: fn() -> Timestamp = super::now;
    let mut letters = None;
    if let Reader::Play(play) = &live.reader {
        play.wind();
        clock = super::play::played_to;
        board = board.as_demo(clock);
        mailing = Mailing::Since(play.from);
        letters = Some(play.letters.clone());
    }
    let keeper = Keeper {
        store: store.clone(),
        writers: Writers::create(&live.outputs)?,
        board: board.clone(),
        beats: beats.clone(),
        now: super::now,
        mailing,
        blocks_max: 1,
        announce: live.announce,
        pending: Pending::default(),
    };
    let stages = Stages::start(job.judge, keeper);
    for input in std::mem::take(&mut job.first_inputs) {
        stages.say(Said::Input(input))?;
    }

    let mut tasks = Tasks::new();
    if let Some(wanted) = live.config.web.listen {
        let listener = listen(wanted, live.any_port).await?;
        let address = listener.local_addr().map_or(wanted, |address| address);
        (live.on_page)(&format!("http://{address}/"));
        let state = board.web_state(&live.config);
        let stopped = stopped.clone();
        tasks.spawn(async move {
            web::serve(listener, state, stopped).await.map_err(|error| error.to_string())
        });
    }
    if let Some(store) = &store {
        people::start(&live.config, (store, clock), letters, (&mut tasks, &stopped))?;
    }
    let reader = match live.reader {
        Reader::Follow { from_start } => {
            Either::Follow(Follow::new(&live.config, &job.positions, from_start)?)
        }
        Reader::Play(play) => Either::Play(play),
    };
    let (beats_of_reader, board_of_reader) = (beats.clone(), board.clone());
    let until = stopped.clone();
    let mut reading = tokio::task::spawn_blocking(move || {
        let life = (&beats_of_reader, &until);
        let read = match reader {
            Either::Follow(mut follow) => {
                follow.run(&mut job.intake, &stages, &board_of_reader, life)
            }
            Either::Play(play) => play.run(&mut job.intake, &stages, &board_of_reader, life),
        };
        // The error of the stage that ended says more than that its channel is closed.
        stages.finish()?;
        read
    });
    sd_notify::notify(&[sd_notify::NotifyState::Ready]).unwrap_or_default();
    info!(sources = live.config.sources.len(), "watching");

    let result = tokio::select! {
        ended = &mut reading => Err(flat(ended).err().unwrap_or(JobError::StageEnded("reading"))),
        Some(ended) = tasks.join_next() => {
            error!(?ended, "a task has ended");
            Err(JobError::StageEnded("mail or page"))
        }
        () = feed_watchdog(&beats) => Ok(()),
        () = asked_to_stop() => Ok(()),
    };
    sd_notify::notify(&[sd_notify::NotifyState::Stopping]).unwrap_or_default();
    info!("stopping");
    stop.send_replace(true);
    if result.is_ok() {
        match tokio::time::timeout(DRAIN_MAX, reading).await {
            Ok(ended) => flat(ended)?,
            Err(_) => return Err(JobError::StageEnded("draining (it took too long)")),
        }
    }
    let told = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_MAX, told).await.is_err() {
        warn!("mail or page did not end in time");
    }
    result
}

enum Either {
    Follow(Follow),
    Play(Play),
}

fn flat(ended: Result<Result<(), JobError>, tokio::task::JoinError>) -> Result<(), JobError> {
    ended.unwrap_or(Err(JobError::StageEnded("reading")))
}

/// Binds the address; a busy default port gives way to the next free one.
async fn listen(wanted: std::net::SocketAddr, any_port: bool) -> Result<TcpListener, JobError> {
    const TRIES: u16 = 20;
    web::check_listen_address(wanted).map_err(|error| JobError::Refused(error.to_string()))?;
    let failed = |source| JobError::Listen { address: wanted.to_string(), source };
    let mut address = wanted;
    for _ in 0..TRIES {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(busy) if any_port && busy.kind() == std::io::ErrorKind::AddrInUse => {
                warn!(%address, "this port is in use, trying the next one");
                address.set_port(address.port().saturating_add(1));
            }
            Err(error) => return Err(failed(error)),
        }
    }
    Err(failed(std::io::ErrorKind::AddrInUse.into()))
}

/// Never ends: a stage that is silent is left to the watchdog of systemd.
async fn feed_watchdog(beats: &Beats) {
    let mut clock = tokio::time::interval(WATCHDOG_EVERY);
    let started = super::now();
    for stage in [Stage::Reading, Stage::Judging, Stage::Keeping] {
        beats.beat(stage, started);
    }
    loop {
        clock.tick().await;
        match beats.missing(super::now()) {
            None => sd_notify::notify(&[sd_notify::NotifyState::Watchdog]).unwrap_or_default(),
            Some(stage) => error!(?stage, "a stage gives no sign of life"),
        }
    }
}

async fn asked_to_stop() {
    let (mut term, mut int) =
        match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
            (Ok(term), Ok(int)) => (term, int),
            (Err(error), _) | (_, Err(error)) => {
                error!(%error, "cannot wait for signals");
                return;
            }
        };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}
