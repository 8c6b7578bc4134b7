//! The sentences and lines that a letter is made of.

use jiff::tz::TimeZone;

use super::plain::plain;
use super::{Frame, Occasion};
use crate::incident::{EvidenceLine, Incident, State, Transition, words};
use crate::model::{Entity, Millis, Timestamp};

pub(super) const TEXT_WIDTH: usize = 74;
pub(super) const SENTENCE_CHARS_MAX: usize = 240;
pub(super) const NAME_CHARS_MAX: usize = 80;
const SUBJECT_CHARS_MAX: usize = 78;
const PATH_CHARS_MAX: usize = 60;
/// The first lines of the evidence, and the last.
const FIRST_LINES: usize = 3;
const LAST_LINES: usize = 2;
const RULES_SAID_MAX: usize = 2;
/// The quiet after which an incident is over.
const QUIET: Millis = Millis::hours(2);

/// The same for all of an incident's mails, whatever becomes of it.
pub(super) fn subject(incident: &Incident) -> String {
    let before = format!("[keyvigil {}] ", incident.first_severity.name().to_uppercase());
    let after = format!(" ({})", incident.id);
    let room = SUBJECT_CHARS_MAX - before.chars().count() - after.chars().count();
    format!("{before}{}{after}", plain(&incident.first_title, room))
}

pub(super) fn status(incident: &Incident, occasion: &Occasion<'_>, frame: &Frame) -> String {
    match incident.state {
        State::Open => match (occasion.notice.transition, occasion.mails_before) {
            (Transition::Reminder, _) => {
                let open = length(occasion.notice.due.since(incident.opened));
                format!("STILL OPEN after {open}, nobody looks into it")
            }
            (_, 0) => "OPEN".to_owned(),
            (_, before) => format!("OPEN, update {before}"),
        },
        State::Acknowledged => {
            format!("ACKNOWLEDGED by {}", plain(&incident.acknowledged_by, NAME_CHARS_MAX))
        }
        State::Muted => match &incident.mute {
            Some(mute) => format!("MUTED until {}", moment(mute.until, frame)),
            None => "MUTED".to_owned(),
        },
        State::Resolved => match (incident.merged_into, incident.resolved) {
            (Some(other), _) => format!("RESOLVED, goes on as {other}"),
            (None, Some(at)) => format!("RESOLVED after {}", length(at.since(incident.opened))),
            (None, None) => "RESOLVED".to_owned(),
        },
    }
}

pub(super) fn who(incident: &Incident) -> String {
    let what = match incident.entity {
        Entity::Key(_) => "key ",
        Entity::Address(_) => "address ",
        Entity::Route(_) => "path ",
        Entity::App(_) => "app ",
        Entity::Fleet => "",
    };
    let mut parts = vec![format!("{what}{}", plain(&incident.name(), NAME_CHARS_MAX))];
    if let Some(key) = incident.entity.key().filter(|key| *key != incident.name()) {
        parts.push(format!("id {}", plain(key, NAME_CHARS_MAX)));
    }
    for (label, value) in [("role", &incident.role), ("owner", &incident.owner)] {
        if !value.is_empty() {
            parts.push(format!("{label} {}", plain(value, NAME_CHARS_MAX)));
        }
    }
    if let Some(address) = incident.addresses.first()
        && incident.entity.address().is_none()
    {
        let more = incident.addresses.len() - 1;
        let and = if more == 0 { String::new() } else { format!(" and {more} more") };
        parts.push(format!("from {}{and}", plain(address, NAME_CHARS_MAX)));
    }
    match (incident.entity.key(), incident.keys.as_slice()) {
        (Some(_), _) | (None, []) => (),
        (None, [key]) => parts.push(format!("key {}", plain(key, NAME_CHARS_MAX))),
        (None, keys) => parts.push(format!("{} keys", keys.len())),
    }
    parts.join(", ")
}

pub(super) fn evidence(incident: &Incident) -> Vec<String> {
    let lines = &incident.evidence;
    let width = lines.iter().map(|line| line.source_ip.chars().count()).max().unwrap_or(0).min(39);
    let last_from = lines.len().saturating_sub(LAST_LINES).max(FIRST_LINES);
    let first = lines.iter().take(FIRST_LINES);
    first
        .chain(lines.iter().skip(last_from))
        .map(|line| evidence_line(line, incident.since, width))
        .collect()
}

