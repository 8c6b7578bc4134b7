//! Parts of the judgement that an evaluation can leave out, to see what each is worth.

use serde::{Deserialize, Serialize};

use super::Settings;
use crate::baseline::Expected;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Part {
    /// Scores as they turned out to mean, by role.
    Calibration,
    /// An hour is learned a day later, and not at all if an incident was open.
    LateLearning,
    /// The same hour of last week.
    LastWeek,
    /// What was wild on other days, or was told, counts less.
    Familiarity,
    /// The level grows by no more than half a week.
    GrowthLimit,
}

impl Settings {
    pub(super) fn has(&self, part: Part) -> bool {
        !self.without.contains(&part)
    }

    /// What the hour should bring, with or without last week's word.
    pub(super) fn of_weeks(&self, expected: Expected) -> Expected {
        if self.has(Part::LastWeek) {
            return expected;
        }
        Expected { mean_upper: expected.mean, mean_lower: expected.mean, ..expected }
    }
}
