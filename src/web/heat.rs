//! The usual week of a key: one cell an hour, the darker the busier, and the same as a table.

use super::text::{Clock, number};
use crate::engine::Portrait;
#[cfg(test)]
use crate::model::{Hour, Millis};

pub(super) struct Heat {
    pub rows: Vec<HeatRow>,
    pub sentence: String,
    /// What the shades stand for, from the lightest on.
    pub steps: Vec<(usize, String)>,
}

pub(super) struct HeatRow {
    pub day: &'static str,
    pub y: usize,
    pub cells: Vec<HeatCell>,
}

pub(super) struct HeatCell {
    pub x: usize,
    pub shade: usize,
    pub expected: String,
    pub seen: String,
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const SHADES: usize = 5;
const WEEK_HOURS: i64 = 168;
/// Midnight of a Monday, UTC.
#[cfg(test)]
const MONDAY: i64 = 4 * 24;
const CELL: usize = 12;
const LEFT: usize = 36;
const TOP: usize = 16;

/// None before anything was learned.
pub(super) fn heat(portrait: &Portrait, clock: &Clock) -> Option<Heat> {
    let most = portrait.expected.iter().copied().fold(0.0, f64::max);
    if most <= 0.0 {
        return None;
    }
    let ahead = ahead_of_utc(clock);
    let place = |day: i64, hour: i64| (day * 24 + hour - ahead).rem_euclid(WEEK_HOURS);
    let cell = |day: i64, hour: i64| {
        let place = usize::try_from(place(day, hour)).unwrap_or(0);
        let expected = portrait.expected.get(place).copied().unwrap_or(0.0);
        let seen = portrait.last_week.get(place).copied().unwrap_or(0);
        HeatCell {
            x: LEFT + usize::try_from(hour).unwrap_or(0) * CELL,
            shade: shade(expected, most),
            expected: written(expected),
            seen: number(u64::from(seen)),
        }
    };
    let rows = DAYS.into_iter().zip(0i64..).map(|(day, index)| HeatRow {
        day,
        y: TOP + usize::try_from(index).unwrap_or(0) * CELL,
        cells: (0..24).map(|hour| cell(index, hour)).collect(),
    });
    let steps = (1..=SHADES).map(|step| (step, written(limit(step, most))));
    Some(Heat { rows: rows.collect(), sentence: sentence(portrait, ahead), steps: steps.collect() })
}

/// Whole hours from UTC to the shown zone, now.
fn ahead_of_utc(clock: &Clock) -> i64 {
    let now = clock.now();
    let own = i64::try_from(clock.hour_of_day(now)).unwrap_or(0);
    let utc = i64::try_from(now.hour().of_day()).unwrap_or(0);
    (own - utc + 36).rem_euclid(24) - 12
}

fn sentence(portrait: &Portrait, ahead: i64) -> String {
    let busiest = (0i64..).zip(&portrait.expected).max_by(|a, b| a.1.total_cmp(b.1));
    let (hour, most) = busiest.map_or((0, 0.0), |(hour, most)| (hour, *most));
    let local = (hour + ahead).rem_euclid(WEEK_HOURS);
    let day = usize::try_from(local / 24).ok().and_then(|day| DAYS.get(day)).copied();
    format!(
        "Requests to be expected by hour of the week: up to {} an hour, {} at {:02}:00",
        written(most),
        day.unwrap_or_default(),
        local % 24
    )
}

/// From 0 for next to nothing; by the square root, so that quiet hours differ too.
fn shade(expected: f64, most: f64) -> usize {
    (1..=SHADES).rev().find(|&step| limit(step, most) <= expected).unwrap_or(0)
}

/// From where on a shade begins.
#[expect(clippy::cast_precision_loss, reason = "five shades")]
fn limit(step: usize, most: f64) -> f64 {
    let share = (step as f64 - 0.5) / SHADES as f64;
    share * share * most
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "requests of an hour")]
fn written(value: f64) -> String {
    match value {
        value if value <= 0.0 => "0".to_owned(),
        value if value < 10.0 => format!("{value:.1}"),
        value => number(value.round() as u64),
    }
}

/// For tests: the hour after so many hours of a Monday.
#[cfg(test)]
pub(super) const fn hour_of_week(hours: i64) -> Hour {
    Hour(MONDAY + hours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    #[test]
    fn the_week_is_told_in_the_shown_zone() {
        let mut expected = vec![2.0; 168];
        expected[9] = 100.0;
        let portrait = Portrait { expected, last_week: vec![7; 168], ..Portrait::default() };
        let now = hour_of_week(33).start().plus(Millis::seconds(1));
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let heat = heat(&portrait, &Clock::new(now, Some(&zone))).unwrap();
        assert_eq!(heat.rows[0].cells[11].shade, SHADES);
        assert_eq!(heat.rows[0].cells[9].shade, 1);
        assert!(heat.sentence.ends_with("up to 100 an hour, Mon at 11:00"), "{}", heat.sentence);
        assert_eq!(heat.rows.len() * heat.rows[0].cells.len(), 168);
    }

    #[test]
    fn a_key_that_learned_nothing_has_no_week() {
        let clock = Clock::new(hour_of_week(0).start(), None);
        assert!(heat(&Portrait::default(), &clock).is_none());
    }
}
