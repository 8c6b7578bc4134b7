//! The six numbers of the overview, each with its unit, its window and what is expected.

use super::chart::{Point, Spark};
use super::parts::{clock_of, closed_hours, keys_of_day, requests_of_day, seconds, wide};
use super::text::{about, count, number, share, span};
use super::view::{HourPoint, View};
use crate::incident::State;
use crate::model::{Millis, Severity};

pub(super) struct Tile {
    pub label: &'static str,
    pub value: String,
    pub unit: String,
    pub note: String,
    pub flag: Option<&'static str>,
    pub spark: Option<Spark>,
    /// Shares of the whole in percent of the width, with their class.
    pub bar: Vec<(f64, f64, &'static str)>,
    pub sentence: String,
}

pub(super) fn tiles(view: &View) -> Vec<Tile> {
    // The hour that still runs would always look like a fall.
    let day = closed_hours(view);
    vec![
        requests_tile(&day, view),
        errors_tile(&day, view),
        keys_tile(&day, view),
        incidents_tile(view),
        stale_tile(view),
        lag_tile(view),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "requests of an hour are far below 2^52")]
fn requests_tile(day: &[HourPoint], view: &View) -> Tile {
    let points: Vec<Point> = day
        .iter()
        .map(|hour| Point {
            value: hour.requests as f64,
            expected: (0.0 < hour.expected_high).then_some((hour.expected_low, hour.expected_high)),
            is_marked: false,
        })
        .collect();
    let spark = Spark::new(&points);
    let last = day.last().copied().unwrap_or_default();
    let note = if 0.0 < last.expected_high {
        format!("{}–{} expected", rounded(last.expected_low), rounded(last.expected_high))
    } else {
        "nothing expected yet".to_owned()
    };
    let flag = match (spark.is_above, spark.is_below) {
        (true, _) => Some("above"),
        (_, true) => Some("below"),
        (false, false) => None,
    };
    Tile {
        label: "Requests",
        value: about(last.requests),
        unit: if day.is_empty() { String::new() } else { hours_of(view, last) },
        sentence: format!(
            "Requests an hour over 24 hours, {} in all; the last full hour had {}, {note}.",
            about(requests_of_day(view)),
            number(last.requests)
        ),
        note,
        flag,
        spark: Some(spark),
        bar: Vec::new(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "requests of an hour are far below 2^52")]
fn errors_tile(day: &[HourPoint], view: &View) -> Tile {
    let last = day.last().copied().unwrap_or_default();
    let (errors, requests) =
        day.iter().fold((0, 0), |(e, r), hour| (e + hour.errors, r + hour.requests));
    let shares = day.iter().map(|hour| hour.errors as f64 / hour.requests.max(1) as f64);
    let note = format!("{} over 24\u{202f}h", share(errors, requests));
    Tile {
        label: "Error share",
        value: share(last.errors, last.requests),
        unit: if day.is_empty() { String::new() } else { hours_of(view, last) },
        sentence: format!(
            "Share of answers with status 400 and above in the last full hour: {}; {note}.",
            share(last.errors, last.requests)
        ),
        note,
        flag: None,
        spark: Some(Spark::plain(shares, 0.05)),
        bar: Vec::new(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "keys are counted in millions at most")]
fn keys_tile(day: &[HourPoint], view: &View) -> Tile {
    let since = view.now.back(Millis::hours(24));
    let new = view.keys.iter().filter(|key| key.first_used.is_some_and(|used| since <= used));
    let new = new.count();
    let active = keys_of_day(view);
    Tile {
        label: "Active keys",
        value: number(wide(active)),
        unit: format!("of {}, 24\u{202f}h", number(wide(view.keys.len()))),
        note: if new == 0 { "none new".to_owned() } else { format!("{new} new") },
        flag: None,
        spark: Some(Spark::plain(
            day.iter().map(|hour| hour.active_keys as f64),
            view.keys.len() as f64,
        )),
        bar: Vec::new(),
        sentence: format!(
            "{active} of {} were used in 24 hours, {new} of them new.",
            count(view.keys.len(), "key", "keys")
        ),
    }
}

fn incidents_tile(view: &View) -> Tile {
    let open = view.open();
    let acknowledged = open.iter().filter(|one| one.state == State::Acknowledged).count();
    let counts = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low]
        .map(|severity| (view.open_count(severity), severity.name()));
    Tile {
        label: "Open incidents",
        value: number(wide(open.len())),
        unit: if acknowledged == 0 {
            "open".to_owned()
        } else {
            format!("open, {acknowledged} ack’d")
        },
        note: worded(&counts, "none open"),
        flag: None,
        spark: None,
        bar: bar(&counts, open.len()),
        sentence: format!("{}.", count(open.len(), "open incident", "open incidents")),
    }
}

fn stale_tile(view: &View) -> Tile {
    let stale = view.stale_open();
    let never = stale.iter().filter(|finding| finding.kind == "never_used").count();
    let counts =
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low].map(|severity| {
            (stale.iter().filter(|finding| finding.severity == severity).count(), severity.name())
        });
    Tile {
        label: "Stale keys",
        value: number(wide(view.stale_keys())),
        unit: format!("of {}", number(wide(view.keys.len()))),
        note: if never == 0 {
            worded(&counts, "none stale")
        } else {
            format!("{never} never used")
        },
        flag: None,
        spark: None,
        bar: bar(&counts, stale.len()),
        sentence: format!("{}.", count(view.stale_keys(), "key is stale", "keys are stale")),
    }
}

fn lag_tile(view: &View) -> Tile {
    const USUAL_SECONDS_MAX: f64 = 20.0;
    let (value, unit) = match view.lag_seconds {
        None => ("–".to_owned(), "unknown".to_owned()),
        Some(lag) if lag < 60.0 => (format!("{lag:.1}"), "s".to_owned()),
        Some(lag) => (span(seconds(lag)), String::new()),
    };
    let share =
        view.lag_seconds.map_or(0.0, |lag| (lag / USUAL_SECONDS_MAX * 100.0).clamp(1.0, 100.0));
    let is_late = view.lag_seconds.is_some_and(|lag| USUAL_SECONDS_MAX < lag);
    Tile {
        label: "Lag",
        sentence: format!("What is judged now is {value} {unit} old."),
        value,
        unit,
        note: "below 20\u{202f}s expected".to_owned(),
        flag: is_late.then_some("above"),
        spark: None,
        bar: vec![(0.0, share, if is_late { "medium" } else { "calm" })],
    }
}

/// `09–10 h`, the last full hour.
fn hours_of(view: &View, point: HourPoint) -> String {
    let clock = clock_of(view);
    let [from, to] = [point.hour.start(), point.hour.end()].map(|at| clock.hour_of_day(at));
    format!("{from:02}–{to:02}\u{202f}h")
}

fn worded(counts: &[(usize, &'static str)], none: &str) -> String {
    let texts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| 0 < *count)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    if texts.is_empty() { none.to_owned() } else { texts.join(", ") }
}

#[expect(clippy::cast_precision_loss, reason = "counts of incidents are small")]
fn bar(counts: &[(usize, &'static str)], all: usize) -> Vec<(f64, f64, &'static str)> {
    let mut from = 0.0;
    let mut bar = Vec::new();
    for &(count, name) in counts.iter().filter(|(count, _)| 0 < *count) {
        let width = count as f64 / all.max(1) as f64 * 100.0;
        bar.push((from, width, name));
        from += width;
    }
    bar
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "requests of an hour")]
fn rounded(value: f64) -> String {
    about(value.max(0.0).round() as u64)
}
