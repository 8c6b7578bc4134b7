//! How an incident is told on the terminal: whole when it opens, in short when it gets worse
//! or ends. Much of it was written by whoever sent the requests, so nothing in it may steer
//! the terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use jiff::Timestamp as Moment;
use tracing::{info, warn};

use super::journal;
use super::tell::shown;
use crate::incident::{Incident, IncidentId, State, words};
use crate::model::{Entity, Millis, Severity, Timestamp};

/// Reasons shown for one incident.
const REASONS_MAX: usize = 3;

const LINE_WIDTH: usize = 100;
const INDENT: &str = "         ";
/// `why    ` stands before a text.
const LABEL_WIDTH: usize = 6;

/// Says each incident when it opens, gets worse or ends, and not at every new request.
#[derive(Debug, Default)]
pub(super) struct Announcer {
    said: BTreeMap<IncidentId, (Severity, State)>,
}

impl Announcer {
    pub(super) fn announce(&mut self, incident: &Incident) {
        if journal::is_listening() {
            self.log(incident);
            return;
        }
        if let Some(text) = self.text(incident) {
            // To a closed terminal nothing is said, and nothing is lost.
            std::io::stdout().lock().write_all(text.as_bytes()).unwrap_or_default();
        }
    }

    /// One line, so that a search for it finds all of it.
    fn log(&mut self, incident: &Incident) {
        let is_known = self.said.contains_key(&incident.id);
        if self.text(incident).is_none() {
            return;
        }
        let (id, severity) = (incident.id, incident.severity.name());
        let what = title(incident);
        let because = incident.findings.first().map_or("", |reason| reason.because.as_str());
        match incident.state {
            State::Open if incident.severity < Severity::Medium => {
                info!(%id, severity, what, because, "incident");
            }
            State::Open if is_known => {
                warn!(%id, severity, what, because, "incident has got worse");
            }
            State::Open => warn!(%id, severity, what, because, "incident"),
            State::Resolved => info!(%id, severity, what, "incident has ended"),
            State::Acknowledged => info!(%id, severity, what, "incident was seen"),
            State::Muted => info!(%id, severity, what, "incident was muted"),
        }
    }

    /// What is new; `None` if nothing is worth a line.
    fn text(&mut self, incident: &Incident) -> Option<String> {
        if incident.below || incident.merged_into.is_some() {
            return None;
        }
        let before = self.said.insert(incident.id, (incident.severity, incident.state));
        if incident.state == State::Resolved {
            self.said.remove(&incident.id);
        }
        match before {
            None if incident.state == State::Open => Some(whole(incident)),
            Some((severity, _)) if severity < incident.severity && incident.is_open() => {
                Some(worse(incident, severity))
            }
            Some((_, state)) if state == incident.state => None,
            Some(_) | None => Some(changed(incident)),
        }
    }
}

/// What it is, why, whose key, and what to do first.
pub(super) fn whole(incident: &Incident) -> String {
    let mut text = headline(incident, "", incident.opened);
    reasons(&mut text, incident);
    who(&mut text, incident);
    match (words(&incident.kind).and_then(|words| words.next_steps.first()), incident.resolved) {
        (_, Some(at)) => labelled(&mut text, "end", &ended(incident, at)),
        (Some(next), None) if incident.is_open() => labelled(&mut text, "next", next),
        (Some(_) | None, None) => {}
    }
    text
}

fn worse(incident: &Incident, before: Severity) -> String {
    let was = format!(", was {}", before.name());
    let mut text = headline(incident, &was, incident.last_seen);
    reasons(&mut text, incident);
    text
}

/// One line: that it ended, or that somebody looks into it.
fn changed(incident: &Incident) -> String {
    let (word, at, more) = match (incident.state, incident.resolved) {
        (State::Resolved, Some(at)) => ("ended", at, format!(", {}", ended(incident, at))),
        (State::Resolved, None) => ("ended", incident.last_seen, String::new()),
        (State::Open, _) => ("open", incident.last_seen, String::new()),
        (State::Acknowledged, _) => {
            let by = format!(", by {}", shown(&incident.acknowledged_by));
            ("seen", incident.last_seen, by)
        }
        (State::Muted, _) => ("muted", incident.last_seen, String::new()),
    };
    line(word, at, &title(incident), &format!("{}{more}", incident.id))
}

fn headline(incident: &Incident, more: &str, at: Timestamp) -> String {
    let severity = incident.severity.name().to_uppercase();
    line(&severity, at, &title(incident), &format!("{}{more}", incident.id))
}

/// Longer than the title that must fit into a mail's subject.
fn title(incident: &Incident) -> String {
    words(&incident.kind).map_or_else(
        || shown(&incident.title),
        |words| format!("{}: {}", shown(&incident.name()), words.title),
    )
}

