//! Some whole lines of a source, and the positions between them.

use std::sync::Arc;

use super::mark::{ANCHOR_BYTES_MAX, FileId, HEAD_BYTES_MAX, Mark, Place};
use crate::model::{Position, SourceId};

/// Whole lines. Only the last line of a file that is finished may lack its newline.
#[derive(Clone, Debug)]
pub struct Chunk {
    pub source: SourceId,
    pub bytes: Vec<u8>,
    pub(super) start: Start,
    pub(super) done: Arc<[Mark]>,
}

/// Where a chunk begins, and the bytes before it that its positions need.
#[derive(Clone, Debug, Default)]
pub(super) struct Start {
    pub(super) file: FileId,
    pub(super) modified: i64,
    pub(super) offset: u64,
    /// The first bytes of the file, as far as they lie before the offset.
    pub(super) head: Vec<u8>,
    /// The last bytes before the offset.
    pub(super) before: Vec<u8>,
}

impl Chunk {
    /// The position behind so many bytes of the chunk. They end behind a newline, or at
    /// the chunk's end.
    pub fn position_after(&self, bytes_consumed: usize) -> Position {
        let consumed = self.bytes.get(..bytes_consumed).unwrap_or(&self.bytes);
        let at = self.start.after(consumed).mark();
        Place { at, done: self.done.to_vec() }.to_position()
    }

    /// Where the chunk begins, in bytes before compression.
    pub fn offset(&self) -> u64 {
        self.start.offset
    }
}

impl Start {
    pub(super) fn mark(&self) -> Mark {
        // Where nothing was read yet there is no content to know the file by. It shall
        // then count as newer than its own mark, and so be found by its time.
        let modified =
            if self.offset == 0 { self.modified.saturating_sub(1) } else { self.modified };
        Mark { modified, ..Mark::new(self.file, self.offset, &self.head, &self.before) }
    }

    pub(super) fn after(&self, bytes: &[u8]) -> Self {
        let mut after = self.clone();
        after.advance(bytes);
        after
    }

    pub(super) fn advance(&mut self, bytes: &[u8]) {
        self.offset = self.offset.saturating_add(bytes.len() as u64);
        let head_missing = HEAD_BYTES_MAX.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(bytes.get(..head_missing).unwrap_or(&[]));
        let from_bytes = bytes.len().min(ANCHOR_BYTES_MAX);
        let kept = (ANCHOR_BYTES_MAX - from_bytes).min(self.before.len());
        self.before.drain(..self.before.len() - kept);
        self.before.extend_from_slice(bytes.get(bytes.len() - from_bytes..).unwrap_or(&[]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_position_does_not_depend_on_how_the_bytes_were_cut() {
        let bytes: Vec<u8> =
            (0..9000u32).map(|i| if i % 40 == 39 { b'\n' } else { b'a' + (i % 7) as u8 }).collect();
        let whole = Start::default().after(&bytes).mark();
        for step in [1, 7, 40, 1000, 5000] {
            let mut start = Start::default();
            for piece in bytes.chunks(step) {
                start.advance(piece);
            }
            assert_eq!(start.mark(), whole, "pieces of {step}");
        }
        let chunk = |start: Start, bytes: &[u8]| Chunk {
            source: SourceId::default(),
            bytes: bytes.to_vec(),
            start,
            done: [].into(),
        };
        let first = chunk(Start::default(), &bytes);
        let second = chunk(Start::default().after(&bytes[..80]), &bytes[80..]);
        assert_eq!(first.position_after(200), second.position_after(120));
    }
}
