//! The last day in one picture: requests an hour over what is expected, the incident
//! shaded; and the same in a sentence for those who do not see it.

use jiff::tz::TimeZone;

use super::letter_parts::clock_time;
use super::picture;
use super::plain::plain;
use crate::detect::count_text;
use crate::incident::{Curve, CurveHour, Incident};
use crate::model::{Entity, Hour, Millis, Timestamp};

/// Ready to be put into a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    pub png: Vec<u8>,
    /// What it shows, in a sentence.
    pub alt: String,
    /// How to read it.
    pub caption: String,
}

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plot {
    pub(super) hours: Vec<CurveHour>,
    /// The incident: from and to, in hours from the left edge.
    pub(super) shade: (f64, f64),
    /// Times at the lower edge: where, and what.
    pub(super) ticks: Vec<(f64, String)>,
    /// When the incident began.
    pub(super) began: String,
    pub(super) is_logarithmic: bool,
}

/// With fewer hours there is nothing to see.
const HOURS_MIN: usize = 3;
const TICK_EVERY_HOURS: i64 = 6;
/// Where the most is so many times what is usual, a linear scale would hide the usual.
const LOGARITHMIC_FROM: u32 = 8;

/// None where nothing was learned of whom it is about.
pub(super) fn chart(incident: &Incident, zone: &TimeZone) -> Option<Chart> {
    let curve = &incident.curve;
    if curve.hours.len() < HOURS_MIN || curve.most() == 0 {
        return None;
    }
    let plot = plot(incident, zone);
    let png = picture::png(&plot)?;
    let scale = if plot.is_logarithmic { ", on a logarithmic scale" } else { "" };
    let caption = format!(
        "Requests an hour{scale}. The band is what was expected, the shaded part the incident."
    );
    Some(Chart { png, alt: sentence(incident, zone), caption })
}

pub(super) fn plot(incident: &Incident, zone: &TimeZone) -> Plot {
    let Curve { first, hours } = &incident.curve;
    let width = hours_of(hours.len());
    let place = |at: Timestamp| share(at.since(first.start())).clamp(0.0, width);
    let end = incident.resolved.unwrap_or_else(|| incident.last_seen.plus(Millis::hours(1)));
    let (from, to) = (place(incident.since), place(end));
    let usual = hours.iter().map(|hour| hour.expected_high).max().unwrap_or(0).max(1);
    let labels = (first.0..first.0 + i64::try_from(hours.len()).unwrap_or(0))
        .filter(|hour| local_hour(Hour(*hour), zone) % TICK_EVERY_HOURS == 0)
        .map(|hour| (share(Hour(hour).start().since(first.start())), Hour(hour)));
    Plot {
        hours: hours.clone(),
        shade: (from.min(width - 0.25), to.max(from + 0.25).min(width)),
        ticks: labels.map(|(x, hour)| (x, clock_time(hour.start(), zone))).collect(),
        began: clock_time(incident.since, zone),
        is_logarithmic: LOGARITHMIC_FROM.saturating_mul(usual) < incident.curve.most(),
    }
}

/// `Requests an hour of billing-sync over the last 25 hours: 110 to 185 before the incident, …`
pub(super) fn sentence(incident: &Incident, zone: &TimeZone) -> String {
    let Curve { first, hours } = &incident.curve;
    let whose = match &incident.entity {
        Entity::Fleet | Entity::Route(_) | Entity::App(_) => "all keys".to_owned(),
        Entity::Key(_) | Entity::Address(_) => plain(&incident.name(), 40),
    };
    let began = incident.since.hour();
    let is_part = |place: usize| began.0 <= first.0 + i64::try_from(place).unwrap_or(0);
    let (part, before): (Vec<_>, Vec<_>) =
        hours.iter().enumerate().partition(|(place, _)| is_part(*place));
    let usual = range(before.iter().map(|(_, hour)| hour.requests));
    let usual = usual.map_or_else(String::new, |range| format!("{range} before the incident, "));
    let most = part.iter().map(|(_, hour)| hour.requests).max().unwrap_or(0);
    let expected = part.last().filter(|(_, hour)| 0 < hour.expected_high);
    let expected = expected
        .and_then(|(_, hour)| range([hour.expected_low, hour.expected_high].into_iter()))
        .map_or_else(String::new, |range| format!("; {range} were expected in its last hour"));
    format!(
        "Requests an hour of {whose} over {} hours: {usual}at most {} since it began at {}{expected}.",
        hours.len(),
        count_text(most.into()),
        clock_time(incident.since, zone),
    )
}

/// `110 to 185`; one number if both are the same.
fn range(values: impl Iterator<Item = u32> + Clone) -> Option<String> {
    let (low, high) = (values.clone().min()?, values.max()?);
    Some(if low == high {
        count_text(low.into())
    } else {
        format!("{} to {}", count_text(low.into()), count_text(high.into()))
    })
}

fn local_hour(hour: Hour, zone: &TimeZone) -> i64 {
    let at = jiff::Timestamp::from_millisecond(hour.start().0).unwrap_or_default();
    i64::from(at.to_zoned(zone.clone()).hour())
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of some days")]
fn share(length: Millis) -> f64 {
    length.0 as f64 / Millis::hours(1).0 as f64
}

#[expect(clippy::cast_precision_loss, reason = "some dozen hours")]
fn hours_of(count: usize) -> f64 {
    count as f64
}
