//! Opening a state directory: the lock, the key, and what is done if the store is broken.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::block::Encoder;
use super::cipher::Cipher;
use super::database::{Batch, Database, OpenFailure, room};
use super::meta::Totals;
use super::outbox::Waiting;
use super::rotation::{self, Keys, Ring};
use super::vault::Vault;
use super::{Inner, OpenOptions, StoreError, Writer, attempts, hidden, keys, marker, meta};

const STORE: &str = "store";
/// Enough names for every accident of one state directory.
const MOVED_ASIDE_MAX: u32 = 1000;

pub(super) fn open(state: &Path, options: &OpenOptions) -> Result<Inner, StoreError> {
    make_directory(state)?;
    room(state)?;
    let path = state.join(STORE);
    let keys = Keys::of(state, options, is_there(state))?;
    let marker = marker::read(state);
    let mut moved_aside = None;
    let mut database = match open_counted(state, &path) {
        Ok(database) => Some(database),
        Err(OpenFailure::Broken(why)) => {
            moved_aside = Some(move_aside(&path, &why)?);
            None
        }
        Err(failure) => return Err(error_of(failure, state)),
    };
    if 0 < marker.next_input && database.as_ref().is_some_and(Database::is_empty) {
        drop(database.take());
        moved_aside = Some(move_aside(&path, "it opened empty, but it was not")?);
    }
    let database = match database {
        Some(database) => database,
        None => Database::open(&path).map_err(|failure| error_of(failure, state))?,
    };
    let cipher = Cipher::with_older(&keys.current, &keys.older)?;
    let vault = Vault { database, cipher };
    let (totals, ring) = match totals_and_ring(&vault, &keys, state) {
        // With the right key at least one of many values would open.
        Err(StoreError::Damaged { .. }) if !any_value_opens(&vault)? => {
            return Err(StoreError::WrongKey { path: state.to_owned() });
        }
        read => read?,
    };
    if moved_aside.is_some() {
        marker::write(state, totals.marker())?;
    }
    let lost = marker.next_input.saturating_sub(totals.next_input);
    let encoder = Encoder::new().map_err(|source| StoreError::Block { number: 0, source })?;
    let waiting = Waiting::read(&vault)?;
    let names = hidden::open(&vault)?;
    Ok(Inner {
        vault,
        names,
        state: state.to_owned(),
        inputs_lost: if moved_aside.is_some() { 0 } else { lost },
        moved_aside,
        key_is_beside: keys.are_beside,
        writer: Mutex::new(Writer { encoder, totals, waiting, journal_ends: None, ring }),
    })
}

/// A panic within sled may end the process: openings that never end are counted.
fn open_counted(state: &Path, path: &Path) -> Result<Database, OpenFailure> {
    attempts::begin(state).map_err(OpenFailure::Broken)?;
    let database = Database::open(path);
    attempts::end(state);
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

/// Never deleted: a person may still want what is in it.
fn move_aside(path: &Path, why: &str) -> Result<PathBuf, StoreError> {
    let free = (1..MOVED_ASIDE_MAX)
        .map(|number| path.with_file_name(format!("{STORE}.damaged-{number}")))
        .find(|candidate| !candidate.exists());
    let failed = |source| StoreError::Directory { path: path.to_owned(), source };
    let aside =
        free.ok_or_else(|| failed(io::Error::other("too many damaged stores beside it")))?;
    fs::rename(path, &aside).map_err(failed)?;
    DirBuilder::new().mode(0o700).create(path).map_err(failed)?;
    tracing::error!(
        store = %path.display(), moved_to = %aside.display(), why,
        "the store could not be used; it was moved aside and a new one begun"
    );
    Ok(aside)
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
