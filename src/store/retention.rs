//! Forgetting: blocks of events that are older than they may become.

use super::database::Batch;
use super::{Store, StoreError, Wanted, Writer, keys, meta};
use crate::model::{Millis, Timestamp};

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
        let mut expired = Vec::new();
        let mut end = known;
        for row in self.headers(&Wanted::default()).take(BLOCKS_PER_COMMIT) {
            let (number, header) = row?;
            // A line from the future does not make its block young.
            let last = if now < header.last { header.first } else { header.last };
            if limit <= last || known <= number {
                end = known.min(number);
                break;
            }
            expired.push((number, header.rows));
            end = known.min(number + 1);
        }
        self.remove_before(&mut writer, (end, &expired))?;
        Ok(expired.iter().map(|(_, rows)| u64::from(*rows)).sum())
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
