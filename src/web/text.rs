//! How numbers, times and text from logs are written on a page.

use std::fmt;
use std::fmt::Write;

use askama::filters::Escaper;
use jiff::tz::TimeZone;

use crate::model::{Millis, Timestamp};

/// Escapes for HTML, and drops what could steer a terminal or turn the text around. Every
/// template uses it, so that nothing can be forgotten.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Page;

/// Between thousands, and before units.
const THIN: char = '\u{202f}';

impl Escaper for Page {
    fn write_escaped_str<W: Write>(&self, mut dest: W, string: &str) -> fmt::Result {
        for char in string.chars() {
            match char {
                '&' => dest.write_str("&amp;")?,
                '<' => dest.write_str("&lt;")?,
                '>' => dest.write_str("&gt;")?,
                '"' => dest.write_str("&quot;")?,
                '\'' => dest.write_str("&#39;")?,
                other if is_inert(other) => dest.write_char(other)?,
                _ => (),
            }
        }
        Ok(())
    }
}

/// The text without control and bidirectional characters.
pub(super) fn clean(text: &str) -> String {
    text.chars().filter(|&char| is_inert(char)).collect()
}

/// At most so many characters, and a mark if there were more.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    let mut cut: String = text.chars().take(chars_max).collect();
    if text.chars().nth(chars_max).is_some() {
        cut.push('…');
    }
    cut
}

/// `9420` is `9 420`.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if 0 < index && (digits.len() - index).is_multiple_of(3) {
            text.push(THIN);
        }
        text.push(digit);
    }
    text
}

/// In full below a million, then `1.7 M`.
pub(super) fn about(value: u64) -> String {
    match value {
        0..1_000_000 => number(value),
        1_000_000..1_000_000_000 => tenths(value / 100_000, "M"),
        _ => tenths(value / 100_000_000, "G"),
    }
}

/// `part` of `whole` in percent.
pub(super) fn share(part: u64, whole: u64) -> String {
    let per_mille = part.saturating_mul(1000).checked_div(whole).unwrap_or(0);
    match per_mille {
        0 if 0 < part => format!("<{THIN}0.1{THIN}%"),
        100.. => format!("{}{THIN}%", per_mille / 10),
        _ => format!("{}.{}{THIN}%", per_mille / 10, per_mille % 10),
    }
}

/// Bytes in powers of 1000.
pub(super) fn bytes(value: u64) -> String {
    match value {
        0..1000 => format!("{value}{THIN}B"),
        1000..1_000_000 => tenths(value / 100, "kB"),
        1_000_000..1_000_000_000 => tenths(value / 100_000, "MB"),
        _ => tenths(value / 100_000_000, "GB"),
    }
}

/// `incident`, `incidents`: with the number before it.
pub(super) fn count(value: usize, one: &str, many: &str) -> String {
    let noun = if value == 1 { one } else { many };
    format!("{} {noun}", number(u64::try_from(value).unwrap_or(u64::MAX)))
}

/// A length of time in its two largest units.
pub(super) fn span(length: Millis) -> String {
    let seconds = length.0.max(0) / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds}{THIN}s"),
        60..3600 => format!("{minutes}{THIN}min"),
        3600..86_400 if minutes % 60 == 0 => format!("{hours}{THIN}h"),
        3600..86_400 => format!("{hours}{THIN}h {}{THIN}min", minutes % 60),
        86_400..864_000 if hours % 24 == 0 => format!("{days}{THIN}d"),
        86_400..864_000 => format!("{days}{THIN}d {}{THIN}h", hours % 24),
        _ => format!("{days}{THIN}d"),
    }
}

/// The moment and the zone that shown times are told by.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    now: Timestamp,
    zone: TimeZone,
}

impl Clock {
    pub(super) fn new(now: Timestamp, zone: Option<&TimeZone>) -> Self {
        Self { now, zone: zone.cloned().unwrap_or(TimeZone::UTC) }
    }

    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn time(&self, at: Timestamp) -> String {
        self.written(at, "%H:%M:%S")
    }

    pub(super) fn minute(&self, at: Timestamp) -> String {
        self.written(at, "%H:%M")
    }

    pub(super) fn date(&self, at: Timestamp) -> String {
        self.written(at, "%Y-%m-%d")
    }

