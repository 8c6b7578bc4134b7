//! Numbers for Prometheus. Labels are states and reasons of our own, never keys, paths or
//! addresses.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use super::view::{Reading, View};
use super::{Verdict, WebState, verdict};
use crate::model::{Severity, Timestamp};

type ByLabel = Family<Vec<(String, String)>, Gauge>;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn metrics(State(state): State<Arc<WebState>>) -> Response {
    match written(&state.fresh()) {
        Some(text) => ([(CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn written(view: &View) -> Option<String> {
    let mut registry = Registry::with_prefix("keyvigil");
    register_counts(&mut registry, view);
    register_times(&mut registry, view);
    register_states(&mut registry, view);
    let mut text = String::new();
    encode(&mut text, &registry).ok()?;
    Some(text)
}

fn register_counts(registry: &mut Registry, view: &View) {
    let rotations = view.sources.iter().map(|source| source.rotations).sum();
    let lines = view.sources.iter().map(|source| source.lines).sum();
    let losses = view.sources.iter().map(|source| source.losses).sum();
    let lost_bytes = view.sources.iter().map(|source| source.lost_bytes).sum();
    let counters: [(&str, &str, u64); 7] = [
        ("events", "Events judged", view.events),
        ("late_events", "Events that came after their slot was judged", view.late),
        ("lines", "Lines read from all sources", lines),
        ("rotations", "Rotations of log files followed", rotations),
        ("losses", "Times that lines may have been lost before they were read", losses),
        ("lost_bytes", "Bytes seen and gone before they were read", lost_bytes),
        ("mails_failed", "Mails given up", view.mail.failed),
    ];
    for (name, help, value) in counters {
        registry.register(name, help, ConstCounter::new(value));
    }
    let gauges = [
        ("keys", "Keys known", integer(view.keys.len())),
        ("roles", "Roles known", i64::try_from(view.roles).unwrap_or(i64::MAX)),
        ("stale_keys", "Keys with a stale finding", integer(view.stale_keys())),
        ("mails_queued", "Mails waiting", i64::try_from(view.mail.queued).unwrap_or(i64::MAX)),
    ];
    for (name, help, value) in gauges {
        registry.register(name, help, ConstGauge::new(value));
    }
}

fn register_times(registry: &mut Registry, view: &View) {
    if let Some(lag) = view.lag_seconds {
        registry.register("lag_seconds", "From now back to the watermark", ConstGauge::new(lag));
    }
    let times = [
        ("start_timestamp_seconds", "When the daemon started", view.started),
        ("last_event_timestamp_seconds", "Time of the newest event", view.last_event),
        ("last_mail_timestamp_seconds", "When the last mail was sent", view.mail.last_sent),
    ];
    for (name, help, at) in times {
        if let Some(at) = at {
            registry.register(name, help, ConstGauge::new(at.seconds()));
        }
    }
    if view.updated != Timestamp::default() {
        let updated = ConstGauge::new(view.updated.seconds());
        registry.register("updated_timestamp_seconds", "When these numbers were taken", updated);
    }
}

fn register_states(registry: &mut Registry, view: &View) {
    let now = verdict(view);
    let verdicts = Verdict::ALL.map(|one| (one.name().to_owned(), i64::from(one == now)));
    let family = by_label("verdict", verdicts);
    registry.register("verdict", "1 for the verdict that holds", family);

    let sources = Reading::ALL.map(|state| (state.name().to_owned(), view.sources_in(&[state])));
    let family = by_label("state", sources.map(|(name, count)| (name, integer(count))));
    registry.register("sources", "Log files by how their reading goes", family);

    let severities = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let open = severities.map(|one| (one.name().to_owned(), integer(view.open_count(one))));
    registry.register("open_incidents", "Open incidents", by_label("severity", open));

    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for (reason, count) in view.sources.iter().flat_map(|source| &source.reasons) {
        *reasons.entry(reason).or_default() += count;
    }
    let reasons = reasons
        .into_iter()
        .map(|(reason, count)| (reason.to_owned(), i64::try_from(count).unwrap_or(i64::MAX)));
    let family = by_label("reason", reasons);
    registry.register("lines_rejected", "Lines that could not be read as an event", family);
}

fn by_label(label: &str, values: impl IntoIterator<Item = (String, i64)>) -> ByLabel {
    let family = ByLabel::default();
    for (value, count) in values {
        family.get_or_create(&vec![(label.to_owned(), value)]).set(count);
    }
    family
}

fn integer(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
