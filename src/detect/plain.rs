//! Numbers and times as a person reads them.

use crate::model::{Day, Hour, Millis, Timestamp};

/// `1,240`.
pub fn count_text(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place != 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An expectation, rounded to what it is worth.
pub(super) fn mean_text(mean: f64) -> String {
    match mean {
        mean if mean < 0.05 => "hardly any".to_owned(),
        mean if mean < 9.5 => format!("{mean:.1}"),
        mean => count_text(rounded(mean)),
    }
}

/// `2.5 %`.
pub(super) fn share_text(share: f64) -> String {
    if share < 0.0005 {
        "next to none".to_owned()
    } else if share < 0.0995 {
        format!("{:.1} %", share * 100.0)
    } else {
        format!("{:.0} %", share * 100.0)
    }
}

/// `in the hour from 03:00 UTC`: it may still run.
pub(super) fn hour_text(hour: Hour) -> String {
    format!("in the hour from {:02}:00 UTC", hour.of_day())
}

/// `60 times the 137 that`; what is hardly there is not multiplied.
pub(super) fn times_text(seen: f64, usual: f64) -> String {
    let mean = mean_text(usual);
    match seen / usual {
        _ if usual < 0.5 => mean,
        times if times < 9.5 => format!("{times:.1} times the {mean}"),
        times => format!("{} times the {mean}", count_text(rounded(times))),
    }
}

/// `1.2 kB`.
pub(super) fn bytes_text(bytes: f64) -> String {
    const UNITS: [&str; 4] = ["B", "kB", "MB", "GB"];
    let (mut value, mut unit) = (bytes, 0);
    while 999.5 <= value && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if value < 9.95 && 0 < unit {
        format!("{value:.1} {name}")
    } else {
        format!("{value:.0} {name}")
    }
}

/// `5 minutes`: in the longest unit that goes in without a rest.
pub(super) fn length_text(length: Millis) -> String {
    let seconds = length.0 / 1000;
    for (unit, name) in [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")] {
        if seconds % unit == 0 && unit <= seconds {
            let count = seconds / unit;
            return format!("{count} {name}{}", if count == 1 { "" } else { "s" });
        }
    }
    "no time".to_owned()
}

/// `2026-03-17 03:44 UTC`.
pub fn time_text(at: Timestamp) -> String {
    let minutes = at.seconds().div_euclid(60).rem_euclid(60);
    format!("{} {:02}:{minutes:02} UTC", date_text(at), at.hour().of_day())
}

/// `2026-03-17`.
pub fn date_text(at: Timestamp) -> String {
    let date = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    date.strftime("%Y-%m-%d").to_string()
}

/// Whole days between two moments.
pub(super) const fn days_between(from: Timestamp, to: Timestamp) -> i64 {
    let (Day(from), Day(to)) = (from.day(), to.day());
    to - from
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float's cast saturates"
)]
const fn rounded(mean: f64) -> u64 {
    (mean + 0.5) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(count_text(1_240), "1,240");
        assert_eq!(count_text(999), "999");
        assert_eq!(count_text(1_000_000), "1,000,000");
        assert_eq!(mean_text(38.2), "38");
        assert_eq!(mean_text(0.25), "0.2");
        assert_eq!((share_text(0.025), share_text(0.0)), ("2.5 %".into(), "next to none".into()));
        assert_eq!(hour_text(Hour(23)), "in the hour from 23:00 UTC");
        assert_eq!(times_text(8_200.0, 137.4), "60 times the 137");
        assert_eq!(times_text(12.0, 5.0), "2.4 times the 5.0");
        assert_eq!(times_text(12.0, 0.01), "hardly any");
        let sizes = [0.0, 999.0, 1_240.0, 18_400.0, 2_400_000.0, 7e12].map(bytes_text);
        assert_eq!(sizes, ["0 B", "999 B", "1.2 kB", "18 kB", "2.4 MB", "7000 GB"]);
        assert_eq!(time_text(Timestamp(1_773_719_052_000)), "2026-03-17 03:44 UTC");
    }
}
