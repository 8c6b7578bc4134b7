//! One address that asks for one thing after another that is not there or not allowed.

use serde::{Deserialize, Serialize};

use super::Verdict;
use super::plain::{count_text, time_text};
use crate::model::Severity;
use crate::profile::Source;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scanning {
    /// 403 and 404 answers to one address within an hour.
    pub refusals_min: u32,
    /// Distinct routes among them.
    pub routes_min: usize,
    /// How much more than on its worst earlier day.
    pub factor_min: u32,
}

impl Default for Scanning {
    fn default() -> Self {
        Self { refusals_min: 30, routes_min: 12, factor_min: 3 }
    }
}

impl Scanning {
    pub fn judge(&self, source: &Source) -> Option<Verdict> {
        let (severity, score) = self.weigh(source)?;
        let routes = source.paths.len();
        let more = if Source::PATHS_MAX <= routes { " or more" } else { "" };
        let because = format!(
            "{} requests since {} for {routes}{more} different things that are not there or not allowed",
            count_text(u64::from(seen_by(source))),
            time_text(source.since),
        );
        Some(Verdict { kind: "scanning", severity, score, because })
    }

    /// The same without a word: most of what is weighed was told before.
    pub fn weigh(&self, source: &Source) -> Option<(Severity, f64)> {
        let seen = seen_by(source);
        let is_enough = self.refusals_min <= seen && self.routes_min <= source.paths.len();
        if !is_enough || seen < source.worst_before.saturating_mul(self.factor_min) {
            return None;
        }
        let score = 7.5 + (f64::from(seen) / f64::from(self.refusals_min)).log10() * 3.0;
        let is_large = self.refusals_min * 4 <= seen;
        let severity = if is_large { Severity::Medium } else { Severity::Low };
        Some((severity, score))
    }
}

const fn seen_by(source: &Source) -> u32 {
    source.missing.saturating_add(source.forbidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_for_one_missing_thing_again_and_again_is_no_scan() {
        let scan = Source { missing: 30, paths: (0..12).collect(), ..Source::default() };
        assert!(Scanning::default().judge(&scan).is_some());
        assert!(Scanning::default().judge(&Source { missing: 29, ..scan.clone() }).is_none());
        assert!(Scanning::default().judge(&Source { paths: vec![1], ..scan }).is_none());
    }
}
