//! A key that nobody should ever use: whoever does has found it where it was hidden.

use serde::{Deserialize, Serialize};

use super::{POLICY_SCORE, Verdict};
use crate::model::Severity;

/// Has no thresholds: one touch is enough.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CanaryKeyUsed {}

impl CanaryKeyUsed {
    pub fn judge(status: u16) -> Verdict {
        Verdict {
            kind: "canary_key_used",
            severity: Severity::Critical,
            score: POLICY_SCORE,
            because: format!("a key that nobody should have was sent (answered with {status})"),
        }
    }
}
