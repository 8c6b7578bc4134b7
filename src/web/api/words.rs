//! A word about an incident from a program: `POST /api/v1/incidents/{id}/{action}`.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::WebState;
use super::super::access::Visitor;
use super::super::problem::{Problem, Wrong};
use super::super::say;
use super::asked::{Asked, bad, moment};
use super::lists::Answer;
use super::shapes::IncidentShape;
use super::shown;
use crate::model::{Millis, Timestamp};

/// What is said.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Said {
    /// Why, for whoever looks at it later; a mute needs it.
    #[schema(max_length = 500)]
    reason: String,
    /// For a mute: until when, RFC 3339.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// For a mute, instead of `until`: for how many minutes.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 527_040)]
    minutes: Option<f64>,
}

const BODY_BYTES_MAX: usize = 16 * 1024;
const REASON_CHARS_MAX: usize = 500;
const MINUTES_MAX: f64 = 527_040.0;

/// Say what an incident is: it is kept with who said it, and follows like any other input
#[utoipa::path(post, path = "/api/v1/incidents/{id}/{action}", tag = "incidents",
    params(
        ("id" = String, Path, description = "As it is listed: INC-7f3c9a"),
        ("action" = String, Path, description = "acknowledge, confirm, expected, false-positive, mute or resolve"),
    ),
    request_body = Said,
    responses(
    (status = 200, description = "How it stands now", body = IncidentShape),
    (status = 400, description = "What was said cannot be read", body = Problem, content_type = "application/problem+json"),
    (status = 401, description = "A token is needed", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "The role operator is needed", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "There is no such incident, or no such word", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It makes no sense: the incident is over, or a mute has no end or no reason", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "It is no JSON", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "Too much is asked at once", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn say(
    State(state): State<Arc<WebState>>,
    path: Result<Path<(String, String)>, PathRejection>,
    asked: Asked,
    request: Request,
) -> Answer {
    asked.only(&[])?;
    let none = |_| Wrong::new(StatusCode::NOT_FOUND, "this is no name of anything here");
    let Path((id, action)) = path.map_err(none)?;
    let visitor = request.extensions().get::<Visitor>().cloned().unwrap_or_default();
    let said = said_in(request).await?;
    let now = state.fresh().now;
    let until = until(&said, now)?;
    let judgement = say::judgement(&action, (now, until), &said.reason)?;
    let said = say::say(&state, &visitor, (&id, judgement, &said.reason)).await;
    Ok(shown(&IncidentShape::of(&said?)))
}

/// An empty body says the word and nothing more.
async fn said_in(request: Request) -> Result<Said, Wrong> {
    let kind = request.headers().get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or("?"));
    let kind = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim().to_owned());
    let bytes = to_bytes(request.into_body(), BODY_BYTES_MAX).await;
    let too_long = |_| bad("this is more than 16 kB");
    let bytes = bytes.map_err(too_long)?;
    match kind.as_deref() {
        None if bytes.is_empty() => return Ok(Said::default()),
        Some("application/json") => {}
        Some(_) | None => {
            let text = "what is said comes as JSON: content-type: application/json";
            return Err(Wrong::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
        }
    }
    let said: Said = serde_json::from_slice(&bytes)
        .map_err(|error| bad(&format!("this cannot be understood: {error}")))?;
    if REASON_CHARS_MAX < said.reason.chars().count() {
        return Err(bad("a reason has 500 characters at most"));
    }
    Ok(said)
}

fn until(said: &Said, now: Timestamp) -> Result<Option<Timestamp>, Wrong> {
    match (said.until.as_deref(), said.minutes) {
        (None, None) => Ok(None),
        // JSON knows no whole numbers: 60.0 is one too.
        (None, Some(minutes))
            if (1.0..=MINUTES_MAX).contains(&minutes) && minutes.fract() == 0.0 =>
        {
            Ok(Some(now.plus(Millis::seconds(whole(minutes) * 60))))
        }
        (None, Some(_)) => Err(bad("minutes is a whole number from 1 to 527040")),
        (Some(text), None) => moment(text).map(Some).ok_or_else(|| {
            bad("until is not a time: write RFC 3339, such as 2026-03-09T08:00:00Z")
        }),
        (Some(_), Some(_)) => {
            let text = "until and minutes say the same: give one of them";
            Err(Wrong::new(StatusCode::CONFLICT, text))
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "some hundred thousand at most")]
const fn whole(minutes: f64) -> i64 {
    minutes as i64
}
