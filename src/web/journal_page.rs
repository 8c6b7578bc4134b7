//! The audit journal: who looked at what, and who said or changed what.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, Query, State};
use axum::response::Response;

use super::WebState;
use super::access::Visitor;
use super::errand::Errand;
use super::pages::shown;
use super::parts::{Frame, clock_of, frame};
use super::text::{Clock, clean, cut};
use crate::store::Entry;

#[derive(Template)]
#[template(path = "journal.html", escape = "page")]
struct JournalPage {
    frame: Frame,
    rows: Vec<Row>,
    older: Option<u64>,
    is_first: bool,
    problem: Option<String>,
}

struct Row {
    number: u64,
    at: String,
    who: String,
    from: String,
    what: String,
    about: String,
    /// Where what it is about is shown.
    href: Option<String>,
    reason: String,
}

const ROWS_SHOWN: usize = 100;

pub(super) async fn journal(
    State(state): State<Arc<WebState>>,
    Extension(visitor): Extension<Visitor>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let before = query.get("before").and_then(|number| number.parse().ok());
    state.viewed(&visitor, "viewed the journal", "");
    let limit = ROWS_SHOWN + 1;
    let entries = state.errands.ask(|done| Errand::Journal { before, limit, done }).await;
    let view = state.seen_by(visitor);
    let (mut entries, problem) = match entries {
        Ok(entries) => (entries, None),
        Err(refused) => (Vec::new(), Some(refused.message)),
    };
    let has_more = ROWS_SHOWN < entries.len();
    entries.truncate(ROWS_SHOWN);
    let clock = clock_of(&view);
    let rows: Vec<Row> = entries.iter().map(|entry| row(entry, &clock)).collect();
    shown(&JournalPage {
        frame: frame(&view, "journal", "Journal"),
        older: rows.last().map(|row| row.number).filter(|_| has_more),
        rows,
        is_first: before.is_none(),
        problem,
    })
}

fn row(entry: &Entry, clock: &Clock) -> Row {
    let about = cut(&clean(&entry.about), 80);
    Row {
        number: entry.number,
        at: clock.full(entry.at),
        who: cut(&clean(&entry.who), 60),
        from: cut(&clean(&entry.from), 80),
        what: clean(&entry.what),
        href: about.starts_with("INC-").then(|| format!("/incidents/{about}")),
        about,
        reason: cut(&clean(&entry.reason), 500),
    }
}
