//! Names of rows that tell of somebody, or where a log lies: the database writes its keys as they are, so that they
//! are keyed hashes, and the names themselves stand encrypted in the values.

use super::StoreError;
use super::database::Batch;
use super::people::read;
use super::vault::Vault;
use super::{keys, meta};
use crate::engine::StateRow;
use crate::incident::StaleFinding;

/// What the hashes are made with: of this store alone, and kept when its encryption changes.
pub(super) type NamesKey = [u8; 32];

const CONTEXT: &str = "keyvigil 2026 names of rows";
const HASH_BYTES: usize = 16;

/// The key, once every name is hidden: those of an older keyvigil stood in the open.
pub(super) fn open(vault: &Vault) -> Result<NamesKey, StoreError> {
    let names = names_key(&meta::pepper(vault)?);
    let mut batch = Batch::default();
    let mut is_changed = false;
    for (open, prefix) in [
        (keys::STATE_IN_THE_OPEN, keys::STATE),
        (keys::POSITION_IN_THE_OPEN, keys::POSITION),
        (keys::MEMORY_IN_THE_OPEN, keys::MEMORY),
    ] {
        for (name, value) in vault.scan(open)? {
            let id = name.get(open.len()..).unwrap_or_default();
            let id = String::from_utf8_lossy(id).into_owned();
            let row = StateRow { id, value: Some(value) };
            vault.put(&mut batch, &name_of(&names, prefix, &row.id), &with_id(&row))?;
            vault.remove(&mut batch, &name)?;
            is_changed = true;
        }
    }
    for (name, value) in vault.scan(keys::STALE_IN_THE_OPEN)? {
        let finding: StaleFinding = read(&value, "a stale credential")?;
        vault.put(&mut batch, &stale_name(&names, &finding), &value)?;
        vault.remove(&mut batch, &name)?;
        is_changed = true;
    }
    is_changed |= rename(vault, &names, &mut batch)?;
    if is_changed {
        vault.database.write(batch)?;
    }
    Ok(names)
}

pub(super) fn names_key(pepper: &[u8; 32]) -> NamesKey {
    blake3::derive_key(CONTEXT, pepper)
}

/// A store that has lost its pepper has another one: what is kept gets the names that are made
/// with it, or it would stand there twice.
fn rename(vault: &Vault, names: &NamesKey, batch: &mut Batch) -> Result<bool, StoreError> {
    let mut is_changed = false;
    for prefix in [keys::POSITION, keys::MEMORY] {
        for (name, value) in vault.scan(prefix)? {
            let right = name_of(names, prefix, &row_of(&value)?.id);
            if name != right {
                vault.put(batch, &right, &value)?;
                vault.remove(batch, &name)?;
                is_changed = true;
            }
        }
    }
    Ok(is_changed)
}

pub(super) fn state_name(names: &NamesKey, id: &str) -> Vec<u8> {
    name_of(names, keys::STATE, id)
}

fn name_of(names: &NamesKey, prefix: &[u8], id: &str) -> Vec<u8> {
    hidden(names, prefix, id.as_bytes())
}

pub(super) fn stale_name(names: &NamesKey, finding: &StaleFinding) -> Vec<u8> {
    let name = [finding.subject().as_bytes(), b"\0", finding.kind.as_bytes()].concat();
    hidden(names, keys::STALE, &name)
}

/// Puts a row under its hidden name; one without a value is removed.
pub(super) fn put(
    vault: &Vault,
    batch: &mut Batch,
    (names, prefix): (&NamesKey, &[u8]),
    row: &StateRow,
) -> Result<(), StoreError> {
    let name = name_of(names, prefix, &row.id);
    match &row.value {
        Some(_) => vault.put(batch, &name, &with_id(row)),
        None => vault.remove(batch, &name),
    }
}

