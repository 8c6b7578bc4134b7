//! A message to somebody who has not agreed to be written to, or does not any more.

use serde::{Deserialize, Serialize};

use super::{POLICY_SCORE, Verdict};
use crate::model::{Flaw, Flaws, Severity};

/// Has no thresholds: one message is enough.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Consent {}

impl Consent {
    /// What is wrong with a message; `template` may be empty.
    pub fn judge(flaws: Flaws, template: &str) -> Option<Verdict> {
        let (kind, what) = if flaws.has(Flaw::OptedOut) {
            ("after_opt_out", "who opted out")
        } else if flaws.has(Flaw::NoOptIn) {
            ("no_opt_in", "who is on no list of opt-ins")
        } else {
            return None;
        };
        let of = if template.is_empty() { String::new() } else { format!(" of {template}") };
        Some(Verdict {
            kind,
            severity: Severity::High,
            score: POLICY_SCORE,
            because: format!("a message{of} went to a recipient {what}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_flaw_of_consent_is_told() {
        let judged = |flaw: Flaw| Consent::judge(Flaws::default().with(flaw), "promo");
        assert_eq!(
            judged(Flaw::NoOptIn).unwrap().because,
            "a message of promo went to a recipient who is on no list of opt-ins"
        );
        assert_eq!(judged(Flaw::OptedOut).unwrap().kind, "after_opt_out");
        assert_eq!(judged(Flaw::KeyInUrl), None);
    }
}
