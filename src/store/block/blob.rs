//! A stretch of bytes, compressed where that helps.

use zstd::bulk::{Compressor, Decompressor};

use super::BlockError;
use super::bytes::{Reader, write_varint};

/// Compresses with one context, made once.
pub(super) struct Packer {
    compressor: Compressor<'static>,
    packed: Vec<u8>,
    pub(super) raw: Vec<u8>,
}

pub(super) struct Unpacker {
    decompressor: Decompressor<'static>,
}

const LEVEL: i32 = 1;
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
/// Less than this is not worth the call.
const COMPRESSED_BYTES_MIN: usize = 64;
/// No stretch is longer; more would be an attempt to fill the memory.
const RAW_BYTES_MAX: usize = 256 << 20;

impl Packer {
    pub(super) fn new() -> Result<Self, BlockError> {
        let compressor = Compressor::new(LEVEL).map_err(BlockError::Compress)?;
        Ok(Self { compressor, packed: Vec::new(), raw: Vec::new() })
    }

    /// Writes what stands in `raw`.
    pub(super) fn write(&mut self, out: &mut Vec<u8>) -> Result<(), BlockError> {
        let Self { compressor, packed, raw } = self;
        write(out, raw, (compressor, packed))
    }

    pub(super) fn write_bytes(
        &mut self,
        out: &mut Vec<u8>,
        bytes: &[u8],
    ) -> Result<(), BlockError> {
        write(out, bytes, (&mut self.compressor, &mut self.packed))
    }
}

fn write(
    out: &mut Vec<u8>,
    raw: &[u8],
    (compressor, packed): (&mut Compressor<'static>, &mut Vec<u8>),
) -> Result<(), BlockError> {
    packed.clear();
    if COMPRESSED_BYTES_MIN <= raw.len() {
        packed.reserve(zstd::zstd_safe::compress_bound(raw.len()));
        compressor.compress_to_buffer(raw, packed).map_err(BlockError::Compress)?;
    }
    let helps = !packed.is_empty() && packed.len() + 8 < raw.len();
    let (form, bytes) = if helps { (ZSTD, &**packed) } else { (PLAIN, raw) };
    out.push(form);
    write_varint(out, raw.len() as u64);
    write_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
    Ok(())
}

impl Unpacker {
    pub(super) fn new() -> Result<Self, BlockError> {
        Ok(Self { decompressor: Decompressor::new().map_err(BlockError::Compress)? })
    }

    /// Reads a stretch of at most `max` bytes.
    pub(super) fn read(
        &mut self,
        reader: &mut Reader<'_>,
        max: usize,
    ) -> Result<Vec<u8>, BlockError> {
        let form = reader.byte()?;
        let raw_length = reader.length(max.min(RAW_BYTES_MAX))?;
        let length = reader.length(RAW_BYTES_MAX)?;
        let bytes = reader.take(length)?;
        let raw = match form {
            PLAIN => bytes.to_vec(),
            ZSTD => self
                .decompressor
                .decompress(bytes, raw_length)
                .map_err(|_unreadable| BlockError::Damaged("a column cannot be decompressed"))?,
            _ => return Err(BlockError::Damaged("a column has an unknown form")),
        };
        if raw.len() != raw_length {
            return Err(BlockError::Damaged("a column has another length than it says"));
        }
        Ok(raw)
    }

    /// The most that any stretch may hold.
    pub(super) const MAX: usize = RAW_BYTES_MAX;
}
