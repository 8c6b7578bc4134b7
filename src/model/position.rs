//! How far a source has been read.

use serde::{Deserialize, Serialize};

/// The name of a source: the path it was given by. Ordered, so that results are.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceId(pub String);

/// Opaque to all but the source that made it: `tail/` writes it and reads it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position(pub Vec<u8>);
