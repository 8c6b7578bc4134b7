//! The same as the pages, for machines. Read-only.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::headline::problems;
use super::parts::{find, incidents_in_order, state_name};
use super::text::{clean, rfc3339};
use super::view::{Source, View};
use super::{WebState, verdict};
use crate::engine::KeyRow;
use crate::incident::{Incident, StaleFinding};
use crate::model::{Class, Entity, Severity, Timestamp};

/// What monitors ask: always 200.
pub(super) async fn status(State(state): State<Arc<WebState>>) -> Json<Value> {
    Json(status_json(&state.fresh()))
}

pub(super) async fn incidents(
    State(state): State<Arc<WebState>>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let view = state.fresh();
    let wanted = query.get("state").map(String::as_str);
    if let Some(unknown) = wanted.filter(|wanted| !STATES.contains(wanted)) {
        let error =
            format!("there is no state {}: use one of {}", clean(unknown), STATES.join(", "));
        return problem(StatusCode::BAD_REQUEST, &error);
    }
    let mut view = View::clone(&view);
    view.incidents.retain(|it| wanted.is_none_or(|wanted| state_name(it.state) == wanted));
    Json(incidents_json(&view)).into_response()
}

pub(super) async fn incident(
    State(state): State<Arc<WebState>>,
    Path(id): Path<String>,
) -> Response {
    let view = state.fresh();
    match find(&view, &id) {
        Some(incident) => Json(incident_json(incident)).into_response(),
        None => problem(
            StatusCode::NOT_FOUND,
            "there is no such incident: /api/v1/incidents lists those that are known",
        ),
    }
}

pub(super) async fn keys(State(state): State<Arc<WebState>>) -> Json<Value> {
    Json(keys_json(&state.fresh()))
}

/// As `/api/v1/incidents` gives them.
pub fn incidents_json(view: &View) -> Value {
    let list = incidents_in_order(view);
    json!({ "incidents": list.into_iter().map(incident_json).collect::<Vec<_>>() })
}

/// As `/api/v1/keys` gives them.
pub fn keys_json(view: &View) -> Value {
    let mut findings: BTreeMap<&str, Vec<&StaleFinding>> = BTreeMap::new();
    for finding in view.stale_open() {
        findings.entry(&finding.key).or_default().push(finding);
    }
    let none = Vec::new();
    let of = |key: &KeyRow| findings.get(key.key.as_str()).unwrap_or(&none);
    let keys: Vec<Value> = view.keys.iter().map(|key| key_of(key, of(key))).collect();
    json!({ "keys": keys, "not_known": view.not_known })
}

const STATES: [&str; 4] = ["open", "acknowledged", "resolved", "muted"];

/// As `/api/v1/status` gives it.
pub fn status_json(view: &View) -> Value {
    let count = |severity| view.open_count(severity);
    json!({
        "verdict": verdict(view).name(),
        "version": view.version,
        "problems": problems(view).iter().map(|text| clean(text)).collect::<Vec<_>>(),
        "since": time(view.started),
        "last_event": time(view.last_event),
        "lag_seconds": view.lag_seconds.map(|lag| (lag * 1000.0).round() / 1000.0),
        "incidents": {
            "critical": count(Severity::Critical),
            "high": count(Severity::High),
            "medium": count(Severity::Medium),
            "low": count(Severity::Low),
        },
        "degraded": view.degraded.iter().map(|it| clean(it)).collect::<Vec<_>>(),
        "stale_keys": view.stale_keys(),
        "keys": view.keys.len(),
        "roles": view.roles,
        "sources": view.sources.iter().map(source_of).collect::<Vec<_>>(),
        "mail": {
            "queued": view.mail.queued,
            "failed": view.mail.failed,
            "last_sent": time(view.mail.last_sent),
        },
    })
}

fn source_of(source: &Source) -> Value {
    json!({
        "path": clean(&source.path),
        "state": source.state.name(),
        "offset": source.offset,
        "lines": source.lines,
        "rejected": source.rejected,
        "losses": source.losses,
        "lost_bytes": source.lost_bytes,
    })
}

/// As `/api/v1/incidents/{id}` gives it.
pub fn incident_json(incident: &Incident) -> Value {
    let texts = |texts: &[String]| texts.iter().map(|text| clean(text)).collect::<Vec<_>>();
    json!({
        "id": incident.id.to_string(),
        "kind": clean(&incident.kind),
        "state": state_name(incident.state),
        "severity": incident.severity.name(),
        "class": class_name(incident.class),
        "title": clean(&incident.title),
        "name": clean(&incident.name()),
        "entity": entity_of(&incident.entity),
        "keys": texts(&incident.keys),
        "addresses": texts(&incident.addresses),
        "role": clean(&incident.role),
        "owner": clean(&incident.owner),
        "opened": time(Some(incident.opened)),
        "since": time(Some(incident.since)),
        "last_seen": time(Some(incident.last_seen)),
        "resolved": time(incident.resolved),
        "acknowledged_by": clean(&incident.acknowledged_by),
        "mute": incident.mute.as_ref().map(|mute| json!({
            "by": clean(&mute.by),
            "reason": clean(&mute.reason),
            "until": time(Some(mute.until)),
        })),
        "remarks": incident.remarks.iter().map(|remark| json!({
            "at": time(Some(remark.at)),
            "by": clean(&remark.by),
            "word": clean(&remark.word),
            "reason": clean(&remark.reason),
        })).collect::<Vec<_>>(),
        "merged_into": incident.merged_into.map(|id| id.to_string()),
        "score": incident.score,
        "below": incident.below,
        "events": incident.events,
        "revision": incident.revision,
        "findings": incident.findings.iter().map(|finding| json!({
            "kind": clean(&finding.kind),
            "because": clean(&finding.because),
            "score": finding.score,
            "at": time(Some(finding.at)),
        })).collect::<Vec<_>>(),
        "evidence": incident.evidence.iter().map(|line| json!({
            "at": time(Some(line.at)),
            "source_ip": clean(&line.source_ip),
            "method": clean(&line.method),
            "path": clean(&line.path),
            "status": line.status,
            "user_agent": clean(&line.user_agent),
        })).collect::<Vec<_>>(),
    })
}

fn key_of(key: &KeyRow, stale: &[&StaleFinding]) -> Value {
    let findings: Vec<Value> = stale
        .iter()
        .map(|finding| {
            json!({
                "kind": clean(&finding.kind),
                "severity": finding.severity.name(),
                "since": time(Some(finding.since)),
                "because": clean(&finding.because),
                "next": clean(&finding.next),
            })
        })
        .collect();
    json!({
        "key": clean(&key.key),
        "owner": clean(&key.owner),
        "role": clean(&key.role),
        "first_used": time(key.first_used),
        "last_used": time(key.last_used),
        "requests": key.requests,
        "errors": key.errors,
        "baseline": key.state,
        "hours_learned": key.hours_learned,
        "stale": findings,
    })
}

fn entity_of(entity: &Entity) -> Value {
    match entity {
        Entity::Key(key) => json!({ "key": clean(key) }),
        Entity::Address(address) => json!({ "address": clean(address) }),
        Entity::Route(route) => json!({ "route": clean(route) }),
        Entity::App(app) => json!({ "app": clean(app) }),
        Entity::Fleet => json!("fleet"),
    }
}

const fn class_name(class: Class) -> &'static str {
    match class {
        Class::Policy => "policy",
        Class::Statistical => "statistical",
        Class::Stale => "stale",
    }
}

fn time(at: Option<Timestamp>) -> Option<String> {
    at.and_then(rfc3339)
}

fn problem(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}
