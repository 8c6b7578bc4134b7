//! Signs of life of every stage. The watchdog is fed only when all of them are fresh.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::model::{Millis, Timestamp};

/// A stage that has not beaten for so long is taken for dead.
const BEAT_AGE_MAX: Millis = Millis::seconds(20);

/// In place of a time: the stage cannot go on before the next one does.
const WAITS: i64 = i64::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Reading,
    Judging,
    Keeping,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Beats {
    reading: Arc<AtomicI64>,
    judging: Arc<AtomicI64>,
    keeping: Arc<AtomicI64>,
}

impl Beats {
    pub(super) fn beat(&self, stage: Stage, now: Timestamp) {
        self.of(stage).store(now.0, Ordering::Relaxed);
    }

    /// The stage waits for the one after it, which beats for itself: it is not dead.
    pub(super) fn waits(&self, stage: Stage) {
        self.of(stage).store(WAITS, Ordering::Relaxed);
    }

    /// The first stage without a fresh beat, if there is one.
    pub(super) fn missing(&self, now: Timestamp) -> Option<Stage> {
        [Stage::Reading, Stage::Judging, Stage::Keeping].into_iter().find(|stage| {
            let last = Timestamp(self.of(*stage).load(Ordering::Relaxed));
            last.0 != WAITS && BEAT_AGE_MAX < now.since(last)
        })
    }

    fn of(&self, stage: Stage) -> &AtomicI64 {
        match stage {
            Stage::Reading => &self.reading,
            Stage::Judging => &self.judging,
            Stage::Keeping => &self.keeping,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_silent_stage_is_enough_to_be_missed() {
        let beats = Beats::default();
        let at = Timestamp::from_seconds(1000);
        beats.beat(Stage::Reading, at);
        beats.beat(Stage::Judging, at);
        beats.beat(Stage::Keeping, at);
        assert_eq!(beats.missing(at.plus(BEAT_AGE_MAX)), None);
        beats.beat(Stage::Reading, at.plus(BEAT_AGE_MAX));
        beats.beat(Stage::Keeping, at.plus(BEAT_AGE_MAX));
        let later = at.plus(BEAT_AGE_MAX).plus(Millis(1));
        assert_eq!(beats.missing(later), Some(Stage::Judging));
        beats.waits(Stage::Judging);
        assert_eq!(beats.missing(later), None, "it waits for one that is alive");
    }
}
