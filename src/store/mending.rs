//! What a person does to a store that nobody uses: see whether it is whole, keep what is, make it
//! small. The old directory takes another name, and a kill at any moment loses neither.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::cipher::Cipher;
use super::database::room_for;
use super::opening::{self, STORE};
use super::rebuild::{self, Rebuilt};
use super::rotation::Keys;
use super::survey::Survey;
use super::{OpenOptions, Store, StoreError, fault, marker};

/// What the room was and is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    pub bytes_before: u64,
    pub bytes_after: u64,
}

/// Where a new one is made, and where it lies once it is ready.
const PARTIAL: &str = "store.partial";
const NEW: &str = "store.new";
/// What a compacted store was before, until the new one stands in its place.
const BEFORE: &str = "store.before";

impl Store {
    /// Reads and decrypts everything that a state directory holds, and changes nothing.
    pub fn verify(state: &Path, options: &OpenOptions) -> Result<Survey, StoreError> {
        let path = existing(state)?;
        let keys = Keys::of(state, options, true)?;
        let cipher = Cipher::with_older(&keys.current, &keys.older)?;
        let rows = rebuild::rows_of(&path)?;
        let survey = Survey::of(&rows, &cipher, &mut |_whole| Ok(()))?;
        if survey.values == 0 && !survey.unreadable.is_empty() {
            return Err(StoreError::WrongKey { path: state.to_owned() });
        }
        Ok(survey)
    }

    /// Puts what is whole into a new store, and the old one aside.
    pub fn repair(state: &Path, options: &OpenOptions) -> Result<Rebuilt, StoreError> {
        let path = existing(state)?;
        room_for(state, bytes_of(&path))?;
        let keys = Keys::of(state, options, true)?;
        let rebuilt = keep_what_is_whole(state, &keys)?;
        // What the marker knows may be lost for good; that was said here.
        marker::write(state, marker::Marker::default())?;
        Ok(rebuilt)
    }

    /// Copies everything into a new directory, so that the room of what was forgotten is free.
    pub fn compact(state: &Path, options: &OpenOptions) -> Result<Compacted, StoreError> {
        let path = existing(state)?;
        room_for(state, bytes_of(&path))?;
        let store = Self::open_existing(state, options)?;
        let (partial, before) = (state.join(PARTIAL), state.join(BEFORE));
        rebuild::copy(&store.vault().database, &partial)?;
        store.close()?;
        let bytes_before = bytes_of(&path);
        swap(state, &partial, &before)?;
        let compacted = Compacted { bytes_before, bytes_after: bytes_of(&path) };
        let failed = |source| StoreError::Directory { path: before.clone(), source };
        fs::remove_dir_all(&before).map_err(failed)?;
        Ok(compacted)
    }
}

/// What is whole of a store takes its place, and the store lies aside.
pub(super) fn keep_what_is_whole(state: &Path, keys: &Keys) -> Result<Rebuilt, StoreError> {
    let (path, partial) = (state.join(STORE), state.join(PARTIAL));
    let mut rebuilt = rebuild::rebuild(&path, &partial, keys)?;
    rebuilt.moved_to = opening::name_aside(&path)?;
    swap(state, &partial, &rebuilt.moved_to)?;
    Ok(rebuilt)
}

/// Brings to its end what a kill interrupted: a new store that was ready takes its place.
pub(super) fn take_up(state: &Path) -> Result<(), StoreError> {
    let (path, fresh, before) = (state.join(STORE), state.join(NEW), state.join(BEFORE));
    if !path.exists() && fresh.exists() {
        return rename(&fresh, &path).and_then(|()| sync(state));
    }
    if path.join("db").exists() && before.exists() {
        let failed = |source| StoreError::Directory { path: before.clone(), source };
        fs::remove_dir_all(&before).map_err(failed)?;
    }
    Ok(())
}

fn existing(state: &Path) -> Result<PathBuf, StoreError> {
    take_up(state)?;
    if !opening::is_there(state) {
        return Err(StoreError::Missing { path: state.to_owned() });
    }
    Ok(state.join(STORE))
}

/// Between two steps there may be no store, but then there is one that is ready.
fn swap(state: &Path, partial: &Path, aside: &Path) -> Result<(), StoreError> {
    let (path, fresh) = (state.join(STORE), state.join(NEW));
    if fresh.exists() {
        let failed = |source| StoreError::Directory { path: fresh.clone(), source };
        fs::remove_dir_all(&fresh).map_err(failed)?;
    }
    rename(partial, &fresh)?;
    sync(state)?;
    rename(&path, aside)?;
    rename(&fresh, &path)?;
    sync(state)
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Directory { path: from.to_owned(), source };
    fault::point("mending.rename").and_then(|()| fs::rename(from, to)).map_err(failed)
}

/// What was renamed stays so.
fn sync(state: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Directory { path: state.to_owned(), source };
    File::open(state).and_then(|state| state.sync_all()).map_err(failed)
}

fn bytes_of(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|it| it.len()).sum()
}
