//! Memory: blocks of events, positions, state, incidents and the outbox, in one encrypted store.

mod about;
mod attempts;
pub mod block;
mod checkpoint;
mod cipher;
mod commit;
mod database;
mod error;
pub mod fault;
mod forget;
mod health;
mod hidden;
mod journal;
mod key_file;
mod keys;
mod leaf;
mod marker;
mod mending;
mod merging;
mod meta;
mod opening;
mod outbox;
mod parcels;
mod parts;
mod people;
mod random;
mod read;
mod rebuild;
mod remains;
mod retention;
mod rotation;
mod segment;
mod snapshot;
mod survey;
mod vault;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use about::About;
pub use attempts::suspect_after_panic;
pub use block::{Column, Columns};
pub use commit::Commit;
pub use error::StoreError;
pub use forget::{Forgotten, Progress};
pub use health::Health;
pub use journal::{
    Checked, ENTRIES_MAX, Entry, Fault, Given, Head, HeadError, KeptHead, SignedHead, Standing,
    Worth,
};
pub use key_file::{key_of, replace as replace_key};
pub use mending::Compacted;
pub use merging::Merged;
pub use meta::{Counters, Memory};
pub use outbox::{Answer, OutboxCounts, OutboxRow, OutboxState, Refused, Told, Topic};
pub use parcels::{Parcel, Parcels};
pub use people::Shown;
pub use random::bytes as random_bytes;
pub use read::{Recovered, Wanted};
pub use rebuild::Rebuilt;
pub use retention::PrunedRole;
pub use rotation::Rotation;
pub use survey::{Gap, Survey};

use block::Encoder;
use meta::Totals;
use vault::Vault;

/// The one store of a state directory. A clone is another handle to the same store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Clone, Default)]
pub struct OpenOptions {
    /// The key of the encryption; without one, `STATE/store.key` is used, or made.
    pub key: Option<[u8; 32]>,
    /// Keys that were used before, until every value is encrypted with the new one.
    pub previous: Vec<[u8; 32]>,
}

struct Inner {
    vault: Vault,
    /// What hides the names of rows.
    names: hidden::NamesKey,
    state: PathBuf,
    /// The old store was broken: what became of it.
    moved_aside: Option<Rebuilt>,
    /// Blocks that the store should hold and does not.
    blocks_missing: u64,
    /// Inputs that were committed once, by the marker, and are not in the store any more.
    inputs_lost: u64,
    /// The marker was not as it was written.
    marker_is_altered: bool,
    key_is_beside: bool,
    writer: Mutex<Writer>,
}

/// What only one commit at a time may use.
struct Writer {
    encoder: Encoder,
    totals: Totals,
    waiting: outbox::Waiting,
    /// Where the journal begins and ends, once it was looked up.
    journal_ends: Option<journal::Ends>,
    ring: rotation::Ring,
}

impl Store {
    /// Opens the store of a state directory; both are made if they are missing.
    pub fn open(state: &Path, options: &OpenOptions) -> Result<Self, StoreError> {
        opening::open(state, options).map(|inner| Self { inner: Arc::new(inner) })
    }

    /// Opens the store of a state directory that somebody has used before.
    pub fn open_existing(state: &Path, options: &OpenOptions) -> Result<Self, StoreError> {
        mending::take_up(state)?;
        if !opening::is_there(state) {
            return Err(StoreError::Missing { path: state.to_owned() });
        }
        Self::open(state, options)
    }

    /// Stored events.
    pub fn event_count(&self) -> u64 {
        self.writer().totals.events
    }

    /// Whether the disk has room for what is to be written next.
    pub fn has_room(&self) -> bool {
        self.vault().database.has_room()
    }

    /// Everything is on the disk since the last commit; this gives back what sled holds.
    pub fn close(self) -> Result<(), StoreError> {
        self.inner.vault.database.write(database::Batch::default())
    }

    fn vault(&self) -> &Vault {
        &self.inner.vault
    }

    fn names(&self) -> &hidden::NamesKey {
        &self.inner.names
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.inner.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Store").field("state", &self.inner.state).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
