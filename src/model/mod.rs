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

pub use batch::{Event, EventBatch};
pub use finding::{Class, Entity, Finding, Severity};
pub use flaw::{Flaw, Flaws, Transport};
pub use mention::{FORGOTTEN, Mention, NAME_CHARS_MIN, Stored};
pub use position::{Position, SourceId};
pub use record::{EventKind, Record};
pub use scrubbed::Scrubbed;
pub use spot::Spot;
pub use text::{Dictionary, Seat, TextColumn, is_same};
pub use time::{Day, Hour, Millis, Slot, Timestamp};
