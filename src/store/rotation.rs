//! A new key takes the place of an old one: every value is written again, a piece at a time
//! between the commits. Until that is done the old key is needed, too.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::database::{Batch, IVec};
use super::vault::Vault;
use super::{OpenOptions, Store, StoreError, key_file, keys, meta};

/// Which keys the values are encrypted with, by their ids. It stands in the store itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ring {
    current: KeyId,
    /// Those that values may still be encrypted with; empty once the rotation is over.
    older: Vec<KeyId>,
    /// All below this place of the database is encrypted with the current one.
    done_below: Vec<u8>,
    rewritten: u64,
    /// Values that no key opens: they are damaged, and stay as they are.
    unreadable: u64,
}

/// How far it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    pub is_over: bool,
    pub percent: u8,
    pub rewritten: u64,
    pub unreadable: u64,
    /// The first digits of the new key's id, which tells nothing about the key.
    pub key: String,
}

type KeyId = [u8; 8];

/// The keys of an opening.
pub(super) struct Keys {
    pub(super) current: [u8; 32],
    pub(super) older: Vec<[u8; 32]>,
    pub(super) are_beside: bool,
}

/// How much is done in one commit.
const ROWS_PER_COMMIT: usize = 96;
const RING: &[u8] = b"keys";
const CONTEXT: &str = "keyvigil: the id of a store's key";

impl Keys {
    /// What is given, and what lies in the state directory.
    pub(super) fn of(
        state: &Path,
        options: &OpenOptions,
        store_is_there: bool,
    ) -> Result<Self, StoreError> {
        let mut older = options.previous.clone();
        let current = match options.key {
            Some(key) => {
                older.extend(key_file::read(state));
                key
            }
            None => key_file::read_or_make(state, store_is_there)?,
        };
        older.extend(key_file::read_old(state));
        older.retain(|key| *key != current);
        Ok(Self { current, older, are_beside: options.key.is_none() })
    }
}

/// Looks with which keys the values were encrypted. If another one is given now, the rotation
/// is written down before anything else is.
pub(super) fn begin(vault: &Vault, keys: &Keys, state: &Path) -> Result<Ring, StoreError> {
    let current = id_of(&keys.current);
    let known = match vault.get(&meta::meta_name(RING))? {
        Some(value) => postcard::from_bytes(&value)
            .map_err(|_form| StoreError::damaged("the ids of its keys cannot be read"))?,
        None => Ring { current: first_key(vault, keys)?, ..Ring::default() },
    };
    let mut ring = known.clone();
    if ring.current != current {
        ring.older.push(ring.current);
        ring.older.retain(|id| *id != current);
        ring = Ring { current, older: ring.older, ..Ring::default() };
    }
    let is_given = |id: &&KeyId| keys.older.iter().any(|key| id_of(key) == **id);
    if let Some(missing) = ring.older.iter().find(|id| !is_given(id)) {
        let path = state.to_owned();
        return Err(StoreError::OldKeyMissing { path, id: key_file::hex(missing) });
    }
    if ring != known {
        let mut batch = Batch::default();
        put(vault, &mut batch, &ring)?;
        vault.database.write(batch)?;
    }
    Ok(ring)
}

