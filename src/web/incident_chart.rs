//! The chart of one incident: requests an hour of its key, or of all keys.

use super::chart::{Point, Spark, x_at, y_at};
use super::parts::closed_hours;
use super::scale::Scale;
use super::text::{Clock, about, clean, cut};
use super::view::View;
use crate::engine::KeyRow;
use crate::incident::Incident;
use crate::model::{Entity, Hour, Millis, Timestamp};

/// A day before, and a day since.
const HOURS_MAX: usize = 48;
/// Shown of what came after its end.
const HOURS_AFTER: i64 = 6;

pub(super) struct Chart {
    pub spark: Spark,
    pub subject: String,
    pub is_by_decades: bool,
    pub shade: Option<(f64, f64)>,
    /// From the top down.
    pub ticks: Vec<String>,
    pub grid: String,
    pub labels: Vec<String>,
    pub sentence: String,
    /// `41 200 at most, at 09:00`, and what was expected then.
    pub peak: String,
    pub expected: Option<String>,
    pub rows: Vec<(String, String, String)>,
}

/// Hours one after the other.
struct Hours {
    first: Hour,
    points: Vec<Point>,
}

/// The day about the incident, of its key or of everyone.
pub(super) fn chart(
    view: &View,
    (incident, key): (&Incident, Option<&KeyRow>),
    clock: &Clock,
) -> Option<Chart> {
    let (hours, subject) = hours_of(view, incident, key);
    let Hours { first, points } = &hours;
    if points.len() < 2 || points.iter().all(|point| point.value <= 0.0) {
        return None;
    }
    let scale = Scale::of(points);
    let hour_at = |place: usize| Hour(first.0 + i64::try_from(place).unwrap_or(0)).start();
    let (place, peak) = points.iter().enumerate().max_by(|a, b| a.1.value.total_cmp(&b.1.value))?;
    let ticks = scale.ticks();
    let row = |(place, point): (usize, &Point)| {
        let expected = point.expected.map_or_else(|| "–".to_owned(), range);
        (clock.when_minute(hour_at(place)), whole(point.value), expected)
    };
    Some(Chart {
        shade: shade(incident, (*first, points.len()), view.now),
        grid: grid(ticks.len()),
        ticks,
        is_by_decades: scale.is_by_decades(),
        labels: (0..=4).map(|part| clock.minute(hour_at(part * (points.len() - 1) / 4))).collect(),
        sentence: format!(
            "Requests an hour of {subject} over {} hours; the highest is {}.",
            points.len(),
            whole(peak.value)
        ),
        peak: format!("{} at most, from {}", whole(peak.value), clock.when_minute(hour_at(place))),
        expected: peak.expected.map(range),
        rows: points.iter().enumerate().map(row).collect(),
        spark: Spark::on(points, scale),
        subject,
    })
}

fn hours_of(view: &View, incident: &Incident, key: Option<&KeyRow>) -> (Hours, String) {
    let now = view.now.hour();
    match (&incident.entity, key) {
        (Entity::Fleet | Entity::Route(_), _) | (_, None) => {
            let points = fleet_points(view);
            let first = Hour(now.0 - i64::try_from(points.len()).unwrap_or(0));
            let own = from_curve(incident, None, now);
            (own.unwrap_or(Hours { first, points }), "all keys".to_owned())
        }
        (Entity::Key(_) | Entity::Address(_) | Entity::App(_), Some(key)) => {
            let hours = key.last_hours.iter().count();
            let first = Hour(now.0 - i64::try_from(hours).unwrap_or(0));
            let points = || key_points(key, incident, now);
            let own = from_curve(incident, Some(key), now);
            let hours = own.unwrap_or_else(|| Hours { first, points: points() });
            (hours, cut(&clean(&key.key), 40))
        }
    }
}

