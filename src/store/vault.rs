//! Named values of any size, encrypted and cut into parts.

use std::cell::RefCell;
use std::io::Read as _;

use zstd::bulk::Compressor;
use zstd::bulk::Decompressor;

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

/// sled puts pages of more than 128 KiB into files that it does not sync, and 16 values share a page. Parts of
/// a third of it cost a quarter more to write.
pub(super) const PART_BYTES: usize = 3000;
/// What the two bytes of a part's number can count.
pub(super) const PARTS_MAX: usize = 1 << 16;
const LENGTH_BYTES: usize = 4;
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
const COMPRESSED_BYTES_MIN: usize = 256;
const COMPRESSION_LEVEL: i32 = 1;
const SHORT_BYTES_MAX: usize = 64 << 10;
const VALUE_BYTES_MAX: u64 = 1 << 30;

impl Vault {
    /// Puts a value under a name. Of the value that stood there before, nothing is left.
    pub(super) fn put(
        &self,
        batch: &mut Batch,
        name: &[u8],
        value: &[u8],
    ) -> Result<(), StoreError> {
        self.put_framed(batch, name, &framed(value)?)
    }

    /// The same of a value that was packed before.
    pub(super) fn put_packed(
        &self,
        batch: &mut Batch,
        name: &[u8],
        packed: &[u8],
    ) -> Result<(), StoreError> {
        self.put_framed(batch, name, &frame(packed)?)
    }

    fn put_framed(&self, batch: &mut Batch, name: &[u8], framed: &[u8]) -> Result<(), StoreError> {
        let parts = self.seal_parts(batch, |part| keys::part_of(name, part), framed)?;
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
        self.each(prefix).collect()
    }

    /// The same, one after the other.
    pub(super) fn each(&self, prefix: &[u8]) -> impl Iterator<Item = Result<Named, StoreError>> {
        let rows = self.database.range(keys::under(prefix));
        rows.filter_map(|row| match row {
            Ok((key, _)) => {
                let (name, _) = keys::split_part(&key).filter(|(_, part)| *part == 0)?;
                let value = self.get(name).transpose()?;
                Some(value.map(|value| (name.to_vec(), value)))
            }
            Err(error) => Some(Err(error)),
        })
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

/// The length of all that follows, and the value as it is packed.
pub(super) fn framed(value: &[u8]) -> Result<Vec<u8>, StoreError> {
    frame(&packed(value))
}

/// The same of a value that was packed before.
fn frame(packed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let too_large = || StoreError::TooLarge { what: "a value", bytes: packed.len() };
    let length = u32::try_from(packed.len() + LENGTH_BYTES).map_err(|_large| too_large())?;
    Ok([&length.to_le_bytes(), packed].concat())
}

/// Whether it is compressed, then the value.
pub(super) fn packed(value: &[u8]) -> Vec<u8> {
    let compressed = if COMPRESSED_BYTES_MIN <= value.len() { compressed(value) } else { None };
    let compressed = compressed.filter(|compressed| compressed.len() < value.len());
    let (form, body) = compressed.as_deref().map_or((PLAIN, value), |body| (ZSTD, body));
    [&[form], body].concat()
}

/// A thread's tables are made once: for a short value that is more work than to compress it.
fn compressed(value: &[u8]) -> Option<Vec<u8>> {
    thread_local! {
        static COMPRESSOR: RefCell<Option<Compressor<'static>>> =
            RefCell::new(Compressor::new(COMPRESSION_LEVEL).ok());
    }
    COMPRESSOR.with_borrow_mut(|compressor| compressor.as_mut()?.compress(value).ok())
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
    unpacked(framed.get(LENGTH_BYTES..length).ok_or_else(of_other_length)?)
}

/// What was packed, as it was.
pub(super) fn unpacked(packed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let (&form, body) = packed.split_first().ok_or_else(of_other_length)?;
    if form == PLAIN {
        return Ok(body.to_vec());
    }
    if let Some(value) = unpacked_short(body) {
        return Ok(value);
    }
    // It grows with what is really there, not with what the frame says.
    let mut value = Vec::new();
    let unpacked = zstd::stream::read::Decoder::with_buffer(body)
        .and_then(|unpacked| unpacked.take(VALUE_BYTES_MAX + 1).read_to_end(&mut value));
    let is_good = unpacked.is_ok_and(|bytes| bytes as u64 <= VALUE_BYTES_MAX);
    if is_good { Ok(value) } else { Err(of_other_length()) }
}

/// As most values are: a thread's tables are made once for all of them.
fn unpacked_short(body: &[u8]) -> Option<Vec<u8>> {
    thread_local! {
        static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> =
            RefCell::new(Decompressor::new().ok());
    }
    let bytes = zstd::zstd_safe::get_frame_content_size(body).ok().flatten()?;
    let bytes = usize::try_from(bytes).ok().filter(|bytes| *bytes <= SHORT_BYTES_MAX)?;
    DECOMPRESSOR.with_borrow_mut(|it| it.as_mut()?.decompress(body, bytes).ok())
}

fn of_other_length() -> StoreError {
    StoreError::damaged("a value does not have the length that it says")
}
