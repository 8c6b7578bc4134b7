//! Forgetting: blocks of events that are older than they may become.

use super::block::{Column, Header, kept};
use super::database::Batch;
use super::parts::decode;
use super::read::new_decoder;
use super::{Columns, Store, StoreError, Wanted, Writer, keys, meta};
use crate::model::{Millis, Timestamp};

/// What went of a role's events, and from where on it is to be looked next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrunedRole {
    pub events: u64,
    pub next: u64,
}

/// How many blocks go in one commit, so that it stays small.
const BLOCKS_PER_COMMIT: usize = 64;

impl Store {
    /// Removes the oldest blocks as long as all their events are older than `retention`, and
    /// the journalled inputs before what is left. What the last snapshot does not know yet
    /// stays. It does a small piece of the work: returns how many events were removed, and
    /// 0 once nothing is left to do.
    pub fn prune(&self, now: Timestamp, retention: Millis) -> Result<u64, StoreError> {
        let limit = now.back(retention);
        let mut writer = self.writer();
        let known = writer.totals.snapshot_input;
        let (mut expired, mut undated) = (Vec::new(), Vec::new());
        let mut end = known;
        for row in self.headers(&Wanted::default()).take(BLOCKS_PER_COMMIT) {
            let (number, header) = row?;
            let Some(last) = self.last_until(now, (number, &header))? else {
                // It is as old as what stands around it.
                undated.push((number, header.rows));
                continue;
            };
            if limit <= last || known <= number {
                let kept = undated.first().map_or(number, |(number, _)| *number);
                end = known.min(kept);
                break;
            }
            expired.append(&mut undated);
            expired.push((number, header.rows));
            end = known.min(number + 1);
        }
        self.remove_before(&mut writer, (end, &expired))?;
        Ok(expired.iter().map(|(_, rows)| u64::from(*rows)).sum())
    }

    /// The last event of a block that a line from the future is not; `None` if all of them are.
    fn last_until(
        &self,
        now: Timestamp,
        (number, header): (u64, &Header),
    ) -> Result<Option<Timestamp>, StoreError> {
        if header.last <= now {
            return Ok(Some(header.last));
        }
        let times = Columns::NONE.with(Column::Time);
        let batch = decode(self.vault(), &mut new_decoder()?, (number, header), times)?;
        Ok(batch.time.iter().copied().map(Timestamp).filter(|at| *at <= now).max())
    }

    /// Removes events of one role that are older than they may become, from an input on. What
    /// the last snapshot does not know yet stays. It does a small piece of the work.
    pub fn prune_role(
        &self,
        role: &str,
        limit: Timestamp,
        from: u64,
    ) -> Result<PrunedRole, StoreError> {
        let mut writer = self.writer();
        let mut decoder = new_decoder()?;
        let mut pruned = PrunedRole { events: 0, next: from };
        let Some(last) = writer.totals.snapshot_input.checked_sub(1) else { return Ok(pruned) };
        let mut is_whole = true;
        let rows: Vec<_> = self
            .vault()
            .database
            .range(keys::between(keys::HEADER, from, last))
            .take(BLOCKS_PER_COMMIT)
            .collect();
        for row in rows {
            let (key, value) = row?;
            let (number, header) = self.open_header(&key, &value)?;
            if last < number || limit <= header.first {
                break;
            }
            let batch = decode(self.vault(), &mut decoder, (number, &header), Columns::ALL)?;
            let is_old = |row: usize| {
                batch.role.get(row) == role && batch.time.get(row).is_some_and(|at| *at < limit.0)
            };
            let keep: Vec<bool> = (0..batch.len()).map(|row| !is_old(row)).collect();
            let gone = keep.iter().filter(|keep| !**keep).count() as u64;
            if 0 < gone {
                pruned.events += gone;
                self.rewrite(&mut writer, (number, &header), &kept(&batch, &keep))?;
            }
            // A block that is only partly old is looked at again when all of it is.
            is_whole &= header.last < limit;
            if is_whole {
                pruned.next = number + 1;
            }
        }
        Ok(pruned)
    }

