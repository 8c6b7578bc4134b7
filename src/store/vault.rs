//! Named values of any size, encrypted and cut into parts of 1,000 bytes.

use std::io::Read as _;

use super::cipher::Cipher;
use super::database::{Batch, Database};
use super::{StoreError, keys};

/// The database behind its encryption.
pub(super) struct Vault {
    pub(super) database: Database,
    pub(super) cipher: Cipher,
}

/// A name with its value.
pub(super) type Named = (Vec<u8>, Vec<u8>);

/// sled puts larger pages into files that it does not sync; 16 values share a page.
pub(super) const PART_BYTES: usize = 1000;
/// What the two bytes of a part's number can count.
const PARTS_MAX: usize = 1 << 16;
const LENGTH_BYTES: usize = 4;
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
const COMPRESSED_BYTES_MIN: usize = 256;
const COMPRESSION_LEVEL: i32 = 1;
const VALUE_BYTES_MAX: u64 = 1 << 30;

impl Vault {
    /// Puts a value under a name. Of the value that stood there before, nothing is left.
    pub(super) fn put(
        &self,
        batch: &mut Batch,
        name: &[u8],
        value: &[u8],
    ) -> Result<(), StoreError> {
        let parts = self.seal_parts(batch, |part| keys::part_of(name, part), &framed(value)?)?;
        self.remove_parts(batch, name, parts)
    }

    pub(super) fn remove(&self, batch: &mut Batch, name: &[u8]) -> Result<(), StoreError> {
        self.remove_parts(batch, name, 0)
    }

    pub(super) fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(mut framed) = self.get_part(name, 0)? else {
            return Ok(None);
        };
        let length = frame_length(&framed)?;
        for part in 1.. {
            if length <= framed.len() {
                break;
            }
            let next = self.get_part(name, part)?;
            framed.extend(next.ok_or_else(|| StoreError::damaged("a part of a value is missing"))?);
        }
        unframed(&framed, length).map(Some)
    }

    /// Every name under a prefix, in order, with its value.
    pub(super) fn scan(&self, prefix: &[u8]) -> Result<Vec<Named>, StoreError> {
        let mut found = Vec::new();
        for row in self.database.range(keys::under(prefix)) {
            let (key, _) = row?;
            if let Some((name, 0)) = keys::split_part(&key)
                && let Some(value) = self.get(name)?
            {
                found.push((name.to_vec(), value));
            }
        }
        Ok(found)
    }

    /// Cuts, encrypts and puts; how many parts there are.
    pub(super) fn seal_parts(
        &self,
        batch: &mut Batch,
        key_of: impl Fn(u16) -> Vec<u8>,
        bytes: &[u8],
    ) -> Result<u16, StoreError> {
        let too_large = || StoreError::TooLarge { what: "a value", bytes: bytes.len() };
        if PARTS_MAX <= bytes.len().div_ceil(PART_BYTES) {
            return Err(too_large());
        }
        let mut parts = 0;
        for (piece, part) in bytes.chunks(PART_BYTES).zip(0u16..) {
            let key = key_of(part);
            let sealed = self.cipher.seal(&key, piece)?;
            batch.insert(key, sealed);
            parts = part + 1;
        }
        Ok(parts)
    }

    fn get_part(&self, name: &[u8], part: u16) -> Result<Option<Vec<u8>>, StoreError> {
        let key = keys::part_of(name, part);
        let Some(value) = self.database.get(&key)? else {
            return Ok(None);
        };
        self.cipher.open(&key, &value).map(Some)
    }

    fn remove_parts(&self, batch: &mut Batch, name: &[u8], from: u16) -> Result<(), StoreError> {
        for part in from..u16::MAX {
            let key = keys::part_of(name, part);
            if self.database.get(&key)?.is_none() {
                break;
            }
            batch.remove(key);
        }
        Ok(())
    }
}

/// The length of all that follows, whether it is compressed, then the value.
pub(super) fn framed(value: &[u8]) -> Result<Vec<u8>, StoreError> {
    let too_large = || StoreError::TooLarge { what: "a value", bytes: value.len() };
    let packed = if COMPRESSED_BYTES_MIN <= value.len() {
        zstd::bulk::compress(value, COMPRESSION_LEVEL).ok()
    } else {
        None
    };
    let packed = packed.filter(|packed| packed.len() < value.len());
    let (form, body) = packed.as_deref().map_or((PLAIN, value), |packed| (ZSTD, packed));
    let length = u32::try_from(body.len() + LENGTH_BYTES + 1).map_err(|_large| too_large())?;
    let mut framed = Vec::with_capacity(body.len() + LENGTH_BYTES + 1);
    framed.extend_from_slice(&length.to_le_bytes());
    framed.push(form);
    framed.extend_from_slice(body);
    Ok(framed)
}

fn frame_length(first_part: &[u8]) -> Result<usize, StoreError> {
    let length = first_part.first_chunk::<LENGTH_BYTES>();
    let length = length.ok_or_else(|| StoreError::damaged("a value is too short"))?;
    Ok(u32::from_le_bytes(*length) as usize)
}

/// The value in what its parts are together.
pub(super) fn unframe(framed: &[u8]) -> Result<Vec<u8>, StoreError> {
    unframed(framed, frame_length(framed)?)
}

fn unframed(framed: &[u8], length: usize) -> Result<Vec<u8>, StoreError> {
    let damaged = || StoreError::damaged("a value does not have the length that it says");
    let framed = framed.get(LENGTH_BYTES..length).ok_or_else(damaged)?;
    let (&form, body) = framed.split_first().ok_or_else(damaged)?;
    if form == PLAIN {
        return Ok(body.to_vec());
    }
    // It grows with what is really there, not with what the frame says.
    let mut value = Vec::new();
    let unpacked = zstd::stream::read::Decoder::with_buffer(body)
        .and_then(|unpacked| unpacked.take(VALUE_BYTES_MAX + 1).read_to_end(&mut value));
    let is_good = unpacked.is_ok_and(|bytes| bytes as u64 <= VALUE_BYTES_MAX);
    if is_good { Ok(value) } else { Err(damaged()) }
}
