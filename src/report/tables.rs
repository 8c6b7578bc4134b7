//! The tables beside `events` that questions can name: incidents, stale findings, keys.

use std::collections::BTreeMap;

use polars::prelude::{
    BooleanChunked, Column as Series, DataFrame, Float64Chunked, Int64Chunked, IntoColumn as _,
    IntoLazy as _, IntoSeries as _, NewChunkedArray as _, PolarsResult, StringChunked, TimeUnit,
};
use polars::sql::SQLContext;

use crate::engine::KeyRow;
use crate::incident::{Incident, IncidentId, StaleFinding, Transition};
use crate::model::{Class, Entity, Timestamp};
use crate::store::{OutboxState, Shown, Store, StoreError};

/// What there is to ask for, by table.
pub(super) const TABLES: &str = "`incidents` has id, kind, class, severity, state, title, key, role, \
    owner, address, since, opened, last_seen, told, acknowledged, acknowledged_by, resolved, \
    detected_s, told_s, acknowledged_s, resolved_s, events, score, below, merged; `stale` has key, \
    route, kind, severity, owner, role, since, found, state, first_used, last_used, may, did, \
    because, next; `keys` has key, role, owner, first_used, last_used, requests, errors, baseline, \
    stale";

/// Whether the question may be about that table.
pub(super) fn is_named(table: &str, sql: &str) -> bool {
    let is_part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    sql.to_lowercase().split(|c| !is_part_of_word(c)).any(|word| word == table)
}

/// Makes the tables known that the question names.
pub(super) fn register(
    context: &mut SQLContext,
    (store, keys): (&Store, &[KeyRow]),
    sql: &str,
) -> Result<PolarsResult<()>, StoreError> {
    let mut tables = Vec::new();
    if is_named("incidents", sql) {
        tables.push(("incidents", incidents(store)?));
    }
    if is_named("stale", sql) {
        tables.push(("stale", stale(&store.stale_findings()?)));
    }
    if is_named("keys", sql) {
        tables.push(("keys", listed(keys)));
    }
    let registered = || {
        for (name, frame) in tables {
            context.register(name, frame?.lazy());
        }
        Ok(())
    };
    Ok(registered())
}

fn incidents(store: &Store) -> Result<PolarsResult<DataFrame>, StoreError> {
    let incidents = store.incidents(Shown::All)?;
    let mut told = BTreeMap::<IncidentId, Timestamp>::new();
    for row in store.outbox()? {
        if let (Transition::Opened, OutboxState::Sent { at, .. }) =
            (row.notice.transition, row.state)
        {
            let first = told.entry(row.notice.incident).or_insert(at);
            *first = (*first).min(at);
        }
    }
    let columns =
        names_of_incidents(&incidents).into_iter().chain(times_of_incidents(&incidents, &told));
    Ok(DataFrame::new(incidents.len(), columns.collect()))
}

fn names_of_incidents(incidents: &[Incident]) -> Vec<Series> {
    let key = |it: &Incident| it.entity.key().map_or_else(|| first(&it.keys), str::to_owned);
    let address = |it: &Incident| match &it.entity {
        Entity::Address(address) => address.clone(),
        Entity::Key(_) | Entity::Route(_) | Entity::App(_) | Entity::Fleet => first(&it.addresses),
    };
    let merged = |it: &Incident| it.merged_into.map(|id| id.to_string()).unwrap_or_default();
    vec![
        texts("id", incidents, |it| it.id.to_string()),
        texts("kind", incidents, |it| it.kind.clone()),
        texts("class", incidents, |it| class_name(it.class).to_owned()),
        texts("severity", incidents, |it| it.severity.name().to_owned()),
        texts("state", incidents, |it| it.state.name().to_owned()),
        texts("title", incidents, |it| it.title.clone()),
        texts("key", incidents, key),
        texts("role", incidents, |it| it.role.clone()),
        texts("owner", incidents, |it| it.owner.clone()),
        texts("address", incidents, address),
        texts("acknowledged_by", incidents, |it| it.acknowledged_by.clone()),
        texts("merged", incidents, merged),
        BooleanChunked::from_iter_values("below".into(), incidents.iter().map(|it| it.below))
            .into_column(),
        Float64Chunked::from_iter_values("score".into(), incidents.iter().map(|it| it.score))
            .into_column(),
        whole("events", incidents, |it| i64::try_from(it.events).ok()),
    ]
}