fn evidence_line(line: &EvidenceLine, since: Timestamp, width: usize) -> String {
    let form = if line.at.day() == since.day() { "%H:%M:%S" } else { "%m-%d %H:%M:%S" };
    let address = plain(&line.source_ip, 39);
    let status = if line.status == 0 { "  -".to_owned() } else { line.status.to_string() };
    let method = plain(&line.method, 10);
    let path = plain(&line.path, PATH_CHARS_MAX);
    format!("{} {status}  {address:width$}  {method} {path}", formatted(line.at, form, None))
}

/// What the end of an incident means; empty while it goes on.
pub(super) fn closing(incident: &Incident, occasion: &Occasion<'_>) -> String {
    let quiet = incident.resolved.is_some_and(|at| QUIET <= at.since(incident.last_seen));
    let mut text = match (incident.state, incident.merged_into) {
        (State::Open | State::Acknowledged | State::Muted, _) => "",
        (State::Resolved, Some(_)) => {
            "It has the same evidence as another incident, and goes on there."
        }
        (State::Resolved, None) if quiet => {
            "No new evidence for two hours. If the cause was not found, these steps still hold."
        }
        (State::Resolved, None) => {
            "It was closed. If the cause was not found, these steps still hold."
        }
    }
    .to_owned();
    if occasion.is_flapping {
        text.push_str(
            " It has come and gone before: from here on you are only told if it gets worse.",
        );
    }
    text
}

pub(super) fn ids(incident: &Incident) -> String {
    let attack: Vec<String> = incident.attack().into_iter().map(|id| plain(id, 20)).collect();
    let owasp = words(&incident.kind).map_or(&[][..], |words| words.owasp);
    let owasp = owasp.iter().map(|id| (*id).to_owned()).collect();
    let lists = [("MITRE ATT&CK", attack), ("OWASP API 2023", owasp)];
    let named = lists.iter().filter(|(_, ids)| !ids.is_empty());
    let parts: Vec<String> =
        named.map(|(name, ids)| format!("{name} {}", ids.join(", "))).collect();
    parts.join("; ")
}

/// What a person's own rules say of what they match.
pub(super) fn rules(incident: &Incident) -> Vec<String> {
    let mut said = Vec::new();
    for rule in incident.rules().take(RULES_SAID_MAX) {
        let title = plain(&rule.title, NAME_CHARS_MAX);
        let id = if rule.id.is_empty() { String::new() } else { format!(", id {}", rule.id) };
        said.push(plain(&format!("rule \"{title}\"{id}"), SENTENCE_CHARS_MAX));
        for (what, texts) in
            [("known false positives", &rule.false_positives), ("see", &rule.references)]
        {
            if !texts.is_empty() {
                said.push(plain(&format!("{what}: {}", texts.join("; ")), SENTENCE_CHARS_MAX));
            }
        }
    }
    said
}

/// For a person: `2026-03-17 09:50 CET (08:50 UTC)`, or in UTC alone where that is the
/// zone.
pub(super) fn moment(at: Timestamp, frame: &Frame) -> String {
    let offset = |zone: &TimeZone| {
        zone.to_offset(jiff::Timestamp::from_millisecond(at.0).unwrap_or_default())
    };
    match &frame.zone {
        Some(zone) if offset(zone).seconds() != 0 => {
            let local = formatted(at, "%Y-%m-%d %H:%M %Z", Some(zone));
            format!("{local} ({})", formatted(at, "%H:%M UTC", None))
        }
        Some(_) | None => in_utc(at),
    }
}

fn in_utc(at: Timestamp) -> String {
    formatted(at, "%Y-%m-%d %H:%M UTC", None)
}

/// `09:50`, in a zone.
pub(super) fn clock_time(at: Timestamp, zone: &TimeZone) -> String {
    formatted(at, "%H:%M", Some(zone))
}

fn formatted(at: Timestamp, form: &str, zone: Option<&TimeZone>) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.to_zoned(zone.cloned().unwrap_or(TimeZone::UTC)).strftime(form).to_string()
}

/// `23 min`, `2 h 5 min`.
pub(super) fn length(span: Millis) -> String {
    let minutes = span.0.max(0) / 60_000;
    if minutes < 60 {
        format!("{minutes} min")
    } else {
        format!("{} h {} min", minutes / 60, minutes % 60)
    }
}

/// Lines of at most `width` characters where words allow; all but the first are indented.
pub(super) fn wrapped(text: &str, width: usize, indent: &str) -> String {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.join(&format!("\n{indent}"))
}
