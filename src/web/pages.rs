//! The handlers of pages: which template, which status.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};

use super::health::health_page;
use super::incident_page::{incident_page, incidents_page};
use super::keys_page::{Wanted, keys_page};
use super::overview::overview_page;
use super::parts::{CSS, CSS_NAME, Frame, find, frame, icon};
use super::{Verdict, WebState, verdict};

type Shared = State<Arc<WebState>>;

#[derive(Template)]
#[template(path = "missing.html", escape = "page")]
struct MissingPage {
    frame: Frame,
}

pub(super) async fn overview(State(state): Shared) -> Response {
    shown(&overview_page(&state.fresh()))
}

pub(super) async fn incidents(
    State(state): Shared,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let wanted = query.get("state").map_or("", String::as_str);
    shown(&incidents_page(&state.fresh(), wanted))
}

pub(super) async fn incident(State(state): Shared, Path(id): Path<String>) -> Response {
    let view = state.fresh();
    match find(&view, &id) {
        Some(incident) => shown(&incident_page(&view, incident)),
        None => missing(&state),
    }
}

pub(super) async fn keys(
    State(state): Shared,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    shown(&keys_page(&state.fresh(), &Wanted::from(&query)))
}

pub(super) async fn health(State(state): Shared) -> Response {
    shown(&health_page(&state.fresh()))
}

pub(super) async fn asset(State(state): Shared, Path(name): Path<String>) -> Response {
    const FOR_EVER: &str = "public, max-age=31536000, immutable";
    const A_DAY: &str = "public, max-age=86400";
    if name == CSS_NAME.as_str() {
        let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, FOR_EVER)];
        return (headers, CSS).into_response();
    }
    let verdict = name.strip_prefix("icon-").and_then(|rest| rest.strip_suffix(".svg"));
    match verdict.and_then(icon) {
        Some(svg) => {
            ([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, A_DAY)], svg).into_response()
        }
        None => missing(&state),
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

pub(super) async fn not_found(State(state): Shared) -> Response {
    missing(&state)
}

fn missing(state: &WebState) -> Response {
    let page = MissingPage { frame: frame(&state.fresh(), "", "Not found") };
    (StatusCode::NOT_FOUND, shown(&page)).into_response()
}

pub(super) fn shown(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "the page cannot be made\n").into_response(),
    }
}
