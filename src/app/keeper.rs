//! The store's own thread: what was judged is committed as a whole, and only then told.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use tokio::sync::watch;
use tracing::info;

use super::beats::{Beats, Stage};
use super::board::Board;
use super::job::JobError;
use super::judge::{Judged, Snapshot};
use super::keeping::Keeping;
use super::outputs::Writers;
use super::pending::Pending;
use super::spares::Spares;
use super::tidying::Tidying;
use crate::config::Retention;
use crate::engine::{Input, Overview};
use crate::incident::{GROUP_WAIT, Incident, Notice};
use crate::model::{Millis, Position, SourceId, Timestamp};
use crate::store::{Commit, OutboxRow, Store, Topic};

/// Blocks in one commit.
const BLOCKS_MAX: usize = 8;

/// When what was judged is committed, if it is not a whole commit yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Committing {
    /// As soon as nothing more waits to be kept: live.
    AtOnce,
    /// Only when it is one: nobody waits for a part of history.
    InGroups,
}

const WAIT: Duration = Duration::from_secs(1);

/// Who is told about incidents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mailing {
    /// History: nobody.
    Off,
    /// People, of what happened since then. Older notices are history that was caught up.
    Since(Timestamp),
    /// The same, of what happened within a day before the start.
    SinceTheStart(Timestamp),
}

/// Notices about what happened longer ago are history that was caught up.
const MAILED_AGE_MAX: Millis = Millis::days(1);

/// What the configuration says about keeping. It may change while the daemon runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) mailing: Mailing,
    /// How long events are kept. `None`: nothing is forgotten as long as this runs.
    pub(super) retention: Option<Millis>,
    /// How long the rest is.
    pub(super) kept: Arc<Retention>,
}

impl Policy {
    /// That never changes: of history.
    pub(super) fn of_history() -> watch::Receiver<Self> {
        watch::channel(Self { mailing: Mailing::Off, retention: None, kept: Arc::default() }).1
    }
}

/// Called for every incident that opened or changed, after it was committed.
pub(super) type Announce = Box<dyn FnMut(&Incident) + Send>;

pub(super) struct Keeper {
    /// `None` for a temporary state: nothing outlives the run.
    pub(super) store: Option<Store>,
    pub(super) writers: Writers,
    pub(super) board: Board,
    pub(super) beats: Beats,
    pub(super) now: fn() -> Timestamp,
    pub(super) policy: watch::Receiver<Policy>,
    pub(super) committing: Committing,
    pub(super) announce: Announce,
    pub(super) pending: Pending,
    /// Told when the program is to end. `None`: nothing is waited for.
    pub(super) stopped: Option<watch::Receiver<bool>>,
    /// The latest event kept by this process: the log's own clock, for the retention.
    pub(super) newest: Option<Timestamp>,
    pub(super) tidying: Tidying,
    /// Where batches go once they are kept.
    pub(super) spares: Spares,
}

