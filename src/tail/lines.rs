//! A file cut into whole lines; a line that is too long is skipped and counted.

use std::cmp::Reverse;
use std::fs::File;
use std::io;
use std::mem;

use memchr::{memchr, memrchr};

use super::Limits;
use super::chunk::Start;
use super::content::{Content, Packed, read_at_most};
use super::mark::{FileId, Mark};

const LOOK_BACK_BYTES: usize = 64 * 1024;

pub(super) struct Lines {
    content: Content,
    limits: Limits,
    /// Behind all that was given or skipped.
    at: Start,
    /// Whether that is inside a line that is too long.
    skipping: bool,
    long: u64,
    /// An error that came after whole lines, to be told after them.
    failed: Option<io::Error>,
    spare: Vec<u8>,
}

/// What to do with a last line that has no newline yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfinished {
    Hold,
    Give,
    /// Only a record that has come to its end without one, as JSON shows it.
    GiveIfWhole,
}

impl Unfinished {
    fn gives(self, bytes: &[u8]) -> bool {
        match self {
            Self::Hold => false,
            Self::Give => true,
            Self::GiveIfWhole => crate::format::is_whole_json(bytes),
        }
    }
}

pub(super) enum Piece {
    Lines {
        bytes: Vec<u8>,
        start: Start,
    },
    /// Part of a line that is too long.
    Skipped,
    /// Nothing more for now.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Same,
    Changed,
    /// The bytes before the offset are gone or others: it was cut short, and perhaps
    /// grew again.
    CutShort,
}

impl Lines {
    pub(super) fn from_start(content: Content, limits: Limits) -> Self {
        let at = Start { file: content.file, modified: content.modified, ..Start::default() };
        Self { content, limits, at, skipping: false, long: 0, failed: None, spare: Vec::new() }
    }

    /// Behind the last newline that is there now.
    pub(super) fn from_end(content: Content, limits: Limits) -> io::Result<Self> {
        let mut lines = Self::from_start(content, limits);
        let Some(file) = lines.content.seekable() else {
            return Ok(lines);
        };
        let size = lines.content.size;
        let length = size.min(LOOK_BACK_BYTES as u64);
        let tail = read_range(file, size - length, length)?;
        let behind = memrchr(b'\n', &tail).map(|newline| newline + 1);
        lines.skipping = behind.is_none() && 0 < size - length;
        let unfinished = match behind {
            Some(behind) => (tail.len() - behind) as u64,
            None if lines.skipping => 0,
            None => length,
        };
        lines.stand_at(size - unfinished)?;
        Ok(lines)
    }

    /// Behind a mark, or nothing if this is not the file that the mark was made in.
    pub(super) fn from_mark(
        content: Content,
        limits: Limits,
        mark: &Mark,
    ) -> io::Result<Option<Self>> {
        let mut lines = Self::from_start(content, limits);
        if lines.content.seekable().is_some() {
            if lines.content.size < mark.offset {
                return Ok(None);
            }
            lines.stand_at(mark.offset)?;
        } else if !lines.read_up_to(mark)? {
            return Ok(None);
        }
        Ok(mark.fits(&lines.at.head, &lines.at.before).then_some(lines))
    }

    /// Behind the last of these marks that was made in this file, or else at its start.
    pub(super) fn from_known(content: Content, limits: Limits, marks: &[Mark]) -> io::Result<Self> {
        let mut lines = Self::from_start(content, limits);
        if lines.content.seekable().is_none() {
            return lines.behind_what_was_copied(marks);
        }
        let file = lines.content.file;
        for mark in marks.iter().rev().filter(|mark| mark.file == file) {
            lines.stand_at(mark.offset.min(lines.content.size))?;
            if mark.fits(&lines.at.head, &lines.at.before) {
                return Ok(lines);
            }
        }
        lines.stand_at(0)?;
        Ok(lines)
    }

    /// A log that was read may have been compressed meanwhile, and its copy have any time.
    fn behind_what_was_copied(mut self, marks: &[Mark]) -> io::Result<Self> {
        let mut marks: Vec<&Mark> = marks.iter().filter(|mark| 0 < mark.offset).collect();
        // Logs may begin alike: the longest that fits is the one.
        marks.sort_by_key(|mark| Reverse(mark.offset));
        for mark in marks {
            // One that cannot be unpacked says so when it is read.
            if matches!(self.read_up_to(mark), Ok(true))
                && mark.fits(&self.at.head, &self.at.before)
            {
                return Ok(self);
            }
            self.content.begin_again()?;
            self = Self::from_start(self.content, self.limits);
        }
        Ok(self)
    }

    /// The same, where the mark stands inside a line that is being skipped.
    pub(super) fn and_skipping(self, skipping: bool) -> Self {
        Self { skipping, ..self }
    }

