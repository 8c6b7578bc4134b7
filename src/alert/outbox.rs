//! The outbox: every notice that waits in the store is delivered, put into a summary, or
//! given up loudly.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::memory::Memory;
use super::outbox_settle::settled_as;
use super::retry::BACKOFF_MAX;
use super::round::{Bundle, by_incident, to_be_told, waited_out_an_outage};
use super::{Frame, Refusal, Reports, Route, Ways};
use crate::incident::Notice;
use crate::model::{Millis, Timestamp};
use crate::store::{OutboxRow, OutboxState, Store, StoreError, Topic};

/// What cannot be said yet about stale keys, because nobody has watched for long enough.
pub type NotKnown = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// What the delivery needs.
pub struct Worker {
    pub store: Store,
    pub ways: Ways,
    pub routes: Vec<Route>,
    pub reports: Reports,
    /// Addresses that are never written to, whoever names them.
    pub opted_out: Vec<String>,
    pub frame: Frame,
    pub not_known: NotKnown,
    /// The wall's clock: mails are for people.
    pub now: fn() -> Timestamp,
}

/// Well under the three seconds that a broken rule may take to reach the mail server.
const POLL: Duration = Duration::from_millis(500);
/// How long the end may wait for the mail server.
const LAST_LOOK: Duration = Duration::from_secs(10);
/// A clock that is corrected by less delays nothing.
const CLOCK_BACK_MIN: Millis = Millis::seconds(5);
/// At most so many notices are looked at in one round.
const ROUND_MAX: usize = 2000;

/// Delivers until stopped. What waits then is durable, and goes out at the next start.
pub async fn run(worker: Worker, mut stopped: watch::Receiver<bool>) -> Result<(), StoreError> {
    let mut desk = Desk::new(worker)?;
    while !*stopped.borrow() {
        desk.round().await.or_else(unless_full)?;
        tokio::select! {
            () = tokio::time::sleep(POLL) => (),
            gone = stopped.changed() => if gone.is_err() { break },
        }
    }
    // A last look, for what was committed just before the end.
    match tokio::time::timeout(LAST_LOOK, desk.round()).await {
        Ok(done) => done.or_else(unless_full),
        Err(_elapsed) => Ok(()),
    }
}

/// A disk that fills in the middle of a round is waited for like one that was full before.
fn unless_full(error: StoreError) -> Result<(), StoreError> {
    if error.is_no_space() { Ok(()) } else { Err(error) }
}

/// The worker with what it remembers between rounds.
pub(super) struct Desk {
    pub(super) worker: Worker,
    pub(super) memory: Memory,
    /// Ways that could not be used in this round.
    pub(super) blocked: BTreeMap<String, Refusal>,
    /// What the clock said in the last round.
    looked_at: Option<Timestamp>,
}

impl Desk {
    pub(super) fn new(worker: Worker) -> Result<Self, StoreError> {
        let memory = Memory::read(&worker.store)?;
        let looked_at = worker.store.outbox_counts().last_sent;
        Ok(Self { worker, memory, blocked: BTreeMap::new(), looked_at })
    }

    #[cfg(test)]
    pub(super) fn into_worker(self) -> Worker {
        self.worker
    }

    /// One look into the outbox.
    pub(super) async fn round(&mut self) -> Result<(), StoreError> {
        let now = (self.worker.now)();
        // What cannot be written down would be told again and again.
        if !self.worker.store.has_room() {
            return Ok(());
        }
        self.follow_the_clock(now)?;
        self.plan_reports(now)?;
        self.plan_reminders(now)?;
        let (mut bundles, reports) = self.due(now)?;
        self.blocked.clear();
        if waited_out_an_outage(&bundles) {
            self.tell_after_outage(&mut bundles, now).await?;
        } else {
            self.tell_each(&mut bundles, now).await?;
        }
        // One commit for all of them: in a storm there are hundreds.
        let settled: Vec<OutboxRow> =
            bundles.iter().flat_map(|bundle| self.settle(bundle, now)).collect();
        if !settled.is_empty() {
            self.worker.store.outbox_update(&settled)?;
        }
        for row in reports {
            self.tell_report(row, now).await?;
        }
        Ok(())
    }

    /// A clock that was set back would hold back what waits by as much.
    fn follow_the_clock(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let before = self.looked_at.replace(now).unwrap_or(now);
        if before <= now.plus(CLOCK_BACK_MIN) {
            return Ok(());
        }
        let back = before.since(now);
        let waiting = self.worker.store.outbox_due(Timestamp(i64::MAX), usize::MAX).into_iter();
        let rows: Vec<OutboxRow> = waiting
            .filter(|row| now < row.next_try)
            .map(|row| OutboxRow { next_try: row.next_try.back(back), ..row })
            .collect();
        if rows.is_empty() { Ok(()) } else { self.worker.store.outbox_update(&rows) }
    }

    /// What is due, each with the notices of the same incident that are to follow soon;
    /// and the reports.
    fn due(&self, now: Timestamp) -> Result<(Vec<Bundle>, Vec<OutboxRow>), StoreError> {
        if self.worker.store.outbox_due(now, 1).is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let soon = now.plus(BACKOFF_MAX).plus(BACKOFF_MAX);
        let waiting = self.worker.store.outbox_due(soon, ROUND_MAX);
        let (news, reports): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|row| row.topic == Topic::Incident);
        let mut found = Vec::new();
        for (id, rows) in by_incident(news) {
            if let Some(incident) = self.worker.store.incident(id)? {
                found.push(Bundle::new(incident, rows, now));
            } else {
                let reason = "its incident is not stored any more".to_owned();
                let rows = settled_as(&rows, &OutboxState::GivenUp { at: now, reason });
                self.worker.store.outbox_update(&rows)?;
            }
        }
        let reports = reports.into_iter().filter(|row| row.next_try <= now);
        Ok((to_be_told(found), reports.collect()))
    }

    /// An incident that is still open, and that nobody looks into, is told again.
    fn plan_reminders(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let due = self.memory.to_remind(now);
        for id in &due {
            let Some(incident) = self.worker.store.incident(*id)? else {
                self.memory.threads.remove(id);
                continue;
            };
            if self.memory.reminds(&incident, now) {
                let row = OutboxRow::waiting(Notice::reminder(&incident, now), Topic::Incident);
                self.worker.store.outbox_update(&[row])?;
            }
        }
        if due.is_empty() { Ok(()) } else { self.memory.write(&self.worker.store) }
    }
}
