//! Time as data. There is no `now` here: whoever needs the time is given it.

use serde::{Deserialize, Serialize};

const MILLIS_PER_SECOND: i64 = 1000;
const MILLIS_PER_HOUR: i64 = 3600 * MILLIS_PER_SECOND;
const MILLIS_PER_DAY: i64 = 24 * MILLIS_PER_HOUR;

/// A moment in UTC, in whole milliseconds since 1970.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp(pub i64);

/// A length of time in milliseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Millis(pub i64);

/// A stretch of ten seconds, counted from 1970: the grain in which use is added up.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Slot(pub i64);

/// One whole UTC hour, counted from 1970.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Hour(pub i64);

/// One whole UTC day, counted from 1970.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Day(pub i64);

impl Timestamp {
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MILLIS_PER_SECOND))
    }

    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MILLIS_PER_SECOND)
    }

    pub const fn plus(self, by: Millis) -> Self {
        Self(self.0.saturating_add(by.0))
    }

    pub const fn back(self, by: Millis) -> Self {
        Self(self.0.saturating_sub(by.0))
    }

    /// From `earlier` to `self`; negative if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }

    pub const fn slot(self) -> Slot {
        Slot(self.0.div_euclid(Slot::LENGTH.0))
    }

    pub const fn hour(self) -> Hour {
        Hour(self.0.div_euclid(MILLIS_PER_HOUR))
    }

    pub const fn day(self) -> Day {
        Day(self.0.div_euclid(MILLIS_PER_DAY))
    }
}

impl Millis {
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MILLIS_PER_SECOND))
    }

    pub const fn hours(hours: i64) -> Self {
        Self(hours.saturating_mul(MILLIS_PER_HOUR))
    }

    pub const fn days(days: i64) -> Self {
        Self(days.saturating_mul(MILLIS_PER_DAY))
    }

    pub const fn whole_days(self) -> i64 {
        self.0.div_euclid(MILLIS_PER_DAY)
    }
}

impl Slot {
    pub const LENGTH: Millis = Millis::seconds(10);

    pub const fn start(self) -> Timestamp {
        Timestamp(self.0.saturating_mul(Self::LENGTH.0))
    }

    pub const fn end(self) -> Timestamp {
        self.next().start()
    }

    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    pub const fn hour(self) -> Hour {
        self.start().hour()
    }
}

impl Hour {
    pub const fn start(self) -> Timestamp {
        Timestamp(self.0.saturating_mul(MILLIS_PER_HOUR))
    }

    pub const fn end(self) -> Timestamp {
        self.next().start()
    }

    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    pub const fn day(self) -> Day {
        Day(self.0.div_euclid(24))
    }

    /// 0 to 23, UTC.
    #[expect(clippy::cast_possible_truncation, reason = "a remainder of 24 lies in 0..24")]
    pub const fn of_day(self) -> usize {
        self.0.rem_euclid(24) as usize
    }

    /// Whole hours from `earlier` to `self`; negative if `earlier` is later.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Day {
    pub const fn start(self) -> Timestamp {
        Timestamp(self.0.saturating_mul(MILLIS_PER_DAY))
    }

    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// 0 is Monday, 6 is Sunday. 1970 began on a Thursday.
    #[expect(clippy::cast_possible_truncation, reason = "a remainder of 7 lies in 0..7")]
    pub const fn of_week(self) -> usize {
        (self.0 + 3).rem_euclid(7) as usize
    }

    pub const fn is_weekend(self) -> bool {
        5 <= self.of_week()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_starts_at_its_first_millisecond() {
        assert_eq!(Timestamp(7_199_999).hour(), Hour(1));
        assert_eq!(Timestamp(7_200_000).hour(), Hour(2));
        assert_eq!(Timestamp(-1).hour(), Hour(-1));
        assert_eq!(Hour(2).start(), Timestamp(7_200_000));
    }

    #[test]
    fn the_first_day_of_1970_was_a_thursday() {
        assert_eq!(Day(0).of_week(), 3);
        assert!(!Day(1).is_weekend());
        assert!(Day(2).is_weekend());
        assert!(Day(3).is_weekend());
        assert!(!Day(4).is_weekend());
    }
}
