//! What people are told about an incident: the same in plain text and in HTML.

use std::sync::Arc;

use askama::Template;
use jiff::tz::TimeZone;

use super::budget::PER_ROUTE_MAX;
use super::chart::{Chart, chart};
use super::letter_parts::{
    NAME_CHARS_MAX, SENTENCE_CHARS_MAX, TEXT_WIDTH, closing, evidence, ids, moment, rules, status,
    subject, who, wrapped,
};
use super::plain::plain;
use super::{AlertError, Signer, tone};
use crate::detect::count_text;
use crate::incident::{Incident, Notice, StaleFinding, StaleState, State, Transition, words};
use crate::model::{Class, Severity};

/// Ready to be addressed. Nothing in it can break a header or steer a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Without its angle brackets.
    pub message_id: String,
    /// The mails before it in its thread, the first one first; empty for the first.
    pub references: Vec<String>,
    pub chart: Option<Chart>,
    /// Whether mail programs should mark it as urgent.
    pub is_urgent: bool,
}

/// What is the same in every letter.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// The sender: an address, or a name with one.
    pub from: String,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<String>,
    /// Where the page is; `None` if people cannot reach it.
    pub base_url: Option<String>,
    /// The machine that watches.
    pub host: String,
    /// Of shown times, beside UTC.
    pub zone: Option<TimeZone>,
    /// Mails are signed.
    pub signer: Option<Arc<Signer>>,
}

/// Why a person gets it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    pub route: String,
    /// Which of this hour's mails it is.
    pub number: usize,
}

/// What it is told for, and to whom.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    pub notice: &'a Notice,
    pub reason: &'a Reason,
    /// How many mails about it the recipient has.
    pub mails_before: u32,
    /// The recipient owns the key: one question is for them.
    pub is_owner: bool,
    /// It came and went so often that this is the last mail about that.
    pub is_flapping: bool,
    /// What is known about the state of its key.
    pub stale: &'a [StaleFinding],
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
    /// How sure that is, where it is no estimate.
    certain: &'static str,
    since: String,
    who: String,
    known: Vec<String>,
    also: Vec<String>,
    matters: &'static str,
    question: String,
    next: Vec<String>,
    evidence: Vec<String>,
    events: String,
    chart: Option<Chart>,
    cid: String,
    link: Option<String>,
    is_open: bool,
    ids: String,
    reason: String,
    host: String,
    tone: tone::Tone,
    closing: String,
}

const ALSO_MAX: usize = 6;
const KNOWN_MAX: usize = 2;
const CERTAIN: &str = "A rule was broken: this is certain, not an estimate.";

impl Letter {
    pub fn of(
        incident: &Incident,
        occasion: &Occasion<'_>,
        frame: &Frame,
    ) -> Result<Self, AlertError> {
        let domain = frame.domain();
        let first = format!("{:#}@{domain}", incident.id);
        let (message_id, references) = if occasion.mails_before == 0 {
            (first, Vec::new())
        } else {
            (format!("{:#}.{:016x}@{domain}", incident.id, occasion.notice.id), vec![first])
        };
        let view = View::of(incident, occasion, frame);
        Ok(Self {
            text: Text { view: &view }.render().map_err(AlertError::Template)?,
            html: Html { view: &view }.render().map_err(AlertError::Template)?,
            subject: view.subject,
            is_urgent: view.is_open && Severity::High <= incident.severity,
            chart: view.chart,
            message_id,
            references,
        })
    }

