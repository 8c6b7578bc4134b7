//! The daemon: follows the logs until a signal, judges, keeps, tells, and shows.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::beats::{Beats, Stage};
use super::board::Board;
use super::diary::Diary;
use super::follow::Follow;
use super::hall::Hall;
use super::job::{Job, JobError, Outputs};
use super::judge::Rhythm;
use super::keeper::{Announce, Committing, Keeper, Mailing, Policy};
use super::memory_limit;
use super::orders::{Order, Orders};
use super::outputs::{Beginning, Writers};
use super::pending::Pending;
use super::people::{self, Post, Tasks};
use super::play::Play;
use super::stages::{Reach, Stages};
use super::steward::{Asking, Reread, Steward};
use super::tidying::Tidying;
use super::troubles;
use super::wall;
use crate::config::Config;
use crate::model::Timestamp;
use crate::store::Store;

/// The limit of the watchdog of systemd, where there is none. It is fed six times as often, if
/// no stage has been silent for two thirds of it.
const WATCHDOG_LIMIT: Duration = Duration::from_secs(30);

/// How often mail and page give a sign of life.
const BEAT_EVERY: Duration = Duration::from_secs(1);

/// No timer of zero length, whatever the environment says.
const TIMER_MIN: Duration = Duration::from_millis(1);

/// How long the stages may take to drain.
const DRAIN_MAX: Duration = Duration::from_secs(25);

/// What `run` is to do.
pub struct Live {
    pub config: Config,
    /// Where that comes from: the file, if there is one, and how to read it again.
    pub file: Option<PathBuf>,
    pub reread: Reread,
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
    // From now on: while the store is being opened a SIGHUP waits, and ends nothing.
    let hangups = signal(SignalKind::hangup()).map_err(JobError::Signals)?;
    Box::pin(run_until_stopped(live, hangups)).await
}

async fn run_until_stopped(live: Live, hangups: Signal) -> Result<(), JobError> {
    let (stop, stopped) = watch::channel(false);
    let Live { config, file, reread, state, outputs, reader, any_port, announce, on_page } = live;
    let mut job = Job::open(&config, state.as_deref(), Rhythm::Hourly)?;
    // Before anybody can be answered.
    let ending = Ending::awaited()?;
    say_what_is_odd(&job);
    let store = job.store.take();
    let setting = Setting::of(&reader, job.judged);
    let in_force = watch::Sender::new(Arc::new(config.clone()));
    let board = setting.board(Board::live(&mut job, store.clone(), &config)?);
    let (mut tasks, (orders, ordered)) = (Tasks::new(), Orders::new());
    let ours = (&board, store.clone());
    let mut hall = Hall::new(&config, ours, orders.clone(), (&mut tasks, &stopped))?;
    hall.open_page(any_port, on_page).await?;
    if let Some(store) = &store {
        people::start(in_force.subscribe(), setting.post(store, &board), (hall.tasks, &stopped))?;
    }
    let (asking, asked) = Asking::new();
    if let Some(state) = &state {
        hall.report_monthly(setting.of_life(store.as_ref()), (in_force.subscribe(), state));
        hall.open_control(state, (asking, in_force.subscribe()));
    }
    let (policy, kept_by) = watch::channel((setting.policy_of)(&config));
    tasks.spawn(
        Steward {
            reread,
            file,
            has_letters: setting.letters.is_some(),
            config: in_force,
            policy,
            policy_of: setting.policy_of,
            orders,
            store: setting.of_life(store.as_ref()),
            board: board.clone(),
            beside: job.beside.clone(),
        }
        .run(asked, hangups, stopped.clone()),
    );
    let beats = begin_beats(&mut tasks, &stopped);
    let keeper = Keeper {
        store,
        writers: Writers::create(&outputs, Beginning::AtTheEnd)?,
        board: board.clone(),
        beats: beats.clone(),
        now: super::now,
        policy: kept_by,
        committing: Committing::AtOnce,
        announce,
        pending: Pending::default(),
        unshown: None,
        stopped: Some(stopped.clone()),
        newest: None,
        tidying: Tidying::default(),
        spares: job.intake.spares.clone(),
    };
    let diary = Diary::begin(setting.of_life(keeper.store.as_ref()), &config)?;
    let reader = Source::open(reader, &config, &job)?;
    let reading = start_reading(job, keeper, reader, (ordered, stopped))?;
    say_ready(&config);
    diary.end(until_the_end(reading, (tasks, ending), (&beats, &board, &stop)).await).await
}

fn say_ready(config: &Config) {
    notify(NotifyState::Ready);
    info!(sources = config.sources.len(), "watching");
}

fn say_what_is_odd(job: &Job) {
    for warning in job.warnings.iter().chain(&job.degraded).chain(&memory_limit::too_little()) {
        // Each is a sentence of its own.
        warn!("{warning}");
    }
}

/// What depends on whether life is watched or a story.
struct Setting {
    clock: fn() -> Timestamp,
    policy_of: fn(&Config) -> Policy,
    letters: Option<PathBuf>,
}

impl Setting {
    fn of(reader: &Reader, judged: Option<Timestamp>) -> Self {
        match reader {
            Reader::Follow { .. } => {
                wall::begin(judged);
                Self { clock: wall::believed, policy_of: policy_of_life, letters: None }
            }
            Reader::Play(play) => {
                play.wind();
                let letters = Some(play.letters.clone());
                Self { clock: super::play::played_to, policy_of: policy_of_story, letters }
            }
        }
    }

