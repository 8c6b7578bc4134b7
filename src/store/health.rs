//! How the store is, for the page and for monitors.

use std::sync::TryLockError;

use super::{OutboxCounts, Rebuilt, Rotation, Store, Writer, outbox};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    pub disk_bytes: u64,
    pub events: u64,
    pub blocks: u64,
    /// Values that sled put into files of their own. There should be none.
    pub blobs: usize,
    /// A write failed: nothing is stored any more.
    pub is_stopped: bool,
    /// The key of the encryption lies in the same directory as what it encrypts.
    pub key_is_beside: bool,
    /// A new key is taking the place of an old one.
    pub rotation: Option<Rotation>,
    /// The old store was broken, and what was whole of it is here.
    pub moved_aside: Option<Rebuilt>,
    /// Blocks that the store should hold and does not.
    pub blocks_missing: u64,
    /// Inputs that the marker knows and the store does not.
    pub inputs_lost: u64,
    /// The file that says how much there should be was not as it was written.
    pub marker_is_altered: bool,
}

impl Store {
    pub fn health(&self) -> Health {
        self.health_of(&self.writer())
    }

    /// How it is, and its outbox, unless something is being written at this moment: whoever shows
    /// it does not wait for a disk that hangs.
    pub fn glance(&self) -> Option<(Health, OutboxCounts)> {
        let writer = match self.inner.writer.try_lock() {
            Ok(writer) => writer,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some((self.health_of(&writer), outbox::counts_of(&writer.waiting)))
    }

    fn health_of(&self, writer: &Writer) -> Health {
        let totals = &writer.totals;
        let database = &self.vault().database;
        Health {
            disk_bytes: database.disk_bytes(),
            events: totals.events,
            blocks: totals.blocks,
            blobs: database.blobs(),
            is_stopped: database.is_stopped(),
            key_is_beside: self.inner.key_is_beside,
            rotation: self.rotation_under_way(&writer.ring),
            moved_aside: self.inner.moved_aside.clone(),
            blocks_missing: self.inner.blocks_missing,
            inputs_lost: self.inner.inputs_lost,
            marker_is_altered: self.inner.marker_is_altered,
        }
    }
}

impl Health {
    /// Each thing that a person should know, in a sentence; empty if all is well.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.is_stopped {
            problems.push(
                "The store could not be written to. Nothing is remembered until keyvigil is \
                 started again; look whether the disk is full."
                    .to_owned(),
            );
        }
        if let Some(rebuilt) = &self.moved_aside {
            problems.push(rebuilt.in_words());
        }
        if 0 < self.blocks_missing {
            problems.push(format!(
                "{} blocks of events are missing in the store. Stop keyvigil and run `keyvigil \
                 store verify`, which says more, and `keyvigil store repair`.",
                self.blocks_missing
            ));
        }
        if 0 < self.inputs_lost {
            problems.push(format!(
                "The store lost its last {} inputs; they are read again where the logs still \
                 have them.",
                self.inputs_lost
            ));
        }
        if self.marker_is_altered {
            problems.push(
                "The file `marker` of the state directory was altered, so that nobody can say \
                 whether the store has lost its end. It is written anew within the hour."
                    .to_owned(),
            );
        }
        if 0 < self.blobs {
            problems.push(format!(
                "The store has {} values in files that are not synced (blobs/). Please report \
                 this.",
                self.blobs
            ));
        }
        problems
    }
}
