//! The same as the pages, for machines: pages of lists, filters, and words about incidents.

mod asked;
mod etag;
mod lists;
mod openapi;
mod parties;
mod shapes;
mod status;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use serde::Serialize;
use serde_json::{Value, json};

use super::WebState;
use super::problem::problem;
use super::view::View;
use crate::incident::Incident;

use shapes::{IncidentShape, KeyShape};
use status::StatusShape;

/// Every address of it.
pub(super) fn routes() -> Router<Arc<WebState>> {
    Router::new()
        .route("/api/v1/status", only_get(get(status::status)))
        .route("/api/v1/incidents", only_get(get(lists::incidents)))
        .route("/api/v1/incidents/{id}", only_get(get(lists::incident)))
        .route("/api/v1/incidents/{id}/{action}", only_post(post(words::say)))
        .route("/api/v1/keys", only_get(get(lists::keys)))
        .route("/api/v1/keys/{key}", only_get(get(lists::key)))
        .route("/api/v1/roles", only_get(get(lists::roles)))
        .route("/api/v1/sources", only_get(get(lists::sources)))
        .route("/api/v1/third-parties", only_get(get(parties::third_parties)))
        .route("/api/v1/findings", only_get(get(lists::findings)))
        .route("/api/v1/journal", only_get(get(lists::journal)))
        .route("/api/v1/openapi.json", only_get(get(openapi::description)))
        .route("/openapi.json", only_get(get(openapi::description)))
        .layer(axum::middleware::from_fn(etag::unless_known))
}

fn only_get(route: MethodRouter<Arc<WebState>>) -> MethodRouter<Arc<WebState>> {
    let allow = [("allow", "GET, HEAD")];
    route.fallback(async move || {
        (allow, problem(StatusCode::METHOD_NOT_ALLOWED, "this is only read")).into_response()
    })
}

fn only_post(route: MethodRouter<Arc<WebState>>) -> MethodRouter<Arc<WebState>> {
    let allow = [("allow", "POST")];
    route.fallback(async move || {
        let text = "a word about an incident is sent with POST";
        (allow, problem(StatusCode::METHOD_NOT_ALLOWED, text)).into_response()
    })
}

/// As `/api/v1/incidents` gives them, all of them.
pub fn incidents_json(view: &View) -> Value {
    let list = view.incidents_in_order();
    json!({ "incidents": list.into_iter().map(incident_json).collect::<Vec<_>>() })
}

/// As `/api/v1/keys` gives them, all of them.
pub fn keys_json(view: &View) -> Value {
    let standing = view.standing();
    let shape = |(place, key)| KeyShape::of(key, standing.stale_of(place));
    let keys = view.keys.iter().enumerate();
    json!({ "keys": keys.map(shape).collect::<Vec<_>>(), "not_known": view.not_known })
}

/// As `/api/v1/incidents/{id}` gives it.
pub fn incident_json(incident: &Incident) -> Value {
    // Texts, numbers and lists: it can always be written.
    serde_json::to_value(IncidentShape::of(incident)).unwrap_or_default()
}

/// As `/api/v1/status` gives it.
pub fn status_json(view: &View) -> Value {
    serde_json::to_value(StatusShape::of(view)).unwrap_or_default()
}

/// Method, address and what it is for, of everything.
pub(super) fn described() -> Vec<(String, String, String)> {
    openapi::all()
}

/// As `/api/v1/third-parties` gives them, all of them.
pub fn third_parties_json(view: &View) -> Value {
    json!({ "third_parties": parties::shapes(view), "not_known": view.not_known })
}

fn shown(shape: &impl Serialize) -> Response {
    match serde_json::to_string(shape) {
        Ok(text) => ([(CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}
