//! The wall's clock as far as it is believed: what jumps ahead has to stay there.

use std::time::Duration;

use crate::model::{Millis, Timestamp};

/// A step that a clock may take at once.
const STEP_MAX: Millis = Millis::seconds(10);

/// A clock that is still ahead after so long is right.
const DOUBT_MAX: Duration = Duration::from_mins(1);

/// What the clock said last, and at which uptime.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wall {
    believed: Option<(Timestamp, Duration)>,
    doubted: Option<Duration>,
}

impl Wall {
    /// The time to go by, when the clock says `now`. Set ahead by mistake, it would make
    /// every line late until it is caught up; nothing is lost by waiting a minute.
    pub(super) fn look(&mut self, now: Timestamp, uptime: Duration) -> Timestamp {
        let (at, then) = *self.believed.get_or_insert((now, uptime));
        let passed = i64::try_from(uptime.saturating_sub(then).as_millis()).unwrap_or(i64::MAX);
        let expected = at.plus(Millis(passed));
        if expected.plus(STEP_MAX) < now {
            let since = *self.doubted.get_or_insert(uptime);
            if uptime.saturating_sub(since) < DOUBT_MAX {
                return expected;
            }
        }
        self.doubted = None;
        self.believed = Some((now, uptime));
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn up(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_clock_that_is_ahead_for_a_moment_is_not_followed() {
        let mut wall = Wall::default();
        assert_eq!(wall.look(at(1000), up(0)), at(1000));
        assert_eq!(wall.look(at(4601), up(1)), at(1001));
        assert_eq!(wall.look(at(4631), up(31)), at(1031));
        assert_eq!(wall.look(at(1032), up(32)), at(1032));
        assert_eq!(wall.look(at(4633), up(33)), at(1033), "the doubt begins anew");
    }

    #[test]
    fn a_clock_that_stays_ahead_is_right_after_a_minute() {
        let mut wall = Wall::default();
        wall.look(at(1000), up(0));
        assert_eq!(wall.look(at(4601), up(1)), at(1001));
        assert_eq!(wall.look(at(4660), up(60)), at(1060));
        assert_eq!(wall.look(at(4661), up(61)), at(4661));
        assert_eq!(wall.look(at(4662), up(62)), at(4662));
    }

    #[test]
    fn a_clock_that_is_set_back_or_runs_a_little_fast_is_followed() {
        let mut wall = Wall::default();
        wall.look(at(1000), up(0));
        assert_eq!(wall.look(at(1011), up(1)), at(1011));
        assert_eq!(wall.look(at(500), up(2)), at(500));
    }
}
