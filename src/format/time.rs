//! The time of an event, in any of the forms that logs write it.

use crate::model::Timestamp;

use super::place::Place;

pub(super) const CLF_BYTES: usize = "28/Feb/2013:12:00:00 +0900".len();
const CACHED_BYTES_MAX: usize = 40;
const SECONDS_PER_DAY: i64 = 86_400;

/// Reads times, and remembers the last one: most lines are of the same second as the
/// line before.
#[derive(Clone, Debug, Default)]
pub(super) struct TimeReader {
    /// The common log format's, of one length, compared without a call.
    clf: ClfHalves,
    clf_at: Timestamp,
    seen: Vec<u8>,
    at: Timestamp,
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
        let at = read(text)?;
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
            None => read(text)?,
        };
        self.clf = halves;
        self.clf_at = at;
        Some(at)
    }
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

/// A number since 1970, in seconds, milliseconds, microseconds or nanoseconds: its
/// magnitude tells which.
fn epoch(text: &[u8]) -> Option<Timestamp> {
    let whole = i64::try_from(super::number::whole(text)?).ok()?;
    let millis = match whole {
        ..100_000_000_000 => i64::try_from(super::number::millionths(text)? / 1000).ok()?,
        100_000_000_000..100_000_000_000_000 => whole,
        100_000_000_000_000..100_000_000_000_000_000 => whole / 1000,
        _ => whole / 1_000_000,
    };
    Some(Timestamp(millis))
}

fn read(text: &[u8]) -> Option<Timestamp> {
    let text = text.trim_ascii();
    let text = text.strip_prefix(b"[").and_then(|text| text.strip_suffix(b"]")).unwrap_or(text);
    match *text {
        [_, _, b'/', ..] => clf(text),
        [_, _, _, _, b'-' | b'/', _, ..] => dated(text),
        [b'0'..=b'9', ..] if text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') => {
            compact(text).or_else(|| epoch(text))
        }
        _ => spelt(text),
    }
}

/// `28/Feb/2013:12:00:00 +0900`
fn clf(text: &[u8]) -> Option<Timestamp> {
    let mut at = Reader { rest: text };
    let day = at.digits(2)?;
    at.skip(b"/")?;
    let month = at.month()?;
    at.skip(b"/")?;
    let year = at.digits(4)?;
    at.skip(b":")?;
    let (seconds, millis) = at.clock()?;
    at.moment(day_number(year, month, day)?, seconds, millis)
}

/// `2017-01-03T15:56:36.123+01:00`, also with `/`, a space or ` - ` between date and time.
fn dated(text: &[u8]) -> Option<Timestamp> {
    let mut at = Reader { rest: text };
    let year = at.digits(4)?;
    at.any(b"-/")?;
    let month = at.digits(2)?;
    at.any(b"-/")?;
    let day = at.digits(2)?;
    let date = day_number(year, month, day)?;
    if at.rest.is_empty() {
        return at.moment(date, 0, 0);
    }
    if at.skip(b" - ").is_none() {
        at.any(b"Tt :_\t")?;
    }
    let (seconds, millis) = at.clock()?;
    at.moment(date, seconds, millis)
}

/// `20221122044615.591`
fn compact(text: &[u8]) -> Option<Timestamp> {
    let whole = text.split(|&byte| byte == b'.').next()?;
    if whole.len() != 14 {
        return None;
    }
    let mut at = Reader { rest: text };
    let (year, month, day) = (at.digits(4)?, at.digits(2)?, at.digits(2)?);
    let seconds = at.digits(2)? * 3600 + at.digits(2)? * 60 + at.digits(2)?;
    let plausible = (1970..2200).contains(&year);
    let millis = at.fraction();
    if plausible { at.moment(day_number(year, month, day)?, seconds, millis) } else { None }
}

