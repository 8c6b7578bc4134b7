//! Opening a state directory: the lock, the key, and what is done if the store is broken.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::block::Encoder;
use super::cipher::Cipher;
use super::database::{Batch, Database, OpenFailure, room};
use super::marker::Marker;
use super::meta::Totals;
use super::outbox::Waiting;
use super::rotation::{self, Keys, Ring};
use super::vault::Vault;
use super::{
    Inner, OpenOptions, Rebuilt, StoreError, Writer, attempts, hidden, keys, marker, mending, meta,
    rebuild, snapshot,
};

pub(super) const STORE: &str = "store";
/// Enough names for every accident of one state directory.
const MOVED_ASIDE_MAX: u32 = 1000;

/// What an opening reads.
struct Contents {
    totals: Totals,
    ring: Ring,
    waiting: Waiting,
    names: hidden::NamesKey,
    blocks_missing: u64,
}

pub(super) fn open(state: &Path, options: &OpenOptions) -> Result<Inner, StoreError> {
    mending::take_up(state)?;
    make_directory(state)?;
    room(state)?;
    let keys = Keys::of(state, options, is_there(state))?;
    let marker = marker::read(state);
    let (vault, contents, moved_aside) = match open_as_it_is(state, &keys, marker)? {
        Ok((vault, contents)) => (vault, contents, None),
        Err(why) => {
            let rebuilt = move_aside(state, &why, &keys)?;
            let database = Database::open(&state.join(STORE));
            let database = database.map_err(|failure| error_of(failure, state))?;
            let vault = vault_of(database, &keys)?;
            let contents = Contents::read(&vault, &keys, state)?;
            marker::write(state, contents.totals.marker())?;
            (vault, contents, Some(rebuilt))
        }
    };
    let Contents { totals, ring, waiting, names, blocks_missing } = contents;
    let lost = marker.next_input.saturating_sub(totals.next_input);
    let encoder = Encoder::new().map_err(|source| StoreError::Block { number: 0, source })?;
    Ok(Inner {
        vault,
        names,
        state: state.to_owned(),
        inputs_lost: if moved_aside.is_some() { 0 } else { lost },
        marker_is_altered: marker.is_altered,
        moved_aside,
        blocks_missing,
        key_is_beside: keys.are_beside,
        writer: Mutex::new(Writer { encoder, totals, waiting, journal_ends: None, ring }),
    })
}

/// The inner error says why the store is damaged.
fn open_as_it_is(
    state: &Path,
    keys: &Keys,
    marker: Marker,
) -> Result<Result<(Vault, Contents), String>, StoreError> {
    let database = match open_counted(state, &state.join(STORE)) {
        Ok(database) => database,
        Err(OpenFailure::Broken(why)) => return Ok(Err(why)),
        Err(failure) => return Err(error_of(failure, state)),
    };
    if 0 < marker.next_input && database.is_empty() {
        return Ok(Err("it opened empty, but it was not".to_owned()));
    }
    let vault = vault_of(database, keys)?;
    match Contents::read(&vault, keys, state) {
        // Pages are read when they are asked for, and some of them are damaged.
        Err(StoreError::Database { source, .. }) => Ok(Err(source.to_string())),
        contents => Ok(Ok((vault, contents?))),
    }
}

fn vault_of(database: Database, keys: &Keys) -> Result<Vault, StoreError> {
    Ok(Vault { database, cipher: Cipher::with_older(&keys.current, &keys.older)? })
}

impl Contents {
    fn read(vault: &Vault, keys: &Keys, state: &Path) -> Result<Self, StoreError> {
        let (mut totals, ring) = match totals_and_ring(vault, keys, state) {
            // With the right key at least one of many values would open.
            Err(StoreError::Damaged { .. }) if !any_value_opens(vault)? => {
                return Err(StoreError::WrongKey { path: state.to_owned() });
            }
            read => read?,
        };
        let mut headers = vault.database.range(keys::between(keys::HEADER, 0, u64::MAX));
        let there = headers.try_fold(0u64, |count, row| row.map(|_| count + 1))?;
        let blocks_missing = totals.blocks.saturating_sub(there);
        let names = hidden::open(vault)?;
        snapshot::settle_or_forget(vault, &names)?;
        totals.snapshot_input = snapshot::Stamp::of(vault)?.next_input;
        Ok(Self { totals, ring, waiting: Waiting::read(vault)?, names, blocks_missing })
    }
}

