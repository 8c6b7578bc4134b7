//! What is said on the terminal at the end of a replay. Much of it was written by whoever
//! sent the requests, so nothing in it may steer the terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use super::announce::{self, minute};
use super::journal;
use crate::app::{SourceSummary, Summary};
use crate::detect::count_text;
use crate::engine::Overview;
use crate::format::FORMATS;
use crate::incident::{Incident, StaleState};
use crate::model::{Severity, Timestamp};
use crate::web::is_inert;

/// Incidents that a summary spells out; of the rest it gives the number.
const SPELLED_OUT_MAX: usize = 20;

/// Log lines of the program itself go to standard error: `RUST_LOG` overrides the level.
pub(super) fn start_logging(level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal());
    // A second start in one process keeps the first.
    if journal::is_listening() {
        drop(subscriber.event_format(journal::JournalLine).try_init());
    } else {
        drop(subscriber.try_init());
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let because = panic.payload_as_str().unwrap_or("unknown");
        tracing::error!(because, place, "keyvigil has a mistake in it and must end");
        crate::store::suspect_after_panic();
    }));
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
    if 1 < summary.sources.len() && 0 < summary.damaged() {
        let files = counted(count(summary.sources.len()), "file");
        let damaged = count_text(count(summary.damaged()));
        writeln!(text, "{damaged} of {files} could not be read to the end; the others were")?;
    }
    let overview = &summary.overview;
    writeln!(
        text,
        "{} {}{}",
        counted(overview.events, "request"),
        of_whom(overview),
        span(overview.since, overview.watermark),
    )?;
    if 0 < overview.late {
        writeln!(
            text,
            "{} came too late to be judged (older than lines before them); stored all the same",
            counted(overview.late, "request")
        )?;
    }
    writeln!(text)?;
    write_incidents(text, &summary.incidents)?;
    write_stale(text, summary)
}

/// `of 148 keys in 12 roles`.
fn of_whom(overview: &Overview) -> String {
    match overview.keys.len() {
        0 => "without a key".to_owned(),
        keys => format!(
            "of {} in {}",
            counted(count(keys), "key"),
            counted(count(overview.roles.len()), "role")
        ),
    }
}

fn write_source(text: &mut String, source: &SourceSummary) -> std::fmt::Result {
    let counts = &source.counts;
    let rejected = counts.rejected_total();
    writeln!(
        text,
        "{}: format {}, {}, {} of them requests, {} rejected",
        shown(&source.path),
        source.format,
        counted(counts.lines, "line"),
        count_text(counts.events),
        count_text(rejected),
    )?;
    let reasons = [
        (&counts.rejected, "rejected"),
        (&counts.skipped, "skipped"),
        (&counts.forgiven, "accepted with"),
    ];
    for (reasons, what) in reasons {
        for (reason, number) in reasons {
            writeln!(text, "  {what} {reason}: {}", count_text(*number))?;
        }
    }
    if 0 < source.long_lines {
        writeln!(text, "  {} lines were too long and were skipped", count_text(source.long_lines))?;
    }
    if let Some(damage) = &source.damage {
        writeln!(text, "  not read to its end (what stands before counts): {}", shown(damage))?;
    }
    for what in &source.missing {
        match *what {
            "identity" => write_no_key(text, &source.format)?,
            "time" => writeln!(
                text,
                "  no line gives the time, so no rate can be judged; `keyvigil run` goes by the \
                 time at which\n  it reads a line"
            )?,
            other => writeln!(text, "  no line gives the {other}")?,
        }
    }
    Ok(())
}

/// And how the server that writes the format is told to log it.
fn write_no_key(text: &mut String, format: &str) -> std::fmt::Result {
    writeln!(
        text,
        "  no line says which key was used, so only addresses and paths are judged; if a field\n  \
         holds the key, name it with --key-from"
    )?;
    let hint = FORMATS.iter().find(|info| info.name == format).and_then(|info| info.key_hint);
    for line in hint.unwrap_or_default().lines() {
        writeln!(text, "    {line}")?;
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
        text.push_str(&announce::whole(incident));
    }
    if SPELLED_OUT_MAX < incidents.len() {
        writeln!(text, "\nand {} more", incidents.len() - SPELLED_OUT_MAX)?;
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

/// `, 2026-03-09 00:00Z to 2026-03-12 08:10Z`
fn span(from: Option<Timestamp>, to: Option<Timestamp>) -> String {
    match (from, to) {
        // 0 is what lines without a time have in a replay.
        (Some(from), Some(to)) if from != Timestamp(0) => {
            format!(", {} to {}", minute(from), minute(to))
        }
        (Some(_) | None, _) => String::new(),
    }
}

/// Without what could steer a terminal or turn the text around.
pub(super) fn shown(text: &str) -> String {
    text.chars().map(|it| if is_inert(it) { it } else { '\u{fffd}' }).collect()
}

/// `1 line`, `2,300 lines`.
fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", count_text(number))
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_a_log_steers_the_terminal() {
        assert_eq!(shown("a\u{1b}[31mb\u{202e}c\n"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}");
        for steers in [
            "\r\n",
            "\u{1b}]8;;x\u{7}",
            "\u{9b}2J",
            "\u{2066}",
            "\u{61c}",
            "\u{2029}",
            "\0",
            "\u{7f}",
        ] {
            let said = shown(steers);
            assert!(!said.chars().any(char::is_control) && said.contains('\u{fffd}'), "{said:?}");
        }
    }
}
