//! Forgetting: blocks of events that are older than they may become.

use super::database::Batch;
use super::{Store, StoreError, Wanted, keys, meta};
use crate::model::Timestamp;

/// How many blocks go in one commit, so that it stays small.
const BLOCKS_PER_COMMIT: usize = 64;

impl Store {
    /// Removes the oldest blocks as long as all their events lie before `limit`, and the
    /// journalled inputs between them. What the last snapshot does not know yet stays.
    /// Returns how many events were removed.
    pub fn prune_before(&self, limit: Timestamp) -> Result<u64, StoreError> {
        let before = self.event_count();
        loop {
            let known = self.writer().totals.snapshot_input;
            let mut expired = Vec::new();
            for row in self.headers(&Wanted::default()).take(BLOCKS_PER_COMMIT) {
                let (number, header) = row?;
                if limit <= header.last || known <= number {
                    break;
                }
                expired.push((number, header.rows));
            }
            if expired.is_empty() {
                return Ok(before.saturating_sub(self.event_count()));
            }
            self.remove_blocks(&expired)?;
        }
    }

    fn remove_blocks(&self, expired: &[(u64, u32)]) -> Result<(), StoreError> {
        let mut writer = self.writer();
        let mut totals = writer.totals.clone();
        let database = &self.vault().database;
        let mut batch = Batch::default();
        let last = expired.last().map_or(0, |(number, _)| *number);
        for prefix in [keys::BLOCK, keys::HEADER, keys::INPUT] {
            for row in database.range(keys::between(prefix, 0, last)) {
                batch.remove(row?.0);
            }
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
