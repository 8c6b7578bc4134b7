//! What the keeping stage does when it has time: old events are forgotten, small blocks become
//! one, a new key takes the place of an old one. A piece at a time, between the commits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::diary::{self, Asker};
use super::job::JobError;
use super::keeper::Keeper;
use super::kept::Removed;
use super::rotation;
use super::wall::Wall;
use crate::config::Retention;
use crate::model::{Millis, Timestamp};
use crate::store::Store;

/// How far it has come.
#[derive(Debug, Default)]
pub(super) struct Tidying {
    /// Up to which input small blocks have been merged.
    merged: u64,
    /// When, by the program's uptime, old things are looked for again.
    at: Duration,
    /// Up to which event old things were looked for.
    tidied: Option<Timestamp>,
    /// There is more of it to do.
    is_going_on: bool,
    /// What went in the round that is not over yet.
    removed: Removed,
    /// What is too old is told by a clock that is believed.
    wall: Option<Wall>,
    /// Of each role, up to which input its events were looked for.
    of_roles: BTreeMap<String, u64>,
}

/// How often what has become too old is looked for.
const TIDY_EVERY: Duration = Duration::from_hours(1);

/// And how often while old logs are caught up: whenever events have come so many parts of the
/// retention further.
const TIDY_PARTS: i64 = 30;

/// How long lines are waited for as long as there is something to tidy.
const WAIT: Duration = Duration::from_millis(20);

impl Tidying {
    pub(super) const fn wait(&self, usual: Duration) -> Duration {
        if self.is_going_on { WAIT } else { usual }
    }
}

impl Keeper {
    pub(super) fn tidy_up(&mut self, uptime: Duration) -> Result<(), JobError> {
        let is_rotating = self.rotate()?;
        self.tidying.is_going_on = self.tidy(uptime)? || is_rotating;
        Ok(())
    }

    /// Forgets what is too old and merges what is too small, a piece at a time: between two
    /// pieces lines are kept. Says whether there is more to do.
    fn tidy(&mut self, uptime: Duration) -> Result<bool, JobError> {
        let (Some(store), Some(retention)) = (&self.store, self.policy.borrow().retention) else {
            return Ok(false);
        };
        let now = self.tidying.sure(store, ((self.now)(), uptime), self.newest)?;
        // Counted back from the newest event, so that an old log is not forgotten while it
        // is read; a line from the future counts for no more than the present.
        let newest = self.newest.map(|newest| newest.min(now));
        // At the start nothing has come yet, so that nothing was looked for.
        let is_further = |newest: Timestamp| {
            self.tidying
                .tidied
                .is_none_or(|tidied| tidied.plus(Millis(retention.0 / TIDY_PARTS)) <= newest)
        };
        let is_due = self.tidying.at <= uptime || newest.is_some_and(is_further);
        if !is_due || !store.has_room() {
            return Ok(false);
        }
        let events = newest.map_or(Ok(0), |newest| store.prune(newest, retention))?;
        let kept = Arc::clone(&self.policy.borrow().kept);
        let notices = store.outbox_prune(now.back(kept.messages))?;
        let rest = self.tidying.forget_the_rest(store, (&kept, retention), (newest, now))?;
        let merged = store.merge_small(self.tidying.merged)?;
        self.tidying.merged = merged.next;
        self.tidying.removed.events += events;
        self.tidying.removed.notices += notices;
        let is_done = events == 0 && notices == 0 && rest == 0 && merged.is_done;
        if is_done {
            if self.tidying.at <= uptime {
                diary::tell_head(store);
            }
            self.tidying.at = uptime + TIDY_EVERY;
            self.tidying.tidied = newest;
            let removed = std::mem::take(&mut self.tidying.removed);
            self.board.removed(removed);
            write_down(removed, store);
        }
        Ok(!is_done)
    }

    /// Encrypts a piece of the store with a new key, if there is one.
    fn rotate(&self) -> Result<bool, JobError> {
        let Some(store) = &self.store else { return Ok(false) };
        if store.rotation().is_none() || !store.has_room() {
            return Ok(false);
        }
        fail::fail_point!("rotating");
        let rotation = store.rotate()?;
        if rotation.is_over {
            rotation::say(store, &rotation, "the daemon")?;
        }
        Ok(!rotation.is_over)
    }
}