/// The value of a row of the state, behind its id.
fn with_id(row: &StateRow) -> Vec<u8> {
    let mut value = u32::try_from(row.id.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
    value.extend_from_slice(row.id.as_bytes());
    value.extend_from_slice(row.value.as_deref().unwrap_or_default());
    value
}

pub(super) fn row_of(value: &[u8]) -> Result<StateRow, StoreError> {
    let damaged = || StoreError::damaged("a row of the state has no name");
    let (length, rest) = value.split_first_chunk().ok_or_else(damaged)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (id, value) = rest.split_at_checked(length).ok_or_else(damaged)?;
    let id = str::from_utf8(id).map_err(|_bytes| damaged())?.to_owned();
    Ok(StateRow { id, value: Some(value.to_vec()) })
}

fn hidden(names: &NamesKey, prefix: &[u8], name: &[u8]) -> Vec<u8> {
    let hash = blake3::keyed_hash(names, name);
    [prefix, hash.as_bytes().get(..HASH_BYTES).unwrap_or_default()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Commit, OpenOptions, Store};

    #[test]
    fn a_row_keeps_its_name_inside() {
        let row = StateRow { id: "key/k_a".to_owned(), value: Some(vec![1, 2, 3]) };
        assert_eq!(row_of(&with_id(&row)).unwrap(), row);
        assert!(row_of(&[9, 0, 0, 0, 1]).is_err());
    }

    #[test]
    fn no_file_of_the_store_has_a_name_in_the_open() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &OpenOptions::default()).unwrap();
        let finding = StaleFinding {
            key: "zq-somebody".into(),
            kind: "unused".into(),
            ..StaleFinding::default()
        };
        let rows = [StateRow { id: "key/zq-somebody".to_owned(), value: Some(vec![7]) }];
        store
            .commit(&Commit { stale: &[std::sync::Arc::new(finding.clone())], ..Commit::default() })
            .unwrap();
        store.snapshot(&rows.iter().cloned().collect(), 0).unwrap();
        assert_eq!(store.stale_findings().unwrap(), [finding]);
        assert_eq!(store.state().map(Result::unwrap).collect::<Vec<_>>(), rows);
        store.close().unwrap();
        let bytes = std::fs::read(folder.path().join("store/db")).unwrap();
        assert!(!bytes.windows(11).any(|it| it == b"zq-somebody"));
    }

    #[test]
    fn names_that_stood_in_the_open_are_hidden_at_the_next_opening() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &OpenOptions::default()).unwrap();
        let mut batch = Batch::default();
        let finding = StaleFinding { key: "k_a".into(), ..StaleFinding::default() };
        let text = serde_json::to_vec(&finding).unwrap();
        store.vault().put(&mut batch, b"s:key/k_a", &[1, 2]).unwrap();
        store.vault().put(&mut batch, b"fk_a\0", &text).unwrap();
        store.vault().put(&mut batch, b"p/var/log/a.log", &[3]).unwrap();
        store.vault().put(&mut batch, b"rids/000", &[4]).unwrap();
        // As it was named with a pepper that is lost.
        let row = StateRow { id: "/var/log/b.log".to_owned(), value: Some(vec![5]) };
        store.vault().put(&mut batch, b"l0123456789abcdef", &with_id(&row)).unwrap();
        store.vault().database.write(batch).unwrap();
        drop(store);
        let store = Store::open(folder.path(), &OpenOptions::default()).unwrap();
        let row = StateRow { id: "key/k_a".to_owned(), value: Some(vec![1, 2]) };
        let recovered = store.recover().unwrap();
        assert_eq!(store.state().map(Result::unwrap).collect::<Vec<_>>(), [row]);
        let positions: Vec<_> =
            recovered.positions.into_iter().map(|(id, at)| (id.0, at.0)).collect();
        let expected = [("/var/log/a.log", vec![3]), ("/var/log/b.log", vec![5])];
        assert_eq!(positions, expected.map(|(id, at)| (id.to_owned(), at)));
        assert_eq!(
            recovered.memory.into_iter().collect::<Vec<_>>(),
            [("ids/000".to_owned(), vec![4])]
        );
        assert_eq!(store.stale_findings().unwrap(), [finding]);
        for open in [keys::POSITION_IN_THE_OPEN, keys::MEMORY_IN_THE_OPEN, b"l0123456789abcdef"] {
            assert!(store.vault().scan(open).unwrap().is_empty());
        }
        assert!(store.vault().scan(keys::STATE_IN_THE_OPEN).unwrap().is_empty());
    }
}
