//! The wall's clock as far as it is believed: what jumps ahead has to stay there.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tracing::warn;

use crate::model::{Millis, Timestamp};

/// A step that a clock may take at once.
const STEP_MAX: Millis = Millis::seconds(10);

/// A clock that is still ahead after so long is right.
const DOUBT_MAX: Duration = Duration::from_mins(1);

/// Further ahead than this it is more likely wrong than right: whoever believes it has judged, and
/// removed as too old, what nobody can bring back.
const LEAP_MIN: Millis = Millis::days(2);

/// Nobody leaves a log alone for so long: that the clock is wrong is said without waiting for lines.
const LEAP_SURE: Millis = Millis::days(2 * 365);

/// A leap that no line agrees with is believed only after so long.
const LEAP_DOUBT_MAX: Duration = Duration::from_hours(24);

/// What those who read the logs go by, and since which uptime.
static BELIEVED: Mutex<Option<(Timestamp, Duration)>> = Mutex::new(None);

/// The clock for mails: one that leaps would have people reminded of what they know.
pub(super) fn believed() -> Timestamp {
    let believed = *BELIEVED.lock().unwrap_or_else(PoisonError::into_inner);
    let Some((at, then)) = believed else { return super::now() };
    at.plus(millis(super::uptime().saturating_sub(then)))
}

/// What others go by before the first look: what an earlier life knew, or else the clock.
pub(super) fn begin(known: Option<Timestamp>) {
    let uptime = super::uptime();
    believe(Wall::known(known, uptime).look(super::now(), uptime, None), uptime);
}

/// Others go by it from now on.
pub(super) fn believe(at: Timestamp, uptime: Duration) {
    *BELIEVED.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, uptime));
}

/// What the clock said last, and at which uptime.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wall {
    believed: Option<(Timestamp, Duration)>,
    /// What an earlier life knew, until the first look.
    known: Option<(Timestamp, Duration)>,
    doubted: Option<Duration>,
    leap: Option<Millis>,
    /// The time that a line gave which was written in this moment.
    written: Option<Timestamp>,
    /// Such a line did not agree with the leap.
    is_contradicted: bool,
}

impl Wall {
    /// A machine may start with a wrong clock: what was known before is believed rather than a leap.
    pub(super) fn known(before: Option<Timestamp>, uptime: Duration) -> Self {
        Self { known: before.map(|at| (at, uptime)), ..Self::default() }
    }

    pub(super) const fn is_doubted(&self) -> bool {
        self.leap.is_some()
    }

    /// A line came that was written in this moment: it is not one that waited to be read.
    pub(super) const fn note_written(&mut self, at: Timestamp) {
        self.written = Some(at);
    }

    /// The time to go by, when the clock says `now` and the newest lines `seen`. Set ahead by
    /// mistake, it would make every line late until it is caught up; nothing is lost by waiting.
    pub(super) fn look(
        &mut self,
        now: Timestamp,
        uptime: Duration,
        seen: Option<Timestamp>,
    ) -> Timestamp {
        let is_first = self.doubted.is_none() && self.leap.is_none();
        let known = self.known.take().filter(|(at, _)| at.plus(LEAP_MIN) < now);
        let (at, then) = *self.believed.get_or_insert(known.unwrap_or((now, uptime)));
        let expected = at.plus(millis(uptime.saturating_sub(then)));
        let is_leap = expected.plus(LEAP_MIN) < now;
        let is_agreed = seen.is_some_and(|seen| now <= seen.plus(LEAP_MIN));
        self.leap = (is_leap && !is_agreed).then(|| now.since(expected));
        let is_against = self.written.take().is_some_and(|at| at.plus(LEAP_MIN) < now);
        self.is_contradicted = self.leap.is_some() && (self.is_contradicted || is_against);
        let is_step = expected.plus(STEP_MAX) < now;
        if self.leap.is_some() || is_step && !is_leap {
            let since = *self.doubted.get_or_insert(uptime);
            let doubt = if self.leap.is_some() { LEAP_DOUBT_MAX } else { DOUBT_MAX };
            if uptime.saturating_sub(since) < doubt {
                if is_first && self.leap.is_some() {
                    warn!(clock_ms = now.0, expected_ms = expected.0, "the clock leapt ahead");
                }
                return expected;
            }
        }
        (self.doubted, self.leap, self.is_contradicted) = (None, None, false);
        self.believed = Some((now, uptime));
        now
    }

