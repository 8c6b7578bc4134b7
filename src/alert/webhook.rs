//! News as JSON of our own, signed, for programs of any kind.

use serde::Serialize;
use serde_json::{Value, json};

use super::plain::plain;
use super::web::{Post, Web};
use super::{Audience, Bulletin, News, Notifier, Sending};
use crate::incident::{EvidenceLine, Incident, words};
use crate::model::Timestamp;

/// Each post has an `Idempotency-Key`, and with a secret an `X-Keyvigil-Signature`: the
/// HMAC-SHA256 of `X-Keyvigil-Timestamp`, a point, and the body.
#[derive(Debug)]
pub struct Webhook {
    pub web: Web,
    pub secret: Option<String>,
}

const TEXT_CHARS_MAX: usize = 500;

impl Notifier for Webhook {
    fn send<'a>(&'a self, bulletin: &'a Bulletin) -> Sending<'a> {
        Box::pin(async move {
            self.web.post(post(&body(bulletin), bulletin, self.secret.clone())).await
        })
    }

    fn audience(&self) -> Audience {
        Audience::Programs
    }
}

pub(super) fn post(body: &Value, bulletin: &Bulletin, secret: Option<String>) -> Post {
    Post {
        body: body.to_string(),
        idempotency_key: bulletin.letter.message_id.clone(),
        secret,
        at: bulletin.at.seconds(),
    }
}

/// The incident as far as programs need it. Nothing in it steers a terminal.
#[derive(Serialize)]
struct Told<'a> {
    id: String,
    kind: &'a str,
    severity: &'static str,
    state: &'static str,
    title: String,
    what: Vec<String>,
    why_it_matters: &'static str,
    next_steps: &'static [&'static str],
    keys: Vec<String>,
    addresses: Vec<String>,
    role: String,
    owner: String,
    score: f64,
    opened: String,
    since: String,
    last_seen: String,
    resolved: Option<String>,
    evidence: Vec<Value>,
    link: Option<String>,
}

fn body(bulletin: &Bulletin) -> Value {
    let (event, incident) = match &bulletin.news {
        News::Incident(incident, transition) => (transition.name(), Some(told(incident, bulletin))),
        News::Several(_) | News::Report => ("report", None),
    };
    json!({
        "version": 1,
        "event": event,
        "id": bulletin.letter.message_id,
        "time": rfc3339(bulletin.at),
        "host": plain(&bulletin.frame.host, TEXT_CHARS_MAX),
        "subject": bulletin.letter.subject,
        "incident": incident,
    })
}

fn told<'a>(incident: &'a Incident, bulletin: &Bulletin) -> Told<'a> {
    let words = words(&incident.kind);
    let text = |text: &String| plain(text, TEXT_CHARS_MAX);
    Told {
        id: incident.id.to_string(),
        kind: &incident.kind,
        severity: incident.severity.name(),
        state: incident.state.name(),
        title: text(&incident.title),
        what: incident.findings.iter().map(|finding| text(&finding.because)).collect(),
        why_it_matters: words.map_or("", |words| words.why_it_matters),
        next_steps: words.map_or(&[], |words| words.next_steps),
        keys: incident.keys.iter().map(text).collect(),
        addresses: incident.addresses.iter().map(text).collect(),
        role: text(&incident.role),
        owner: text(&incident.owner),
        score: incident.score,
        opened: rfc3339(incident.opened),
        since: rfc3339(incident.since),
        last_seen: rfc3339(incident.last_seen),
        resolved: incident.resolved.map(rfc3339),
        evidence: incident.evidence.iter().map(|it| line(it)).collect(),
        link: bulletin.frame.link_to(&format!("/incidents/{}", incident.id)),
    }
}

fn line(line: &EvidenceLine) -> Value {
    json!({
        "time": rfc3339(line.at),
        "source_ip": plain(&line.source_ip, TEXT_CHARS_MAX),
        "method": plain(&line.method, TEXT_CHARS_MAX),
        "path": plain(&line.path, TEXT_CHARS_MAX),
        "status": line.status,
        "user_agent": plain(&line.user_agent, TEXT_CHARS_MAX),
    })
}

pub(super) fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_string()
}
