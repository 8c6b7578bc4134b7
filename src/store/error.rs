//! What can go wrong with the store, and what a person can do about it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::block::BlockError;

#[derive(Debug, Error)]
pub enum StoreError {
    #[error(
        "cannot use the state directory {path}; give one that this user may write to (--state DIR)"
    )]
    Directory { path: PathBuf, source: io::Error },
    #[error(
        "there is no store in {path}; give the directory that keyvigil was run with (--state DIR)"
    )]
    Missing { path: PathBuf },
    #[error(
        "another keyvigil uses this state directory ({path}); stop it, or ask it over its page, \
         or give another directory (--state DIR)"
    )]
    InUse { path: PathBuf },
    #[error(
        "the store in {path} cannot be read with this key; give the key that it was made with, or, \
         if that was replaced, name the old one in the configuration: [store] previous_keys"
    )]
    WrongKey { path: PathBuf },
    #[error(
        "values in the store in {path} are still encrypted with an old key (its id is {id}); name \
         it in the configuration ([store] previous_keys) until `keyvigil status` says that the new \
         key is everywhere"
    )]
    OldKeyMissing { path: PathBuf, id: String },
    #[error(
        "the store in {state} is there, but its key {key} is missing; put the key back, or move \
         the directory away to start anew"
    )]
    KeyMissing { state: PathBuf, key: PathBuf },
    #[error(
        "cannot read or make the key of the store, {path}; see that this user may do so and that the \
         disk has room, and start keyvigil again"
    )]
    KeyFile { path: PathBuf, source: io::Error },
    #[error("the key in {path} is not 64 hexadecimal digits")]
    KeyForm { path: PathBuf },
    #[error(
        "the store was written by a newer keyvigil (version {version}; this one knows {known}); \
         use that one, or give another directory (--state DIR)"
    )]
    Newer { version: u8, known: u8 },
    #[error(
        "the store is damaged: {what}; `keyvigil store verify` says more, and `keyvigil store repair` \
         keeps what is whole"
    )]
    Damaged { what: String },
    #[error("cannot read or write block {number}")]
    Block { number: u64, source: BlockError },
    #[error("the store failed while {doing}")]
    Database { doing: &'static str, source: sled::Error },
    #[error(
        "the disk of {path} has {free_mib} MiB left, and nothing is written below {wanted_mib} \
         MiB; make room, and it goes on by itself"
    )]
    NoSpace { path: PathBuf, free_mib: u64, wanted_mib: u64 },
    #[error(
        "cannot bring the store to the disk ({path}); look whether that is full or broken, and start \
         keyvigil again: it goes on from what is on the disk"
    )]
    Sync { path: PathBuf, source: io::Error },
    #[error("an earlier write did not reach the disk; restart keyvigil to go on from what did")]
    Stopped,
    #[error("cannot read {what}")]
    Unreadable { what: &'static str, source: io::Error },
    #[error("{what} cannot be put into the store's form")]
    Form { what: &'static str, source: serde_json::Error },
    #[error("{what} is too large for the store ({bytes} bytes)")]
    TooLarge { what: &'static str, bytes: usize },
    #[error("input {number} comes after {next} was expected")]
    Order { number: u64, next: u64 },
    #[error("the system gives no random bytes")]
    Random { source: io::Error },
}

impl StoreError {
    /// Whether the database met damage in its file: who opens it again keeps what is whole.
    pub fn is_damaged_file(&self) -> bool {
        matches!(self, Self::Database { source: sled::Error::Corruption { .. }, .. })
    }

    /// The named exit code of the command line: 75 if another process holds the store, 78
    /// if a person must give another key, directory or program, none otherwise.
    pub const fn exit_code(&self) -> Option<u8> {
        match self {
            Self::InUse { .. } => Some(75),
            Self::WrongKey { .. }
            | Self::OldKeyMissing { .. }
            | Self::KeyMissing { .. }
            | Self::KeyFile { .. }
            | Self::KeyForm { .. }
            | Self::Directory { .. }
            | Self::Missing { .. }
            | Self::Newer { .. } => Some(78),
            Self::Damaged { .. }
            | Self::Block { .. }
            | Self::Database { .. }
            | Self::NoSpace { .. }
            | Self::Sync { .. }
            | Self::Stopped
            | Self::Unreadable { .. }
            | Self::Form { .. }
            | Self::TooLarge { .. }
            | Self::Order { .. }
            | Self::Random { .. } => None,
        }
    }

    /// Whether it is the disk that is full: nothing was touched, and it can be tried again.
    pub const fn is_no_space(&self) -> bool {
        matches!(self, Self::NoSpace { .. })
    }

    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }
}