    /// The picture's id within the mail.
    pub(super) fn cid(&self) -> String {
        format!("chart.{}", self.message_id)
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

    pub(super) fn zone(&self) -> TimeZone {
        self.zone.clone().unwrap_or(TimeZone::UTC)
    }
}

impl View {
    fn of(incident: &Incident, occasion: &Occasion<'_>, frame: &Frame) -> Self {
        let words = words(&incident.kind);
        let strongest = incident.findings.first();
        let others = incident.findings.iter().skip(1).take(ALSO_MAX);
        let is_over = incident.state == State::Resolved;
        let because = |text: &str| plain(text, SENTENCE_CHARS_MAX);
        let domain = frame.domain();
        Self {
            subject: subject(incident),
            severity: incident.severity.name().to_uppercase(),
            status: status(incident, occasion, frame),
            id: incident.id.to_string(),
            title: plain(&incident.title, NAME_CHARS_MAX),
            what: strongest.map_or_else(String::new, |finding| because(&finding.because)),
            certain: if incident.class == Class::Policy { CERTAIN } else { "" },
            since: moment(incident.since, frame),
            who: who(incident),
            known: known(incident, occasion.stale).into_iter().chain(rules(incident)).collect(),
            also: others.map(|finding| because(&finding.because)).collect(),
            matters: words.map_or("", |words| words.why_it_matters),
            question: question(incident, occasion),
            next: next_steps(incident, occasion),
            evidence: evidence(incident),
            events: count_text(incident.events.max(incident.evidence.len() as u64)),
            chart: chart(incident, &frame.zone()),
            cid: if occasion.mails_before == 0 {
                format!("chart.{:#}@{domain}", incident.id)
            } else {
                format!("chart.{:#}.{:016x}@{domain}", incident.id, occasion.notice.id)
            },
            link: frame.link_to(&format!("/incidents/{}", incident.id)),
            is_open: !is_over,
            ids: ids(incident),
            reason: format!(
                "You get this by route \"{}\", mail {} of at most {PER_ROUTE_MAX} an hour.",
                plain(&occasion.reason.route, NAME_CHARS_MAX),
                occasion.reason.number
            ),
            host: plain(&frame.host, NAME_CHARS_MAX),
            tone: if is_over { tone::OVER } else { tone::of(incident.severity) },
            closing: closing(incident, occasion),
        }
    }

    /// A paragraph behind a label of seven columns.
    fn hanging(text: &str) -> String {
        wrapped(text, TEXT_WIDTH - 7, "       ")
    }

    fn matter(text: &str) -> String {
        wrapped(&format!("Why it matters: {text}"), TEXT_WIDTH, "")
    }

    fn paragraph(text: &str) -> String {
        wrapped(text, TEXT_WIDTH, "")
    }

    fn item(text: &str) -> String {
        wrapped(text, TEXT_WIDTH - 10, "          ")
    }

    fn shown(&self) -> usize {
        self.evidence.len()
    }
}

/// What the weekly report would say of the key: how old it is, who answers for it.
fn known(incident: &Incident, stale: &[StaleFinding]) -> Vec<String> {
    let key = incident.entity.key().unwrap_or_default();
    let mut about: Vec<&StaleFinding> =
        stale.iter().filter(|it| !key.is_empty() && it.key == key).collect();
    about.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let said = about.into_iter().filter(|finding| finding.state == StaleState::Open);
    said.take(KNOWN_MAX).map(|finding| plain(&finding.because, SENTENCE_CHARS_MAX)).collect()
}

/// With the owner's name, where it is known; the owner has nobody else to ask.
fn next_steps(incident: &Incident, occasion: &Occasion<'_>) -> Vec<String> {
    const ASK: &str = "Ask the owner";
    let owner = plain(&incident.owner, NAME_CHARS_MAX);
    let ask = if occasion.is_owner {
        "Find out".to_owned()
    } else if owner.is_empty() {
        "Find out who uses the key, and ask".to_owned()
    } else {
        format!("Ask {owner}")
    };
    let steps = words(&incident.kind).map_or(&[][..], |words| words.next_steps);
    steps.iter().map(|step| step.replacen(ASK, &ask, 1)).collect()
}

/// For the key's owner, who may know nothing of all this; empty for others.
fn question(incident: &Incident, occasion: &Occasion<'_>) -> String {
    let is_asked = occasion.is_owner
        && incident.state == State::Open
        && occasion.notice.transition != Transition::Resolved;
    if !is_asked || incident.entity.key().is_none() {
        return String::new();
    }
    format!(
        "You are named as the owner of {}. One question: was this you, or someone you know of? \
         Please answer this mail with yes or no.",
        plain(&incident.name(), NAME_CHARS_MAX)
    )
}
