//! `keyvigil explain ID`: all that is known about one incident, and what to do about it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use super::announce::labelled;
use super::columns::{Cell, Screen, table};
use super::incidents::tone;
use super::keys::to_minute;
use super::look::LookArgs;
use super::tell::shown;
use crate::app::control::Question;
use crate::detect::count_text;
use crate::incident::words;

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The incident, as it is listed: INC-7f3c9a
    id: String,
    #[command(flatten)]
    look: LookArgs,
    /// As /api/v1/incidents/ID gives it
    #[arg(long)]
    json: bool,
}

/// An incident, as it is told here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    id: String,
    kind: String,
    name: String,
    title: String,
    state: String,
    severity: String,
    role: String,
    owner: String,
    keys: Vec<String>,
    addresses: Vec<String>,
    opened: Option<String>,
    since: Option<String>,
    last_seen: Option<String>,
    resolved: Option<String>,
    remarks: Vec<Said>,
    mute: Option<Muted>,
    merged_into: Option<String>,
    below: bool,
    events: u64,
    findings: Vec<Reason>,
    evidence: Vec<Line>,
}

#[derive(Debug, Deserialize)]
struct Muted {
    by: String,
    reason: String,
    until: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Said {
    at: Option<String>,
    by: String,
    word: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
struct Reason {
    because: String,
    score: f64,
    at: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Line {
    at: Option<String>,
    source_ip: String,
    method: String,
    path: String,
    status: u16,
    user_agent: String,
}

pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let answer = args.look.answer(&Question::Incident { id: args.id.clone() })?;
    let incident = answer.get("incident").cloned().unwrap_or_default();
    let text =
        if args.json { format!("{incident:#}\n") } else { people(incident, Screen::of_stdout())? };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn people(incident: Value, screen: Screen) -> anyhow::Result<String> {
    let told: Told =
        serde_json::from_value(incident).context("the daemon's answer cannot be understood")?;
    let mut text = headline(&told, screen);
    life(&mut text, &told);
    whose(&mut text, &told);
    for reason in &told.findings {
        let at = reason.at.as_deref().map(to_minute).unwrap_or_default();
        labelled(
            &mut text,
            "why",
            &format!("{} ({at}, score {:.1})", reason.because, reason.score),
        );
    }
    if let Some(words) = words(&told.kind) {
        labelled(&mut text, "so", words.why_it_matters);
        for (number, step) in (1..).zip(words.next_steps) {
            labelled(
                &mut text,
                if number == 1 { "next" } else { "" },
                &format!("{number}. {step}"),
            );
        }
        let refs: Vec<&str> = words.attack.iter().chain(words.owasp).copied().collect();
        if !refs.is_empty() {
            labelled(&mut text, "refs", &refs.join(", "));
        }
    }
    if !told.evidence.is_empty() {
        let events = count_text(told.events);
        writeln!(text, "\n{} lines of {events} events, scrubbed:\n", told.evidence.len())?;
        let heads = ["time", "address", "method", "~path", "status", "~client"];
        let rows: Vec<Vec<Cell>> = told.evidence.iter().map(row).collect();
        text.push_str(&table(&heads, &rows, screen));
    }
    Ok(text)
}

fn headline(told: &Told, screen: Screen) -> String {
    let is_open = told.state == "open" && !told.below;
    let severity = shown(&told.severity).to_uppercase();
    let severity = screen.painted(&severity, tone(&told.severity, is_open));
    let what = words(&told.kind).map_or_else(|| shown(&told.title), |it| it.title.to_owned());
    let below = if told.below { ", under the alarm line: nobody was told" } else { "" };
    let (name, id, state) = (shown(&told.name), shown(&told.id), shown(&told.state));
    format!("{severity}  {name}: {what}  ({id}, {state}{below})\n")
}

/// When it was what.
fn life(text: &mut String, told: &Told) {
    let at = |time: &Option<String>| time.as_deref().map_or_else(|| "-".to_owned(), to_minute);
    let over = told.resolved.is_some().then(|| format!(", over {}", at(&told.resolved)));
    let when = format!(
        "since {}, opened {}, last news {}{}",
        at(&told.since),
        at(&told.opened),
        at(&told.last_seen),
        over.unwrap_or_default()
    );
    labelled(text, "when", &when);
    for said in &told.remarks {
        let reason = if said.reason.is_empty() { "" } else { ": " };
        let what = format!("{} by {} {}", said.word, said.by, at(&said.at));
        labelled(text, "said", &format!("{what}{reason}{}", said.reason));
    }
    if let Some(mute) = &told.mute {
        let until = at(&mute.until);
        labelled(text, "muted", &format!("until {until} by {}: {}", mute.by, mute.reason));
    }
    if let Some(other) = &told.merged_into {
        labelled(text, "part", &format!("of {other}"));
    }
}

fn whose(text: &mut String, told: &Told) {
    let parts = [("role", &told.role), ("owner", &told.owner)];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(label, value)| format!("{label} {value}"))
        .collect();
    for (label, list) in [("who", &parts), ("keys", &told.keys), ("from", &told.addresses)] {
        if !list.is_empty() {
            labelled(text, label, &list.join(", "));
        }
    }
}

fn row(line: &Line) -> Vec<Cell> {
    let at = line.at.as_deref().unwrap_or_default().replace('T', " ");
    vec![
        Cell::new(&at),
        Cell::new(&line.source_ip),
        Cell::new(&line.method),
        Cell::new(&line.path),
        Cell::number(&line.status.to_string()),
        Cell::new(&line.user_agent),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_is_told_with_reasons_steps_and_lines() {
        let incident = serde_json::json!({
            "id": "INC-7f3c9a", "kind": "volume_spike", "name": "k_\u{1b}[2Jalpha", "state": "open",
            "severity": "high", "owner": "a@example.com", "since": "2026-03-09T04:26:10Z",
            "addresses": ["192.0.2.7"], "events": 1200,
            "findings": [{"kind": "volume_spike", "because": "101 requests; 10 is usual", "score": 5.25, "at": "2026-03-09T04:26:10Z"}],
            "evidence": [{"at": "2026-03-09T04:26:10Z", "source_ip": "192.0.2.7", "method": "GET", "path": "/\u{202e}x", "status": 200, "user_agent": "x"}],
            "something_new": 1,
        });
        let text = people(incident, Screen::of_stdout()).unwrap();
        assert!(text.starts_with("HIGH  k_\u{fffd}[2Jalpha: far more"), "{text}");
        for part in [
            "why   101 requests; 10 is usual (2026-03-09 04:26Z, score 5.2)",
            "next  1. ",
            "from  192.0.2.7",
            "1 lines of 1,200 events",
            "/\u{fffd}x",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }
}
