//! The daemon: follows the logs until a signal, judges, keeps, tells, and shows.

use std::path::PathBuf;
use std::time::Duration;

use sd_notify::NotifyState;
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
use super::outputs::{Beginning, Writers};
use super::people::{self, Tasks};
use super::play::Play;
use super::stages::{Reach, Stages};
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
    let Live { config, state, outputs, reader, any_port, announce, on_page } = live;
    let mut job = Job::open(&config, state.as_deref(), Rhythm::Hourly)?;
    for warning in job.warnings.iter().chain(&job.degraded) {
        warn!(warning, "something to look at");
    }
    let store = job.store.take();
    let setting = Setting::of(&reader, &config);
    let board = setting.board(Board::live(&job, store.clone(), &config)?);
    let mut tasks = Tasks::new();
    if let Some(wanted) = config.web.listen {
        let listener = listen(wanted, any_port).await?;
        let address = listener.local_addr().unwrap_or(wanted);
        on_page(&format!("http://{address}/"));
        let (state, stopped) = (board.web_state(&config), stopped.clone());
        tasks.spawn(async move {
            web::serve(listener, state, stopped).await.map_err(|error| error.to_string())
        });
    }
    if let Some(store) = &store {
        let clock = (store, setting.clock);
        people::start(&config, clock, setting.letters, (&mut tasks, &stopped))?;
    }
    let beats = Beats::default();
    let keeper = Keeper {
        store,
        writers: Writers::create(&outputs, Beginning::AtTheEnd)?,
        board: board.clone(),
        beats: beats.clone(),
        now: super::now,
        mailing: setting.mailing,
        blocks_max: 1,
        announce,
        pending: Pending::default(),
        retention: setting.retention,
        stopped: Some(stopped.clone()),
        newest: None,
        merged: 0,
        tidy_at: Duration::ZERO,
    };
    let source = Source::open(reader, &config, &job)?;
    let reading = start_reading(job, keeper, source, stopped)?;
    notify(NotifyState::Ready);
    info!(sources = config.sources.len(), "watching");
    until_the_end(reading, tasks, (&beats, &stop)).await
}

/// What depends on whether life is watched or a story.
struct Setting {
    clock: fn() -> Timestamp,
    mailing: Mailing,
    letters: Option<PathBuf>,
    retention: Option<Millis>,
}

impl Setting {
    fn of(reader: &Reader, config: &Config) -> Self {
        match reader {
            Reader::Follow { .. } => {
                let since = Mailing::Since(super::now().back(MAILED_AGE_MAX));
                let mailing = if config.mail.is_some() { since } else { Mailing::Off };
                let retention = Some(config.store.retention);
                Self { clock: super::now, mailing, letters: None, retention }
            }
            Reader::Play(play) => {
                play.wind();
                let mailing = Mailing::Since(play.from);
                let letters = Some(play.letters.clone());
                Self { clock: super::play::played_to, mailing, letters, retention: None }
            }
        }
    }

    fn board(&self, board: Board) -> Board {
        if self.letters.is_some() { board.with_clock(self.clock) } else { board }
    }
}

/// A reader that is ready.
enum Source {
    Follow(Box<Follow>),
    Play(Play),
}

impl Source {
    fn open(reader: Reader, config: &Config, job: &Job) -> Result<Self, JobError> {
        Ok(match reader {
            Reader::Follow { from_start } => {
                Self::Follow(Box::new(Follow::new(config, &job.positions, from_start)?))
            }
            Reader::Play(play) => Self::Play(play),
        })
    }

    fn run(self, reach: &mut Reach<'_>) -> Result<(), JobError> {
        match self {
            Self::Follow(mut follow) => follow.run(reach),
            Self::Play(play) => play.run(reach),
        }
    }
}

/// Starts all three stages; the task ends when the last of them has.
fn start_reading(
    mut job: Job,
    keeper: Keeper,
    source: Source,
    stopped: watch::Receiver<bool>,
) -> Result<Reading, JobError> {
    let (board, beats) = (keeper.board.clone(), keeper.beats.clone());
    let stages = Stages::start(job.judge, keeper);
    for input in job.first_inputs {
        stages.tell(input)?;
    }
    Ok(tokio::task::spawn_blocking(move || {
        let read = source.run(&mut Reach {
            intake: &mut job.intake,
            stages: &stages,
            board: &board,
            beats: &beats,
            stopped: &stopped,
        });
        // The error of the stage that ended says more than that its channel is closed.
        stages.finish()?;
        read
    }))
}

type Reading = tokio::task::JoinHandle<Result<(), JobError>>;

/// Waits for a signal, or for something to end that should not; then lets everything
/// drain.
async fn until_the_end(
    mut reading: Reading,
    mut tasks: Tasks,
    (beats, stop): (&Beats, &watch::Sender<bool>),
) -> Result<(), JobError> {
    let result = tokio::select! {
        ended = &mut reading => Err(flat(ended).err().unwrap_or(JobError::StageEnded("reading"))),
        Some(ended) = tasks.join_next() => {
            error!(?ended, "a task has ended");
            Err(JobError::StageEnded("mail or page"))
        }
        () = feed_watchdog(beats) => Ok(()),
        () = asked_to_stop() => Ok(()),
    };
    notify(NotifyState::Stopping);
    info!("stopping");
    stop.send_replace(true);
    if !reading.is_finished() {
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

fn flat(ended: Result<Result<(), JobError>, tokio::task::JoinError>) -> Result<(), JobError> {
    ended.unwrap_or(Err(JobError::StageEnded("reading")))
}

/// Tells systemd; where there is none, nobody.
fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        warn!(%error, "cannot tell systemd");
    }
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
            None => notify(NotifyState::Watchdog),
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