impl Keeper {
    /// Keeps what comes until nothing more does.
    pub(super) fn run(mut self, inbox: &Receiver<Judged>) -> Result<(), JobError> {
        let mut next = None;
        loop {
            self.beats.beat(Stage::Keeping);
            fail::fail_point!("keeping");
            let wait = self.pending.ongoing.wait(WAIT, super::uptime());
            let judged = match next.take() {
                Some(judged) => Ok(judged),
                None => inbox.recv_timeout(self.tidying.wait(wait)),
            };
            match judged {
                Ok(judged) => {
                    next = inbox.try_recv().ok();
                    // Pieces of a snapshot may come for seconds.
                    let is_more = next.as_ref().is_some_and(|next| next.parcel.is_none());
                    self.keep(judged, is_more)?;
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.commit(None)?;
                    self.show(None);
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.tidy_up(super::uptime())?;
        }
        self.pending.hurry();
        self.commit(None)?;
        self.writers.flush()?;
        self.store.map_or(Ok(()), |store| Ok(store.close()?))
    }

    /// Keeps what one step led to. Where more waits already, one commit may be of both.
    pub(super) fn keep(&mut self, mut judged: Judged, is_more: bool) -> Result<(), JobError> {
        for alert in &judged.alerts {
            self.writers.alert(alert)?;
        }
        for finding in &judged.stale {
            self.writers.finding(finding)?;
        }
        self.begin(&judged.begun)?;
        if let Some(parcel) = &judged.parcel {
            let Some(store) = self.store.clone() else { return Ok(()) };
            return self.once_there_is_room(|_| Ok(store.write_parcel(parcel)?));
        }
        let (overview, snapshot) = (judged.overview.take(), judged.snapshot.take());
        let (keeping, receipts) = (judged.keeping, std::mem::take(&mut judged.receipts));
        for (_, input) in &judged.inputs {
            if let Input::Batch(batch) = input {
                self.newest = self.newest.max(batch.time.iter().max().copied().map(Timestamp));
            }
        }
        self.pending.add(judged);
        let is_snapshot = snapshot.is_some();
        let is_awaited = is_snapshot || !receipts.is_empty();
        if is_awaited {
            // Nothing is stepped again after a snapshot, and whoever waits looks next.
            self.pending.hurry();
        }
        if self.pending.keeping == Keeping::State {
            // Positions without the state that knows their lines would lose those.
            self.commit(snapshot.as_ref())?;
        } else {
            let is_alone = self.committing == Committing::AtOnce && !is_more;
            if BLOCKS_MAX <= self.pending.blocks || is_alone || is_awaited {
                self.commit(None)?;
            }
            if let (Some(store), Some(snapshot)) = (self.store.clone(), snapshot) {
                let Snapshot { rows, next_input } = &snapshot;
                let nothing = Commit::default();
                self.once_there_is_room(|_| Ok(store.commit_with(&nothing, (rows, *next_input))?))?;
            }
        }
        self.settle(is_snapshot)?;
        self.pending.keeping = keeping.unwrap_or(self.pending.keeping);
        self.show(overview);
        for receipt in receipts {
            // Who does not wait for it any more need not know.
            receipt.send(()).unwrap_or_default();
        }
        Ok(())
    }

    /// Live, nobody is shown events that are not on the disk, where events are kept.
    fn show(&mut self, overview: Option<Box<Overview>>) {
        let newest = overview.or(self.pending.unshown.take());
        let waits = self.committing == Committing::AtOnce && !self.pending.inputs.is_empty();
        if waits && self.pending.keeping == Keeping::Events {
            self.pending.unshown = newest;
        } else if let Some(newest) = newest {
            self.board.overview(*newest);
        }
    }

    /// Whoever waits for a receipt is told only when the state stands in its place.
    fn settle(&mut self, is_snapshot: bool) -> Result<(), JobError> {
        let Some(store) = self.store.clone().filter(|_| is_snapshot) else { return Ok(()) };
        self.once_there_is_room(|keeper| {
            Ok(store.settle(&mut || keeper.beats.beat(Stage::Keeping))?)
        })
    }

    /// Nothing of these logs was read: their places need no state that knows their lines.
    fn begin(&mut self, begun: &[(SourceId, Position)]) -> Result<(), JobError> {
        let Some(store) = self.store.clone().filter(|_| !begun.is_empty()) else { return Ok(()) };
        let commit = Commit { positions: begun, ..Commit::default() };
        self.once_there_is_room(|_| Ok(store.commit(&commit)?))
    }

    fn commit(&mut self, with: Option<&Snapshot>) -> Result<(), JobError> {
        self.pending.add_due(super::uptime());
        let Some(pending) = self.pending.take(with.is_some()) else { return Ok(()) };
        let positions: Vec<(SourceId, Position)> = pending.positions.into_iter().collect();
        let incidents: Vec<Incident> = pending.incidents.into_values().collect();
        let outbox: Vec<OutboxRow> =
            pending.notices.into_iter().filter_map(|notice| self.outbox_row(notice)).collect();
        let outbox = self.without_those_told(pending.keeping, outbox)?;
        // Before the commit: after a kill a line may stand there twice, but none is missing.
        self.once_there_is_room(|keeper| keeper.writers.flush())?;
        if let Some(store) = self.store.clone() {
            let commit = Commit {
                inputs: &pending.inputs,
                positions: &positions,
                incidents: &incidents,
                stale: &pending.stale,
                outbox: &outbox,
                counters: pending.counters.as_ref(),
                memory: Some(&pending.memory),
            };
            self.once_there_is_room(|_| match with {
                Some(with) => Ok(store.commit_with(&commit, (&with.rows, with.next_input))?),
                None => Ok(store.commit(&commit)?),
            })?;
        }
        self.spares.take_back(pending.inputs.into_iter().map(|(_, input)| input));
        for incident in &incidents {
            (self.announce)(incident);
        }
        self.board.committed(&incidents, &pending.stale);
        Ok(())
    }

    /// Tries until the disk has room. What comes meanwhile waits in the channels, and then
    /// in the logs themselves: nothing is read that cannot be kept.
    fn once_there_is_room(
        &mut self,
        mut write: impl FnMut(&mut Self) -> Result<(), JobError>,
    ) -> Result<(), JobError> {
        let mut is_full = false;
        loop {
            let error = match write(self) {
                Err(error) if error.is_no_space() && self.may_wait() => error,
                done => {
                    if is_full {
                        info!("the disk has room again");
                        self.board.note("the disk", None);
                    }
                    return done;
                }
            };
            if !is_full {
                is_full = true;
                tracing::error!(%error, "the disk is full, reading waits");
            }
            self.board.note("the disk", Some(said(&error)));
            self.beats.beat(Stage::Keeping);
            std::thread::park_timeout(WAIT);
        }
    }

    /// Whether anybody would rather wait than be told at once.
    fn may_wait(&self) -> bool {
        self.stopped.as_ref().is_some_and(|stopped| !*stopped.borrow())
    }

    /// Lines that are read again after a kill lead to the same notices again.
    fn without_those_told(
        &self,
        keeping: Keeping,
        mut rows: Vec<OutboxRow>,
    ) -> Result<Vec<OutboxRow>, JobError> {
        if let (Keeping::State, Some(store)) = (keeping, &self.store) {
            let known = store.outbox_known(rows.iter().map(|row| row.notice.id))?;
            rows.retain(|row| !known.contains(&row.notice.id));
        }
        Ok(rows)
    }

    fn outbox_row(&self, notice: Notice) -> Option<OutboxRow> {
        let now = (self.now)();
        let since = match self.policy.borrow().mailing {
            Mailing::Off => return None,
            Mailing::Since(since) => since,
            // A clock that was ahead at the start and is right by now makes nothing history.
            Mailing::SinceTheStart(start) => start.min(now).back(MAILED_AGE_MAX),
        };
        // The log's clock may be ahead of the wall's; nobody is to wait for that.
        let next_try = notice.due.min(now.plus(GROUP_WAIT));
        let row = OutboxRow { next_try, ..OutboxRow::waiting(notice, Topic::Incident) };
        (since <= row.notice.due).then_some(row)
    }
}

/// The error with its cause, as the page shows it.
fn said(error: &JobError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::identity::{Identity, KeyIs};
    use crate::store::OpenOptions;

    pub(in crate::app) const DAY: i64 = 86_400_000;

    pub(in crate::app) fn keeper(state: &std::path::Path) -> Keeper {
        let store = Store::open(state, &OpenOptions::default()).unwrap();
        Keeper {
            store: Some(store),
            writers: Writers::default(),
            board: Board::collecting(Arc::default()),
            beats: Beats::default(),
            now: || Timestamp(100 * DAY),
            policy: watch::channel(Policy {
                mailing: Mailing::Off,
                retention: Some(Millis::days(30)),
                kept: Arc::default(),
            })
            .1,
            committing: Committing::AtOnce,
            announce: Box::new(|_| ()),
            pending: Pending::default(),
            stopped: None,
            newest: None,
            tidying: Tidying::default(),
            spares: Spares::default(),
        }
    }

    pub(in crate::app) fn event_of(at: Timestamp) -> Input {
        let mut identity = Identity::new([7; 32], KeyIs::Id);
        let mut batch = crate::model::EventBatch::default();
        let record = crate::model::Record { time: Some(at), ..crate::model::Record::default() };
        let seen = crate::identity::Seen { source: "log", format: "json", arrival: at };
        identity.append(&record, &seen, &mut batch);
        Input::Batch(Arc::new(batch))
    }

    #[test]
    fn live_what_happens_is_kept_as_soon_as_nothing_more_waits() {
        let state = tempfile::tempdir().unwrap();
        let mut keeper = keeper(state.path());
        let tick = |number: i64| {
            let inputs = vec![(number.unsigned_abs(), Input::Tick(Timestamp(number)))];
            Judged { inputs, ..Judged::default() }
        };
        keeper.keep(tick(0), false).unwrap();
        assert!(keeper.pending.is_empty());
        keeper.keep(tick(1), true).unwrap();
        assert!(!keeper.pending.is_empty());
        keeper.keep(tick(2), false).unwrap();
        assert!(keeper.pending.is_empty());
        let store = keeper.store.clone().unwrap();
        assert_eq!(store.recover().unwrap().next_input, 3);
        keeper.committing = Committing::InGroups;
        keeper.keep(tick(3), false).unwrap();
        assert!(!keeper.pending.is_empty());
    }
}