    fn post(&self, store: &Store, board: &Board) -> Post {
        let view = board.view();
        let not_known = Arc::new(move || view.borrow().not_known.clone());
        Post { store: store.clone(), now: self.clock, letters: self.letters.clone(), not_known }
    }

    /// The store, where what is in it happens.
    fn of_life(&self, store: Option<&Store>) -> Option<Store> {
        store.cloned().filter(|_| self.letters.is_none())
    }

    fn board(&self, board: Board) -> Board {
        if self.letters.is_some() { board.with_clock(self.clock) } else { board }
    }
}

pub(super) fn policy_of_life(config: &Config) -> Policy {
    let since = Mailing::SinceTheStart(super::now());
    let is_told = config.mail.is_some() || !config.notify.is_empty();
    let mailing = if is_told { since } else { Mailing::Off };
    let kept = Arc::new(config.retention.clone());
    Policy { mailing, retention: Some(config.store.retention), kept }
}

/// People are told what happens after the history, which is where the play's clock begins.
fn policy_of_story(_config: &Config) -> Policy {
    let mailing = Mailing::Since(super::play::began());
    Policy { mailing, retention: None, kept: Arc::default() }
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
                let from_start = from_start || job.begins_anew;
                Self::Follow(Box::new(Follow::new(
                    config,
                    (&job.positions, job.judged),
                    from_start,
                )?))
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
    (orders, stopped): (Receiver<Order>, watch::Receiver<bool>),
) -> Result<Reading, JobError> {
    let (board, beats) = (keeper.board.clone(), keeper.beats.clone());
    let stages = Stages::start(job.judge, keeper);
    stages.keep(job.keeping)?;
    for input in job.first_inputs {
        stages.tell(input)?;
    }
    Ok(tokio::task::spawn_blocking(move || {
        let read = source.run(&mut Reach {
            intake: &mut job.intake,
            stages: &stages,
            board: &board,
            beats: &beats,
            orders: &orders,
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
    (mut tasks, ending): (Tasks, Ending),
    (beats, board, stop): (&Beats, &Board, &watch::Sender<bool>),
) -> Result<(), JobError> {
    let result = tokio::select! {
        ended = &mut reading => Err(flat(ended).err().unwrap_or(JobError::StageEnded("reading"))),
        Some(ended) = tasks.join_next() => Err(gone(ended)),
        () = feed_watchdog(beats, board) => Ok(()),
        () = ending.asked() => Ok(()),
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

/// Why mail or page is gone.
fn gone(ended: Result<Result<(), String>, tokio::task::JoinError>) -> JobError {
    match ended {
        Ok(Ok(())) => JobError::StageEnded("mail or page"),
        Ok(Err(because)) => JobError::Beside(because),
        Err(panic) => JobError::Beside(panic.to_string()),
    }
}

fn flat(ended: Result<Result<(), JobError>, tokio::task::JoinError>) -> Result<(), JobError> {
    ended.unwrap_or(Err(JobError::StageEnded("reading")))
}

/// Has `systemctl status` show what is watched.
pub(super) fn show_sources(config: &Config) {
    let text = match config.sources.len() {
        0 => "watching nothing yet: there are no [[sources]] in the configuration".to_owned(),
        1 => "watching 1 source".to_owned(),
        number => format!("watching {number} sources"),
    };
    notify(NotifyState::Status(&text));
}

/// Tells systemd; where there is none, nobody.
fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        warn!(%error, "cannot tell systemd");
    }
}

/// Never ends: a stage that is silent is left to the watchdog of systemd.
async fn feed_watchdog(beats: &Beats, board: &Board) {
    let limit = sd_notify::watchdog_enabled().unwrap_or(WATCHDOG_LIMIT);
    let mut clock = tokio::time::interval((limit / 6).max(TIMER_MIN));
    beats.begin();
    loop {
        clock.tick().await;
        board.note("the stages", beats.missing(limit / 3).map(troubles::silent));
        match beats.missing(limit * 2 / 3) {
            None => notify(NotifyState::Watchdog),
            Some(stage) => error!(stage = stage.name(), "a stage gives no sign of life"),
        }
    }
}

fn begin_beats(tasks: &mut Tasks, stopped: &watch::Receiver<bool>) -> Beats {
    let beats = Beats::default();
    tasks.spawn(beat_beside(beats.clone(), stopped.clone()));
    beats
}

/// Beats for mail and page until stopped: where their threads hang, it hangs too.
async fn beat_beside(beats: Beats, mut stopped: watch::Receiver<bool>) -> Result<(), String> {
    while !*stopped.borrow() {
        beats.beat(Stage::People);
        tokio::select! {
            () = tokio::time::sleep(BEAT_EVERY) => (),
            gone = stopped.changed() => if gone.is_err() { break },
        }
    }
    Ok(())
}

/// The signals that ask it to end.
struct Ending {
    term: Signal,
    int: Signal,
}

impl Ending {
    /// From here on they end nothing by themselves.
    fn awaited() -> Result<Self, JobError> {
        let on = |kind| signal(kind).map_err(JobError::Signals);
        Ok(Self { term: on(SignalKind::terminate())?, int: on(SignalKind::interrupt())? })
    }

    async fn asked(mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}
