//! The time of an event, in any of the forms that logs write it.

use jiff::tz::TimeZone;

use crate::model::Timestamp;

use super::moment::read;
use super::place::Place;

pub(super) const CLF_BYTES: usize = "28/Feb/2013:12:00:00 +0900".len();
const CACHED_BYTES_MAX: usize = 40;

/// Reads times, and remembers the last one: most lines are of the same second as the
/// line before.
#[derive(Clone, Debug, Default)]
pub(super) struct TimeReader {
    /// The common log format's, of one length, compared without a call.
    clf: ClfHalves,
    clf_at: Timestamp,
    seen: Vec<u8>,
    at: Timestamp,
    /// Where the clock stands that times without a zone were read from; UTC, if nobody says.
    zone: Option<TimeZone>,
    /// Where each value of a line came from, if somebody asks.
    notes: Option<Vec<Note>>,
}

/// A value on its way into a record: its place, and where it lies in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Note {
    pub(super) place: Place,
    pub(super) address: usize,
    pub(super) length: usize,
}

impl TimeReader {
    pub(super) fn in_zone(zone: Option<TimeZone>) -> Self {
        Self { zone: zone.filter(|zone| *zone != TimeZone::UTC), ..Self::default() }
    }

    /// From here on it is noted where values come from.
    pub(super) fn take_notes(&mut self) {
        self.notes = Some(Vec::new());
    }

    pub(super) const fn takes_any_notes(&self) -> bool {
        self.notes.is_some()
    }

    /// What was noted; nothing is noted any more.
    pub(super) fn notes(&mut self) -> Vec<Note> {
        self.notes.take().unwrap_or_default()
    }

    /// A value was put into its place.
    #[inline]
    pub(super) fn note(&mut self, place: Place, value: &[u8]) {
        if let Some(notes) = &mut self.notes {
            notes.push(Note { place, address: value.as_ptr().addr(), length: value.len() });
        }
    }

    /// The moment that the text stands for, whatever its form.
    pub(super) fn read(&mut self, text: &[u8]) -> Option<Timestamp> {
        if let Ok(text) = <&[u8; CLF_BYTES]>::try_from(text) {
            return self.read_clf(text);
        }
        if text == self.seen.as_slice() && !text.is_empty() {
            return Some(self.at);
        }
        if let Some(millis) = millis_after(&self.seen, text) {
            return Some(Timestamp(self.at.0 + millis));
        }
        let at = read(text, self.zone.as_ref())?;
        if text.len() <= CACHED_BYTES_MAX {
            self.seen.clear();
            self.seen.extend_from_slice(text);
            self.at = at;
        }
        Some(at)
    }

    pub(super) fn read_clf(&mut self, text: &[u8; CLF_BYTES]) -> Option<Timestamp> {
        let halves = ClfHalves::of(text)?;
        if halves == self.clf {
            return Some(self.clf_at);
        }
        let at = match halves.seconds_after(&self.clf) {
            Some(seconds) => Timestamp(self.clf_at.0 + seconds * 1000),
            None => read(text, self.zone.as_ref())?,
        };
        self.clf = halves;
        self.clf_at = at;
        Some(at)
    }
}

/// How many milliseconds lie between two times of the same minute, `2026-03-09T00:00:01.250Z`.
fn millis_after(before: &[u8], text: &[u8]) -> Option<i64> {
    let (minute, millis) = minute_and_millis(text)?;
    let (minute_before, millis_before) = minute_and_millis(before)?;
    (minute == minute_before).then_some(millis - millis_before)
}

/// The bytes up to the minute's colon, and the milliseconds behind it.
#[inline]
fn minute_and_millis(text: &[u8]) -> Option<(&[u8; 17], i64)> {
    let (minute, rest) = text.split_first_chunk()?;
    let is_minute =
        matches!(minute, [_, _, _, _, b'-', _, _, b'-', _, _, b'T', _, _, b':', _, _, b':']);
    let (&[tens, ones], rest) = rest.split_first_chunk()?;
    let fraction = match rest {
        b"Z" => *b"000",
        [b'.', fraction @ .., b'Z'] => <[u8; 3]>::try_from(fraction).ok()?,
        _ => return None,
    };
    let [tenths, hundredths, thousandths] = fraction;
    let digits = [tens, ones, tenths, hundredths, thousandths];
    if !is_minute || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let millis = digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
    (millis < 61_000).then_some((minute, millis))
}

/// The 26 bytes as two numbers that overlap: two comparisons, and no call.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct ClfHalves {
    first: u128,
    last: u128,
}

impl ClfHalves {
    /// Where the seconds stand in `last`.
    const SECONDS_SHIFT: u32 = 8 * 8;
    const SECONDS: u128 = 0xFFFF << Self::SECONDS_SHIFT;

    fn of(text: &[u8; CLF_BYTES]) -> Option<Self> {
        let first = u128::from_le_bytes(*text.first_chunk()?);
        let last = u128::from_le_bytes(*text.last_chunk()?);
        Some(Self { first, last })
    }

