//! Alerts for Prometheus' Alertmanager: `POST /api/v2/alerts`.

use serde_json::{Value, json};

use super::plain::plain;
use super::web::Web;
use super::webhook::{post, rfc3339};
use super::{Audience, Bulletin, News, Notifier, Sending};
use crate::incident::{Incident, State, words};
use crate::model::Millis;

/// The labels stay the same through an incident's life, so that its end meets its alert.
#[derive(Debug)]
pub struct Alertmanager {
    pub web: Web,
}

const TEXT_CHARS_MAX: usize = 500;
/// An alert that is not told again is over for Alertmanager after this.
const LIVES: Millis = Millis::hours(24);

impl Notifier for Alertmanager {
    fn send<'a>(&'a self, bulletin: &'a Bulletin) -> Sending<'a> {
        Box::pin(async move {
            let News::Incident(incident, _) = &bulletin.news else {
                return Ok("nothing to say".to_owned());
            };
            self.web.post(post(&json!([alert(incident, bulletin)]), bulletin, None)).await
        })
    }

    fn audience(&self) -> Audience {
        Audience::Programs
    }
}

fn alert(incident: &Incident, bulletin: &Bulletin) -> Value {
    let text = |text: &str| plain(text, TEXT_CHARS_MAX);
    let what: Vec<String> =
        incident.findings.iter().map(|finding| text(&finding.because)).collect();
    let ends = match (incident.state, incident.resolved) {
        (State::Resolved, Some(at)) => at,
        (State::Resolved, None) => incident.last_seen,
        (State::Open | State::Acknowledged | State::Muted, _) => bulletin.at.plus(LIVES),
    };
    json!({
        "labels": {
            "alertname": "keyvigil_incident",
            "incident": incident.id.to_string(),
            "name": text(&incident.name()),
            "role": text(&incident.role),
            "severity": incident.first_severity.name(),
            "instance": text(&bulletin.frame.host),
        },
        "annotations": {
            "summary": text(&incident.title),
            "description": what.join("; "),
            "kind": text(&incident.kind),
            "owner": text(&incident.owner),
            "severity_now": incident.severity.name(),
            "why_it_matters": words(&incident.kind).map_or("", |words| words.why_it_matters),
            "next_steps": words(&incident.kind)
                .map_or_else(String::new, |words| words.next_steps.join(" ")),
        },
        "startsAt": rfc3339(incident.since),
        "endsAt": rfc3339(ends),
        "generatorURL": bulletin.frame.link_to(&format!("/incidents/{}", incident.id)).unwrap_or_default(),
    })
}
