//! The chart of one incident: requests an hour of its key, or of all keys.

use super::chart::{Point, Spark, x_at};
use super::parts::closed_hours;
use super::text::{Clock, about, clean, cut};
use super::view::View;
use crate::engine::KeyRow;
use crate::incident::Incident;
use crate::model::{Entity, Hour, Millis, Timestamp};

pub(super) struct Chart {
    pub spark: Spark,
    pub subject: String,
    pub shade: Option<(f64, f64)>,
    pub top: String,
    pub middle: String,
    pub labels: Vec<String>,
    pub sentence: String,
    pub rows: Vec<(String, String, String)>,
}

/// The last 24 hours of the key, or of everyone.
pub(super) fn chart(
    view: &View,
    (incident, key): (&Incident, Option<&KeyRow>),
    clock: &Clock,
) -> Option<Chart> {
    let now = view.now.hour();
    let (points, last, subject) = match (&incident.entity, key) {
        (Entity::Fleet, _) | (_, None) => {
            (fleet_points(view), Hour(now.0 - 1), "all keys".to_owned())
        }
        (_, Some(key)) => (key_points(key, incident, now), now, cut(&clean(&key.key), 40)),
    };
    if points.len() < 2 || points.iter().all(|point| point.value <= 0.0) {
        return None;
    }
    let first = Hour(last.0 + 1 - i64::try_from(points.len()).unwrap_or(0));
    let spark = Spark::new(&points);
    let label = |share: usize| {
        clock.minute(
            first
                .start()
                .plus(Millis::hours(i64::try_from(share * (points.len() - 1) / 4).unwrap_or(0))),
        )
    };
    let rows: Vec<(String, String, String)> = points
        .iter()
        .zip(first.0..)
        .map(|(point, hour)| {
            (
                clock.when_minute(Hour(hour).start()),
                whole(point.value),
                point.expected.map_or_else(
                    || "–".to_owned(),
                    |(low, high)| format!("{}–{}", whole(low), whole(high)),
                ),
            )
        })
        .collect();
    let peak = points.iter().map(|point| point.value).fold(0.0, f64::max);
    Some(Chart {
        shade: shade(incident, (first, points.len()), view.now),
        top: whole(spark.top),
        middle: whole(spark.top / 2.0),
        labels: (0..=4).map(label).collect(),
        sentence: format!(
            "Requests an hour of {subject} over {} hours; the highest is {}.",
            points.len(),
            whole(peak)
        ),
        rows,
        spark,
        subject,
    })
}

/// The hours of the incident are marked: a key's own band is not drawn yet. The last one
/// still runs.
fn key_points(key: &KeyRow, incident: &Incident, now: Hour) -> Vec<Point> {
    let first = now.0 - i64::try_from(key.last_hours.len()).unwrap_or(0);
    let end = incident.resolved.map_or(now, Timestamp::hour);
    let is_part = |hour: i64| incident.since.hour().0 <= hour && hour <= end.0;
    let hours = key.last_hours.iter().chain([&key.this_hour]).zip(first..);
    hours
        .map(|(&value, hour)| Point {
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