fn line(word: &str, at: Timestamp, title: &str, behind: &str) -> String {
    format!("{word:8} {}  {title}  ({behind})\n", minute(at))
}

fn reasons(text: &mut String, incident: &Incident) {
    for reason in incident.findings.iter().take(REASONS_MAX) {
        labelled(text, "why", &reason.because);
    }
}

/// The role, the owner and the main address, as far as the title does not name them.
fn who(text: &mut String, incident: &Incident) {
    let named = [("role", &incident.role), ("owner", &incident.owner)];
    let parts: Vec<String> = named
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(label, value)| format!("{label} {value}"))
        .collect();
    if !parts.is_empty() {
        labelled(text, "who", &parts.join(", "));
    }
    if matches!(incident.entity, Entity::Address(_)) {
        return;
    }
    match (incident.main_address(), incident.addresses.len()) {
        (Some(address), 0 | 1) => labelled(text, "from", &address),
        // The incident holds no more than the first few, so their number would mislead.
        (Some(address), _) => labelled(text, "from", &format!("{address} and others")),
        (None, _) => {}
    }
}

fn ended(incident: &Incident, at: Timestamp) -> String {
    format!("after {}", length(at.since(incident.since)))
}

/// `         why    far more …`, wrapped so that the labels stand free.
pub(super) fn labelled(text: &mut String, label: &str, what: &str) {
    let what = shown(what);
    let room = LINE_WIDTH - INDENT.len() - LABEL_WIDTH;
    let mut label = label;
    let mut line = String::new();
    for word in what.split_whitespace() {
        if !line.is_empty() && room < line.chars().count() + 1 + word.chars().count() {
            write_line(text, label, &line);
            line.clear();
            label = "";
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    write_line(text, label, &line);
}

fn write_line(text: &mut String, label: &str, line: &str) {
    // Writing to a String cannot fail.
    writeln!(text, "{INDENT}{label:LABEL_WIDTH$}{line}").unwrap_or_default();
}

/// `2026-03-09 04:26Z`: sorts, and says that it is not the local time.
pub(super) fn minute(at: Timestamp) -> String {
    Moment::from_second(at.seconds())
        .map_or_else(|_| at.0.to_string(), |moment| moment.strftime("%Y-%m-%d %H:%MZ").to_string())
}

/// `23 min`, `2 h 5 min`, `3 d 4 h`.
fn length(span: Millis) -> String {
    let minutes = span.0.max(0) / 60_000;
    match minutes {
        0..60 => format!("{minutes} min"),
        60..1440 => format!("{} h {} min", minutes / 60, minutes % 60),
        _ => format!("{} d {} h", minutes / 1440, minutes / 60 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::Contribution;

    fn incident() -> Incident {
        let at = Timestamp::from_seconds(1_772_000_000);
        let because = "word ".repeat(30);
        Incident {
            title: "cut short".to_owned(),
            kind: "volume_spike".to_owned(),
            entity: Entity::Key("k_1".to_owned()),
            owner: "a@example.com".to_owned(),
            severity: Severity::Medium,
            opened: at,
            since: at,
            last_seen: at,
            findings: vec![Contribution { because, ..Contribution::default() }],
            ..Incident::default()
        }
    }

    #[test]
    fn an_incident_is_told_whole_then_worse_then_ended_and_not_in_between() {
        let mut announcer = Announcer::default();
        let mut told = incident();
        let first = announcer.text(&told).unwrap_or_default();
        assert!(first.starts_with("MEDIUM   2026-02-25 06:13Z  k_1: far more"), "{first}");
        assert!(first.contains("         next  Ask the owner"), "{first}");
        assert_eq!(announcer.text(&told), None);
        told.severity = Severity::High;
        let worse = announcer.text(&told).unwrap_or_default();
        assert!(worse.contains(", was medium)") && !worse.contains("next"), "{worse}");
        told.severity = Severity::Low;
        assert_eq!(announcer.text(&told), None);
        told.state = State::Resolved;
        told.resolved = Some(told.since.plus(Millis::hours(2)));
        let end = announcer.text(&told).unwrap_or_default();
        assert_eq!(end.lines().count(), 1);
        assert!(
            end.starts_with("ended    2026-02-25 08:13Z") && end.contains("2 h 0 min"),
            "{end}"
        );
    }

    #[test]
    fn long_reasons_are_wrapped() {
        let text = whole(&incident());
        assert!(text.lines().all(|line| line.len() <= LINE_WIDTH), "{text}");
        assert!(text.contains("\n               word"), "{text}");
    }
}