fn times_of_incidents(
    incidents: &[Incident],
    told: &BTreeMap<IncidentId, Timestamp>,
) -> Vec<Series> {
    let told = |it: &Incident| told.get(&it.id).copied();
    // People have the wall's clock, and old logs their own: what lies before is not a span.
    let after = |it: &Incident, at: Option<Timestamp>| {
        at.map(|at| at.since(it.opened).0.div_euclid(1000)).filter(|seconds| 0 <= *seconds)
    };
    vec![
        times("since", incidents, |it| Some(it.since)),
        times("opened", incidents, |it| Some(it.opened)),
        times("last_seen", incidents, |it| Some(it.last_seen)),
        times("told", incidents, told),
        times("acknowledged", incidents, acknowledged),
        times("resolved", incidents, |it| it.resolved),
        whole("detected_s", incidents, |it| Some(it.opened.since(began(it)).0.div_euclid(1000))),
        whole("told_s", incidents, |it| after(it, told(it))),
        whole("acknowledged_s", incidents, |it| after(it, acknowledged(it))),
        whole("resolved_s", incidents, |it| after(it, it.resolved)),
    ]
}

/// The first sign in the log. Of a rule that was broken it is the first line that did; of what
/// is unusual often only the hour is known, so that it took at most so long to see it.
fn began(incident: &Incident) -> Timestamp {
    match (incident.class, incident.evidence.first()) {
        (Class::Policy, Some(line)) => line.at.min(incident.opened),
        (Class::Policy, None) => incident.opened,
        (Class::Statistical | Class::Stale, _) => incident.since.min(incident.opened),
    }
}

/// When somebody first said that they look into it.
fn acknowledged(incident: &Incident) -> Option<Timestamp> {
    incident.remarks.iter().find(|it| it.word == "acknowledged").map(|it| it.at)
}

fn stale(findings: &[StaleFinding]) -> PolarsResult<DataFrame> {
    let columns = vec![
        texts("key", findings, |it| it.key.to_string()),
        texts("route", findings, |it| it.route.to_string()),
        texts("kind", findings, |it| it.kind.to_string()),
        texts("severity", findings, |it| it.severity.name().to_owned()),
        texts("owner", findings, |it| it.owner.to_string()),
        texts("role", findings, |it| it.role.to_string()),
        times("since", findings, |it| Some(it.since)),
        times("found", findings, |it| Some(it.at)),
        texts("state", findings, |it| it.state.name().to_owned()),
        times("first_used", findings, |it| it.first_used),
        times("last_used", findings, |it| it.last_used),
        texts("may", findings, |it| it.may.join(", ")),
        texts("did", findings, |it| it.did.join(", ")),
        texts("because", findings, |it| it.because.clone()),
        texts("next", findings, |it| it.next.to_string()),
    ];
    DataFrame::new(findings.len(), columns)
}

fn listed(keys: &[KeyRow]) -> PolarsResult<DataFrame> {
    let columns = vec![
        texts("key", keys, |it| it.key.to_string()),
        texts("role", keys, |it| it.role.to_string()),
        texts("owner", keys, |it| it.owner.to_string()),
        times("first_used", keys, |it| it.first_used),
        times("last_used", keys, |it| it.last_used),
        whole("requests", keys, |it| i64::try_from(it.requests).ok()),
        whole("errors", keys, |it| i64::try_from(it.errors).ok()),
        texts("baseline", keys, |it| it.state.to_owned()),
        texts("stale", keys, |it| it.stale.join(", ")),
    ];
    DataFrame::new(keys.len(), columns)
}

fn first(texts: &[String]) -> String {
    texts.first().cloned().unwrap_or_default()
}

const fn class_name(class: Class) -> &'static str {
    match class {
        Class::Policy => "policy",
        Class::Statistical => "statistical",
        Class::Stale => "stale",
    }
}

/// An empty text is absent.
fn texts<T>(name: &str, rows: &[T], of: impl Fn(&T) -> String) -> Series {
    let texts = rows.iter().map(|row| Some(of(row)).filter(|text| !text.is_empty()));
    StringChunked::from_iter_options(name.into(), texts).into_column()
}

fn whole<T>(name: &str, rows: &[T], of: impl Fn(&T) -> Option<i64>) -> Series {
    Int64Chunked::from_iter_options(name.into(), rows.iter().map(of)).into_column()
}

fn times<T>(name: &str, rows: &[T], of: impl Fn(&T) -> Option<Timestamp>) -> Series {
    let times = rows.iter().map(|row| of(row).map(|at| at.0));
    let times = Int64Chunked::from_iter_options(name.into(), times);
    times.into_datetime(TimeUnit::Milliseconds, None).into_series().into_column()
}
