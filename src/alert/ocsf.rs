//! Detection Findings of the Open Cybersecurity Schema Framework (class 2004), for what
//! collects findings: to a web address, a file of lines, or a syslog.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::plain::plain;
use super::syslog::{Wire, with_head};
use super::web::Web;
use super::webhook::post;
use super::{AlertError, Audience, Bulletin, News, Notifier, Refusal, Sending};
use crate::incident::{ATTACK_VERSION, Contribution, Curve, Incident, State, Transition, words};
use crate::model::{Class, Entity, Hour, Severity};
use crate::store::fault;

/// The version of the schema, and where findings go.
#[derive(Debug)]
pub struct Ocsf {
    way: Way,
}

#[derive(Debug)]
enum Way {
    Web(Web, Option<String>),
    File(PathBuf),
    Syslog(Wire),
}

const SCHEMA: &str = "1.6.0";
const CLASS: u32 = 2004;
const TEXT_CHARS_MAX: usize = 500;

impl Ocsf {
    pub const fn to_web(web: Web, secret: Option<String>) -> Self {
        Self { way: Way::Web(web, secret) }
    }

    pub fn to_file(path: &Path) -> Self {
        Self { way: Way::File(path.to_owned()) }
    }

    pub fn to_syslog(address: &str) -> Result<Self, AlertError> {
        Ok(Self { way: Way::Syslog(Wire::of(address)?) })
    }
}

impl Notifier for Ocsf {
    fn send<'a>(&'a self, bulletin: &'a Bulletin) -> Sending<'a> {
        Box::pin(async move {
            let News::Incident(incident, transition) = &bulletin.news else {
                return Ok("nothing to say".to_owned());
            };
            let finding = finding(incident, *transition, bulletin);
            match &self.way {
                Way::Web(web, secret) => web.post(post(&finding, bulletin, secret.clone())).await,
                Way::File(path) => append(path, &finding),
                Way::Syslog(wire) => {
                    let head = ("ocsf", incident.severity);
                    wire.write(with_head(head, "-", bulletin, &finding.to_string())).await
                }
            }
        })
    }

    fn audience(&self) -> Audience {
        Audience::Programs
    }
}

fn append(path: &Path, finding: &Value) -> Result<String, Refusal> {
    let line = format!("{finding}\n");
    let file = OpenOptions::new().create(true).append(true).open(path);
    let written = file.and_then(|mut file| {
        let before = file.metadata()?.len();
        let written = fault::write("ocsf.write", &mut file, line.as_bytes());
        // It is tried again, and half a line is of use to nobody.
        written.inspect_err(|_error| file.set_len(before).unwrap_or_default())
    });
    let failed = |error| Refusal::Unreachable(format!("cannot write {}: {error}", path.display()));
    written.map(|()| format!("written to {}", path.display())).map_err(failed)
}

fn finding(incident: &Incident, transition: Transition, bulletin: &Bulletin) -> Value {
    let (activity, activity_name) = match transition {
        Transition::Opened => (1, "Create"),
        Transition::Update | Transition::Acknowledged | Transition::Reminder => (2, "Update"),
        Transition::Resolved => (3, "Close"),
    };
    let (status, status_name) = match incident.state {
        State::Open => (1, "New"),
        State::Acknowledged => (2, "In Progress"),
        State::Muted => (3, "Suppressed"),
        State::Resolved => (4, "Resolved"),
    };
    let (severity, severity_name) = match incident.severity {
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    };
    // A broken rule is no estimate.
    let (confidence, confidence_name) = match incident.class {
        Class::Policy => (3, "High"),
        Class::Statistical | Class::Stale => (2, "Medium"),
    };
    json!({
        "class_uid": CLASS,
        "class_name": "Detection Finding",
        "category_uid": 2,
        "category_name": "Findings",
        "activity_id": activity,
        "activity_name": activity_name,
        "type_uid": CLASS * 100 + activity,
        "type_name": format!("Detection Finding: {activity_name}"),
        "severity_id": severity,
        "severity": severity_name,
        "status_id": status,
        "status": status_name,
        "is_alert": transition != Transition::Resolved,
        "confidence_id": confidence,
        "confidence": confidence_name,
        "time": bulletin.at.0,
        "start_time": incident.since.0,
        "end_time": incident.last_seen.0,
        "count": incident.events,
        "message": bulletin.letter.subject,
        "metadata": metadata(bulletin),
        "finding_info": finding_info(incident, bulletin),
        "anomaly_analyses": [analysis(incident)],
        "remediation": { "desc": next_steps(incident) },
        "evidences": evidences(incident),
        "resources": resources(incident),
        "unmapped": { "score": incident.score, "role": text(&incident.role), "owner": text(&incident.owner) },
    })
}

