//! One step's events, positions and consequences: all of them on the disk, or none.

use std::sync::Arc;

use super::database::Batch;
use super::{
    Counters, Memory, OutboxRow, Parcels, Store, StoreError, Writer, hidden, keys, marker, meta,
    outbox, people,
};
use crate::engine::{Input, StateRow};
use crate::incident::{Incident, StaleFinding};
use crate::model::{EventBatch, Position, SourceId};

/// What is committed together. All parts may be empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Commit<'a> {
    /// Numbered without gaps from [`super::Recovered::next_input`]. Late rows are marked.
    pub inputs: &'a [(u64, Input)],
    pub positions: &'a [(SourceId, Position)],
    pub incidents: &'a [Incident],
    pub stale: &'a [Arc<StaleFinding>],
    pub outbox: &'a [OutboxRow],
    pub counters: Option<&'a Counters>,
    /// Of what the reading remembers, that which is another than before.
    pub memory: Option<&'a Memory>,
}

/// Findings in one batch of the database.
const STALE_AT_ONCE: usize = 1000;

impl Store {
    /// Returns when everything is on the disk.
    pub fn commit(&self, commit: &Commit<'_>) -> Result<(), StoreError> {
        self.write_all(commit, None)
    }

    /// The same together with the engine's state, all or nothing. [`Store::settle`] comes next.
    pub fn commit_with(
        &self,
        commit: &Commit<'_>,
        snapshot: (&Parcels, u64),
    ) -> Result<(), StoreError> {
        self.write_all(commit, Some(snapshot))
    }

    fn write_all(
        &self,
        commit: &Commit<'_>,
        snapshot: Option<(&Parcels, u64)>,
    ) -> Result<(), StoreError> {
        let mut writer = self.writer();
        let before = writer.totals.clone();
        let (ahead, rest) = commit.stale.split_at(commit.stale.len().saturating_sub(STALE_AT_ONCE));
        self.write_ahead(ahead)?;
        if let Some((rows, _)) = snapshot {
            self.write_parcels(rows)?;
        }
        let commit = &Commit { stale: rest, ..*commit };
        let written = self.write_commit(&mut writer, commit, snapshot);
        match &written {
            Ok(()) => {
                for row in commit.outbox {
                    writer.waiting.note(row);
                }
            }
            Err(_) => writer.totals = before,
        }
        written?;
        if snapshot.is_some() {
            marker::write(&self.inner.state, writer.totals.marker())?;
        }
        Ok(())
    }

    /// Findings of a hundred thousand keys are no batch for the database, which keeps every node that a
    /// batch changes until its end. Written twice after a kill they are the same.
    fn write_ahead(&self, stale: &[Arc<StaleFinding>]) -> Result<(), StoreError> {
        for some in stale.chunks(STALE_AT_ONCE) {
            let mut batch = Batch::default();
            for finding in some {
                people::put_stale((self.vault(), self.names()), &mut batch, finding)?;
            }
            self.vault().database.write(batch)?;
        }
        Ok(())
    }

    fn write_commit(
        &self,
        writer: &mut Writer,
        commit: &Commit<'_>,
        snapshot: Option<(&Parcels, u64)>,
    ) -> Result<(), StoreError> {
        let vault = self.vault();
        let mut batch = Batch::default();
        for (number, input) in commit.inputs {
            self.put_input(&mut batch, writer, (*number, input))?;
        }
        for (source, position) in commit.positions {
            let row = StateRow { id: source.0.clone(), value: Some(position.0.clone()) };
            hidden::put(vault, &mut batch, (self.names(), keys::POSITION), &row)?;
        }
        for incident in commit.incidents {
            people::put_incident(vault, &mut batch, incident)?;
        }
        for finding in commit.stale {
            people::put_stale((vault, self.names()), &mut batch, finding)?;
        }
        for row in commit.outbox {
            outbox::put(vault, &mut batch, row)?;
        }
        if let Some(counters) = commit.counters {
            meta::put_counters(vault, &mut batch, counters)?;
        }
        for (name, value) in commit.memory.into_iter().flatten() {
            let value = (!value.is_empty()).then(|| value.clone());
            let row = StateRow { id: name.clone(), value };
            hidden::put(vault, &mut batch, (self.names(), keys::MEMORY), &row)?;
        }
        if let Some(snapshot) = snapshot {
            self.put_snapshot(&mut batch, writer, snapshot)?;
            // Positions that come with it do not stand in the store yet.
            if writer.totals.next_input == snapshot.1 && commit.positions.is_empty() {
                self.put_checkpoint(&mut batch, snapshot.1)?;
            }
        }
        meta::put_totals(vault, &mut batch, &writer.totals)?;
        vault.database.write(batch)
    }

    fn put_input(
        &self,
        batch: &mut Batch,
        writer: &mut Writer,
        (number, input): (u64, &Input),
    ) -> Result<(), StoreError> {
        let next = writer.totals.next_input;
        if number < next {
            return Err(StoreError::Order { number, next });
        }
        writer.totals.next_input = number + 1;
        if let Input::Batch(events) = input {
            return self.put_block(batch, writer, (number, events));
        }
        let failed = |source| StoreError::Form { what: "an input", source };
        let value = serde_json::to_vec(input).map_err(failed)?;
        self.vault().put(batch, &keys::numbered(keys::INPUT, number), &value)
    }

    pub(super) fn put_block(
        &self,
        batch: &mut Batch,
        writer: &mut Writer,
        (number, events): (u64, &EventBatch),
    ) -> Result<(), StoreError> {
        let failed = |source| StoreError::Block { number, source };
        let (header, block) = writer.encoder.encode(events).map_err(failed)?;
        let key_of = |part| keys::block_part(number, part);
        self.vault().seal_parts(batch, key_of, block)?;
        let key = keys::numbered(keys::HEADER, number);
        let value = postcard::to_allocvec(&header)
            .map_err(|_never| StoreError::damaged("a header cannot be written"))?;
        let sealed = self.vault().cipher.seal(&key, &value)?;
        batch.insert(key, sealed);
        writer.totals.blocks += 1;
        writer.totals.events += u64::from(header.rows);
        Ok(())
    }
}
