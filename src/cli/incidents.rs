//! `keyvigil incidents`: what is open, and what was lately.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use super::columns::{Cell, Screen, Tone, table};
use super::keys::to_minute;
use super::look::LookArgs;
use crate::app::control::{Question, Which};
use crate::model::{Millis, Timestamp};

#[derive(Debug, Args)]
pub(super) struct IncidentsArgs {
    #[command(flatten)]
    look: LookArgs,
    /// Also those under the alarm line, and however long ago
    #[arg(long, conflicts_with = "open")]
    all: bool,
    /// Only those that are open
    #[arg(long)]
    open: bool,
    /// Only those with news since then: 12h, 30d, a date, or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Timestamp>,
    /// As /api/v1/incidents gives them
    #[arg(long)]
    json: bool,
}

/// An incident, as far as it is listed.
#[derive(Debug, Deserialize)]
struct IncidentLine {
    id: String,
    severity: String,
    state: String,
    title: String,
    owner: String,
    opened: Option<String>,
    last_seen: Option<String>,
    below: bool,
}

pub(super) fn run(args: &IncidentsArgs) -> anyhow::Result<ExitCode> {
    let which = match (args.open, args.all) {
        (true, _) => Which::Open,
        (_, true) => Which::All,
        (false, false) => Which::Recent,
    };
    let answer = args.look.answer(&Question::Incidents { which, since: args.since })?;
    let text = if args.json { format!("{answer:#}\n") } else { people(&answer, which)? };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn people(answer: &Value, which: Which) -> anyhow::Result<String> {
    let list = answer.get("incidents").cloned().unwrap_or_default();
    let list: Vec<IncidentLine> =
        serde_json::from_value(list).context("the daemon's answer cannot be understood")?;
    if list.is_empty() {
        let nothing = match which {
            Which::Open => "No incident is open.\n",
            Which::Recent => "No incident is open, and none was lately.\n",
            Which::All => "No incidents.\n",
        };
        return Ok(nothing.to_owned());
    }
    let heads = ["incident", "severity", "state", "opened", "last seen", "~what", "~owner"];
    let rows: Vec<Vec<Cell>> = list.iter().map(row).collect();
    Ok(table(&heads, &rows, Screen::of_stdout()))
}

fn row(incident: &IncidentLine) -> Vec<Cell> {
    let at = |time: &Option<String>| time.as_deref().map(to_minute).unwrap_or_default();
    let is_open = incident.state == "open" && !incident.below;
    let state = if incident.below { "not told" } else { &incident.state };
    vec![
        Cell::new(&incident.id),
        Cell::new(&incident.severity).toned(tone(&incident.severity, is_open)),
        Cell::new(state),
        Cell::new(&at(&incident.opened)),
        Cell::new(&at(&incident.last_seen)),
        Cell::new(&incident.title),
        Cell::new(&incident.owner),
    ]
}

/// What is over is not red.
pub(super) fn tone(severity: &str, is_open: bool) -> Tone {
    match severity {
        _ if !is_open => Tone::Faint,
        "critical" | "high" => Tone::Bad,
        "medium" => Tone::Warning,
        _ => Tone::Plain,
    }
}

/// A span back from now, a date, or a moment.
fn since(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("{text:?} is not a time: write 12h, 30d, 2026-03-09 or RFC 3339");
    let back = || span(text).map(|span| crate::app::now().back(span));
    moment(text).or_else(back).ok_or_else(wrong)
}

/// A date, which is its midnight in UTC, or a moment.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp(at.as_millisecond()));
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp(midnight.timestamp().as_millisecond()))
}

/// `15m`, `12h`, `30d`, `4w`.
pub(super) fn span(text: &str) -> Option<Millis> {
    crate::config::duration(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_span_a_date_or_a_moment() {
        assert_eq!(since("1970-01-02"), Ok(Timestamp(86_400_000)));
        assert_eq!(since("1970-01-01T00:00:01Z"), Ok(Timestamp(1000)));
        assert!(since("2h").unwrap() < crate::app::now());
        for wrong in ["", "yesterday", "-3h", "2026-13-01"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_was_not_told_to_anybody_says_so() {
        let text = r#"{"incidents":[{"id":"INC-7f3c9a","severity":"high","state":"open","title":"a: b",
            "owner":"","opened":"2026-03-09T04:26:10Z","last_seen":null,"below":true,"score":3.5}]}"#;
        let text = people(&serde_json::from_str(text).unwrap(), Which::All).unwrap();
        assert!(text.contains("INC-7f3c9a  high      not told  2026-03-09 04:26Z"), "{text}");
    }
}
