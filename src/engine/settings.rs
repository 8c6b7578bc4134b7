//! What an operator may set about the judgement.

use serde::{Deserialize, Serialize};

use crate::detect::{Kinds, Panel, Rules};
use crate::model::Millis;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How many false alarms a day the whole installation may raise.
    pub false_alarms_per_day: f64,
    /// How long a slot waits after its end for lines that come late.
    pub patience: Millis,
    /// Keys that no inventory knows and that are remembered at a time. Beyond it those
    /// unused for longest are forgotten.
    pub unknown_keys_max: usize,
    /// Kinds of finding that are louder or quieter than the rest.
    pub kinds: Kinds,
    /// The thresholds of every detector, by its name.
    pub detectors: Panel,
    /// What single roles and keys may do, and when they are stale.
    pub rules: Rules,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            false_alarms_per_day: 1.0,
            patience: Millis::seconds(5),
            unknown_keys_max: 10_000,
            kinds: Kinds::default(),
            detectors: Panel::default(),
            rules: Rules::default(),
        }
    }
}
