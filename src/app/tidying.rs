//! Forgets what is too old and merges what is too small, a piece at a time: between two pieces
//! lines are kept.

use std::time::Duration;

use super::diary::{self, Asker};
use super::job::JobError;
use super::keeper::Policy;
use crate::model::{Millis, Timestamp};
use crate::store::Store;

/// How often what has become too old is looked for.
pub(super) const TIDY_EVERY: Duration = Duration::from_hours(1);

/// How long it can be seen what became of a notice.
const NOTICES_KEPT: Millis = Millis::days(30);

/// How far it has come.
#[derive(Debug, Default)]
pub(super) struct Tidying {
    /// The latest event kept by this process: the log's own clock, for the retention.
    pub(super) newest: Option<Timestamp>,
    /// Up to which input small blocks have been merged.
    merged: u64,
    /// When, by the program's uptime, old things are looked for again.
    pub(super) next: Duration,
    removed: Removed,
}

/// What went in the round that is not over yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Removed {
    events: u64,
    notices: u64,
}

impl Tidying {
    /// Does a piece of it, if it is time.
    pub(super) fn step(
        &mut self,
        store: &Store,
        policy: Policy,
        (now, uptime): (Timestamp, Duration),
    ) -> Result<(), JobError> {
        let Some(retention) = policy.retention else { return Ok(()) };
        if uptime < self.next || !store.has_room() {
            return Ok(());
        }
        // Counted back from the newest event, so that an old log is not forgotten while it
        // is read; a line from the future counts for no more than the present.
        let newest = self.newest.map(|newest| newest.min(now));
        let events = newest.map_or(Ok(0), |newest| store.prune(newest, retention))?;
        let notices = store.outbox_prune(now.back(NOTICES_KEPT))? as u64;
        let merged = store.merge_small(self.merged)?;
        self.merged = merged.next;
        self.removed.events += events;
        self.removed.notices += notices;
        if events == 0 && notices == 0 && merged.is_done {
            self.next = uptime + TIDY_EVERY;
            let removed = std::mem::take(&mut self.removed);
            if removed != Removed::default() {
                let entry = Asker::ourselves().did("removed what was too old", removed.said());
                diary::warned(store.journal_add(vec![entry]));
            }
            diary::tell_head(store);
        }
        Ok(())
    }
}

impl Removed {
    fn said(self) -> String {
        format!("{} events, {} messages", self.events, self.notices)
    }
}
