//! What is said on the terminal: incidents as they come, and the summary of a replay.
//! Much of it was written by whoever sent the requests, so nothing in it may steer the
//! terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use jiff::Timestamp as Moment;
use tracing_subscriber::EnvFilter;

use crate::app::{SourceSummary, Summary};
use crate::incident::{Incident, IncidentId, StaleState, State, words};
use crate::model::{Severity, Timestamp};

/// Incidents that a summary spells out; of the rest it gives the number.
const SPELLED_OUT_MAX: usize = 20;

/// Reasons shown for one incident.
const REASONS_MAX: usize = 4;

/// Log lines of the program itself go to standard error: `RUST_LOG` overrides the level.
pub(super) fn start_logging(level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process keeps the first.
    drop(subscriber.try_init());
}

/// Says each incident when it opens, gets worse or ends, and not at every new request.
#[derive(Debug, Default)]
pub(super) struct Announcer {
    said: BTreeMap<IncidentId, (Severity, State)>,
}

impl Announcer {
    pub(super) fn announce(&mut self, incident: &Incident) {
        if incident.below || incident.merged_into.is_some() {
            return;
        }
        let now = (incident.severity, incident.state);
        if self.said.insert(incident.id, now) == Some(now) {
            return;
        }
        let mut text = String::new();
        // Writing to a String cannot fail; to a closed terminal it may, and nothing is lost.
        write_incident(&mut text, incident).unwrap_or_default();
        std::io::stdout().lock().write_all(text.as_bytes()).unwrap_or_default();
        if matches!(incident.state, State::Resolved) {
            self.said.remove(&incident.id);
        }
    }
}

pub(super) fn summary(summary: &Summary) -> String {
    let mut text = String::new();
    write_summary(&mut text, summary).unwrap_or_default();
    text
}

fn write_summary(text: &mut String, summary: &Summary) -> std::fmt::Result {
    for warning in &summary.warnings {
        writeln!(text, "note: {}", shown(warning))?;
    }
    for source in &summary.sources {
        write_source(text, source)?;
    }
    let overview = &summary.overview;
    writeln!(
        text,
        "{} events of {} keys in {} roles{}",
        grouped(overview.events),
        grouped(count(overview.keys.len())),
        overview.roles.len(),
        span(overview.since, overview.watermark),
    )?;
    if 0 < overview.late {
        writeln!(
            text,
            "{} events came too late to be judged; they were kept",
            grouped(overview.late)
        )?;
    }
    writeln!(text)?;
    write_incidents(text, &summary.incidents)?;
    write_stale(text, summary)
}

fn write_source(text: &mut String, source: &SourceSummary) -> std::fmt::Result {
    let counts = &source.counts;
    let rejected = counts.rejected_total();
    writeln!(
        text,
        "{}: {}, {} lines, {} events, {} rejected",
        shown(&source.path),
        source.format,
        grouped(counts.lines),
        grouped(counts.events),
        grouped(rejected),
    )?;
    let reasons = [
        (&counts.rejected, "rejected"),
        (&counts.skipped, "skipped"),
        (&counts.forgiven, "accepted with"),
    ];
    for (reasons, what) in reasons {
        for (reason, number) in reasons {
            writeln!(text, "  {what} {reason}: {}", grouped(*number))?;
        }
    }
    if 0 < source.long_lines {
        writeln!(text, "  {} lines were too long and were skipped", grouped(source.long_lines))?;
    }
    if !source.missing.is_empty() {
        writeln!(text, "  this format does not give: {}", source.missing.join(", "))?;
    }
    Ok(())
}

fn write_incidents(text: &mut String, incidents: &[Incident]) -> std::fmt::Result {
    if incidents.is_empty() {
        return writeln!(text, "No incidents.");
    }
    let mut by_severity: BTreeMap<Severity, usize> = BTreeMap::new();
    for incident in incidents {
        *by_severity.entry(incident.severity).or_default() += 1;
    }
    let counts: Vec<String> = by_severity
        .iter()
        .rev()
        .map(|(severity, number)| format!("{number} {}", severity.name()))
        .collect();
    let plural = if incidents.len() == 1 { "" } else { "s" };
    writeln!(text, "{} incident{plural}: {}", incidents.len(), counts.join(", "))?;
    for incident in incidents.iter().take(SPELLED_OUT_MAX) {
        writeln!(text)?;
        write_incident(text, incident)?;
    }
    if SPELLED_OUT_MAX < incidents.len() {
        writeln!(text, "\nand {} more", incidents.len() - SPELLED_OUT_MAX)?;
    }
    Ok(())
}

fn write_incident(text: &mut String, incident: &Incident) -> std::fmt::Result {
    let severity = incident.severity.name().to_uppercase();
    let state = match incident.state {
        State::Open => "open",
        State::Acknowledged => "acknowledged",
        State::Resolved => "resolved",
        State::Muted => "muted",
    };
    writeln!(
        text,
        "{severity:8} {}  {}  ({})",
        time(incident.opened),
        shown(&incident.title),
        incident.id
    )?;
    for reason in incident.findings.iter().take(REASONS_MAX) {
        writeln!(text, "         why   {}", shown(&reason.because))?;
    }
    if let Some(address) = incident.main_address() {
        writeln!(text, "         from  {}", shown(&address))?;
    }
    let next = words(&incident.kind).and_then(|words| words.next_steps.first());
    if let (Some(next), State::Open | State::Acknowledged) = (next, incident.state) {
        writeln!(text, "         next  {next}")?;
    }
    if incident.state != State::Open {
        writeln!(text, "         {state}")?;
    }
    Ok(())
}

fn write_stale(text: &mut String, summary: &Summary) -> std::fmt::Result {
    let open: Vec<_> = summary.stale.iter().filter(|it| it.state == StaleState::Open).collect();
    if open.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n{} stale or unsafe credentials", open.len())?;
    for finding in open.iter().take(SPELLED_OUT_MAX) {
        writeln!(
            text,
            "  {:24} {}: {}",
            shown(&finding.key),
            finding.kind,
            shown(&finding.because)
        )?;
    }
    if SPELLED_OUT_MAX < open.len() {
        writeln!(text, "  and {} more", open.len() - SPELLED_OUT_MAX)?;
    }
    Ok(())
}

/// `, from 9 Mar 2026 00:00:00Z to 12 Mar 2026 08:10:00Z`
fn span(from: Option<Timestamp>, to: Option<Timestamp>) -> String {
    match (from, to) {
        (Some(from), Some(to)) => format!(", {} to {}", time(from), time(to)),
        (None, _) | (_, None) => String::new(),
    }
}

fn time(at: Timestamp) -> String {
    Moment::from_second(at.seconds()).map_or_else(|_| at.0.to_string(), |moment| moment.to_string())
}

/// Thousands apart, so that they can be read: `1 234 567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if 0 < place && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Without what could steer a terminal or turn the text around.
pub(super) fn shown(text: &str) -> String {
    let steers = |it: char| {
        it.is_control()
            || matches!(it, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|it| if steers(it) { '\u{fffd}' } else { it }).collect()
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1 234 567");
    }

    #[test]
    fn nothing_from_a_log_steers_the_terminal() {
        assert_eq!(shown("a\u{1b}[31mb\u{202e}c\n"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}");
    }
}
