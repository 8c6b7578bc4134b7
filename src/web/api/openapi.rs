//! The description of the API, made from the types that it gives.

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, ResponseBuilder};

use super::{lists, parties, status, words};

#[derive(OpenApi)]
#[openapi(
    info(title = "keyvigil", description = "What keyvigil's pages show, for programs. Lists come \
        in pages, errors as application/problem+json. On a loopback address it can be read \
        without a token; words about incidents always need one of the role operator."),
    paths(
        status::status, lists::sources, lists::incidents, lists::incident, words::say, lists::keys,
        lists::key, parties::third_parties, lists::roles, lists::findings, lists::journal,
    ),
    modifiers(&Bearer, &Limits),
    security((), ("token" = [])),
)]
struct Api;

/// How a program says who it is.
struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// What every address may answer where too much, or somebody unknown, asks.
struct Limits;

impl utoipa::Modify for Limits {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        for item in api.paths.paths.values_mut() {
            for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
                for (status, about) in [
                    ("403", "The token's role is not enough"),
                    ("421", "It was asked for by a name that is not the page's"),
                    ("429", "Too many wrong tokens came from there"),
                    ("431", "Too many headers"),
                    ("503", "Too much is asked at once"),
                ] {
                    let response = ResponseBuilder::new()
                        .description(about)
                        .content(
                            "application/problem+json",
                            Content::new(Some(Ref::from_schema_name("Problem"))),
                        )
                        .build();
                    let responses = &mut operation.responses.responses;
                    responses.entry(status.to_owned()).or_insert(RefOr::T(response));
                }
            }
        }
    }
}

static DESCRIPTION: LazyLock<String> =
    LazyLock::new(|| Api::openapi().to_pretty_json().unwrap_or_default());

pub(super) async fn description() -> Response {
    ([(CONTENT_TYPE, "application/json")], DESCRIPTION.as_str()).into_response()
}

/// Method, address and what it is for, of everything: for the page about it.
pub(in crate::web) fn all() -> Vec<(String, String, String)> {
    let api: serde_json::Value = serde_json::from_str(&DESCRIPTION).unwrap_or_default();
    let paths = api.get("paths").and_then(|paths| paths.as_object()).cloned().unwrap_or_default();
    let mut all = Vec::new();
    for (path, methods) in paths {
        for (method, about) in methods.as_object().into_iter().flatten() {
            let summary = about.get("summary").and_then(|it| it.as_str()).unwrap_or_default();
            all.push((method.to_uppercase(), path.clone(), summary.to_owned()));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_described_with_its_answers() {
        let all = all();
        assert_eq!(all.len(), 11, "{all:?}");
        assert!(all.iter().all(|(_, _, summary)| !summary.is_empty()), "{all:?}");
        let api: serde_json::Value = serde_json::from_str(&DESCRIPTION).unwrap();
        let incident = &api["components"]["schemas"]["IncidentShape"]["properties"];
        for field in ["id", "state", "severity", "remarks", "evidence", "mute"] {
            assert!(incident.get(field).is_some(), "{field}");
        }
        assert!(api["paths"]["/api/v1/incidents"]["get"]["responses"]["400"].is_object());
    }
}
