//! Who has access to what: each owner's keys of a role, what they may do and did, and when last.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::{Extension, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::access::Visitor;
use super::pages::shown;
use super::parts::{Frame, clock_of, frame, wide};
use super::text::{about, clean, count, cut, number, rfc3339};
use super::view::View;
use super::{WebState, text};
use crate::engine::{KeyRow, Party};
use crate::incident::words;
use crate::model::Timestamp;

type Shared = State<Arc<WebState>>;

/// One integration with what its keys are doing now.
struct Access<'v> {
    party: &'v Party,
    requests: u64,
    errors: u64,
    first_used: Option<Timestamp>,
    last_used: Option<Timestamp>,
    /// Kinds of findings that are open on its keys.
    open: Vec<&'v str>,
}

#[derive(Template)]
#[template(path = "third_parties.html", escape = "page")]
struct ThirdPartiesPage {
    frame: Frame,
    heading: String,
    not_known: Vec<String>,
    rows: Vec<Row>,
    more: usize,
}

struct Row {
    owner: String,
    role: String,
    keys: String,
    may: String,
    did: String,
    data: String,
    requests: String,
    last: String,
    open: Vec<String>,
}

/// On one page; `keyvigil third-parties` lists them all.
const ROWS_MAX: usize = 200;
const NAMED_MAX: usize = 6;

pub(super) async fn page(State(state): Shared, Extension(visitor): Extension<Visitor>) -> Response {
    state.viewed(&visitor, "viewed who has access", "");
    shown(&third_parties_page(&state.seen_by(visitor)))
}

pub(super) async fn answer(State(state): Shared) -> Json<Value> {
    Json(third_parties_json(&state.fresh()))
}

/// As `/api/v1/third-parties` gives them.
pub fn third_parties_json(view: &View) -> Value {
    let time = |at: Option<Timestamp>| at.and_then(rfc3339);
    let texts = |texts: &[String]| texts.iter().map(|text| clean(text)).collect::<Vec<_>>();
    let row = |it: Access<'_>| {
        json!({
            "owner": clean(&it.party.owner),
            "role": clean(&it.party.role),
            "keys": texts(&it.party.keys),
            "may": texts(&it.party.may),
            "did": texts(&it.party.routes),
            "data": it.party.data,
            "requests": it.requests,
            "errors": it.errors,
            "first_used": time(it.first_used),
            "last_used": time(it.last_used),
            "open": it.open,
        })
    };
    let rows: Vec<Value> = all(view).into_iter().map(row).collect();
    json!({ "third_parties": rows, "not_known": view.not_known })
}

fn third_parties_page(view: &View) -> ThirdPartiesPage {
    let clock = clock_of(view);
    let mut all = all(view);
    // Those that nobody uses come first: they are what can be taken away.
    all.sort_by_key(|it| it.last_used);
    let keys: usize = all.iter().map(|it| it.party.keys.len()).sum();
    let heading = format!(
        "{} with {}",
        count(all.len(), "integration", "integrations"),
        count(keys, "key", "keys")
    );
    let row = |it: &Access<'_>| Row {
        owner: cut(&clean(&it.party.owner), 60),
        role: cut(&clean(&it.party.role), 40),
        keys: listed(&it.party.keys),
        may: listed(&it.party.may),
        did: listed(&it.party.routes),
        data: it.party.data.join(", "),
        requests: about(it.requests),
        last: it.last_used.map_or_else(|| "never".to_owned(), |at| clock.when(at)),
        open: it.open.iter().map(|kind| called(kind)).collect(),
    };
    ThirdPartiesPage {
        frame: frame(view, "third-parties", &heading),
        heading,
        not_known: view.not_known.clone(),
        rows: all.iter().take(ROWS_MAX).map(row).collect(),
        more: all.len().saturating_sub(ROWS_MAX),
    }
}

fn all(view: &View) -> Vec<Access<'_>> {
    view.parties.iter().map(|party| Access::of(party, view)).collect()
}

impl<'v> Access<'v> {
    fn of(party: &'v Party, view: &'v View) -> Self {
        let row = |id: &String| {
            let place = view.keys.binary_search_by(|row| row.key.as_str().cmp(id)).ok();
            place.and_then(|place| view.keys.get(place))
        };
        let rows: Vec<&KeyRow> = party.keys.iter().filter_map(row).collect();
        let mut open: Vec<&str> =
            rows.iter().flat_map(|row| row.stale.iter().map(String::as_str)).collect();
        open.sort_unstable();
        open.dedup();
        Self {
            party,
            requests: rows.iter().map(|row| row.requests).sum(),
            errors: rows.iter().map(|row| row.errors).sum(),
            first_used: rows.iter().filter_map(|row| row.first_used).min(),
            last_used: rows.iter().filter_map(|row| row.last_used).max(),
            open,
        }
    }
}

fn listed(texts: &[String]) -> String {
    let named: Vec<String> = texts.iter().take(NAMED_MAX).map(|it| cut(&clean(it), 60)).collect();
    match texts.len().saturating_sub(NAMED_MAX) {
        0 => named.join(", "),
        more => format!("{} and {} more", named.join(", "), number(wide(more))),
    }
}

fn called(kind: &str) -> String {
    words(kind).map_or_else(|| text::clean(kind), |words| words.title.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn view() -> View {
        let mut view = sample::calm();
        Arc::make_mut(&mut view.keys).sort_by(|a, b| a.key.cmp(&b.key));
        let keys: Vec<String> = view.keys.iter().take(2).map(|row| row.key.clone()).collect();
        let parties = vec![
            Party {
                owner: "ana@example.com".into(),
                role: "partner".into(),
                keys,
                routes: vec!["GET /v1/<b>".into()],
                data: vec!["people"],
                ..Party::default()
            },
            Party { role: "batch".into(), keys: vec!["k_nobody".into()], ..Party::default() },
        ];
        View { parties: Arc::new(parties), not_known: vec!["not yet".into()], ..view }
    }

    #[test]
    fn the_keys_of_an_integration_are_counted_together() {
        let view = view();
        let answer = third_parties_json(&view);
        let rows = answer["third_parties"].as_array().unwrap();
        let expected: u64 = view.keys.iter().take(2).map(|row| row.requests).sum();
        assert_eq!(rows[0]["requests"], expected);
        assert!(rows[0]["last_used"].is_string() && rows[1]["last_used"].is_null());
        assert_eq!(answer["not_known"][0], "not yet");
    }

    #[test]
    fn what_nobody_uses_stands_first_and_what_a_log_says_is_escaped() {
        let html = third_parties_page(&view()).render().unwrap();
        let place = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text} in {html}"));
        assert!(place("k_nobody") < place("ana@example.com"));
        assert!(html.contains("GET /v1/&lt;b&gt;") && !html.contains("/v1/<b>"));
        assert!(html.contains("nobody answers for it") && html.contains("not yet"));
    }
}
