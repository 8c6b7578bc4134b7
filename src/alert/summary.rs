//! One mail in place of many: in a storm of incidents, after an outage of the mail
//! server; and the test mail.

use askama::Template;

use super::letter::{moment, wrapped};
use super::message::mail;
use super::plain::plain;
use super::tone::{self, Tone};
use super::{AlertError, Frame, Letter, Notifier};
use crate::incident::Incident;
use crate::model::{Severity, Timestamp};

/// Why many are told at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Storm,
    Outage,
}

#[derive(Template)]
#[template(path = "mail_summary.txt")]
struct Text<'a> {
    view: &'a View,
}

#[derive(Template)]
#[template(path = "mail_summary.html")]
struct Html<'a> {
    view: &'a View,
}

struct View {
    subject: String,
    head: String,
    what: String,
    lines: Vec<Line>,
    more: usize,
    link: Option<String>,
    link_text: &'static str,
    reason: String,
    host: String,
    tone: Tone,
}

struct Line {
    severity: &'static str,
    since: String,
    title: String,
    id: String,
    state: &'static str,
}

const LINES_MAX: usize = 30;

/// One mail about many incidents, the worst first.
pub(super) fn summary(
    cause: Cause,
    incidents: &[Incident],
    frame: &Frame,
    route: &str,
) -> Result<Letter, AlertError> {
    let mut sorted: Vec<&Incident> = incidents.iter().collect();
    sorted.sort_by_key(|incident| {
        (std::cmp::Reverse(incident.severity), incident.since, incident.id)
    });
    let count = sorted.len();
    let worst = sorted.first().map_or(Severity::Low, |incident| incident.severity);
    let name = worst.name().to_uppercase();
    let (subject, what) = words_of(cause, count);
    let view = View {
        subject: format!("[keyvigil {name}] {subject}"),
        head: format!("{name} · {}", counted(count, "incident")),
        what,
        lines: sorted.iter().take(LINES_MAX).map(|incident| Line::of(incident)).collect(),
        more: count.saturating_sub(LINES_MAX),
        link: frame.link_to("/incidents"),
        link_text: "Open the list of incidents",
        reason: format!("route \"{}\"", plain(route, 80)),
        host: plain(&frame.host, 80),
        tone: tone::of(worst),
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(route.as_bytes());
    for incident in &sorted {
        hasher.update(&incident.id.0.to_be_bytes()).update(&incident.revision.to_be_bytes());
    }
    view.letter(&format!("summary.{}", short(&hasher)), frame)
}

/// The end of the subject, and the first paragraph.
fn words_of(cause: Cause, count: usize) -> (String, String) {
    let incidents = counted(count, "incident");
    let more = counted(count, "more incident");
    match cause {
        Cause::Storm => (
            format!("{more} at once"),
            format!(
                "{more} came after this hour's mails were used up, so they are listed here. Further ones follow in the next hour."
            ),
        ),
        Cause::Outage => (
            format!("{incidents} while no mail could be sent"),
            format!(
                "The mail server could not be reached for more than an hour. Meanwhile there was news of {incidents}, listed here as things stand now."
            ),
        ),
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Sends a mail that says that mails arrive. Returns the server's reply.
pub async fn send_test(
    notifier: &dyn Notifier,
    frame: &Frame,
    to: &str,
    now: Timestamp,
) -> Result<String, AlertError> {
    let letter = test_letter(frame, now)?;
    let mail = mail(&letter, frame, to, now)?;
    notifier.send(&mail).await.map_err(AlertError::Test)
}

fn test_letter(frame: &Frame, now: Timestamp) -> Result<Letter, AlertError> {
    let host = plain(&frame.host, 40);
    let view = View {
        subject: format!("[keyvigil TEST] mails from {host} arrive"),
        head: "TEST · nothing is wrong".to_owned(),
        what: format!(
            "Someone asked keyvigil on {host} for a test mail at {}. It arrived, so incidents will reach you too.",
            moment(now)
        ),
        lines: Vec::new(),
        more: 0,
        link: frame.link_to("/"),
        link_text: "Open the status page",
        reason: "keyvigil mail test".to_owned(),
        host,
        tone: tone::CALM,
    };
    view.letter(&format!("test.{}", now.0), frame)
}

impl View {
    fn letter(self, id: &str, frame: &Frame) -> Result<Letter, AlertError> {
        Ok(Letter {
            text: Text { view: &self }.render().map_err(AlertError::Template)?,
            html: Html { view: &self }.render().map_err(AlertError::Template)?,
            message_id: format!("{id}@{}", frame.domain()),
            references: Vec::new(),
            subject: self.subject,
        })
    }

    fn paragraph(text: &str) -> String {
        wrapped(text, 74, "")
    }
}

impl Line {
    fn of(incident: &Incident) -> Self {
        Self {
            severity: incident.severity.name(),
            since: moment(incident.since),
            title: plain(&incident.title, 60),
            id: incident.id.to_string(),
            state: incident.state.name(),
        }
    }
}

fn short(hasher: &blake3::Hasher) -> String {
    hasher.finalize().to_hex().chars().take(16).collect()
}
