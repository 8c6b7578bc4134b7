//! The last seven days, one cell an hour: what was as expected, what was not, and when
//! nothing was asked.

use super::text::Clock;
use super::view::{HourPoint, View};
use crate::model::{Hour, Millis, Severity, Timestamp};

/// The grid, by day of the shown zone, oldest first.
pub(super) struct Week {
    pub days: Vec<DayRow>,
    pub notable: Vec<Notable>,
    pub sentence: String,
    pub height: usize,
}

pub(super) struct DayRow {
    pub label: String,
    pub y: usize,
    pub cells: Vec<Cell>,
}

pub(super) struct Cell {
    pub x: usize,
    pub kind: &'static str,
}

pub(super) struct Notable {
    pub when: String,
    pub what: &'static str,
    pub requests: u64,
}

const CELL: usize = 10;
const LEFT: usize = 42;
const ROW: usize = 12;
const TOP: usize = 16;

pub(super) fn week(view: &View, clock: &Clock) -> Week {
    let last = view.now.hour();
    let first = Hour(last.0 - 167);
    let mut days: Vec<DayRow> = Vec::new();
    let mut notable = Vec::new();
    let mut counts = [0_usize; 3];
    let mut seen = 0_usize;
    for hour in first.0..=last.0 {
        let start = Hour(hour).start();
        let Some(kind) = kind_of(view, Hour(hour)) else {
            continue;
        };
        let label = clock.weekday(start);
        if days.last().is_none_or(|day| day.label != label) {
            let y = TOP + days.len() * ROW;
            days.push(DayRow { label, y, cells: Vec::new() });
        }
        if let Some(day) = days.last_mut() {
            day.cells.push(Cell { x: LEFT + clock.hour_of_day(start) * CELL, kind });
        }
        for (place, name) in ["incident", "unusual", "dark"].iter().enumerate() {
            if let Some(count) = counts.get_mut(place).filter(|_| *name == kind) {
                *count += 1;
            }
        }
        seen += 1;
        if matches!(kind, "incident" | "unusual") {
            notable.push(notable_of(view, clock, (start, kind)));
        }
    }
    notable.reverse();
    notable.truncate(24);
    let [incidents, unusual, dark] = counts;
    let height = TOP + days.len() * ROW;
    let sentence = format!(
        "Of the last {seen} hours, {incidents} had an incident, {unusual} were unusual and {dark} had \
         no request; the rest were as expected."
    );
    Week { days, notable, sentence, height }
}

fn notable_of(view: &View, clock: &Clock, (start, kind): (Timestamp, &'static str)) -> Notable {
    Notable {
        when: format!("{} {}", clock.date(start), clock.minute(start)),
        what: if kind == "incident" { "incident" } else { "unusual" },
        requests: point_of(view, start.hour()).map_or(0, |point| point.requests),
    }
}

/// None for an hour before the first that is known.
fn kind_of(view: &View, hour: Hour) -> Option<&'static str> {
    if has_incident(view, hour) {
        return Some("incident");
    }
    match point_of(view, hour) {
        None if view.hours.first().is_none_or(|first| hour < first.hour) => None,
        None => Some("dark"),
        Some(point) if is_unusual(point) && hour < view.now.hour() => Some("unusual"),
        Some(_) => Some("plain"),
    }
}

fn has_incident(view: &View, hour: Hour) -> bool {
    view.incidents.iter().filter(|one| !one.below && Severity::Medium <= one.severity).any(|one| {
        // The quiet after it, until it counts as over, is not part of it.
        let end = one.last_seen.plus(Millis(1));
        one.since < hour.end() && hour.start() < end
    })
}

fn point_of(view: &View, hour: Hour) -> Option<&HourPoint> {
    view.hours.iter().find(|point| point.hour == hour)
}

#[expect(clippy::cast_precision_loss, reason = "requests of an hour are far below 2^52")]
fn is_unusual(point: &HourPoint) -> bool {
    let requests = point.requests as f64;
    0.0 < point.expected_high && (requests < point.expected_low || point.expected_high < requests)
}