impl Tidying {
    /// The time that things are too old by: a clock that leapt ahead would remove everything.
    fn sure(
        &mut self,
        store: &Store,
        (now, uptime): (Timestamp, Duration),
        newest: Option<Timestamp>,
    ) -> Result<Timestamp, JobError> {
        let wall = match &mut self.wall {
            Some(wall) => wall,
            none => none.insert(Wall::known(store.newest_block()?, uptime)),
        };
        Ok(wall.look(now, uptime, newest))
    }

    /// What is kept for as long as the configuration says, and the events of single roles.
    fn forget_the_rest(
        &mut self,
        store: &Store,
        (kept, retention): (&Retention, Millis),
        (newest, now): (Option<Timestamp>, Timestamp),
    ) -> Result<u64, JobError> {
        // Nobody was told of what stayed under the alarm line: it is kept no longer than the events.
        let untold = newest.unwrap_or(now).back(kept.incidents.unwrap_or(retention));
        let before = kept.incidents.map(|it| now.back(it));
        let incidents = store.incidents_prune(before, untold)?;
        let entries = kept.journal.map_or(Ok(0), |it| store.journal_prune(now, it))?;
        let (mut events, mut more) = (0, 0);
        for (role, keep) in &kept.roles {
            let Some(newest) = newest else { break };
            let from = self.of_roles.entry(role.clone()).or_default();
            let pruned = store.prune_role(role, newest.back(*keep), *from)?;
            // Looked through without a find is work, too, and there may be more of it.
            more += pruned.next - *from;
            *from = pruned.next;
            events += pruned.events;
        }
        self.removed.incidents += incidents;
        self.removed.entries += entries;
        self.removed.events += events;
        Ok(incidents + entries + events + more)
    }
}

fn write_down(removed: Removed, store: &Store) {
    if removed != Removed::default() {
        let entry = Asker::ourselves().did("removed what was too old", removed.in_words());
        diary::warned(store.journal_add(vec![entry]));
    }
}

#[cfg(test)]
mod tests {
    use super::super::judge::{Judged, Snapshot};
    use super::super::keeper::tests::{DAY, event_of, keeper};
    use super::*;
    use crate::engine::{Engine, Settings};
    use crate::store::Parcels;

    #[test]
    fn events_older_than_the_retention_are_forgotten_once_an_hour() {
        let state = tempfile::tempdir().unwrap();
        let mut keeper = keeper(state.path());
        let store = keeper.store.clone().unwrap();
        let days = [69, 70, 71, 100];
        let events = days.map(|day| event_of(Timestamp(day * DAY)));
        let inputs = (0..).zip(events).collect();
        let rows: Parcels = Engine::new(Settings::default()).changed_state().into_iter().collect();
        let snapshot = Some(Snapshot { rows, next_input: 4 });
        keeper.keep(Judged { inputs, snapshot, ..Judged::default() }, false).unwrap();
        assert_eq!(store.event_count(), 4);
        keeper.tidy(Duration::ZERO).unwrap();
        assert_eq!(store.event_count(), 3);
        keeper.tidy(Duration::ZERO).unwrap();
        assert_eq!(keeper.tidying.at, TIDY_EVERY, "nothing is left to do");
    }

    #[test]
    fn what_an_old_log_brings_is_forgotten_while_it_is_read() {
        let state = tempfile::tempdir().unwrap();
        let mut keeper = keeper(state.path());
        let store = keeper.store.clone().unwrap();
        keeper.tidy(Duration::ZERO).unwrap();
        for day in 0..90u64 {
            let inputs = vec![(day, event_of(Timestamp(day.cast_signed() * DAY)))];
            let rows = Parcels::default();
            let snapshot = Some(Snapshot { rows, next_input: day + 1 });
            keeper.keep(Judged { inputs, snapshot, ..Judged::default() }, false).unwrap();
            // Not a minute passes meanwhile.
            keeper.tidy(Duration::ZERO).unwrap();
            keeper.tidy(Duration::ZERO).unwrap();
            assert!(store.event_count() <= 32, "day {day}: {}", store.event_count());
        }
    }
}
