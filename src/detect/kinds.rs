//! Single kinds of finding, made louder or quieter than the rest, or turned off.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The configuration's `[alerts.kinds]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kinds(BTreeMap<String, Loudness>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Loudness {
    Off,
    Quieter,
    Louder,
}

/// A unit of a score is a tenth of the probability: what is quieter has to be ten times as rare
/// as the rest to be told, what is louder a tenth as rare. The budget of false alarms is counted
/// after that, so that it is kept whatever is louder.
const STEP: f64 = 1.0;

/// What is weighed against the threshold of the budget, and so can be louder or quieter. All else
/// is certain, or has thresholds of its own.
const WEIGHED: [&str; 12] = [
    "volume_spike",
    "silent_key",
    "large_answers",
    "object_enumeration",
    "failures",
    "new_network",
    "new_route",
    "new_client",
    "slow_ramp",
    "slow_exfiltration",
    "shared_key",
    "traffic_shift",
];

impl Kinds {
    pub fn set(&mut self, kind: String, loudness: Loudness) {
        self.0.insert(kind, loudness);
    }

    pub fn is_weighed(kind: &str) -> bool {
        WEIGHED.contains(&kind)
    }

    pub fn is_off(&self, kind: &str) -> bool {
        self.0.get(kind) == Some(&Loudness::Off)
    }

    /// A score as loud as its kind is meant to be; none if it is off.
    pub fn weigh(&self, kind: &str, score: f64) -> Option<f64> {
        match self.0.get(kind) {
            None => Some(score),
            Some(Loudness::Quieter) => Some(score - STEP),
            Some(Loudness::Louder) => Some(score + STEP),
            Some(Loudness::Off) => None,
        }
    }

    /// Those that are off.
    pub fn off(&self) -> Vec<String> {
        let off = self.0.iter().filter(|(_, loudness)| **loudness == Loudness::Off);
        off.map(|(kind, _)| kind.clone()).collect()
    }

    /// What is not as usual, in words: `volume_spike is quieter`.
    pub fn said(&self) -> Vec<String> {
        self.0.iter().map(|(kind, loudness)| format!("{kind} is {}", loudness.name())).collect()
    }
}

impl Loudness {
    pub const NAMES: [(&'static str, Self); 3] =
        [("off", Self::Off), ("quieter", Self::Quieter), ("louder", Self::Louder)];

    const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Quieter => "quieter",
            Self::Louder => "louder",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::Daily;
    use crate::detect::Metric;
    use crate::profile::{Facet, Failure};

    #[test]
    fn what_is_quieter_has_to_be_rarer() {
        let mut kinds = Kinds::default();
        kinds.set("volume_spike".to_owned(), Loudness::Quieter);
        kinds.set("silent_key".to_owned(), Loudness::Off);
        kinds.set("new_route".to_owned(), Loudness::Louder);
        assert!(kinds.weigh("volume_spike", 5.0).unwrap() < 5.0);
        assert!(5.0 < kinds.weigh("new_route", 5.0).unwrap());
        assert_eq!(kinds.weigh("failures", 5.0), Some(5.0));
        assert_eq!(kinds.weigh("silent_key", 5.0), None);
        assert_eq!(kinds.off(), ["silent_key"]);
    }

    #[test]
    fn every_metric_is_weighed() {
        for metric in [
            Metric::Volume,
            Metric::Silence,
            Metric::Size,
            Metric::Enumeration,
            Metric::Failure(Failure::Forbidden),
            Metric::New(Facet::Network),
            Metric::New(Facet::Route),
            Metric::New(Facet::Client),
            Metric::Drift(Daily::Requests),
            Metric::Drift(Daily::Bytes),
        ] {
            assert!(Kinds::is_weighed(metric.kind()), "{metric:?}");
        }
    }
}