impl Store {
    /// Does a piece of the rotation, if one is due. What else is written meanwhile is
    /// encrypted with the new key from the start.
    pub fn rotate(&self) -> Result<Rotation, StoreError> {
        let mut writer = self.writer();
        if writer.ring.older.is_empty() {
            return Ok(self.rotation_of(&writer.ring));
        }
        let Vault { database, cipher } = self.vault();
        let mut ring = writer.ring.clone();
        let mut batch = Batch::default();
        let (mut looked, mut last) = (0, None);
        for row in database.range(keys::from(&ring.done_below)).take(ROWS_PER_COMMIT) {
            let (key, value) = row?;
            looked += 1;
            if !cipher.is_current(&key, &value) {
                match cipher.open(&key, &value) {
                    Ok(plain) => {
                        batch.insert(key.to_vec(), cipher.seal(&key, &plain)?);
                        ring.rewritten += 1;
                    }
                    Err(_damaged) => ring.unreadable += 1,
                }
            }
            last = Some(key);
        }
        if looked < ROWS_PER_COMMIT {
            ring.older.clear();
        }
        // The least key above the last one that was looked at.
        ring.done_below = last.map_or_else(Vec::new, |key| [&key, b"\0".as_slice()].concat());
        put(self.vault(), &mut batch, &ring)?;
        database.write(batch)?;
        if ring.older.is_empty() {
            key_file::forget_old(&self.inner.state, self.inner.key_is_beside);
        }
        let rotation = self.rotation_of(&ring);
        writer.ring = ring;
        Ok(rotation)
    }

    /// How the rotation stands; `None` if every value is encrypted with one key.
    pub fn rotation(&self) -> Option<Rotation> {
        let ring = self.writer().ring.clone();
        self.rotation_under_way(&ring)
    }

    pub(super) fn rotation_under_way(&self, ring: &Ring) -> Option<Rotation> {
        (!ring.older.is_empty()).then(|| self.rotation_of(ring))
    }

    fn rotation_of(&self, ring: &Ring) -> Rotation {
        let is_over = ring.older.is_empty();
        Rotation {
            is_over,
            percent: if is_over { 100 } else { self.percent(&ring.done_below) },
            rewritten: ring.rewritten,
            unreadable: ring.unreadable,
            key: key_file::hex(&ring.current).chars().take(8).collect(),
        }
    }

    /// Nearly all of a store is its blocks: how many of them lie behind.
    fn percent(&self, done_below: &[u8]) -> u8 {
        let prefix = done_below.first().copied().unwrap_or(0);
        if prefix != keys::BLOCK {
            return if prefix < keys::BLOCK { 0 } else { 99 };
        }
        let mut headers = self.vault().database.range(keys::between(keys::HEADER, 0, u64::MAX));
        let number = |row: Option<Result<(IVec, IVec), StoreError>>| {
            row.and_then(Result::ok).and_then(|(key, _)| keys::number_in(&key))
        };
        let (first, last) = (number(headers.next()), number(headers.next_back()));
        let at = keys::number_in(done_below).unwrap_or(0);
        let (Some(first), Some(last)) = (first, last) else { return 0 };
        let share = at.saturating_sub(first).saturating_mul(99) / (last - first).max(1);
        u8::try_from(share.min(99)).unwrap_or(99)
    }
}

impl Ring {
    /// Of a store that begins.
    pub(super) fn new(keys: &Keys) -> Self {
        Self { current: id_of(&keys.current), ..Self::default() }
    }
}

pub(super) fn put(vault: &Vault, batch: &mut Batch, ring: &Ring) -> Result<(), StoreError> {
    let value = postcard::to_allocvec(ring)
        .map_err(|_form| StoreError::damaged("the ids of its keys cannot be written"))?;
    vault.put(batch, &meta::meta_name(RING), &value)
}

pub(super) fn is_ring(name: &[u8]) -> bool {
    name == meta::meta_name(RING)
}

/// A store from before there were rotations: all of it is encrypted with one key.
fn first_key(vault: &Vault, keys: &Keys) -> Result<KeyId, StoreError> {
    for row in vault.database.range(keys::under(keys::META)) {
        let (key, value) = row?;
        if vault.cipher.is_current(&key, &value) {
            return Ok(id_of(&keys.current));
        }
        if let Some(at) = vault.cipher.older_that_opens(&key, &value) {
            return Ok(keys.older.get(at).map_or([0; 8], id_of));
        }
    }
    Ok(id_of(&keys.current))
}

fn id_of(key: &[u8; 32]) -> KeyId {
    let long = blake3::derive_key(CONTEXT, key);
    let mut id = [0; 8];
    id.iter_mut().zip(long).for_each(|(to, from)| *to = from);
    id
}
