//! The key of the store: given, or kept in `STATE/store.key`, which only its owner may read.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::{StoreError, fault, random};

pub(super) const NAME: &str = "store.key";
/// The key before it, as long as values may be encrypted with that.
const OLD: &str = "store.key.old";
const NEW: &str = "store.key.new";

/// The key in the directory; it is made if there is none and no store that would need one.
pub(super) fn read_or_make(state: &Path, store_is_there: bool) -> Result<[u8; 32], StoreError> {
    let path = state.join(NAME);
    match fs::read_to_string(&path) {
        Ok(text) => key_of(text.trim()).ok_or(StoreError::KeyForm { path }),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::KeyFile { path, source: error })
        }
        Err(_missing) if store_is_there => {
            Err(StoreError::KeyMissing { state: state.to_owned(), key: path })
        }
        Err(_missing) => {
            let key = random::bytes()?;
            write_whole(state, &key)
                .map_err(|source| StoreError::KeyFile { path: path.clone(), source })?;
            tracing::warn!(
                path = %path.display(),
                "no key was given for the store, so one was made beside it; \
                 whoever can copy the whole directory can read the store"
            );
            Ok(key)
        }
    }
}

/// The key in the directory, if one lies there.
pub(super) fn read(state: &Path) -> Option<[u8; 32]> {
    read_at(&state.join(NAME))
}

pub(super) fn read_old(state: &Path) -> Option<[u8; 32]> {
    read_at(&state.join(OLD))
}

/// Makes a new key in the directory, and keeps the old one beside it until no value is
/// encrypted with that any more. Killed at any moment, it leaves all keys that are needed.
pub fn replace(state: &Path) -> Result<(), StoreError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::KeyFile { path, source }
    };
    let (path, old) = (state.join(NAME), state.join(OLD));
    let current = read(state).ok_or_else(|| StoreError::KeyForm { path: path.clone() })?;
    match read_old(state) {
        // A rotation is under way: it comes to its end first.
        Some(before) if before != current => return Ok(()),
        Some(_) => (),
        None => {
            remove(&old).map_err(failed(&old))?;
            write(&old, &current).map_err(failed(&old))?;
        }
    }
    sync(state).map_err(failed(&old))?;
    write_whole(state, &random::bytes()?).map_err(failed(&path))
}

/// Removes the keys that nothing is encrypted with any more, except where a store lies that was
/// moved aside: it may still need them.
pub(super) fn forget_old(state: &Path, key_is_beside: bool) {
    let is_kept = fs::read_dir(state).is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            entry.file_name().to_string_lossy().starts_with("store.") && entry.path().is_dir()
        })
    });
    if is_kept {
        return;
    }
    let names: &[&str] = if key_is_beside { &[OLD] } else { &[OLD, NAME] };
    for name in names {
        if let Err(error) = remove(&state.join(name)) {
            tracing::warn!(name, %error, "an old key of the store cannot be removed");
        }
    }
}

fn read_at(path: &Path) -> Option<[u8; 32]> {
    fs::read_to_string(path).ok().and_then(|text| key_of(text.trim()))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// What was made in the directory or renamed stays so.
fn sync(state: &Path) -> io::Result<()> {
    fs::File::open(state)?.sync_all()
}

/// A key written as 64 hexadecimal digits.
pub fn key_of(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let mut key = [0; 32];
    for (to, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        let mut value = 0;
        for byte in pair {
            value = value * 16 + digit(byte)?;
        }
        *to = u8::try_from(value).ok()?;
    }
    Some(key)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |number: u8| char::from_digit(u32::from(number), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The key is there as a whole, or as it was.
fn write_whole(state: &Path, key: &[u8; 32]) -> io::Result<()> {
    let new = state.join(NEW);
    remove(&new)?;
    write(&new, key)?;
    fault::point("key.rename")?;
    fs::rename(new, state.join(NAME))?;
    sync(state)
}

fn write(path: &Path, key: &[u8; 32]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    fault::write("key.write", &mut file, format!("{}\n", hex(key)).as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let key = read_or_make(dir.path(), false).unwrap();
        assert_eq!(read_or_make(dir.path(), true).unwrap(), key);
        let mode = fs::metadata(dir.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_store_without_its_key_is_not_given_another() {
        let dir = tempfile::tempdir().unwrap();
        let error = read_or_make(dir.path(), true).unwrap_err();
        assert!(error.to_string().contains("is missing; put the key back"), "{error}");
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(NAME), "not a key").unwrap();
        let error = read_or_make(dir.path(), true).unwrap_err();
        assert!(matches!(error, StoreError::KeyForm { .. }));
    }
}