    pub(super) fn full(&self, at: Timestamp) -> String {
        self.written(at, "%Y-%m-%d %H:%M:%S")
    }

    pub(super) fn weekday(&self, at: Timestamp) -> String {
        self.written(at, "%a %-d")
    }

    /// Today's time, or the date.
    pub(super) fn when(&self, at: Timestamp) -> String {
        if self.date(at) == self.date(self.now) { self.time(at) } else { self.date(at) }
    }

    /// Today's hour and minute, or these with the date.
    pub(super) fn when_minute(&self, at: Timestamp) -> String {
        if self.date(at) == self.date(self.now) {
            self.minute(at)
        } else {
            self.written(at, "%Y-%m-%d %H:%M")
        }
    }

    pub(super) fn ago(&self, at: Timestamp) -> String {
        span(self.now.since(at))
    }

    /// `UTC` or `UTC+01:00`, as it holds now.
    pub(super) fn zone(&self) -> String {
        let zone = self.written(self.now, "UTC%:z");
        zone.strip_suffix("+00:00").map_or(zone.clone(), str::to_owned)
    }

    pub(super) fn today(&self) -> String {
        self.written(self.now, "%A %Y-%m-%d")
    }

    /// Hours and minutes since midnight, in the zone.
    pub(super) fn hour_of_day(&self, at: Timestamp) -> usize {
        self.written(at, "%-H").parse().unwrap_or(0)
    }

    fn written(&self, at: Timestamp, format: &str) -> String {
        let Ok(at) = jiff::Timestamp::from_millisecond(at.0) else {
            return "unknown".to_owned();
        };
        at.to_zoned(self.zone.clone()).strftime(format).to_string()
    }
}

/// RFC 3339 in UTC, for machines.
pub(super) fn rfc3339(at: Timestamp) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(at.0).ok()?;
    Some(format!("{at:.3}"))
}

fn tenths(value: u64, unit: &str) -> String {
    format!("{}.{}{THIN}{unit}", number(value / 10), value % 10)
}

/// Neither a control character nor one that hides or turns around what follows.
/// Whether it is harmless on a screen: it neither steers a terminal nor turns text around.
pub fn is_inert(char: char) -> bool {
    !char.is_control()
        && !matches!(char,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_thousands_and_units() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(9420), "9\u{202f}420");
        assert_eq!(about(1_712_345), "1.7\u{202f}M");
        assert_eq!(share(1, 100_000), "<\u{202f}0.1\u{202f}%");
        assert_eq!(share(272, 1000), "27\u{202f}%");
        assert_eq!(share(21, 1000), "2.1\u{202f}%");
        assert_eq!(share(0, 0), "0.0\u{202f}%");
        assert_eq!(count(1, "key", "keys"), "1 key");
    }

    #[test]
    fn a_span_is_told_in_two_units() {
        let told = |seconds| span(Millis::seconds(seconds)).replace('\u{202f}', " ");
        assert_eq!(told(59), "59 s");
        assert_eq!(told(60), "1 min");
        assert_eq!(told(11_400), "3 h 10 min");
        assert_eq!(told(1_051_200), "12 d");
        assert_eq!(told(187_200), "2 d 4 h");
        assert_eq!(told(-5), "0 s");
    }

    #[test]
    fn times_are_absolute_in_their_zone() {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let clock = Clock::new(Timestamp(1_795_251_874_000), Some(&zone));
        assert_eq!(clock.zone(), "UTC+01:00");
        assert_eq!(clock.full(clock.now()), "2026-11-21 10:04:34");
        assert_eq!(clock.when(Timestamp(1_700_000_000_000)), "2023-11-14");
        assert_eq!(rfc3339(Timestamp(7)).as_deref(), Some("1970-01-01T00:00:00.007Z"));
        assert_eq!(Clock::new(Timestamp(0), None).zone(), "UTC");
    }

    #[test]
    fn what_an_attacker_wrote_is_inert() {
        let mut page = String::new();
        let evil = "<script>'\"&\u{1b}[31m\u{202e}x\u{200b}\r\n";
        Page.write_escaped_str(&mut page, evil).unwrap();
        assert_eq!(page, "&lt;script&gt;&#39;&quot;&amp;[31mx");
        assert_eq!(clean("a\u{7}b\u{2066}c"), "abc");
    }
}
