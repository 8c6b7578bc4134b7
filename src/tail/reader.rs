//! A finished file, read once from front to back for `replay`: plain, gzip or zstd.

use std::path::Path;
use std::path::PathBuf;

use super::content::Content;
use super::lines::{Lines, Piece, Unfinished};
use super::mark::Place;
use super::{Chunk, Limits, TailError};
use crate::model::{Position, SourceId};

pub struct FileReader {
    path: PathBuf,
    source: SourceId,
    lines: Lines,
    bytes_total: u64,
}

impl FileReader {
    /// Opens a file at its beginning, or behind a position that was taken in it.
    pub fn open(path: &Path, limits: Limits, from: Option<&Position>) -> Result<Self, TailError> {
        let content = Content::open(path)?;
        let bytes_total = content.size;
        let lines = match from {
            None => Lines::from_start(content, limits),
            Some(position) => go_on(path, content, limits, position)?,
        };
        let source = SourceId(path.display().to_string());
        Ok(Self { path: path.to_owned(), source, lines, bytes_total })
    }

    /// The next whole lines; nothing at the end of the file.
    pub fn next_chunk(&mut self) -> Result<Option<Chunk>, TailError> {
        loop {
            match self.lines.next(Unfinished::Give) {
                Ok(Piece::Lines { bytes, start }) => {
                    let source = self.source.clone();
                    return Ok(Some(Chunk { source, bytes, start, done: [].into() }));
                }
                Ok(Piece::Skipped) => {}
                Ok(Piece::End) => return Ok(None),
                Err(source) => {
                    return Err(TailError::read(&self.path, self.lines.at().offset, source));
                }
            }
        }
    }

    /// Takes back the buffer of a chunk that was dealt with, so that the next one needs
    /// no new memory.
    pub fn reuse(&mut self, buffer: Vec<u8>) {
        self.lines.reuse(buffer);
    }

    /// Bytes of the file itself, as they lie on the disk.
    pub fn bytes_read(&self) -> u64 {
        self.lines.file_bytes_read()
    }

    /// The file's size when it was opened; it may have grown since. 0 for a pipe.
    pub fn bytes_total(&self) -> u64 {
        self.bytes_total
    }

    /// Lines that were longer than the limit, and skipped.
    pub fn long_lines(&self) -> u64 {
        self.lines.long_lines()
    }
}

