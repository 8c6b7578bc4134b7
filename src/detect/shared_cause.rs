//! Many keys that change in the same way at once have one cause: a deploy, an outage, a
//! flash crowd. One incident tells it, not one for each key.

use serde::{Deserialize, Serialize};

use super::plain::count_text;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SharedCause {
    /// The share of the active keys that must show it within two hours.
    pub keys_share_min: f64,
    /// And how many at least.
    pub keys_min: usize,
}

impl Default for SharedCause {
    fn default() -> Self {
        Self { keys_share_min: 0.08, keys_min: 5 }
    }
}

impl SharedCause {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    pub fn is_shared(&self, keys: usize, active: usize) -> bool {
        self.keys_min <= keys && self.keys_share_min * (active as f64) < keys as f64
    }

    pub fn because(keys: usize, active: usize, what: &str) -> String {
        format!(
            "{} of {} active keys show the same within two hours; one of them: {what}",
            count_text(keys as u64),
            count_text(active as u64),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_eight_in_a_hundred_share_a_cause() {
        assert!(!SharedCause::default().is_shared(8, 100));
        assert!(SharedCause::default().is_shared(9, 100));
        assert!(!SharedCause::default().is_shared(4, 10));
    }
}
