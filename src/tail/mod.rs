//! Bytes to whole lines with positions: files that grow, rotate, are cut short and vanish.

#[cfg(test)]
mod cases;
mod chunk;
mod content;
mod error;
mod growth;
mod lines;
mod mark;
#[cfg(test)]
mod model;
mod reader;
#[cfg(test)]
mod rotations;
mod search;
mod siblings;
mod source;
mod status;
mod tailer;
#[cfg(test)]
mod world;

pub use chunk::Chunk;
pub use error::TailError;
pub use growth::Growth;
pub use reader::FileReader;
pub use status::{SourceState, SourceStatus};
pub use tailer::{TailOptions, Tailed, Tailer, Unseen};

/// How much is read at once, and how long a line may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Read at once. A chunk holds whole lines, and so it may be longer by one line.
    pub chunk_bytes: usize,
    /// A line longer than this, without its newline, is skipped and counted.
    pub line_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { chunk_bytes: 256 * 1024, line_bytes_max: 64 * 1024 }
    }
}
