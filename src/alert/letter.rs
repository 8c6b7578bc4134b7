//! What people are told about an incident: the same in plain text and in HTML.

use askama::Template;

use super::budget::PER_ROUTE_MAX;
use super::plain::plain;
use super::{AlertError, tone};
use crate::detect::count_text;
use crate::incident::{EvidenceLine, Incident, Notice, State, Transition, Words, words};
use crate::model::{Millis, Timestamp};

/// Ready to be addressed. Nothing in it can break a header or steer a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Without its angle brackets.
    pub message_id: String,
    /// The mails before it in its thread, the first one first; empty for the first.
    pub references: Vec<String>,
}

/// What is the same in every letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The sender: an address, or a name with one.
    pub from: String,
    /// Where the page is; `None` if people cannot reach it.
    pub base_url: Option<String>,
    /// The machine that watches.
    pub host: String,
}

/// Why a person gets it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    pub route: String,
    /// Which of this hour's mails it is.
    pub number: usize,
}

#[derive(Template)]
#[template(path = "mail_incident.txt")]
struct Text<'a> {
    view: &'a View,
}

#[derive(Template)]
#[template(path = "mail_incident.html")]
struct Html<'a> {
    view: &'a View,
}

/// Every field is harmless text.
struct View {
    subject: String,
    severity: String,
    status: String,
    id: String,
    title: String,
    what: String,
    since: String,
    who: String,
    why: Vec<String>,
    matters: &'static str,
    next: Vec<&'static str>,
    evidence: Vec<String>,
    events: String,
    link: Option<String>,
    ids: String,
    reason: String,
    host: String,
    tone: tone::Tone,
    closing: &'static str,
}

const SUBJECT_CHARS_MAX: usize = 78;
const TEXT_WIDTH: usize = 74;
const SENTENCE_CHARS_MAX: usize = 240;
const NAME_CHARS_MAX: usize = 80;
const PATH_CHARS_MAX: usize = 60;
const WHY_MAX: usize = 6;
/// The first lines of the evidence, and the last.
const FIRST_LINES: usize = 3;
const LAST_LINES: usize = 2;
/// The quiet after which an incident is over.
const QUIET: Millis = Millis::hours(2);

impl Letter {
    pub fn of(
        incident: &Incident,
        notice: &Notice,
        frame: &Frame,
        reason: &Reason,
    ) -> Result<Self, AlertError> {
        let view = View::of(incident, notice.transition, frame, reason);
        let domain = frame.domain();
        let first = format!("{:#}@{domain}", incident.id);
        let (message_id, references) = match notice.transition {
            Transition::Opened => (first, Vec::new()),
            Transition::Update | Transition::Resolved => {
                (format!("{:#}.{:016x}@{domain}", incident.id, notice.id), vec![first])
            }
        };
        Ok(Self {
            text: Text { view: &view }.render().map_err(AlertError::Template)?,
            html: Html { view: &view }.render().map_err(AlertError::Template)?,
            subject: view.subject,
            message_id,
            references,
        })
    }
}

impl Frame {
    /// The domain of the sender's address, for ids of mails.
    pub(super) fn domain(&self) -> String {
        let behind = self.from.rsplit('@').next().unwrap_or_default();
        let kept = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
        let domain: String = behind.chars().take_while(kept).collect();
        if domain.is_empty() { "keyvigil.invalid".to_owned() } else { domain }
    }

    pub(super) fn link_to(&self, path: &str) -> Option<String> {
        let base = self.base_url.as_ref()?;
        Some(format!("{}{path}", base.trim_end_matches('/')))
    }
}

impl View {
    fn of(incident: &Incident, transition: Transition, frame: &Frame, reason: &Reason) -> Self {
        let words = words(&incident.kind);
        let strongest = incident.findings.first();
        let others = incident.findings.iter().skip(1).take(WHY_MAX);
        let is_over = incident.state == State::Resolved;
        Self {
            subject: subject(incident),
            severity: incident.severity.name().to_uppercase(),
            status: status(incident, transition),
            id: incident.id.to_string(),
            title: plain(&incident.title, NAME_CHARS_MAX),
            what: strongest
                .map_or_else(String::new, |finding| plain(&finding.because, SENTENCE_CHARS_MAX)),
            since: since(incident),
            who: who(incident),
            why: others.map(|finding| plain(&finding.because, SENTENCE_CHARS_MAX)).collect(),
            matters: words.map_or("", |words| words.why_it_matters),
            next: words.map_or_else(Vec::new, |words| words.next_steps.to_vec()),
            evidence: evidence(incident),
            events: count_text(incident.events.max(incident.evidence.len() as u64)),
            link: frame.link_to(&format!("/incidents/{}", incident.id)),
            ids: words.map_or_else(String::new, ids),
            reason: format!(
                "route \"{}\", mail {} of at most {PER_ROUTE_MAX} an hour",
                plain(&reason.route, NAME_CHARS_MAX),
                reason.number
            ),
            host: plain(&frame.host, NAME_CHARS_MAX),
            tone: if is_over { tone::OVER } else { tone::of(incident.severity) },
            closing: closing(incident),
        }
    }

