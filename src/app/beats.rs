//! Signs of life of every stage. The watchdog is fed only when all of them are fresh.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// In place of a time: the stage cannot go on before the next one does.
const WAITS: u64 = u64::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Reading,
    Judging,
    Keeping,
    /// Mail and page, which share their threads.
    People,
}

const STAGES: [Stage; 4] = [Stage::Reading, Stage::Judging, Stage::Keeping, Stage::People];

/// Milliseconds of the program's uptime, so that a clock that is set stops no watchdog.
#[derive(Clone, Debug, Default)]
pub(super) struct Beats {
    reading: Arc<AtomicU64>,
    judging: Arc<AtomicU64>,
    keeping: Arc<AtomicU64>,
    people: Arc<AtomicU64>,
}

impl Beats {
    pub(super) fn beat(&self, stage: Stage) {
        self.beat_at(stage, super::uptime());
    }

    /// All begin now: what came before was the opening of the store.
    pub(super) fn begin(&self) {
        for stage in STAGES {
            self.beat(stage);
        }
    }

    /// The stage waits for the one after it, which beats for itself: it is not dead.
    pub(super) fn waits(&self, stage: Stage) {
        self.of(stage).store(WAITS, Ordering::Relaxed);
    }

    /// The first stage whose last beat is older than that, if there is one.
    pub(super) fn missing(&self, age_max: Duration) -> Option<Stage> {
        self.missing_at(super::uptime(), age_max)
    }

    fn beat_at(&self, stage: Stage, uptime: Duration) {
        self.of(stage).store(millis(uptime), Ordering::Relaxed);
    }

    fn missing_at(&self, uptime: Duration, age_max: Duration) -> Option<Stage> {
        let oldest = millis(uptime.saturating_sub(age_max));
        STAGES.into_iter().find(|stage| self.of(*stage).load(Ordering::Relaxed) < oldest)
    }

    fn of(&self, stage: Stage) -> &AtomicU64 {
        match stage {
            Stage::Reading => &self.reading,
            Stage::Judging => &self.judging,
            Stage::Keeping => &self.keeping,
            Stage::People => &self.people,
        }
    }
}

impl Stage {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Judging => "judging",
            Self::Keeping => "keeping",
            Self::People => "mail and page",
        }
    }
}

fn millis(uptime: Duration) -> u64 {
    u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_silent_stage_is_enough_to_be_missed() {
        for silent in STAGES {
            let beats = Beats::default();
            let (began, age_max) = (Duration::from_secs(1000), Duration::from_secs(20));
            for stage in STAGES {
                beats.beat_at(stage, began);
            }
            let later = began + age_max;
            assert_eq!(beats.missing_at(later, age_max), None);
            for stage in STAGES.into_iter().filter(|stage| *stage != silent) {
                beats.beat_at(stage, later);
            }
            assert_eq!(beats.missing_at(later, age_max), None);
            let too_late = later + Duration::from_millis(1);
            assert_eq!(beats.missing_at(too_late, age_max), Some(silent));
            beats.waits(silent);
            assert_eq!(beats.missing_at(too_late, age_max), None);
        }
    }
}
