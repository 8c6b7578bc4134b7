//! The bytes of a block, decrypted: all of them, or the parts in which what is wanted lies.

use std::ops::Range;

use super::block::{BlockError, Columns, Decoder, Directory, Header};
use super::read::header_of;
use super::vault::{PARTS_MAX, Vault};
use super::{StoreError, keys};
use crate::model::EventBatch;

/// Nobody writes a block anew again and again.
const WRITINGS_MAX: usize = 3;
/// No more room is asked for beforehand, whatever a header says.
const BLOCK_BYTES_USUAL: usize = 1 << 20;

/// The events of a block.
pub(super) fn decode(
    vault: &Vault,
    decoder: &mut Decoder,
    (number, header): (u64, &Header),
    columns: Columns,
) -> Result<EventBatch, StoreError> {
    of_one_writing(vault, (number, header), |header| {
        decode_once(vault, decoder, (number, header), columns)
    })
}

/// Those of one key. Of a block that has none, nothing but its keys is looked at.
pub(super) fn decode_of_key(
    vault: &Vault,
    decoder: &mut Decoder,
    (number, header): (u64, &Header),
    wanted: (Columns, &str),
) -> Result<EventBatch, StoreError> {
    of_one_writing(vault, (number, header), |header| {
        decode_of_key_once(vault, decoder, (number, header), wanted)
    })
}

/// A block may be written anew, under the same names, while its parts are read one after the other: then
/// it is read once more.
fn of_one_writing(
    vault: &Vault,
    (number, header): (u64, &Header),
    mut read: impl FnMut(&Header) -> Result<EventBatch, StoreError>,
) -> Result<EventBatch, StoreError> {
    let mut known = header.clone();
    for _ in 1..WRITINGS_MAX {
        let batch = read(&known);
        match header_now(vault, number)? {
            Some(now) if now != known => known = now,
            Some(_) | None => return batch,
        }
    }
    read(&known)
}

fn header_now(vault: &Vault, number: u64) -> Result<Option<Header>, StoreError> {
    let key = keys::numbered(keys::HEADER, number);
    let value = vault.database.get(&key)?;
    value.map(|value| Ok(header_of(&vault.cipher, &key, &value)?.1)).transpose()
}

fn decode_once(
    vault: &Vault,
    decoder: &mut Decoder,
    (number, header): (u64, &Header),
    columns: Columns,
) -> Result<EventBatch, StoreError> {
    let failed = failed(number);
    if columns == Columns::ALL {
        let block = block_of(vault, (number, header))?;
        return decoder.decode(header, &block, columns).map_err(failed);
    }
    let mut parts = Parts::of(vault, (number, header))?;
    let directory = parts.directory(header, columns)?;
    decoder.decode_some(&directory, &parts.bytes, columns).map_err(failed)
}

fn decode_of_key_once(
    vault: &Vault,
    decoder: &mut Decoder,
    (number, header): (u64, &Header),
    (columns, key): (Columns, &str),
) -> Result<EventBatch, StoreError> {
    use super::block::Column::Key;
    let failed = failed(number);
    let mut parts = Parts::of(vault, (number, header))?;
    let directory = parts.directory(header, Columns::NONE.with(Key))?;
    let rows = decoder.rows_of((&directory, &parts.bytes), key).map_err(&failed)?;
    let Some(rows) = rows else { return Ok(EventBatch::default()) };
    let directory = parts.directory(header, columns.with(Key))?;
    decoder.decode_rows((&directory, &parts.bytes), &rows, columns).map_err(&failed)
}

fn failed(number: u64) -> impl Fn(BlockError) -> StoreError {
    move |source| StoreError::Block { number, source }
}

/// A block of which some parts are there. Each is sealed for itself under its own name, so that the checksum of the
/// whole is not needed as long as all are of one writing.
struct Parts<'v> {
    vault: &'v Vault,
    number: u64,
    /// Zeros where nothing was read.
    bytes: Vec<u8>,
    is_there: Vec<bool>,
    /// Of each part but the last: older stores have smaller ones.
    part_bytes: usize,
}

impl<'v> Parts<'v> {
    /// Reads the first part, which tells how long the others are.
    fn of(vault: &'v Vault, (number, header): (u64, &Header)) -> Result<Self, StoreError> {
        let key = keys::block_part(number, 0);
        let first = vault.database.get(&key)?.ok_or_else(lost)?;
        let mut bytes = vault.cipher.open(&key, &first)?;
        let (part_bytes, all) = (bytes.len(), header.bytes as usize);
        if all < part_bytes || part_bytes.saturating_mul(PARTS_MAX) < all {
            return Err(of_other_length());
        }
        bytes.resize(all, 0);
        let mut is_there = vec![false; all.div_ceil(part_bytes.max(1))];
        is_there.iter_mut().take(1).for_each(|first| *first = true);
        Ok(Self { vault, number, bytes, is_there, part_bytes })
    }

    /// Reads what is needed of these columns, and tells where it lies.
    fn directory(&mut self, header: &Header, columns: Columns) -> Result<Directory, StoreError> {
        let failed = failed(self.number);
        let mut directory = Directory::of(header).map_err(&failed)?;
        while let Some(head) = directory.next_head(columns) {
            self.read(head)?;
            directory.find(&self.bytes).map_err(&failed)?;
        }
        for range in directory.ranges(columns) {
            self.read(range)?;
        }
        Ok(directory)
    }

    /// Sees to it that these bytes are there.
    fn read(&mut self, range: Range<usize>) -> Result<(), StoreError> {
        let size = self.part_bytes.max(1);
        let parts = range.start / size..range.end.div_ceil(size);
        let missing = |&part: &usize| self.is_there.get(part) == Some(&false);
        let Some(first) = parts.clone().find(missing) else { return Ok(()) };
        let last = parts.rev().find(missing).unwrap_or(first);
        let key_of = |part| keys::block_part(self.number, u16::try_from(part).unwrap_or(u16::MAX));
        let mut rows = self.vault.database.range(key_of(first)..=key_of(last));
        let there = self.bytes.chunks_mut(size).zip(&mut self.is_there).enumerate();
        for (part, (bytes, is_there)) in there.take(last + 1).skip(first) {
            let (key, value) = rows.next().transpose()?.ok_or_else(lost)?;
            if key != key_of(part) {
                return Err(lost());
            }
            let plain = self.vault.cipher.open(&key, &value)?;
            if plain.len() != bytes.len() {
                return Err(of_other_length());
            }
            bytes.copy_from_slice(&plain);
            *is_there = true;
        }
        Ok(())
    }
}

fn lost() -> StoreError {
    StoreError::damaged("a part of a block is missing")
}

fn of_other_length() -> StoreError {
    StoreError::damaged("a part of a block has another length")
}

/// All bytes of a block.
fn block_of(vault: &Vault, (number, header): (u64, &Header)) -> Result<Vec<u8>, StoreError> {
    let mut block = Vec::with_capacity((header.bytes as usize).min(BLOCK_BYTES_USUAL));
    for row in vault.database.range(keys::between(keys::BLOCK, number, number)) {
        let (key, value) = row?;
        if header.bytes as usize <= block.len() {
            break;
        }
        block.extend(vault.cipher.open(&key, &value)?);
    }
    Ok(block)
}