    /// A paragraph behind a label of six columns.
    fn hanging(text: &str) -> String {
        wrapped(text, TEXT_WIDTH - 6, "      ")
    }

    fn paragraph(text: &str) -> String {
        wrapped(text, TEXT_WIDTH, "")
    }

    fn item(text: &str) -> String {
        wrapped(text, TEXT_WIDTH - 9, "         ")
    }

    fn shown(&self) -> usize {
        self.evidence.len()
    }
}

/// When it began; empty if the first sentence says it.
fn since(incident: &Incident) -> String {
    let began = moment(incident.since);
    let said = incident.findings.first().is_some_and(|one| one.because.contains(&began));
    if said { String::new() } else { began }
}

/// The same for all of an incident's mails, whatever becomes of it.
fn subject(incident: &Incident) -> String {
    let before = format!("[keyvigil {}] ", incident.first_severity.name().to_uppercase());
    let after = format!(" ({})", incident.id);
    let room = SUBJECT_CHARS_MAX - before.chars().count() - after.chars().count();
    format!("{before}{}{after}", plain(&incident.first_title, room))
}

fn status(incident: &Incident, transition: Transition) -> String {
    match (incident.state, transition) {
        (State::Open, Transition::Update) => "OPEN, update".to_owned(),
        (State::Open, Transition::Opened | Transition::Resolved) => "OPEN".to_owned(),
        (State::Acknowledged, _) => {
            format!("ACKNOWLEDGED by {}", plain(&incident.acknowledged_by, NAME_CHARS_MAX))
        }
        (State::Muted, _) => match &incident.mute {
            Some(mute) => format!("MUTED until {}", moment(mute.until)),
            None => "MUTED".to_owned(),
        },
        (State::Resolved, _) => match (incident.merged_into, incident.resolved) {
            (Some(other), _) => format!("RESOLVED, goes on as {other}"),
            (None, Some(at)) => format!("RESOLVED after {}", length(at.since(incident.opened))),
            (None, None) => "RESOLVED".to_owned(),
        },
    }
}

fn who(incident: &Incident) -> String {
    use crate::model::Entity;
    let what = match incident.entity {
        Entity::Key(_) => "key ",
        Entity::Address(_) => "address ",
        Entity::Route(_) => "path ",
        Entity::Fleet => "",
    };
    let mut parts = vec![format!("{what}{}", plain(&incident.name(), NAME_CHARS_MAX))];
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
    if incident.entity.key().is_none() && !incident.keys.is_empty() {
        parts.push(format!("{} keys", incident.keys.len()));
    }
    parts.join(", ")
}

fn evidence(incident: &Incident) -> Vec<String> {
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
    format!("{} {status}  {address:width$}  {method} {path}", formatted(line.at, form))
}

/// What the end of an incident means; empty while it goes on.
fn closing(incident: &Incident) -> &'static str {
    let quiet = incident.resolved.is_some_and(|at| QUIET <= at.since(incident.last_seen));
    match (incident.state, incident.merged_into) {
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
}

fn ids(words: &Words) -> String {
    let lists = [("MITRE ATT&CK", words.attack), ("OWASP API 2023", words.owasp)];
    let named = lists.iter().filter(|(_, ids)| !ids.is_empty());
    let parts: Vec<String> =
        named.map(|(name, ids)| format!("{name} {}", ids.join(", "))).collect();
    parts.join("; ")
}

/// For a person, in UTC.
pub(super) fn moment(at: Timestamp) -> String {
    formatted(at, "%Y-%m-%d %H:%M UTC")
}

fn formatted(at: Timestamp, form: &str) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.strftime(form).to_string()
}

/// `23 min`, `2 h 5 min`.
fn length(span: Millis) -> String {
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