/// A panic within sled may end the process: openings that never end are counted.
fn open_counted(state: &Path, path: &Path) -> Result<Database, OpenFailure> {
    // In a program that a panic ends, sled is not to meet a damaged file twice.
    if attempts::has_begun(state) && rebuild::is_damaged(path) {
        attempts::end(state);
        return Err(OpenFailure::Broken("its file is damaged".to_owned()));
    }
    attempts::begin(state).map_err(OpenFailure::Broken)?;
    let database = Database::open(path);
    attempts::end(state);
    if database.is_ok() {
        attempts::opened(state);
    }
    database
}

/// Whether there is a store, as far as can be seen without opening it.
pub(super) fn is_there(state: &Path) -> bool {
    state.join(STORE).join("db").exists()
}

/// Only its owner may look into it.
fn make_directory(state: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Directory { path: state.to_owned(), source };
    if !state.is_dir() {
        DirBuilder::new().recursive(true).mode(0o700).create(state).map_err(failed)?;
    }
    match DirBuilder::new().mode(0o700).create(state.join(STORE)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

/// A name for a store that is moved aside: never deleted, for a person may still want it.
pub(super) fn name_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let free = (1..MOVED_ASIDE_MAX)
        .map(|number| path.with_file_name(format!("{STORE}.damaged-{number}")))
        .find(|candidate| !candidate.exists());
    let why = || io::Error::other("too many damaged stores beside it");
    free.ok_or_else(|| StoreError::Directory { path: path.to_owned(), source: why() })
}

/// What is whole of it begins the new one.
fn move_aside(state: &Path, why: &str, keys: &Keys) -> Result<Rebuilt, StoreError> {
    let path = &state.join(STORE);
    let failed = |source| StoreError::Directory { path: path.to_owned(), source };
    let rebuilt = match mending::keep_what_is_whole(state, keys) {
        Ok(rebuilt) => rebuilt,
        Err(error) => {
            tracing::error!(%error, "nothing of the damaged store can be kept");
            let moved_to = name_aside(path)?;
            fs::rename(path, &moved_to).map_err(failed)?;
            DirBuilder::new().mode(0o700).create(path).map_err(failed)?;
            Rebuilt { moved_to, ..Rebuilt::default() }
        }
    };
    tracing::error!(
        store = %path.display(), moved_to = %rebuilt.moved_to.display(), why,
        blocks_kept = rebuilt.blocks, events_kept = rebuilt.events,
        "the store could not be used; it was moved aside, and a new one begun with what is whole"
    );
    Ok(rebuilt)
}

fn error_of(failure: OpenFailure, state: &Path) -> StoreError {
    match failure {
        OpenFailure::InUse => StoreError::InUse { path: state.to_owned() },
        OpenFailure::Io(source) => StoreError::Directory { path: state.to_owned(), source },
        OpenFailure::Broken(what) => StoreError::Damaged { what },
    }
}

fn totals_and_ring(vault: &Vault, keys: &Keys, state: &Path) -> Result<(Totals, Ring), StoreError> {
    if vault.database.is_empty() {
        let mut batch = Batch::default();
        meta::put_first(vault, &mut batch)?;
        rotation::put(vault, &mut batch, &Ring::new(keys))?;
        vault.database.write(batch)?;
    }
    // First which keys there are: in the middle of a rotation an old one opens the rest.
    let ring = rotation::begin(vault, keys, state)?;
    let totals = meta::totals(vault)?;
    Ok((totals.ok_or_else(|| StoreError::damaged("its totals are missing"))?, ring))
}

fn any_value_opens(vault: &Vault) -> Result<bool, StoreError> {
    for row in vault.database.range(keys::under(keys::META)) {
        let (key, value) = row?;
        if vault.cipher.open(&key, &value).is_ok() {
            return Ok(true);
        }
    }
    Ok(false)
}
