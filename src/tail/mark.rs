//! A place in a file that is found again after the file was renamed, compressed or copied.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::model::Position;

/// So many bytes at the start of a file tell it from others.
pub(super) const HEAD_BYTES_MAX: usize = 1024;
/// So many bytes before the offset tell whether the file was cut short and grew again.
pub(super) const ANCHOR_BYTES_MAX: usize = 256;

/// Which file it is, as the file system sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileId {
    pub(super) dev: u64,
    pub(super) inode: u64,
    /// When it was made, where the file system knows: a reused inode is another file.
    pub(super) born: i64,
}

/// A hash, not the bytes: they may hold secrets.
pub(super) type Digest = [u8; 16];

/// A place behind a newline (or at the end of a finished file). The bytes are counted
/// and hashed as they are before compression, so that it holds for the `.gz` too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) file: FileId,
    /// When the file was last written to, as it was seen then. Nanoseconds since 1970.
    pub(super) modified: i64,
    pub(super) offset: u64,
    /// The first min(1024, offset) bytes: what was read, and so what can be known.
    pub(super) head: Digest,
    pub(super) head_bytes: u16,
    /// The last min(256, offset) bytes before the offset.
    pub(super) anchor: Digest,
    pub(super) anchor_bytes: u16,
}

/// What a [`Position`] holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) at: Mark,
    /// The ends of files that were finished before, for a symlink that comes back.
    pub(super) done: Vec<Mark>,
}

#[derive(Serialize, Deserialize)]
enum Stored {
    V1(Place),
}

impl FileId {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let since_1970 = metadata.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let born = since_1970.map_or(0, |at| i64::try_from(at.as_nanos()).unwrap_or(0));
        Self { dev: metadata.dev(), inode: metadata.ino(), born }
    }
}

impl Mark {
    /// The mark behind bytes of which these are the first and the last.
    pub(super) fn new(file: FileId, offset: u64, head: &[u8], before: &[u8]) -> Self {
        Self {
            file,
            modified: 0,
            offset,
            head: digest(head),
            head_bytes: u16::try_from(head.len()).unwrap_or(u16::MAX),
            anchor: digest(before),
            anchor_bytes: u16::try_from(before.len()).unwrap_or(u16::MAX),
        }
    }

    /// Whether these are the first and the last bytes before the offset.
    pub(super) fn fits(&self, head: &[u8], before: &[u8]) -> bool {
        self.fits_head(head)
            && usize::from(self.anchor_bytes) == before.len()
            && self.anchor == digest(before)
    }

    pub(super) fn fits_head(&self, head: &[u8]) -> bool {
        usize::from(self.head_bytes) == head.len() && self.head == digest(head)
    }
}

impl Place {
    pub(super) fn to_position(&self) -> Position {
        // Writing plain data into a growing vector cannot fail.
        Position(postcard::to_allocvec(&StoredRef::V1(self)).unwrap_or_default())
    }

    pub(super) fn from_position(position: &Position) -> Option<Self> {
        let Stored::V1(place) = postcard::from_bytes(&position.0).ok()?;
        Some(place)
    }
}

#[derive(Serialize)]
enum StoredRef<'a> {
    V1(&'a Place),
}

/// When a file was last written to, in nanoseconds since 1970.
pub(super) fn modified(metadata: &Metadata) -> i64 {
    metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec())
}

fn digest(bytes: &[u8]) -> Digest {
    let mut short = Digest::default();
    for (to, from) in short.iter_mut().zip(blake3::hash(bytes).as_bytes()) {
        *to = *from;
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_from_its_position() {
        let at = Mark::new(FileId { dev: 1, inode: 2, born: 3 }, 5, b"abcd\n", b"abcd\n");
        let place = Place { done: vec![at.clone()], at };
        assert_eq!(Place::from_position(&place.to_position()), Some(place));
        assert_eq!(Place::from_position(&Position(vec![9, 9])), None);
    }

    #[test]
    fn other_bytes_or_fewer_do_not_fit() {
        let mark = Mark::new(FileId::default(), 5, b"abcd\n", b"cd\n");
        assert!(mark.fits(b"abcd\n", b"cd\n"));
        assert!(!mark.fits(b"abcd\n", b"d\n"));
        assert!(!mark.fits(b"abce\n", b"cd\n"));
    }
}