/// As it was when people were told, with what was expected; and the hours since.
fn from_curve(incident: &Incident, key: Option<&KeyRow>, now: Hour) -> Option<Hours> {
    let curve = &incident.curve;
    if curve.hours.len() < 2 {
        return None;
    }
    let mut points: Vec<Point> = curve
        .hours
        .iter()
        .map(|hour| Point {
            value: f64::from(hour.requests),
            expected: (0 < hour.expected_high)
                .then(|| (f64::from(hour.expected_low), f64::from(hour.expected_high))),
            is_marked: false,
        })
        .collect();
    let end = incident.resolved.map_or(now, |at| Hour(at.hour().0 + HOURS_AFTER)).0;
    for (value, hour) in key.map(|key| hours_of_key(key, now)).into_iter().flatten() {
        let Ok(place) = usize::try_from(hour - curve.first.0) else { continue };
        let value = f64::from(value);
        if let Some(point) = points.get_mut(place) {
            // The last hour still ran when it was written down.
            point.value = point.value.max(value);
        } else if place == points.len() && hour <= end && place < HOURS_MAX {
            points.push(Point { value, ..Point::default() });
        }
    }
    Some(Hours { first: curve.first, points })
}

/// Those of the last day and the one that still runs.
fn hours_of_key(key: &KeyRow, now: Hour) -> impl Iterator<Item = (u32, i64)> {
    let first = now.0 - i64::try_from(key.last_hours.iter().count()).unwrap_or(0);
    key.last_hours.iter().chain([key.this_hour]).zip(first..)
}

fn range((low, high): (f64, f64)) -> String {
    format!("{}–{}", whole(low), whole(high))
}

/// A line for each tick.
#[expect(clippy::cast_precision_loss, reason = "some ticks")]
fn grid(ticks: usize) -> String {
    let share = |tick: usize| tick as f64 / ticks.saturating_sub(1).max(1) as f64;
    let line = |tick| format!("M0 {:.1}H240", y_at(share(tick)));
    (0..ticks).map(line).collect::<Vec<_>>().concat()
}

/// The hours of the incident are marked, where nothing is known of what was expected.
fn key_points(key: &KeyRow, incident: &Incident, now: Hour) -> Vec<Point> {
    let end = incident.resolved.map_or(now, Timestamp::hour);
    let is_part = |hour: i64| incident.since.hour().0 <= hour && hour <= end.0;
    hours_of_key(key, now)
        .map(|(value, hour)| Point {
            value: f64::from(value),
            expected: None,
            is_marked: is_part(hour),
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "requests of an hour are far below 2^52")]
fn fleet_points(view: &View) -> Vec<Point> {
    closed_hours(view)
        .iter()
        .map(|point| Point {
            value: point.requests as f64,
            expected: (0.0 < point.expected_high)
                .then_some((point.expected_low, point.expected_high)),
            is_marked: false,
        })
        .collect()
}

/// From its beginning to its end, in the units of the chart: start and width.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of a day")]
fn shade(incident: &Incident, (first, count): (Hour, usize), now: Timestamp) -> Option<(f64, f64)> {
    let length = Millis::hours(i64::try_from(count.max(2) - 1).ok()?).0 as f64;
    let place = |at: Timestamp| x_at(at.since(first.start()).0 as f64 / length);
    let end = incident.resolved.unwrap_or(now);
    let (from, to) = (place(incident.since), place(end));
    (first.start() < end).then_some((from.min(Spark::WIDTH - 3.0), (to - from).max(3.0)))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "requests of an hour")]
fn whole(value: f64) -> String {
    about(value.max(0.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::super::parts::clock_of;
    use super::super::sample;
    use super::*;
    use crate::incident::{Curve, CurveHour};

    #[test]
    fn what_was_expected_then_is_drawn_and_the_hours_since_follow() {
        let view = sample::alert();
        let key = &view.keys[3];
        let now = view.now.hour();
        let hour = |requests| CurveHour { requests, expected_low: 120, expected_high: 200 };
        let hours = [150, 160, 140, 8200].map(hour).to_vec();
        let curve = Curve { first: Hour(now.0 - 6), hours };
        let incident = Incident { curve, ..view.incidents[0].clone() };
        let chart = chart(&view, (&incident, Some(key)), &clock_of(&view)).unwrap();
        assert!(chart.is_by_decades && chart.shade.is_some());
        assert_eq!(chart.rows.len(), 7, "four of then, two since, and the one that runs");
        assert_eq!((chart.rows[0].2.as_str(), chart.rows[6].2.as_str()), ("120–200", "–"));
    }
}
