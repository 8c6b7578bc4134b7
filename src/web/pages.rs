//! The handlers of pages: which template, which status.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};

use super::access::Visitor;
use super::api_page::api_page;
use super::errand::{Errand, Found};
use super::health::health_page;
use super::incident_page::{incident_page, incidents_page};
use super::key_page::key_page;
use super::keys_csv::keys_csv;
use super::keys_page::{Wanted, keys_page};
use super::overview::overview_page;
use super::parts::{CSS, CSS_NAME, Frame, JS, JS_NAME, find, frame, icon};
use super::problem::problem;
use super::roles_page::roles_page;
use super::say::told;
use super::{Verdict, WebState, verdict};

type Shared = State<Arc<WebState>>;
type Who = Extension<Visitor>;

#[derive(Template)]
#[template(path = "missing.html", escape = "page")]
struct MissingPage {
    frame: Frame,
}

pub(super) async fn overview(State(state): Shared, Extension(visitor): Who) -> Response {
    shown(&overview_page(&state.seen_by(visitor)))
}

pub(super) async fn incidents(
    State(state): Shared,
    Extension(visitor): Who,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let wanted = query.get("state").map_or("", String::as_str);
    let page = query.get("page").and_then(|page| page.parse().ok()).unwrap_or(0);
    state.viewed(&visitor, "listed the incidents", "");
    shown(&incidents_page(&state.seen_by(visitor), wanted, page))
}

pub(super) async fn incident(
    State(state): Shared,
    Extension(visitor): Who,
    Path(id): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let told = query.get("said").and_then(|action| told(action)).map(str::to_owned);
    incident_with(&state, visitor, (&id, told)).await
}

/// With a message over it: what was done, or why it was not.
pub(super) async fn incident_with(
    state: &WebState,
    visitor: Visitor,
    (id, message): (&str, Option<String>),
) -> Response {
    let view = state.seen_by(visitor.clone());
    let asked = state.errands.ask(|done| Errand::Find { id: id.to_owned(), done }).await;
    let known = || {
        let incident = find(&view, id)?.clone();
        Some(Found { incident, ..Found::default() })
    };
    // Without a store the view knows all there is.
    let Some(found) = asked.ok().or_else(known) else { return missing(state, visitor) };
    state.viewed(&visitor, "viewed an incident", &found.incident.id.to_string());
    shown(&incident_page(&view, &found, message))
}

pub(super) async fn keys(
    State(state): Shared,
    Extension(visitor): Who,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    state.viewed(&visitor, "listed the keys", "");
    shown(&keys_page(&state.seen_by(visitor), &Wanted::from(&query)))
}

/// All that fit, as a file for a spreadsheet.
pub(super) async fn keys_as_csv(
    State(state): Shared,
    Extension(visitor): Who,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    state.viewed(&visitor, "exported the keys", "");
    let view = state.seen_by(visitor);
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"keyvigil-keys.csv\""),
    ];
    (headers, keys_csv(&Wanted::from(&query).all(&view))).into_response()
}

pub(super) async fn key(
    State(state): Shared,
    Extension(visitor): Who,
    Path(key): Path<String>,
) -> Response {
    let view = state.seen_by(visitor.clone());
    let Some(row) = view.keys.iter().find(|it| it.key == key) else {
        return missing(&state, visitor);
    };
    state.viewed(&visitor, "viewed a key", &row.key);
    // Without a store there is nothing beyond its row.
    let file = state.errands.ask(|done| Errand::Key { key, done }).await.unwrap_or_default();
    shown(&key_page(&view, row, &file))
}

pub(super) async fn roles(State(state): Shared, Extension(visitor): Who) -> Response {
    shown(&roles_page(&state.seen_by(visitor)))
}

pub(super) async fn api(State(state): Shared, Extension(visitor): Who) -> Response {
    shown(&api_page(&state.seen_by(visitor)))
}

pub(super) async fn health(State(state): Shared, Extension(visitor): Who) -> Response {
    shown(&health_page(&state.seen_by(visitor)))
}

pub(super) async fn asset(Path(name): Path<String>) -> Response {
    const FOR_EVER: &str = "public, max-age=31536000, immutable";
    const A_DAY: &str = "public, max-age=86400";
    if name == CSS_NAME.as_str() {
        let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, FOR_EVER)];
        return (headers, CSS).into_response();
    }
    if name == JS_NAME.as_str() {
        let headers = [(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, FOR_EVER)];
        return (headers, JS).into_response();
    }
    let verdict = name.strip_prefix("icon-").and_then(|rest| rest.strip_suffix(".svg"));
    match verdict.and_then(icon) {
        Some(svg) => {
            ([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, A_DAY)], svg).into_response()
        }
        None => (StatusCode::NOT_FOUND, "there is no such file\n").into_response(),
    }
}

/// Alive, and nothing more is told.
pub(super) async fn healthz() -> &'static str {
    "ok"
}

/// Whether it can do its work: not while it is blind.
pub(super) async fn readyz(State(state): Shared) -> Response {
    match verdict(&state.fresh()) {
        Verdict::Blind => (StatusCode::SERVICE_UNAVAILABLE, "blind").into_response(),
        Verdict::Degraded | Verdict::Alert | Verdict::Warn | Verdict::Learning | Verdict::Ok => {
            "ready".into_response()
        }
    }
}

pub(super) async fn not_found(State(state): Shared, Extension(visitor): Who, uri: Uri) -> Response {
    if uri.path().starts_with("/api/") {
        return problem(StatusCode::NOT_FOUND, "there is nothing here: see /api/v1/openapi.json");
    }
    missing(&state, visitor)
}

pub(super) fn missing(state: &WebState, visitor: Visitor) -> Response {
    let page = MissingPage { frame: frame(&state.seen_by(visitor), "", "Not found") };
    (StatusCode::NOT_FOUND, shown(&page)).into_response()
}

pub(super) fn shown(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "the page cannot be made\n").into_response(),
    }
}
