//! The store's own thread: what was judged is committed as a whole, and only then told.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::beats::{Beats, Stage};
use super::board::Board;
use super::job::JobError;
use super::judge::Judged;
use super::outputs::Writers;
use crate::engine::Input;
use crate::incident::{Incident, IncidentId, Notice, StaleFinding};
use crate::model::{Position, SourceId, Timestamp};
use crate::store::{Commit, OutboxRow, OutboxState, Store};

/// Blocks in one commit of a replay. Live, every step is a commit of its own.
pub(super) const REPLAY_BLOCKS_MAX: usize = 8;

const WAIT: Duration = Duration::from_secs(1);

/// Who is told about incidents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mailing {
    /// History: nobody.
    Off,
    /// People, of what happened since then. Older notices are history that was caught up.
    Since(Timestamp),
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
    pub(super) mailing: Mailing,
    pub(super) blocks_max: usize,
    pub(super) announce: Announce,
    pub(super) pending: Pending,
}

/// What is waiting for the next commit.
#[derive(Debug, Default)]
pub(super) struct Pending {
    inputs: Vec<(u64, Input)>,
    positions: BTreeMap<SourceId, Position>,
    incidents: BTreeMap<IncidentId, Incident>,
    stale: Vec<StaleFinding>,
    notices: Vec<Notice>,
    blocks: usize,
}

impl Keeper {
    /// Keeps what comes until nothing more does.
    pub(super) fn run(mut self, inbox: &Receiver<Judged>) -> Result<(), JobError> {
        loop {
            self.beats.beat(Stage::Keeping, (self.now)());
            match inbox.recv_timeout(WAIT) {
                Ok(judged) => self.keep(judged)?,
                Err(RecvTimeoutError::Timeout) => self.commit()?,
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.commit()?;
        self.writers.flush()?;
        self.store.map_or(Ok(()), |store| Ok(store.close()?))
    }

    fn keep(&mut self, judged: Judged) -> Result<(), JobError> {
        for alert in &judged.alerts {
            self.writers.alert(alert)?;
        }
        for finding in &judged.stale {
            self.writers.finding(finding)?;
        }
        let overview = judged.overview;
        let snapshot = judged.snapshot;
        let is_block = |(_, input): &&(u64, Input)| matches!(input, Input::Batch(_));
        self.pending.blocks += judged.inputs.iter().filter(is_block).count();
        self.pending.inputs.extend(judged.inputs);
        self.pending.positions.extend(judged.positions);
        self.pending.incidents.extend(judged.incidents);
        self.pending.stale.extend(judged.stale);
        self.pending.notices.extend(judged.notices);
        if self.blocks_max <= self.pending.blocks || snapshot.is_some() {
            self.commit()?;
        }
        if let (Some(store), Some(snapshot)) = (&self.store, snapshot) {
            store.snapshot(&snapshot.rows, snapshot.next_input)?;
        }
        if let Some(overview) = overview {
            self.board.overview(*overview);
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), JobError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        let positions: Vec<(SourceId, Position)> = pending.positions.into_iter().collect();
        let incidents: Vec<Incident> = pending.incidents.into_values().collect();
        let outbox: Vec<OutboxRow> =
            pending.notices.into_iter().filter_map(|notice| self.outbox_row(notice)).collect();
        if let Some(store) = &self.store {
            store.commit(&Commit {
                inputs: &pending.inputs,
                positions: &positions,
                incidents: &incidents,
                stale: &pending.stale,
                outbox: &outbox,
                counters: None,
            })?;
        }
        self.writers.flush()?;
        for incident in &incidents {
            (self.announce)(incident);
        }
        self.board.committed(&incidents, &pending.stale);
        Ok(())
    }

    fn outbox_row(&self, notice: Notice) -> Option<OutboxRow> {
        let next_try = notice.due;
        match self.mailing {
            Mailing::Since(since) if since <= notice.due => Some(OutboxRow {
                notice,
                attempts: 0,
                next_try,
                state: OutboxState::Waiting,
                last_error: String::new(),
            }),
            Mailing::Since(_) | Mailing::Off => None,
        }
    }
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.inputs.is_empty()
            && self.positions.is_empty()
            && self.incidents.is_empty()
            && self.stale.is_empty()
            && self.notices.is_empty()
    }
}
