//! What one kind of finding, or one rule of a person's own, adds to an incident.

use serde::{Deserialize, Serialize};

use super::case::POLICY_SCORE;
use crate::detect::SigmaNote;
use crate::model::{Class, Finding, Severity, Timestamp};

/// What one kind of finding added.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    pub kind: String,
    pub because: String,
    pub score: f64,
    pub at: Timestamp,
    pub class: Class,
    pub severity: Severity,
    pub address: Option<String>,
    /// Of a person's own rule: what it says of itself.
    #[serde(default)]
    pub rule: Option<SigmaNote>,
}

impl Contribution {
    pub(super) fn of(finding: &Finding) -> Self {
        let policy = finding.class == Class::Policy;
        Self {
            kind: finding.kind.clone(),
            because: finding.because.clone(),
            score: if policy { POLICY_SCORE } else { thousandths(finding.score) },
            at: finding.at,
            class: finding.class,
            severity: finding.severity,
            address: finding.address.clone(),
            rule: None,
        }
    }

    pub(super) fn is_alike(&self, other: &Self) -> bool {
        let rule_of =
            |it: &Self| it.rule.as_ref().map(|rule| (rule.id.clone(), rule.title.clone()));
        self.kind == other.kind && rule_of(self) == rule_of(other)
    }

    /// The strongest first; among equals the most severe, the earliest, then by text.
    pub(super) fn rank(&self, other: &Self) -> std::cmp::Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then_with(|| other.severity.cmp(&self.severity))
            .then_with(|| self.at.cmp(&other.at))
            .then_with(|| self.kind.cmp(&other.kind))
            .then_with(|| self.because.cmp(&other.because))
            .then_with(|| self.address.cmp(&other.address))
            .then_with(|| self.rule.cmp(&other.rule))
    }
}

/// Scores are kept as they are shown: with three digits they are the same again after
/// any store or file.
pub(super) fn thousandths(score: f64) -> f64 {
    (score * 1000.0).round() / 1000.0
}
