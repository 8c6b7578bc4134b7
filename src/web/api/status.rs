//! What monitors ask: always 200, however bad things are.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::headline::problems;
use super::super::text::clean;
use super::super::view::View;
use super::super::{WebState, verdict};
use super::asked::Asked;
use super::shapes::{SourceShape, time};
use super::shown;
use crate::model::Severity;

/// How the daemon is, and what it found.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct StatusShape {
    /// `blind`, `degraded`, `alert`, `warn`, `learning` or `ok`: the first that holds.
    verdict: String,
    version: String,
    /// What does not work, each with what to do.
    problems: Vec<String>,
    #[schema(format = DateTime)]
    since: Option<String>,
    #[schema(format = DateTime)]
    last_event: Option<String>,
    lag_seconds: Option<f64>,
    incidents: OpenShape,
    degraded: Vec<String>,
    stale_keys: u64,
    keys: u64,
    roles: u64,
    sources: Vec<SourceShape>,
    mail: MailShape,
    store: Option<StoreShape>,
    /// What is stored, for how long, and what went; empty while no daemon runs.
    kept: Vec<KeptShape>,
}

/// One sort of what is stored.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct KeptShape {
    what: String,
    how: String,
}

/// What is remembered; null where nothing outlives the process.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct StoreShape {
    events: u64,
    disk_bytes: u64,
    /// How much is encrypted with a new key already; null if no key is being replaced.
    rotation_percent: Option<u8>,
}

/// Open incidents by severity.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct OpenShape {
    critical: u64,
    high: u64,
    medium: u64,
    low: u64,
}

/// Mails that wait and were given up.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct MailShape {
    queued: u64,
    failed: u64,
    #[schema(format = DateTime)]
    last_sent: Option<String>,
}

/// How the daemon is doing
#[utoipa::path(get, path = "/api/v1/status", tag = "status", responses(
    (status = 200, description = "Always, also when blind", body = StatusShape),
    (status = 400, description = "There are no parameters", body = super::super::problem::Problem, content_type = "application/problem+json"),
    (status = 401, description = "A token is needed", body = super::super::problem::Problem, content_type = "application/problem+json"),
))]
pub(in crate::web) async fn status(
    State(state): State<Arc<WebState>>,
    asked: Asked,
) -> super::lists::Answer {
    asked.only(&[])?;
    Ok(shown(&StatusShape::of(&state.fresh())))
}

impl KeptShape {
    fn of((what, how): &(&'static str, String)) -> Self {
        Self { what: (*what).to_owned(), how: clean(how) }
    }
}

impl StatusShape {
    pub(super) fn of(view: &View) -> Self {
        let count = |severity| super::super::parts::wide(view.open_count(severity));
        Self {
            verdict: verdict(view).name().to_owned(),
            version: view.version.clone(),
            problems: problems(view).iter().map(|text| clean(text)).collect(),
            since: time(view.started),
            last_event: time(view.last_event),
            lag_seconds: view.lag_seconds.map(|lag| (lag * 1000.0).round() / 1000.0),
            incidents: OpenShape {
                critical: count(Severity::Critical),
                high: count(Severity::High),
                medium: count(Severity::Medium),
                low: count(Severity::Low),
            },
            degraded: view.degraded.iter().map(|it| clean(it)).collect(),
            stale_keys: super::super::parts::wide(view.stale_keys()),
            keys: super::super::parts::wide(view.keys.len()),
            roles: view.roles,
            sources: view.sources.iter().map(SourceShape::of).collect(),
            mail: MailShape {
                queued: view.mail.queued,
                failed: view.mail.failed,
                last_sent: time(view.mail.last_sent),
            },
            store: view.store.map(|store| StoreShape {
                events: store.events,
                disk_bytes: store.disk_bytes,
                rotation_percent: store.rotation_percent,
            }),
            kept: view.kept.iter().map(KeptShape::of).collect(),
        }
    }
}
