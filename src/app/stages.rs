//! Three stages on their own threads, with bounded channels between them: reading,
//! judging, keeping. Closing the first channel ends them all, in order.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::beats::{Beats, Stage};
use super::board::Board;
use super::forgetting::Forget;
use super::intake::{Intake, Taken};
use super::job::JobError;
use super::judge::{Judge, Judged};
use super::keeper::Keeper;
use super::keeping::Keeping;
use super::orders::{Order, Receipt};
use crate::engine::Input;
use crate::model::{Millis, Position, SourceId, Timestamp};

/// Batches that may wait for the engine.
const READ_WAITING_MAX: usize = 4;

/// Batches that may wait for the store: as many as it commits at once, so that a commit holds up
/// nobody.
const JUDGED_WAITING_MAX: usize = 8;

const WAIT: Duration = Duration::from_secs(1);

/// How often the page is given a fresh look at the engine.
const OVERVIEW_EVERY: Millis = Millis::seconds(2);

/// What the reading stage has for the engine.
#[derive(Debug)]
enum Said {
    Taken(Box<Taken>),
    Input(Input),
    Forget(Forget),
    Keep(Keeping),
    Begun(Vec<(SourceId, Position)>, Receipt),
    Confirm(Receipt),
}

/// What a reading stage can reach: where its lines go, who shows how it stands, what is
/// asked of it, and whether it is to stop.
pub(super) struct Reach<'a> {
    pub(super) intake: &'a mut Intake,
    pub(super) stages: &'a Stages,
    pub(super) board: &'a Board,
    pub(super) beats: &'a Beats,
    pub(super) orders: &'a Receiver<Order>,
    pub(super) stopped: &'a watch::Receiver<bool>,
}

impl Reach<'_> {
    pub(super) fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }

    /// Hands on what has come together, whether full or not.
    pub(super) fn hand_over(&mut self) -> Result<(), JobError> {
        self.stages.take(self.intake.hand_over())
    }
}

pub(super) struct Stages {
    judging: Option<SyncSender<Said>>,
    beats: Beats,
    judge: JoinHandle<()>,
    keeper: JoinHandle<Result<(), JobError>>,
}

impl Stages {
    pub(super) fn start(judge: Judge, keeper: Keeper) -> Self {
        let (judging, said) = sync_channel(READ_WAITING_MAX);
        let (keeping, judged) = sync_channel(JUDGED_WAITING_MAX);
        let beats = keeper.beats.clone();
        let clock = keeper.board.is_watched().then_some(keeper.now);
        Self {
            judging: Some(judging),
            beats: beats.clone(),
            judge: std::thread::spawn(move || judge_all(judge, &said, &keeping, (&beats, clock))),
            keeper: std::thread::spawn(move || keeper.run(&judged)),
        }
    }

    /// Hands a batch on to the engine; waits while it is behind.
    pub(super) fn take(&self, taken: Taken) -> Result<(), JobError> {
        self.say(Said::Taken(Box::new(taken)))
    }

    /// Hands on what is not made of lines.
    pub(super) fn tell(&self, input: Input) -> Result<(), JobError> {
        self.say(Said::Input(input))
    }

    /// Has the engine forget somebody.
    pub(super) fn forget(&self, forget: Forget) -> Result<(), JobError> {
        self.say(Said::Forget(forget))
    }

    /// From what was said until now on, so much is kept.
    pub(super) fn keep(&self, keeping: Keeping) -> Result<(), JobError> {
        self.say(Said::Keep(keeping))
    }

    /// Returns when it is on the disk where these logs begin: killed any earlier, the daemon
    /// would take them for new once more, and what was written meanwhile for old.
    pub(super) fn begin(&self, begun: Vec<(SourceId, Position)>) -> Result<(), JobError> {
        let (receipt, done) = oneshot::channel();
        self.say(Said::Begun(begun, receipt))?;
        self.beats.waits(Stage::Reading);
        done.blocking_recv().map_err(|_gone| JobError::StageEnded("keeping"))
    }

    /// Fires when all that was handed on before is on the disk.
    pub(super) fn confirm(&self, receipt: Receipt) -> Result<(), JobError> {
        self.say(Said::Confirm(receipt))
    }

    fn say(&self, said: Said) -> Result<(), JobError> {
        let judging = self.judging.as_ref().ok_or(JobError::StageEnded("reading"))?;
        self.beats.waits(Stage::Reading);
        judging.send(said).map_err(|_closed| JobError::StageEnded("judging"))
    }

    /// Nothing more comes: everything to the right drains and ends.
    pub(super) fn finish(mut self) -> Result<(), JobError> {
        self.judging = None;
        let judge = self.judge.join();
        let kept = self.keeper.join().map_err(|_panic| JobError::StageEnded("keeping"))?;
        kept?;
        judge.map_err(|_panic| JobError::StageEnded("judging"))
    }

    /// Whether a stage has ended although nobody asked it to.
    pub(super) fn is_broken(&self) -> bool {
        self.judge.is_finished() || self.keeper.is_finished()
    }
}

fn is_old(shown: Timestamp, at: Timestamp) -> bool {
    shown.plus(OVERVIEW_EVERY) <= at || at < shown
}

/// `clock` where the engine is shown while it judges.
fn judge_all(
    mut judge: Judge,
    inbox: &Receiver<Said>,
    outbox: &SyncSender<Judged>,
    (beats, clock): (&Beats, Option<fn() -> Timestamp>),
) {
    judge.hand_on_to(outbox.clone(), beats.clone());
    let mut shown_at: Option<Timestamp> = None;
    loop {
        let at = clock.map(|now| now());
        beats.beat(Stage::Judging);
        fail::fail_point!("judging");
        let mut judged = match inbox.recv_timeout(WAIT) {
            Ok(Said::Taken(taken)) => judge.judge(*taken),
            Ok(Said::Input(input)) => judge.judge_input(input),
            Ok(Said::Forget(forget)) => judge.forget(&forget),
            Ok(Said::Keep(keeping)) => judge.keep(keeping),
            Ok(Said::Begun(begun, receipt)) => {
                Judged { begun, receipts: vec![receipt], ..Judged::default() }
            }
            Ok(Said::Confirm(receipt)) => {
                // Whoever waits for it looks at the page next.
                shown_at = None;
                Judged { receipts: vec![receipt], ..Judged::default() }
            }
            Err(RecvTimeoutError::Timeout) => Judged::default(),
            Err(RecvTimeoutError::Disconnected) => break,
        };
        // Nobody is to read of an incident of a key that the page does not know yet.
        if let Some(at) = at
            && (shown_at.is_none_or(|shown| is_old(shown, at)) || !judged.notices.is_empty())
        {
            shown_at = Some(at);
            judged.overview = Some(Box::new(judge.overview()));
        }
        beats.waits(Stage::Judging);
        if outbox.send(judged).is_err() {
            return;
        }
    }
    // Whoever waits for it has the error of the stage that is gone.
    drop(outbox.send(judge.last()));
}
