//! The forms in which logs write a moment, and what each stands for.

use jiff::tz::TimeZone;

use crate::model::Timestamp;

const SECONDS_PER_DAY: i64 = 86_400;

/// The moment that the text stands for; the zone counts where the text names none.
pub(super) fn read(text: &[u8], zone: Option<&TimeZone>) -> Option<Timestamp> {
    let text = text.trim_ascii();
    let text = text.strip_prefix(b"[").and_then(|text| text.strip_suffix(b"]")).unwrap_or(text);
    match *text {
        [_, _, b'/', ..] => clf(Reader { rest: text, zone }),
        [_, _, _, _, b'-' | b'/', _, ..] => dated(Reader { rest: text, zone }),
        [b'0'..=b'9', ..] if text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') => {
            compact(text, zone).or_else(|| epoch(text))
        }
        _ => spelt(text, zone),
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

/// `28/Feb/2013:12:00:00 +0900`
fn clf(mut at: Reader<'_>) -> Option<Timestamp> {
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
fn dated(mut at: Reader<'_>) -> Option<Timestamp> {
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
fn compact(text: &[u8], zone: Option<&TimeZone>) -> Option<Timestamp> {
    let whole = text.split(|&byte| byte == b'.').next()?;
    if whole.len() != 14 {
        return None;
    }
    let mut at = Reader { rest: text, zone };
    let (year, month, day) = (at.digits(4)?, at.digits(2)?, at.digits(2)?);
    let seconds = at.digits(2)? * 3600 + at.digits(2)? * 60 + at.digits(2)?;
    let plausible = (1970..2200).contains(&year);
    let millis = at.fraction();
    if plausible { at.moment(day_number(year, month, day)?, seconds, millis) } else { None }
}

/// `Tue, 03 Jan 2017 14:56:11 GMT`, `Tue Jan  3 14:56:11 2017 -0500`, `Jan 3, 2017 …`
fn spelt(text: &[u8], local: Option<&TimeZone>) -> Option<Timestamp> {
    let (mut day, mut month, mut year, mut clock) = (None, None, None, None);
    let mut zone = None;
    for word in text.split(|byte: &u8| matches!(byte, b' ' | b',')) {
        let mut at = Reader { rest: word, zone: local };
        if word.contains(&b':') && clock.is_none() {
            clock = Some(at.clock()?);
            continue;
        }
        if matches!(word, b"GMT" | b"UTC" | b"Z") || matches!(word.first(), Some(b'+' | b'-')) {
            zone = Some(at.offset()?);
            continue;
        }
        // `03-Jan-2017` is three words.
        for word in word.split(|byte| *byte == b'-').filter(|word| !word.is_empty()) {
            if let Some(number) = super::number::whole(word) {
                let number = i64::try_from(number).ok()?;
                match (word.len(), day) {
                    (1 | 2, None) => day = Some(number),
                    (4, _) if year.is_none() => year = Some(number),
                    (_, _) => return None,
                }
            } else if let Some(found) = (Reader { rest: word, zone: local }).month() {
                month = month.or(Some(found));
            }
        }
    }
    let (seconds, millis) = clock?;
    let date = day_number(year?, month?, day?)?;
    match zone {
        Some(zone) => Some(moment(date, seconds - zone, millis)),
        None => (Reader { rest: b"", zone: local }).moment(date, seconds, millis),
    }
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
    /// What holds where the text names no zone.
    zone: Option<&'a TimeZone>,
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

    /// `Z`, `GMT`, `+0900`, `+05:30`, `+09`.
    fn offset(&mut self) -> Option<i64> {
        if matches!(self.rest, b"Z" | b"z" | b"UTC" | b"GMT") {
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

    /// The zone is the last that is read; where there is none, the clock of the source counts.
    fn moment(&mut self, date: i64, seconds: i64, millis: i64) -> Option<Timestamp> {
        self.rest = self.rest.trim_ascii();
        if !self.rest.is_empty() {
            return Some(moment(date, seconds - self.offset()?, millis));
        }
        let told = moment(date, seconds, millis);
        Some(self.zone.map_or(told, |zone| local(told, zone)))
    }
}

/// The moment at which a clock of the zone showed what would be `told` in UTC. Of an hour that
/// it showed twice, the first; of one that it left out, as if it had gone on.
fn local(told: Timestamp, zone: &TimeZone) -> Timestamp {
    let shown = jiff::Timestamp::from_millisecond(told.0).ok();
    let shown = shown.map(|shown| TimeZone::UTC.to_datetime(shown));
    let meant = shown.and_then(|shown| zone.to_timestamp(shown).ok());
    meant.map_or(told, |meant| Timestamp(meant.as_millisecond()))
}
