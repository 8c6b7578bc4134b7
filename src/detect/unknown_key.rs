//! A key that the inventory does not know, and that was let in all the same.

use serde::{Deserialize, Serialize};

use super::{POLICY_SCORE, Verdict};
use crate::model::Severity;

/// Has no thresholds: one accepted request is enough.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UnknownKeyAccepted {}

impl UnknownKeyAccepted {
    pub fn judge(status: u16) -> Option<Verdict> {
        (200..300).contains(&status).then(|| Verdict {
            kind: "unknown_key_accepted",
            severity: Severity::High,
            score: POLICY_SCORE,
            because: format!(
                "the inventory has no such key, and it was let in (answered with {status})"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_not_accepted() {
        assert!(UnknownKeyAccepted::judge(200).is_some());
        assert!(UnknownKeyAccepted::judge(299).is_some());
        assert!(UnknownKeyAccepted::judge(300).is_none());
        assert!(UnknownKeyAccepted::judge(401).is_none());
    }
}
