//! One mail in place of many: in a storm of incidents, after an outage of the mail
//! server, after quiet hours; the reports; and the test mail.

use askama::Template;

use super::letter_parts::{moment, wrapped};
use super::plain::plain;
use super::tone::{self, Tone};
use super::{AlertError, Bulletin, Frame, Letter, News, Notifier};
use crate::incident::Incident;
use crate::model::{Severity, Timestamp};

/// Why many are told at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Storm,
    Outage,
    Quiet,
    /// They waited for the next hour.
    Limit,
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

/// Every field is harmless text.
#[derive(Default)]
pub(super) struct View {
    pub(super) subject: String,
    pub(super) head: String,
    pub(super) what: String,
    pub(super) lines: Vec<Line>,
    pub(super) more: usize,
    pub(super) link: Option<String>,
    pub(super) link_text: &'static str,
    pub(super) reason: String,
    pub(super) host: String,
    pub(super) tone: Tone,
}

pub(super) struct Line {
    pub(super) title: String,
    pub(super) details: Vec<String>,
}

pub(super) const LINES_MAX: usize = 30;

/// One mail about many incidents, the worst first.
pub(super) fn summary(
    cause: Cause,
    incidents: &[Incident],
    frame: &Frame,
    route: &str,
) -> Result<Letter, AlertError> {
    let sorted = worst_first(incidents);
    let count = sorted.len();
    let worst = sorted.first().map_or(Severity::Low, |incident| incident.severity);
    let name = worst.name().to_uppercase();
    let (subject, what) = words_of(cause, count);
    let view = View {
        subject: format!("[keyvigil {name}] {subject}"),
        head: format!("{name} · {}", counted(count, "incident")),
        what,
        lines: sorted.iter().take(LINES_MAX).map(|incident| Line::of(incident, frame)).collect(),
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

pub(super) fn worst_first(incidents: &[Incident]) -> Vec<&Incident> {
    let mut sorted: Vec<&Incident> = incidents.iter().collect();
    sorted.sort_by_key(|incident| {
        (!incident.is_open(), std::cmp::Reverse(incident.severity), incident.since, incident.id)
    });
    sorted
}

/// The end of the subject, and the first paragraph.
fn words_of(cause: Cause, count: usize) -> (String, String) {
    let incidents = counted(count, "incident");
    let more = counted(count, "more incident");
    match cause {
        Cause::Storm => (
            format!("{more} at once"),
            format!(
                "{more} came after this hour's mails were used up, so they are listed here. Further ones follow in one mail after the hour. Begin with the first: it is the worst, and many of the others may have its cause."
            ),
        ),
        Cause::Limit => (
            format!("{more} in the last hour"),
            format!(
                "{more} came while the last hour's mails were used up. This is how they stand now, the worst first."
            ),
        ),
        Cause::Quiet => (
            format!("{incidents} during the quiet hours"),
            format!(
                "There was news of {incidents} during the quiet hours, none of it critical. This is how they stand now, the worst first."
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

pub(super) fn counted(count: usize, what: &str) -> String {
    let count = crate::detect::count_text(u64::try_from(count).unwrap_or(u64::MAX));
    if count == "1" { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Sends a mail that says that mails arrive. Returns the server's reply.
pub async fn send_test(
    notifier: &dyn Notifier,
    frame: &Frame,
    to: &str,
    now: Timestamp,
) -> Result<String, AlertError> {
    let letter = test_letter(frame, now)?;
    let (to, frame) = (to.to_owned(), frame.clone());
    let bulletin = Bulletin { to, letter, news: News::Report, frame, at: now };
    notifier.send(&bulletin).await.map_err(AlertError::Test)
}

/// The test mail, to be sent or to be looked at.
pub fn test_letter(frame: &Frame, now: Timestamp) -> Result<Letter, AlertError> {
    let host = plain(&frame.host, 40);
    let view = View {
        subject: format!("[keyvigil TEST] mails from {host} arrive"),
        head: "TEST · nothing is wrong".to_owned(),
        what: format!(
            "Someone asked keyvigil on {host} for a test mail at {}. It arrived, so incidents will reach you too.",
            moment(now, frame)
        ),
        link: frame.link_to("/"),
        link_text: "Open the status page",
        reason: "somebody ran keyvigil mail test".to_owned(),
        host,
        tone: tone::CALM,
        ..View::default()
    };
    view.letter(&format!("test.{}", now.0), frame)
}

impl View {
    pub(super) fn letter(self, id: &str, frame: &Frame) -> Result<Letter, AlertError> {
        Ok(Letter {
            text: Text { view: &self }.render().map_err(AlertError::Template)?,
            html: Html { view: &self }.render().map_err(AlertError::Template)?,
            message_id: format!("{id}@{}", frame.domain()),
            subject: self.subject,
            ..Letter::default()
        })
    }

    fn paragraph(text: &str) -> String {
        wrapped(text, 74, "")
    }

    fn detail(text: &str) -> String {
        wrapped(text, 70, "    ")
    }
}

impl Line {
    pub(super) fn of(incident: &Incident, frame: &Frame) -> Self {
        let owner = if incident.owner.is_empty() {
            String::new()
        } else {
            format!(" · owner {}", plain(&incident.owner, 60))
        };
        let because = incident.findings.first().map(|finding| plain(&finding.because, 160));
        let place = format!(
            "{} · {} · since {}{owner} · {}",
            incident.severity.name(),
            incident.state.name(),
            moment(incident.since, frame),
            incident.id,
        );
        Self {
            title: plain(&incident.title, 60),
            details: because.into_iter().chain([place]).collect(),
        }
    }
}

fn short(hasher: &blake3::Hasher) -> String {
    hasher.finalize().to_hex().chars().take(16).collect()
}