    /// For people, once it is likely that the clock is wrong. Where nobody wrote for some days it is
    /// mostly right, and lines will say so.
    pub(super) fn trouble(&self) -> Option<String> {
        let leap = self.leap.filter(|leap| self.is_contradicted || LEAP_SURE <= *leap);
        leap.map(|leap| {
            format!(
                "The clock of this machine is {} days ahead of the logs. Time goes by keyvigil's own \
                 count until lines agree with the clock, or for a day. If the clock is wrong, set it \
                 (`timedatectl`); nothing is lost.",
                leap.0 / Millis::days(1).0
            )
        })
    }
}

fn millis(length: Duration) -> Millis {
    Millis(i64::try_from(length.as_millis()).unwrap_or(i64::MAX))
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
        assert_eq!(wall.look(at(1000), up(0), None), at(1000));
        assert_eq!(wall.look(at(4601), up(1), None), at(1001));
        assert_eq!(wall.look(at(4631), up(31), None), at(1031));
        assert_eq!(wall.look(at(1032), up(32), None), at(1032));
        assert_eq!(wall.look(at(4633), up(33), None), at(1033), "the doubt begins anew");
    }

    #[test]
    fn a_clock_that_stays_ahead_is_right_after_a_minute() {
        let mut wall = Wall::default();
        wall.look(at(1000), up(0), None);
        assert_eq!(wall.look(at(4601), up(1), None), at(1001));
        assert_eq!(wall.look(at(4660), up(60), None), at(1060));
        assert_eq!(wall.look(at(4661), up(61), None), at(4661));
        assert_eq!(wall.look(at(4662), up(62), None), at(4662));
    }

    #[test]
    fn a_clock_that_is_set_back_or_runs_a_little_fast_is_followed() {
        let mut wall = Wall::default();
        wall.look(at(1000), up(0), None);
        assert_eq!(wall.look(at(1011), up(1), None), at(1011));
        assert_eq!(wall.look(at(500), up(2), None), at(500));
    }

    #[test]
    fn a_clock_that_leaps_decades_ahead_is_believed_with_the_lines_or_after_a_day() {
        let (day, decades) = (86_400u64, 73 * 365 * 86_400);
        let mut wall = Wall::default();
        wall.look(at(1000), up(0), None);
        let leapt = |uptime: u64| at(1000 + decades + uptime.cast_signed());
        for uptime in [1u64, 61, 3600, day] {
            let expected = at(1000 + uptime.cast_signed());
            assert_eq!(wall.look(leapt(uptime), up(uptime), Some(at(1000))), expected);
            assert!(wall.trouble().unwrap().starts_with("The clock of this machine is 26645 days"));
        }
        let mut agreed = wall;
        assert_eq!(agreed.look(leapt(99), up(99), Some(leapt(0))), leapt(99));
        assert_eq!(agreed.trouble(), None);
        assert_eq!(wall.look(leapt(day + 1), up(day + 1), None), leapt(day + 1));
        assert_eq!(wall.trouble(), None);
    }

    #[test]
    fn after_a_start_only_a_leap_from_what_was_known_is_doubted() {
        let days = |days: i64| at(days * 86_400);
        let look = |known, seen| Wall::known(known, up(5)).look(days(9), up(6), seen);
        assert_eq!(look(None, None), days(9));
        assert_eq!(look(Some(days(8)), None), days(9), "it was off for a night");
        assert_eq!(look(Some(days(3)), None), days(3).plus(Millis::seconds(1)));
        assert_eq!(look(Some(days(3)), Some(days(9))), days(9), "off for a week, and lines come");
    }

    #[test]
    fn a_clock_is_accused_only_by_lines_that_are_written_now_or_by_years() {
        let days = |days: i64| at(days * 86_400);
        let mut wall = Wall::known(Some(days(3)), up(5));
        wall.look(days(9), up(6), Some(days(3)));
        assert!(wall.is_doubted());
        assert_eq!(wall.trouble(), None, "nobody has asked for anything since");
        wall.note_written(days(3));
        wall.look(days(9), up(7), Some(days(3)));
        assert!(wall.trouble().unwrap().contains("5 days ahead"));
        wall.look(days(9), up(8), Some(days(3)));
        assert!(wall.trouble().is_some(), "until lines agree");
        wall.note_written(days(9));
        assert_eq!(wall.look(days(9), up(9), Some(days(9))), days(9));
        assert_eq!(wall.trouble(), None);
        let mut wall = Wall::known(Some(days(3)), up(5));
        wall.look(days(3 + 800), up(6), None);
        assert!(wall.trouble().is_some());
    }
}