fn metadata(bulletin: &Bulletin) -> Value {
    json!({
        "version": SCHEMA,
        "uid": bulletin.letter.message_id,
        "product": {
            "name": "keyvigil",
            "vendor_name": "keyvigil",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "log_provider": text(&bulletin.frame.host),
    })
}

fn finding_info(incident: &Incident, bulletin: &Bulletin) -> Value {
    let words = words(&incident.kind);
    let attacks: Vec<Value> = words
        .map_or(&[][..], |words| words.attack)
        .iter()
        .map(|id| json!({ "version": ATTACK_VERSION, "technique": { "uid": id } }))
        .collect();
    let what: Vec<String> =
        incident.findings.iter().map(|finding| text(&finding.because)).collect();
    json!({
        "uid": incident.id.to_string(),
        "title": text(&incident.title),
        "desc": what.join("; "),
        "created_time": incident.opened.0,
        "first_seen_time": incident.since.0,
        "last_seen_time": incident.last_seen.0,
        "modified_time": bulletin.at.0,
        "types": [text(&incident.kind)],
        "src_url": bulletin.frame.link_to(&format!("/incidents/{}", incident.id)),
        "analytic": analytic(incident),
        "attacks": attacks,
    })
}

fn analytic(incident: &Incident) -> Value {
    let (id, name) = match incident.class {
        Class::Policy => (1, "Rule"),
        Class::Statistical | Class::Stale => (2, "Behavioral"),
    };
    json!({ "uid": text(&incident.kind), "name": text(&incident.kind), "type_id": id, "type": name })
}

/// What was seen of whom, beside what is usual.
fn analysis(incident: &Incident) -> Value {
    let target = match &incident.entity {
        Entity::Key(key) => (text(key), "API key"),
        Entity::Address(address) => (text(address), "IP address"),
        Entity::Route(route) => (text(route), "API route"),
        Entity::App(app) => (text(app), "App"),
        Entity::Fleet => ("all keys".to_owned(), "API keys"),
    };
    let anomalies: Vec<Value> = incident.findings.iter().map(anomaly).collect();
    let mut analysis = json!({
        "analysis_targets": [{ "name": target.0, "type": target.1 }],
        "anomalies": anomalies,
    });
    let baseline = baseline(&incident.curve);
    if let (Some(baseline), Some(analysis)) = (baseline, analysis.as_object_mut()) {
        analysis.insert("baselines".to_owned(), json!([baseline]));
    }
    analysis
}

fn anomaly(finding: &Contribution) -> Value {
    json!({
        "observation_parameter": text(&finding.kind),
        "observation_type": match finding.class {
            Class::Policy => "Policy",
            Class::Statistical => "Statistical",
            Class::Stale => "Hygiene",
        },
        "observed_pattern": text(&finding.because),
        "observations": [{ "value": format!("{:.3}", finding.score), "count": 1 }],
    })
}

/// The hours before the last, with what was expected of that one.
fn baseline(curve: &Curve) -> Option<Value> {
    let (last, before) = curve.hours.split_last()?;
    let observations: Vec<Value> = before
        .iter()
        .zip(curve.first.0..)
        .map(|(seen, hour)| {
            let (from, to) = (Hour(hour).start().0, Hour(hour).end().0);
            json!({
                "count": 1,
                "timespan": { "start_time": from, "end_time": to },
                "value": seen.requests.to_string(),
            })
        })
        .collect();
    Some(json!({
        "observation_parameter": "requests an hour",
        "observation_type": "Volume Analysis",
        "observed_pattern": format!("{} to {} expected", last.expected_low, last.expected_high),
        "observations": observations,
    }))
}

fn evidences(incident: &Incident) -> Vec<Value> {
    let lines = incident.evidence.iter();
    lines
        .map(|line| {
            json!({
                "name": "access log line",
                "src_endpoint": { "ip": text(&line.source_ip) },
                "api": {
                    "operation": text(&format!("{} {}", line.method, line.path)),
                    "response": { "code": line.status },
                },
                "data": {
                    "time": line.at.0,
                    "method": text(&line.method),
                    "path": text(&line.path),
                    "status": line.status,
                    "user_agent": text(&line.user_agent),
                },
            })
        })
        .collect()
}

/// The keys that it is about; of all keys none is named.
fn resources(incident: &Incident) -> Vec<Value> {
    let named = |key: &String| json!({ "uid": text(key), "name": text(&incident.name()), "type": "API key" });
    let own = |key: &&String| incident.entity.key() == Some(key.as_str());
    incident.keys.iter().filter(own).map(named).collect()
}

fn next_steps(incident: &Incident) -> String {
    words(&incident.kind).map_or_else(String::new, |words| words.next_steps.join(" "))
}

fn text(text: &str) -> String {
    plain(text, TEXT_CHARS_MAX)
}