    fn remove_before(
        &self,
        writer: &mut Writer,
        (end, expired): (u64, &[(u64, u32)]),
    ) -> Result<(), StoreError> {
        let mut totals = writer.totals.clone();
        let database = &self.vault().database;
        let mut batch = Batch::default();
        let mut removed = 0;
        let Some(last) = end.checked_sub(1) else { return Ok(()) };
        for prefix in [keys::BLOCK, keys::HEADER, keys::INPUT, keys::CHECKPOINT] {
            for row in database.range(keys::between(prefix, 0, last)) {
                batch.remove(row?.0);
                removed += 1;
            }
        }
        if removed == 0 {
            return Ok(());
        }
        for (_, rows) in expired {
            totals.blocks = totals.blocks.saturating_sub(1);
            totals.events = totals.events.saturating_sub(u64::from(*rows));
        }
        meta::put_totals(self.vault(), &mut batch, &totals)?;
        database.write(batch)?;
        writer.totals = totals;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Input;
    use crate::incident::{Incident, IncidentId, State};
    use crate::model::EventBatch;
    use crate::store::{Commit, OpenOptions, Parcels, Shown};

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &OpenOptions::default()).unwrap();
        (folder, store)
    }

    fn block(rows: &[(i64, &str)]) -> Input {
        let mut batch = EventBatch::default();
        for (at, role) in rows {
            batch.time.push(*at);
            batch.role.push(role);
        }
        Input::Batch(batch.into())
    }

    #[test]
    fn old_events_of_one_role_go_and_the_others_stay() {
        let (_folder, store) = store();
        let inputs = [
            (0, block(&[(1, "partner"), (2, "batch")])),
            (1, block(&[(5, "partner")])),
            (2, block(&[(8, "partner"), (20, "partner"), (21, "batch")])),
        ];
        store.commit(&Commit { inputs: &inputs, ..Commit::default() }).unwrap();
        let prune = |from| store.prune_role("partner", Timestamp(10), from).unwrap();
        assert_eq!(prune(0), PrunedRole::default(), "no snapshot knows them yet");
        store.snapshot(&Parcels::default(), 3).unwrap();
        assert_eq!(prune(0), PrunedRole { events: 3, next: 2 });
        assert_eq!(store.event_count(), 3);
        assert_eq!(prune(2), PrunedRole { events: 0, next: 2 });
        let left: Vec<i64> =
            store.blocks(&Wanted::default()).unwrap().flat_map(|it| it.unwrap().time).collect();
        assert_eq!(left, [2, 20, 21]);
    }

    #[test]
    fn lines_of_no_possible_time_neither_remove_what_stands_beside_them_nor_keep_it_for_ever() {
        let (_folder, store) = store();
        let far = i64::MAX / 2;
        let inputs = [
            (0, block(&[(far, "a")])),
            (1, block(&[(0, "a"), (50, "a"), (far, "a")])),
            (2, block(&[(far, "a")])),
            (3, block(&[(90, "a")])),
        ];
        store.commit(&Commit { inputs: &inputs, ..Commit::default() }).unwrap();
        store.snapshot(&Parcels::default(), 4).unwrap();
        let prune = |now: i64| store.prune(Timestamp(now), Millis(30)).unwrap();
        assert_eq!(prune(80), 0, "an event of 50 is young enough");
        assert_eq!((prune(81), store.event_count()), (4, 2), "with the one before it");
        assert_eq!((prune(121), store.event_count()), (2, 0), "and then the one after it");
    }

    #[test]
    fn incidents_that_were_over_long_ago_go_and_open_ones_stay() {
        let (_folder, store) = store();
        let incident = |id: u64, state, at| Incident {
            id: IncidentId(id),
            state,
            last_seen: Timestamp(at),
            ..Incident::default()
        };
        let incidents = [
            incident(1, State::Resolved, 5),
            incident(2, State::Resolved, 15),
            incident(3, State::Open, 5),
            incident(4, State::Muted, 5),
            Incident { below: true, ..incident(5, State::Open, 5) },
            Incident { below: true, ..incident(6, State::Open, 15) },
        ];
        store.commit(&Commit { incidents: &incidents, ..Commit::default() }).unwrap();
        let prune = |before| store.incidents_prune(before, Timestamp(10)).unwrap();
        assert_eq!(prune(None), 1, "nobody was told of it");
        assert_eq!(prune(Some(Timestamp(10))), 1);
        assert_eq!(prune(Some(Timestamp(10))), 0);
        let mut ids: Vec<u64> =
            store.incidents(Shown::All).unwrap().into_iter().map(|it| it.id.0).collect();
        ids.sort_unstable();
        assert_eq!(ids, [2, 3, 4, 6]);
    }
}
