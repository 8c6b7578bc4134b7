//! How a source is doing, for the page and the terminal.

use crate::model::SourceId;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceStatus {
    pub source: SourceId,
    pub state: SourceState,
    /// Read so far of the file that is being read.
    pub offset: u64,
    /// Its size.
    pub size: u64,
    /// Whether all that can be read was read. An unfinished last line does not count.
    pub at_end: bool,
    pub rotations: u64,
    /// How often lines may have been lost: the file was cut short or is gone.
    pub losses: u64,
    /// Bytes that had been seen and could not be read any more. What was written and cut
    /// between two looks is not in it.
    pub lost_bytes: u64,
    /// Lines that were longer than the limit, and skipped.
    pub long_lines: u64,
    /// What is wrong, and what to do about it.
    pub problem: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceState {
    /// Lines came with the last look, and these were all.
    Reading,
    /// Read to its end.
    #[default]
    Idle,
    /// There is more than was read.
    CatchingUp,
    Unreadable,
    Missing,
}

impl SourceState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Idle => "idle",
            Self::CatchingUp => "catching_up",
            Self::Unreadable => "unreadable",
            Self::Missing => "missing",
        }
    }
}
