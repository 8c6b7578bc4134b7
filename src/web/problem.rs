//! What the API says when it cannot give what was asked for: `application/problem+json`.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::errand::{Because, Refused};
use super::text::clean;

/// As RFC 9457 has it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Problem {
    /// Always `about:blank`: the status says what kind it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// What the status is called.
    title: String,
    status: u16,
    /// What was wrong, and what to do.
    detail: String,
}

pub(super) fn problem(status: StatusCode, detail: &str) -> Response {
    let problem = Problem {
        kind: "about:blank",
        title: status.canonical_reason().unwrap_or("Problem").to_owned(),
        status: status.as_u16(),
        detail: clean(detail),
    };
    // Texts and a number: it can always be written.
    let body = serde_json::to_string(&problem).unwrap_or_default();
    (status, [(CONTENT_TYPE, "application/problem+json")], body).into_response()
}

/// Why a question has no answer.
#[derive(Debug)]
pub(super) struct Wrong {
    status: StatusCode,
    detail: String,
}

impl Wrong {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        problem(self.status, &self.detail)
    }
}

impl From<Refused> for Wrong {
    fn from(refused: Refused) -> Self {
        Self::new(refused.status(), refused.message)
    }
}

impl Refused {
    pub(super) const fn status(&self) -> StatusCode {
        match self.because {
            Because::Missing => StatusCode::NOT_FOUND,
            Because::Conflict => StatusCode::CONFLICT,
            Because::Busy | Because::Failed => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