    /// The next whole lines: about one chunk of them.
    pub(super) fn next(&mut self, unfinished: Unfinished) -> io::Result<Piece> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut bytes = mem::take(&mut self.spare);
        bytes.clear();
        let at_end = self.fill(&mut bytes)?;
        if self.skipping {
            return self.skip(bytes, at_end);
        }
        let (mut whole, is_long) = cut(&bytes, self.limits.line_bytes_max);
        if whole == 0 && is_long {
            self.long += 1;
            self.skipping = true;
            return self.skip(bytes, at_end);
        }
        if whole == 0 && at_end && unfinished.gives(&bytes) {
            whole = bytes.len();
        }
        self.content.give_back(bytes.get(whole..).unwrap_or(&[]))?;
        bytes.truncate(whole);
        if bytes.is_empty() {
            self.spare = bytes;
            return Ok(Piece::End);
        }
        let start = self.at.clone();
        self.at.advance(&bytes);
        Ok(Piece::Lines { bytes, start })
    }

    /// Reads until there is a newline or a line that is too long. Says whether the file
    /// ended there.
    fn fill(&mut self, bytes: &mut Vec<u8>) -> io::Result<bool> {
        loop {
            let searched = bytes.len();
            let read = self.content.read_onto(bytes, self.limits.chunk_bytes.max(1));
            let new = bytes.get(searched..).unwrap_or(&[]);
            let is_enough =
                memrchr(b'\n', new).is_some() || self.limits.line_bytes_max < bytes.len();
            match read {
                Ok(0) => return Ok(true),
                Ok(_) if is_enough || self.skipping => return Ok(false),
                Ok(_) => {}
                Err(error) if is_enough => {
                    self.failed = Some(error);
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn skip(&mut self, mut bytes: Vec<u8>, at_end: bool) -> io::Result<Piece> {
        let newline = memchr(b'\n', &bytes);
        let length = newline.map_or(bytes.len(), |newline| newline + 1);
        self.content.give_back(bytes.get(length..).unwrap_or(&[]))?;
        bytes.truncate(length);
        self.at.advance(&bytes);
        self.skipping = newline.is_none();
        self.spare = bytes;
        Ok(if length == 0 && at_end { Piece::End } else { Piece::Skipped })
    }

    /// Moves a file that can be read anywhere, without reading what lies before.
    fn stand_at(&mut self, offset: u64) -> io::Result<()> {
        self.content.seek(offset)?;
        if let Some(file) = self.content.seekable() {
            let head = read_range(file, 0, offset.min(super::mark::HEAD_BYTES_MAX as u64))?;
            let anchor = offset.min(super::mark::ANCHOR_BYTES_MAX as u64);
            self.at.before = read_range(file, offset - anchor, anchor)?;
            self.at.head = head;
            self.at.offset = offset;
        }
        Ok(())
    }

    /// Unpacks up to a mark. False as soon as it is clear that the file is another.
    fn read_up_to(&mut self, mark: &Mark) -> io::Result<bool> {
        let mut bytes = Vec::new();
        let mut checked = false;
        while self.at.offset < mark.offset {
            bytes.clear();
            let missing = usize::try_from(mark.offset - self.at.offset).unwrap_or(usize::MAX);
            if self.content.read_onto(&mut bytes, missing.min(LOOK_BACK_BYTES))? == 0 {
                return Ok(false);
            }
            self.at.advance(&bytes);
            if !checked && usize::from(mark.head_bytes) <= self.at.head.len() {
                if !mark.fits_head(&self.at.head) {
                    return Ok(false);
                }
                checked = true;
            }
        }
        Ok(true)
    }

    /// Looks again at the file's size and time, and where they changed, at what it holds.
    pub(super) fn look_again(&mut self) -> io::Result<Look> {
        let seen = (self.content.size, self.content.modified);
        self.content.look_again()?;
        if seen == (self.content.size, self.content.modified) {
            return Ok(Look::Same);
        }
        if !self.is_intact(&self.at)? {
            return Ok(Look::CutShort);
        }
        self.at.modified = self.content.modified;
        Ok(Look::Changed)
    }

    /// Whether the bytes before that place are still those that were read.
    pub(super) fn is_intact(&self, place: &Start) -> io::Result<bool> {
        let Some(file) = self.content.seekable() else {
            return Ok(true);
        };
        let length = place.before.len() as u64;
        Ok(place.offset <= self.content.size
            && read_range(file, place.offset - length, length)? == place.before)
    }

    /// A chunk's buffer that is needed no longer.
    pub(super) fn reuse(&mut self, buffer: Vec<u8>) {
        self.spare = buffer;
    }

    pub(super) fn at(&self) -> &Start {
        &self.at
    }

    pub(super) fn file(&self) -> FileId {
        self.content.file
    }

    pub(super) fn is_skipping(&self) -> bool {
        self.skipping
    }

    pub(super) fn is_packed(&self) -> bool {
        self.content.packed != Packed::No
    }

    pub(super) fn long_lines(&self) -> u64 {
        self.long
    }

    pub(super) fn size(&self) -> u64 {
        self.content.size
    }

    /// Bytes of the file itself: before unpacking.
    pub(super) fn file_bytes_read(&self) -> u64 {
        if self.content.seekable().is_some() { self.at.offset } else { self.content.taken() }
    }

    /// Bytes that are there and were not given.
    pub(super) fn unread(&self) -> u64 {
        if self.is_packed() { 0 } else { self.content.size.saturating_sub(self.at.offset) }
    }
}

/// Where the whole lines end, and whether a line that is too long begins there.
fn cut(bytes: &[u8], line_bytes_max: usize) -> (usize, bool) {
    let mut whole = 0;
    while whole < bytes.len() {
        let window_end = whole.saturating_add(line_bytes_max).saturating_add(1).min(bytes.len());
        let window = bytes.get(whole..window_end).unwrap_or(&[]);
        match memrchr(b'\n', window) {
            Some(newline) => whole += newline + 1,
            None => return (whole, line_bytes_max < window.len()),
        }
    }
    (whole, false)
}

fn read_range(file: &File, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    let length = read_at_most(file, &mut bytes, offset)?;
    bytes.truncate(length);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_end_before_the_unfinished_or_long_one() {
        assert_eq!(cut(b"ab\ncd\nef", 3), (6, false));
        assert_eq!(cut(b"abc\nabcd\n", 3), (4, true));
        assert_eq!(cut(b"abcd\nab\n", 3), (0, true));
        assert_eq!(cut(b"abc", 3), (0, false));
        assert_eq!(cut(b"a\nb\nc\nabc\n", 3), (10, false));
        assert_eq!(cut(b"", 3), (0, false));
    }
}
