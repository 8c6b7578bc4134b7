//! The bytes of a file, whether it is plain, gzip or zstd. The first bytes decide, not the name.

use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::TailError;
use super::mark::{self, FileId};

const PACKED_BUFFER_BYTES: usize = 64 * 1024;
/// A zstd frame may ask for a window of at most 2^27 bytes = 128 MiB.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// An open file, read from front to back.
pub(super) struct Content {
    bytes: Bytes,
    pub(super) file: FileId,
    pub(super) size: u64,
    pub(super) modified: i64,
    pub(super) packed: Packed,
    /// Bytes that were seen and then cut off, before anything was read.
    pub(super) cut_off: u64,
    taken: Arc<AtomicU64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packed {
    No,
    Gzip,
    Zstd,
}

enum Bytes {
    /// It can be read again, so what is given back is read again.
    Seekable(File),
    /// It cannot, so what is given back is kept; but it may be begun again, if it is a file.
    Stream { reader: Box<dyn Read + Send>, given_back: Vec<u8>, file: Option<File> },
}

impl Content {
    /// Opens a file or a pipe. A pipe blocks until someone writes to it.
    pub(super) fn open(path: &Path) -> Result<Self, TailError> {
        let file = File::open(path).map_err(|source| TailError::open(path, source))?;
        let metadata = file.metadata().map_err(|source| TailError::open(path, source))?;
        if metadata.is_dir() {
            return Err(TailError::Directory { path: path.to_owned() });
        }
        Self::unpacked(file, &metadata).map_err(|source| TailError::read(path, 0, source))
    }

    /// Opens it only if it is a file, so that it cannot block.
    pub(super) fn open_file(path: &Path) -> Result<Self, TailError> {
        let metadata = path.metadata().map_err(|source| TailError::open(path, source))?;
        if metadata.is_file() || metadata.is_dir() {
            return Self::open(path);
        }
        let advice = "it is a pipe or a device; only files can be followed".to_owned();
        let source = io::ErrorKind::InvalidInput.into();
        Err(TailError::Open { path: path.to_owned(), advice, source })
    }

    fn unpacked(file: File, metadata: &Metadata) -> io::Result<Self> {
        let taken = Arc::new(AtomicU64::new(0));
        let mut start = [0; 4];
        let (packed, bytes) = if metadata.is_file() {
            let length = read_at_most(&file, &mut start, 0)?;
            let packed = Packed::of(start.get(..length).unwrap_or(&[]));
            match packed {
                Packed::No => (packed, Bytes::Seekable(file)),
                Packed::Gzip | Packed::Zstd => {
                    let again = file.try_clone()?;
                    let counted = Counted { file, taken: Arc::clone(&taken) };
                    let reader = BufReader::with_capacity(PACKED_BUFFER_BYTES, counted);
                    (packed, packed.stream(reader, Some(again))?)
                }
            }
        } else {
            let counted = Counted { file, taken: Arc::clone(&taken) };
            let mut reader = BufReader::with_capacity(PACKED_BUFFER_BYTES, counted);
            let packed = Packed::of(reader.fill_buf()?);
            (packed, packed.stream(reader, None)?)
        };
        let (file, size) = (FileId::of(metadata), metadata.len());
        Ok(Self {
            bytes,
            file,
            size,
            modified: mark::modified(metadata),
            packed,
            cut_off: 0,
            taken,
        })
    }

    /// Reads at most so many bytes to the end of `into`; fewer only at the file's end,
    /// or where some were given back before.
    pub(super) fn read_onto(&mut self, into: &mut Vec<u8>, bytes_max: usize) -> io::Result<usize> {
        let reader: &mut dyn Read = match &mut self.bytes {
            Bytes::Seekable(file) => file,
            Bytes::Stream { given_back, .. } if !given_back.is_empty() => {
                let length = given_back.len();
                into.append(given_back);
                return Ok(length);
            }
            Bytes::Stream { reader, .. } => reader,
        };
        // A little more than will be read, or else `read_to_end` probes for the end.
        into.reserve(bytes_max + 64);
        reader.take(bytes_max as u64).read_to_end(into)
    }

    /// These bytes, the last that were read, are to be read again.
    pub(super) fn give_back(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        match &mut self.bytes {
            Bytes::Seekable(file) => {
                let back = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
                file.seek(SeekFrom::Current(-back)).map(|_| ())
            }
            Bytes::Stream { given_back, .. } => {
                given_back.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    /// The file, if any place of it can be read at any time.
    pub(super) fn seekable(&self) -> Option<&File> {
        match &self.bytes {
            Bytes::Seekable(file) => Some(file),
            Bytes::Stream { .. } => None,
        }
    }

    pub(super) fn seek(&mut self, offset: u64) -> io::Result<()> {
        match &mut self.bytes {
            Bytes::Seekable(file) => file.seek(SeekFrom::Start(offset)).map(|_| ()),
            Bytes::Stream { .. } => Err(io::ErrorKind::NotSeekable.into()),
        }
    }

    /// From the first byte again.
    pub(super) fn begin_again(&mut self) -> io::Result<()> {
        let packed = self.packed;
        match &mut self.bytes {
            Bytes::Seekable(_) => return self.seek(0),
            Bytes::Stream { file: None, .. } => return Err(io::ErrorKind::NotSeekable.into()),
            Bytes::Stream { file: Some(again), .. } => {
                again.rewind()?;
                let file = again.try_clone()?;
                self.taken.store(0, Ordering::Relaxed);
                let counted = Counted { file, taken: Arc::clone(&self.taken) };
                let reader = BufReader::with_capacity(PACKED_BUFFER_BYTES, counted);
                let again = again.try_clone()?;
                self.bytes = packed.stream(reader, Some(again))?;
            }
        }
        Ok(())
    }

    /// Looks again at how long the file is and when it was written to.
    pub(super) fn look_again(&mut self) -> io::Result<()> {
        if let Bytes::Seekable(file) = &self.bytes {
            let metadata = file.metadata()?;
            if metadata.len() < self.size {
                self.cut_off = self.size;
            }
            self.size = metadata.len();
            self.modified = mark::modified(&metadata);
        }
        Ok(())
    }

    /// Bytes taken from the file, before unpacking. Only streams count them.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

/// Reads until the buffer is full or the file ends.
pub(super) fn read_at_most(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut length = 0;
    while let Some(rest) = into.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset.saturating_add(length as u64)) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

impl Packed {
    fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // A frame, or a skippable one as parallel compressors write it first.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::No,
        }
    }

    fn stream(self, reader: BufReader<Counted>, file: Option<File>) -> io::Result<Bytes> {
        let reader: Box<dyn Read + Send> = match self {
            Self::No => Box::new(reader),
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(reader)),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(reader)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
        };
        Ok(Bytes::Stream { reader, given_back: Vec::new(), file })
    }
}

/// Counts what is taken from a file, for the progress bar.
struct Counted {
    file: File,
    taken: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(into)?;
        self.taken.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}