/// `Tue, 03 Jan 2017 14:56:11 GMT`, `Tue Jan  3 14:56:11 2017`, `Jan 3, 2017 …`
fn spelt(text: &[u8]) -> Option<Timestamp> {
    let (mut day, mut month, mut year, mut clock) = (None, None, None, None);
    let mut zone = 0;
    let separators = |byte: &u8| matches!(byte, b' ' | b',' | b'-');
    for word in text.split(separators).filter(|word| !word.is_empty()) {
        let mut at = Reader { rest: word };
        if word.contains(&b':') && clock.is_none() {
            clock = Some(at.clock()?);
        } else if let Some(number) = super::number::whole(word) {
            let number = i64::try_from(number).ok()?;
            match (word.len(), day) {
                (1 | 2, None) => day = Some(number),
                (4, _) if year.is_none() => year = Some(number),
                (_, _) => return None,
            }
        } else if let Some(found) = at.month() {
            month = month.or(Some(found));
        } else if word.starts_with(b"+") {
            zone = at.zone()?;
        }
    }
    let (seconds, millis) = clock?;
    let date = day_number(year?, month?, day?)?;
    Some(moment(date, seconds - zone, millis))
}

/// Days from 1970 to a date of the Gregorian calendar.
fn day_number(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Counted from 1 March, so that the leap day is a year's last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

fn moment(date: i64, seconds: i64, millis: i64) -> Timestamp {
    Timestamp((date * SECONDS_PER_DAY + seconds) * 1000 + millis)
}

/// What is left to read of a text.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.rest.split_at_checked(count)?;
        let mut number = 0;
        for &digit in digits {
            if !digit.is_ascii_digit() {
                return None;
            }
            number = number * 10 + i64::from(digit - b'0');
        }
        self.rest = rest;
        Some(number)
    }

    fn skip(&mut self, text: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    fn any(&mut self, bytes: &[u8]) -> Option<()> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        bytes.contains(first).then_some(())
    }

    /// `12:00:00.250` in seconds and milliseconds. Second 60 is the next minute's first.
    fn clock(&mut self) -> Option<(i64, i64)> {
        let hours = self.digits(2)?;
        self.skip(b":")?;
        let minutes = self.digits(2)?;
        let seconds = if self.skip(b":").is_some() { self.digits(2)? } else { 0 };
        if 24 < hours || 59 < minutes || 60 < seconds {
            return None;
        }
        let millis = self.fraction();
        Some((hours * 3600 + minutes * 60 + seconds, millis))
    }

    /// Behind a dot or a comma: milliseconds; further digits are dropped.
    fn fraction(&mut self) -> i64 {
        if !matches!(self.rest, [b'.' | b',', b'0'..=b'9', ..]) {
            return 0;
        }
        let (mut millis, mut scale) = (0, 100);
        self.rest = self.rest.get(1..).unwrap_or(&[]);
        while let Some(digit) = self.digits(1) {
            millis += digit * scale;
            scale /= 10;
        }
        millis
    }

    fn month(&mut self) -> Option<i64> {
        const MONTHS: [&[u8; 3]; 12] = [
            b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov",
            b"dec",
        ];
        let name = self.rest.get(..3)?;
        let month = (1i64..).zip(MONTHS).find(|(_, month)| month.eq_ignore_ascii_case(name))?.0;
        self.rest = self.rest.get(3..)?;
        Some(month)
    }

    /// `Z`, `GMT`, `+0900`, `+05:30`, `+09`, or nothing for UTC.
    fn zone(&mut self) -> Option<i64> {
        self.rest = self.rest.trim_ascii();
        if matches!(self.rest, b"" | b"Z" | b"z" | b"UTC" | b"GMT") {
            return Some(0);
        }
        let sign = match self.rest.first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        self.rest = self.rest.get(1..)?;
        let hours = self.digits(2)?;
        let minutes = if self.rest.is_empty() {
            0
        } else {
            self.skip(b":").unwrap_or(());
            self.digits(2)?
        };
        self.rest.is_empty().then_some(sign * (hours * 3600 + minutes * 60))
    }

    fn moment(&mut self, date: i64, seconds: i64, millis: i64) -> Option<Timestamp> {
        let zone = self.zone()?;
        Some(moment(date, seconds - zone, millis))
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
