//! The nouns. Plain data, shared by every room; nothing here judges anything.

pub mod batch;
/// What tests bend their inputs with, here and from outside.
#[cfg(test)]
#[path = "../../tests/it/fuzz/bytes.rs"]
pub(crate) mod bent;
pub mod finding;
pub mod flaw;
pub mod mention;
pub mod position;
pub mod record;
pub mod scrubbed;
pub mod short;
pub mod spot;
pub mod text;
pub mod time;

/// A name that is kept a hundred thousand times, of a key, a role, an owner: up to 15 bytes take no
/// memory of their own, and whoever copies a longer one shares it.
pub use ecow::EcoString as Name;
/// A list of them, shared in the same way.
pub type Names = ecow::EcoVec<Name>;

pub use batch::{Event, EventBatch};
pub use finding::{Class, Entity, Finding, Severity};
pub use flaw::{Flaw, Flaws, Transport};
pub use mention::{FORGOTTEN, Mention, NAME_CHARS_MIN, Stored};
pub use position::{Position, SourceId};
pub use record::{EventKind, Record};
pub use scrubbed::Scrubbed;
pub use short::is_same;
pub use spot::Spot;
pub use text::{Dictionary, Seat, TextColumn};
pub use time::{Day, Hour, Millis, Slot, Timestamp};