fn go_on(
    path: &Path,
    content: Content,
    limits: Limits,
    from: &Position,
) -> Result<Lines, TailError> {
    let place =
        Place::from_position(from).ok_or_else(|| TailError::Position { path: path.to_owned() })?;
    Lines::from_mark(content, limits, &place.at)
        .map_err(|source| TailError::read(path, place.at.offset, source))?
        .ok_or_else(|| TailError::OtherFile { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    fn limits(chunk_bytes: usize) -> Limits {
        Limits { chunk_bytes, line_bytes_max: 100 }
    }

    /// What comes out of a file with these bytes, and how many lines were too long.
    fn check(bytes: &[u8], chunk_bytes: usize) -> (Vec<u8>, u64) {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        let mut reader = FileReader::open(file.path(), limits(chunk_bytes), None).unwrap();
        let mut out = Vec::new();
        while let Some(chunk) = reader.next_chunk().unwrap() {
            assert!(!chunk.bytes.is_empty());
            if reader.bytes_read() < reader.bytes_total() {
                assert_eq!(chunk.bytes.last(), Some(&b'\n'));
            }
            out.extend_from_slice(&chunk.bytes);
            reader.reuse(chunk.bytes);
        }
        assert_eq!(reader.bytes_read(), reader.bytes_total());
        (out, reader.long_lines())
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::stream::encode_all(bytes, 1).unwrap()
    }

    fn some_lines() -> Vec<u8> {
        (0..500).flat_map(|i| format!("line {i} {}\n", "x".repeat(i % 60)).into_bytes()).collect()
    }

    #[test]
    fn every_size_of_reads_gives_the_same_bytes() {
        let bytes = some_lines();
        for chunk_bytes in [1, 7, 50, 4096, 1 << 20] {
            assert_eq!(check(&bytes, chunk_bytes), (bytes.clone(), 0));
            assert_eq!(check(&gzip(&bytes), chunk_bytes), (bytes.clone(), 0));
            assert_eq!(check(&zstd(&bytes), chunk_bytes), (bytes.clone(), 0));
        }
    }

    #[test]
    fn members_and_frames_that_follow_each_other_are_one_file() {
        let (a, b) = (some_lines(), b"and more\nunfinished".to_vec());
        let whole = [a.clone(), b.clone()].concat();
        assert_eq!(check(&[gzip(&a), gzip(&b)].concat(), 64).0, whole);
        assert_eq!(check(&[zstd(&a), zstd(&b)].concat(), 64).0, whole);
    }

    #[test]
    fn the_last_line_needs_no_newline() {
        for chunk_bytes in [1, 4, 64] {
            assert_eq!(check(b"ab\ncd", chunk_bytes).0, b"ab\ncd");
            assert_eq!(check(b"cd", chunk_bytes).0, b"cd");
            assert_eq!(check(b"", chunk_bytes).0, b"");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_and_counted() {
        let (fits, too_long) = ("y".repeat(100), "z".repeat(101));
        let bytes = format!("a\n{too_long}\n{fits}\n{too_long}\n{too_long}\nb\n{too_long}");
        let expected = format!("a\n{fits}\nb\n").into_bytes();
        for chunk_bytes in [1, 7, 100, 101, 102, 4096] {
            assert_eq!(
                check(bytes.as_bytes(), chunk_bytes),
                (expected.clone(), 4),
                "{chunk_bytes}"
            );
            assert_eq!(check(&gzip(bytes.as_bytes()), chunk_bytes), (expected.clone(), 4));
        }
    }

    #[test]
    fn ten_megabytes_without_a_newline_and_a_bomb_of_nuls_need_no_memory() {
        let mut bytes = vec![0; 10_000_000];
        bytes.extend_from_slice(b"\nafter\n");
        assert_eq!(check(&bytes, 4096), (b"after\n".to_vec(), 1));
        assert_eq!(check(&zstd(&bytes), 4096), (b"after\n".to_vec(), 1));
    }

    #[test]
    fn it_goes_on_behind_any_line_even_after_compression() {
        let bytes = some_lines();
        let directory = tempfile::tempdir().unwrap();
        let plain = directory.path().join("access.log");
        fs::write(&plain, &bytes).unwrap();
        let copies = [("a.gz", gzip(&bytes)), ("a.zst", zstd(&bytes)), ("a", bytes.clone())];
        for (name, content) in &copies {
            fs::write(directory.path().join(name), content).unwrap();
        }
        let mut reader = FileReader::open(&plain, limits(4096), None).unwrap();
        let mut behind = 0;
        while let Some(chunk) = reader.next_chunk().unwrap() {
            let first_line = chunk.bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
            let position = chunk.position_after(first_line);
            for path in copies.iter().map(|(name, _)| directory.path().join(name)) {
                let mut rest = FileReader::open(&path, limits(1 << 20), Some(&position)).unwrap();
                let rest = rest.next_chunk().unwrap().unwrap().bytes;
                assert_eq!(rest, bytes[behind + first_line..]);
            }
            behind += chunk.bytes.len();
        }
        assert_eq!(behind, bytes.len());
    }

    #[test]
    fn another_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let (one, two) = (directory.path().join("1"), directory.path().join("2"));
        fs::write(&one, "one\ntwo\n").unwrap();
        fs::write(&two, "two\none\n").unwrap();
        let position = FileReader::open(&one, limits(64), None)
            .unwrap()
            .next_chunk()
            .unwrap()
            .unwrap()
            .position_after(4);
        let refused = FileReader::open(&two, limits(64), Some(&position));
        assert!(matches!(refused, Err(TailError::OtherFile { .. })));
    }

    #[test]
    fn a_file_that_ends_too_early_gives_its_whole_lines_first() {
        let packed = gzip(&some_lines());
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), &packed[..packed.len() / 2]).unwrap();
        let mut reader = FileReader::open(file.path(), limits(4096), None).unwrap();
        let mut chunks = 0;
        let error = loop {
            match reader.next_chunk() {
                Ok(Some(_)) => chunks += 1,
                Ok(None) => panic!("the end was not noticed"),
                Err(error) => break error.to_string(),
            }
        };
        assert!(0 < chunks);
        assert!(error.ends_with("it ends too early, was it still being written?"), "{error}");
    }

    #[test]
    fn a_directory_and_a_missing_file_say_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        let text = |path: &Path| {
            FileReader::open(path, Limits::default(), None).err().unwrap().to_string()
        };
        assert!(text(directory.path()).ends_with("/*.log"));
        assert!(text(&directory.path().join("x.log")).contains("there is no such file"));
    }
}
