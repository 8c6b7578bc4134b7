//! sled, as it was measured to be safe: one tree, whole batches, and our own fsync.

use std::fs::{File, read_dir};
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::{StoreError, attempts, fault};

pub(super) use sled::IVec;

/// What is written together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    writes: sled::Batch,
    rows: usize,
}

pub(super) struct Database {
    db: sled::Db,
    /// sled's own file. Its `flush` does not empty the disk's cache; a sync of this does.
    file: File,
    path: PathBuf,
    /// After a failed sync nobody knows what is on the disk: nothing more is written.
    is_stopped: AtomicBool,
}

/// Why a database could not be opened.
pub(super) enum OpenFailure {
    InUse,
    /// sled cannot make sense of its files.
    Broken(String),
    Io(std::io::Error),
}

/// With less left nothing is written: sled does not live through a full disk, so it must
/// not meet one.
const FREE_MIB_MIN: u64 = 32;
/// So many rows of a batch leave what one step lets go of, with room to spare; and a few steps
/// before anything at all is let go.
const ROWS_A_STEP: usize = 32;
const STEPS_MIN: usize = 4;
const CACHE_BYTES: u64 = 16 << 20;
const LOCK_TRIES: u32 = 50;
const LOCK_WAIT: Duration = Duration::from_millis(100);

impl Batch {
    pub(super) fn insert(&mut self, key: impl Into<IVec>, value: impl Into<IVec>) {
        self.rows += 1;
        self.writes.insert(key, value);
    }

    pub(super) fn remove(&mut self, key: impl Into<IVec>) {
        self.rows += 1;
        self.writes.remove(key);
    }
}

impl Database {
    /// After a kill the lock may be held for a moment longer: it is tried for five seconds.
    pub(super) fn open(path: &Path) -> Result<Self, OpenFailure> {
        for _ in 1..LOCK_TRIES {
            match Self::open_once(path) {
                Err(OpenFailure::InUse) => thread::park_timeout(LOCK_WAIT),
                outcome => return outcome,
            }
        }
        Self::open_once(path)
    }

    fn open_once(path: &Path) -> Result<Self, OpenFailure> {
        let config =
            sled::Config::new().path(path).cache_capacity(CACHE_BYTES).flush_every_ms(None);
        fault::point("store.open").map_err(OpenFailure::Io)?;
        let db = catch_unwind(AssertUnwindSafe(|| config.open()))
            .map_err(|_panic| OpenFailure::Broken("sled panicked while opening it".to_owned()))?
            .map_err(failure_of)?;
        let file = File::open(path.join("db")).map_err(OpenFailure::Io)?;
        Ok(Self { db, file, path: path.to_owned(), is_stopped: AtomicBool::new(false) })
    }

    /// All or nothing, and on the disk when it returns.
    pub(super) fn write(&self, batch: Batch) -> Result<(), StoreError> {
        if self.is_stopped.load(Ordering::Acquire) {
            return Err(StoreError::Stopped);
        }
        room(&self.path)?;
        let rows = batch.rows;
        let written = self.write_and_sync(batch);
        let_go(rows);
        if written.is_err() {
            self.is_stopped.store(true, Ordering::Release);
        }
        written
    }

    fn write_and_sync(&self, batch: Batch) -> Result<(), StoreError> {
        let failed = |doing| move |source| StoreError::Database { doing, source };
        let sync = |source| StoreError::Sync { path: self.path.clone(), source };
        fault::point("store.batch").map_err(sync)?;
        self.db.apply_batch(batch.writes).map_err(failed("writing"))?;
        fault::point("store.flush").map_err(sync)?;
        self.db.flush().map_err(failed("flushing"))?;
        fault::point("store.sync").and_then(|()| self.file.sync_all()).map_err(sync)
    }

    pub(super) fn has_room(&self) -> bool {
        room(&self.path).is_ok()
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<IVec>, StoreError> {
        let damaged = |_| failed_to_read(&self.path, sled::Error::Corruption { at: None, bt: () });
        fault::point("store.read").map_err(damaged)?;
        self.db.get(key).map_err(|source| failed_to_read(&self.path, source))
    }

    pub(super) fn range(
        &self,
        keys: RangeInclusive<Vec<u8>>,
    ) -> impl DoubleEndedIterator<Item = Result<(IVec, IVec), StoreError>> + use<> {
        Range { rows: self.db.range(keys), path: self.path.clone(), is_over: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.db.is_empty()
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    pub(super) fn disk_bytes(&self) -> u64 {
        self.db.size_on_disk().unwrap_or(0)
    }

    /// Values in files of their own, which sled neither syncs nor ever gives back.
    pub(super) fn blobs(&self) -> usize {
        read_dir(self.path.join("blobs")).map_or(0, Iterator::count)
    }
}

/// sled lets go of what was replaced a little at a time, as its pages are looked at, and a batch
/// of any size counts as one look: left to itself it falls behind without end.
fn let_go(rows: usize) {
    for _ in 0..STEPS_MIN + rows / ROWS_A_STEP {
        crossbeam_epoch::pin().flush();
    }
}

/// Ends with the first error: sled would give the same one for ever.
struct Range {
    rows: sled::Iter,
    path: PathBuf,
    is_over: bool,
}

impl Range {
    fn read(
        &mut self,
        row: Option<Result<(IVec, IVec), sled::Error>>,
    ) -> Option<Result<(IVec, IVec), StoreError>> {
        let row = row?;
        self.is_over = row.is_err();
        Some(row.map_err(|source| failed_to_read(&self.path, source)))
    }
}

impl Iterator for Range {
    type Item = Result<(IVec, IVec), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = if self.is_over { None } else { self.rows.next() };
        self.read(row)
    }
}

impl DoubleEndedIterator for Range {
    fn next_back(&mut self) -> Option<Self::Item> {
        let row = if self.is_over { None } else { self.rows.next_back() };
        self.read(row)
    }
}

/// Whoever opens it next looks at the file before sled does.
fn failed_to_read(path: &Path, source: sled::Error) -> StoreError {
    if let (sled::Error::Corruption { .. }, Some(state)) = (&source, path.parent()) {
        attempts::suspect(state);
    }
    StoreError::Database { doing: "reading", source }
}

/// An error if the disk is as good as full. What cannot be measured is left to be tried.
pub(super) fn room(path: &Path) -> Result<(), StoreError> {
    room_for(path, 0)
}

/// The same for something that takes so many bytes.
pub(super) fn room_for(path: &Path, bytes: u64) -> Result<(), StoreError> {
    let free_mib = fs2::available_space(path).map_or(u64::MAX, |bytes| bytes >> 20);
    let wanted_mib = (bytes >> 20) + FREE_MIB_MIN;
    if wanted_mib <= free_mib {
        return Ok(());
    }
    Err(StoreError::NoSpace { path: path.to_owned(), free_mib, wanted_mib })
}

fn failure_of(error: sled::Error) -> OpenFailure {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, StorageFull};
    let sled::Error::Io(error) = error else {
        return OpenFailure::Broken(error.to_string());
    };
    if error.to_string().contains("could not acquire lock") {
        return OpenFailure::InUse;
    }
    if matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem | StorageFull) {
        return OpenFailure::Io(error);
    }
    OpenFailure::Broken(error.to_string())
}
