//! Incidents, keys, roles, sources, findings and the journal, in pages.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::super::WebState;
use super::super::access::Visitor;
use super::super::errand::Errand;
use super::super::parts::{find, state_name};
use super::super::problem::{Problem, Wrong};
use super::asked::{Asked, LIMIT_MAX};
use super::shapes::{EntryShape, FindingShape, IncidentShape, KeyShape, RoleShape, SourceShape};
use super::shown;
use crate::incident::Incident;

type Shared = State<Arc<WebState>>;
type Who = Extension<Visitor>;
type Named = Result<Path<String>, PathRejection>;
pub(super) type Answer = Result<Response, Wrong>;

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct PartParams {
    /// How many at most; 100 without it.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where to go on: `next` of the answer before.
    #[param(pattern = "^n[0-9a-z]{1,9}$")]
    cursor: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct IncidentParams {
    #[param(pattern = "^(open|acknowledged|resolved|muted)$")]
    state: Option<String>,
    #[param(pattern = "^(low|medium|high|critical)$")]
    severity: Option<String>,
    /// Of this key only.
    #[param(max_length = 200)]
    key: Option<String>,
    /// Seen since then: RFC 3339.
    #[param(format = DateTime)]
    since: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct KeyParams {
    /// A piece of the key or of its owner.
    #[param(max_length = 200)]
    q: Option<String>,
    #[param(max_length = 200)]
    role: Option<String>,
    #[param(pattern = "^(stale|learning|ready|never)$")]
    state: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct FindingParams {
    #[param(pattern = "^(low|medium|high|critical)$")]
    severity: Option<String>,
    #[param(max_length = 200)]
    kind: Option<String>,
    #[param(max_length = 200)]
    key: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct JournalParams {
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Entries before that number: `next` of the answer before.
    before: Option<u64>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Incidents {
    incidents: Vec<IncidentShape>,
    /// The cursor of the next page; null on the last.
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Keys {
    keys: Vec<KeyShape>,
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Roles {
    roles: Vec<RoleShape>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Sources {
    sources: Vec<SourceShape>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Findings {
    findings: Vec<FindingShape>,
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Journal {
    entries: Vec<EntryShape>,
    /// To be given as `before` for older ones; null if there are none.
    next: Option<u64>,
}

const STATES: [&str; 4] = ["open", "acknowledged", "resolved", "muted"];

/// Incidents: open ones first, then the newest
#[utoipa::path(get, path = "/api/v1/incidents", tag = "incidents", params(IncidentParams, PartParams), responses(
    (status = 200, description = "A page of them", body = Incidents),
    (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "A token is needed", body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::web) async fn incidents(
    State(state): Shared,
    Extension(visitor): Who,
    asked: Asked,
) -> Answer {
    asked.only(&["state", "severity", "key", "since", "limit", "cursor"])?;
    let wanted = asked.choice("state", &STATES)?;
    let (severity, since, part) = (asked.severity()?, asked.time("since")?, asked.part()?);
    let key = asked.text("key");
    let view = state.fresh();
    let is_wanted = |it: &&Incident| {
        wanted.is_none_or(|wanted| state_name(it.state) == wanted)
            && severity.is_none_or(|severity| it.severity == severity)
            && since.is_none_or(|since| since <= it.last_seen)
            && key.is_none_or(|key| {
                it.entity.key() == Some(key) || it.keys.iter().any(|it| it == key)
            })
    };
    let all: Vec<&Incident> = view.incidents_in_order().into_iter().filter(is_wanted).collect();
    let (page, next) = part.of(all);
    state.viewed(&visitor, "listed the incidents", "");
    Ok(shown(&Incidents { incidents: page.into_iter().map(IncidentShape::of).collect(), next }))
}

/// One incident
#[utoipa::path(get, path = "/api/v1/incidents/{id}", tag = "incidents",
    params(("id" = String, Path, description = "As it is listed, or its beginning: INC-7f3c9a")),
    responses(
    (status = 200, description = "As it stands", body = IncidentShape),
    (status = 400, description = "There are no parameters", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "A token is needed", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is none", body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::web) async fn incident(
    State(state): Shared,
    Extension(visitor): Who,
    asked: Asked,
    id: Named,
) -> Answer {
    asked.only(&[])?;
    let id = named(id)?;
    let view = state.fresh();
    let none = "there is no such incident: /api/v1/incidents lists those that are known";
    let found = if let Some(known) = find(&view, &id) {
        known.clone()
    } else {
        let asked = state.errands.ask(|done| Errand::Find { id, done }).await;
        asked.map_err(|_missing| Wrong::new(StatusCode::NOT_FOUND, none))?.incident
    };
    state.viewed(&visitor, "viewed an incident", &found.id.to_string());
    Ok(shown(&IncidentShape::of(&found)))
}

/// Keys, in the order of their ids
#[utoipa::path(get, path = "/api/v1/keys", tag = "keys", params(KeyParams, PartParams), responses(
    (status = 200, description = "A page of them", body = Keys),
    (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "A token is needed", body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::web) async fn keys(
    State(state): Shared,
    Extension(visitor): Who,
    asked: Asked,
) -> Answer {
    asked.only(&["q", "role", "state", "limit", "cursor"])?;
    let wanted = asked.choice("state", &["stale", "learning", "ready", "never"])?;
    let text = asked.text("q").unwrap_or_default().to_lowercase();
    let (role, part) = (asked.text("role"), asked.part()?);
    let view = state.fresh();
    let standing = view.standing();
    let is_wanted = |(place, it): &(usize, &crate::engine::KeyRow)| {
        let fits = match wanted {
            Some("stale") => standing.is_stale(*place),
            Some("learning") => it.state != "ready",
            Some("ready") => it.state == "ready",
            Some("never") => it.last_used.is_none(),
            Some(_) | None => true,
        };
        let has = |field: &str| field.to_lowercase().contains(&text);
        fits && role.is_none_or(|role| it.role == role)
            && (text.is_empty() || has(&it.key) || has(&it.owner))
    };
    let (page, next) = part.of(view.keys.iter().enumerate().filter(is_wanted).collect());
    let shape = |(place, key)| KeyShape::of(key, standing.stale_of(place));
    state.viewed(&visitor, "listed the keys", "");
    Ok(shown(&Keys { keys: page.into_iter().map(shape).collect(), next }))
}

/// One key
#[utoipa::path(get, path = "/api/v1/keys/{key}", tag = "keys",
    params(("key" = String, Path, description = "Its public id")), responses(
    (status = 200, description = "As it stands", body = KeyShape),
    (status = 400, description = "There are no parameters", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "A token is needed", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is none", body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::web) async fn key(
    State(state): Shared,
    Extension(visitor): Who,
    asked: Asked,
    key: Named,
) -> Answer {
    asked.only(&[])?;
    let key = named(key)?;
    let view = state.fresh();
    let found = view.keys.iter().enumerate().find(|(_, it)| it.key == key);
    let none = "there is no such key: /api/v1/keys lists those that are known";
    let (place, found) = found.ok_or_else(|| Wrong::new(StatusCode::NOT_FOUND, none))?;
    state.viewed(&visitor, "viewed a key", &found.key);
    Ok(shown(&KeyShape::of(found, view.standing().stale_of(place))))
}

/// Roles, with what their keys did
#[utoipa::path(get, path = "/api/v1/roles", tag = "keys", responses(
    (status = 200, description = "All of them", body = Roles),
    (status = 400, description = "There are no parameters", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "A token is needed", body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::web) async fn roles(State(state): Shared, asked: Asked) -> Answer {
    asked.only(&[])?;
    Ok(shown(&Roles { roles: state.fresh().role_rows.iter().map(RoleShape::of).collect() }))
}

/// The logs that are read
#[utoipa::path(get, path = "/api/v1/sources", tag = "status", responses(
    (status = 200, description = "All of them", body = Sources),
    (status = 400, description = "There are no parameters", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "A token is needed", body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::web) async fn sources(State(state): Shared, asked: Asked) -> Answer {
    asked.only(&[])?;
    Ok(shown(&Sources { sources: state.fresh().sources.iter().map(SourceShape::of).collect() }))
}

/// Stale credentials and other findings of hygiene, worst first
#[utoipa::path(get, path = "/api/v1/findings", tag = "keys", params(FindingParams, PartParams), responses(
    (status = 200, description = "A page of them", body = Findings),
    (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "A token is needed", body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::web) async fn findings(
    State(state): Shared,
    Extension(visitor): Who,
    asked: Asked,
) -> Answer {
    asked.only(&["severity", "kind", "key", "limit", "cursor"])?;
    let (severity, part) = (asked.severity()?, asked.part()?);
    let (kind, key) = (asked.text("kind"), asked.text("key"));
    let view = state.fresh();
    let mut all = view.stale_open();
    all.retain(|it| {
        severity.is_none_or(|severity| it.severity == severity)
            && kind.is_none_or(|kind| it.kind == kind)
            && key.is_none_or(|key| it.key == key)
    });
    let (page, next) = part.of(all);
    state.viewed(&visitor, "listed the findings", "");
    Ok(shown(&Findings { findings: page.into_iter().map(FindingShape::of).collect(), next }))
}

/// The audit journal, the newest entry first: for administrators
#[utoipa::path(get, path = "/api/v1/journal", tag = "journal", params(JournalParams), responses(
    (status = 200, description = "A page of it", body = Journal),
    (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "A token is needed", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "The role admin is needed", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "Nothing is kept beyond this run", body = Problem, content_type = "application/problem+json"),
))]
pub(in crate::web) async fn journal(
    State(state): Shared,
    Extension(visitor): Who,
    asked: Asked,
) -> Answer {
    asked.only(&["limit", "before"])?;
    let (limit, before) = (asked.limit()?.min(LIMIT_MAX), asked.number("before")?);
    state.viewed(&visitor, "viewed the journal", "");
    let read = state.errands.ask(|done| Errand::Journal { before, limit, done }).await;
    let entries = read?;
    let next = entries.last().map(|entry| entry.number);
    let next = next.filter(|number| limit <= entries.len() && 1 < *number);
    Ok(shown(&Journal { entries: entries.iter().map(EntryShape::of).collect(), next }))
}

fn named(name: Named) -> Result<String, Wrong> {
    let wrong = |_| Wrong::new(StatusCode::NOT_FOUND, "this is no name of anything here");
    name.map(|Path(name)| name).map_err(wrong)
}