    /// How many seconds lie between two times of the same minute.
    fn seconds_after(self, before: &Self) -> Option<i64> {
        let is_same_minute = self.first == before.first
            && self.last & !Self::SECONDS == before.last & !Self::SECONDS;
        if !is_same_minute {
            return None;
        }
        Some(self.seconds()? - before.seconds()?)
    }

    fn seconds(self) -> Option<i64> {
        let [tens, ones, ..] = (self.last >> Self::SECONDS_SHIFT).to_le_bytes();
        let is_number = tens.is_ascii_digit() && ones.is_ascii_digit();
        let seconds = i64::from(tens) * 10 + i64::from(ones) - i64::from(b'0') * 11;
        (is_number && seconds <= 60).then_some(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: i64) {
        let mut reader = TimeReader::default();
        for _ in 0..2 {
            assert_eq!(reader.read(text.as_bytes()), Some(Timestamp(expected)), "{text}");
        }
    }

    #[test]
    fn every_form_of_one_moment_is_that_moment() {
        let moment = 1_483_455_371_000;
        for text in [
            "03/Jan/2017:15:56:11 +0100",
            "[03/Jan/2017:15:56:11 +0100]",
            "2017-01-03T15:56:11+01:00",
            "2017-01-03T14:56:11Z",
            "2017-01-03 14:56:11",
            "2017/01/03 - 14:56:11",
            "2017-01-03T14:56:11.000+0000",
            "Tue, 03 Jan 2017 14:56:11 GMT",
            "Tue Jan  3 14:56:11 2017",
            "Tue, 03 Jan 2017 09:56:11 -0500",
            "Tue Jan 03 15:56:11 2017 +0100",
            "03-Jan-2017 14:56:11",
            "20170103145611",
            "1483455371",
            "1483455371.000",
            "1483455371000",
            "1483455371000000",
            "1483455371000000000",
        ] {
            check(text, moment);
        }
    }

    #[test]
    fn a_time_without_a_zone_is_of_the_sources_clock() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let mut reader = TimeReader::in_zone(Some(zone));
        let mut check = |text: &str, expected: i64| {
            assert_eq!(reader.read(text.as_bytes()), Some(Timestamp(expected)), "{text}");
        };
        let winter = 1_483_455_371_000;
        check("2017/01/03 - 15:56:11", winter);
        check("20170103155611", winter);
        check("Tue Jan  3 15:56:11 2017", winter);
        check("2017-01-03T14:56:11Z", winter);
        check("03/Jan/2017:15:56:11 +0100", winter);
        check("Tue, 03 Jan 2017 14:56:11 GMT", winter);
        check("1483455371", winter);
        let summer = 1_499_089_971_000;
        check("2017-07-03 15:52:51", summer);
        // Twice in the night when the clock is set back: the first counts.
        check("2017-10-29 02:30:00", 1_509_237_000_000);
        check("2017-03-26 02:30:00", 1_490_491_800_000);
    }

    #[test]
    fn a_time_of_the_same_minute_is_read_as_any_other() {
        let mut reader = TimeReader::default();
        for (text, expected) in [
            ("2017-01-03T14:56:11Z", 1_483_455_371_000),
            ("2017-01-03T14:56:12.756Z", 1_483_455_372_756),
            ("2017-01-03T14:56:60Z", 1_483_455_420_000),
            ("2017-01-03T14:56:07Z", 1_483_455_367_000),
            ("2017-01-03T14:57:07.001Z", 1_483_455_427_001),
            ("2017-01-03T15:57:07.001+01:00", 1_483_455_427_001),
        ] {
            assert_eq!(reader.read(text.as_bytes()), Some(Timestamp(expected)), "{text}");
        }
        for text in ["2017-01-03T14:57:61Z", "2017-01-03T14:57:0xZ", "2017-01-03T14:57:00.00xZ"] {
            let fresh = TimeReader::default().read(text.as_bytes());
            assert_eq!(reader.read(text.as_bytes()), fresh, "{text}");
        }
    }

    #[test]
    fn fractions_are_kept_to_the_millisecond() {
        check("2017-01-03T14:56:11,756+00:00", 1_483_455_371_756);
        check("1483455396.639", 1_483_455_396_639);
        check("20221122044615.591", 1_669_092_375_591);
        // A leap second is the next minute.
        check("31/Dec/2016:23:59:60 +0000", 1_483_228_800_000);
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "-", "1234x", "29/juil./2023:10:26:06 +0200", "32/Jan/2017:00:00:00 +0000"]
        {
            assert_eq!(TimeReader::default().read(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn days_are_counted_as_the_calendar_counts_them() {
        for (text, expected) in [
            ("1970-01-01", 0),
            ("2000-02-29", 951_782_400_000),
            ("2024-12-31", 1_735_603_200_000),
            ("2100-03-01", 4_107_542_400_000),
        ] {
            check(text, expected);
        }
    }
}
