//! Shared values in stored form: as if they were not shared.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) fn serialize<T: Serialize, S: Serializer>(
    value: &Arc<T>,
    out: S,
) -> Result<S::Ok, S::Error> {
    value.as_ref().serialize(out)
}

pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    input: D,
) -> Result<Arc<T>, D::Error> {
    T::deserialize(input).map(Arc::new)
}
