//! Who has access to what: each owner's keys of a role, what they may do and did, and when last.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, Query, State};
use axum::response::Response;

use super::access::Visitor;
use super::pages::shown;
use super::parts::{Frame, Pager, clock_of, frame, wide};
use super::text::{about, clean, count, cut, number};
use super::view::View;
use super::{WebState, text};
use crate::engine::{KeyRow, Party};
use crate::incident::words;
use crate::model::{Name, Timestamp};

type Shared = State<Arc<WebState>>;

/// One integration with what its keys are doing now.
pub(super) struct Access<'v> {
    pub party: &'v Party,
    pub requests: u64,
    pub errors: u64,
    pub first_used: Option<Timestamp>,
    pub last_used: Option<Timestamp>,
    /// Kinds of findings that are open on its keys.
    pub open: Vec<&'v str>,
}

#[derive(Template)]
#[template(path = "third_parties.html", escape = "page")]
struct ThirdPartiesPage {
    frame: Frame,
    heading: String,
    not_known: Vec<String>,
    rows: Vec<Row>,
    pager: Pager,
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

const ROWS_SHOWN: usize = 50;
const NAMED_MAX: usize = 6;

pub(super) async fn page(
    State(state): Shared,
    Extension(visitor): Extension<Visitor>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let page = query.get("page").and_then(|page| page.parse().ok()).unwrap_or(0);
    state.viewed(&visitor, "viewed who has access", "");
    shown(&third_parties_page(&state.seen_by(visitor), page))
}

fn third_parties_page(view: &View, page: usize) -> ThirdPartiesPage {
    let clock = clock_of(view);
    let all = view.parties.len();
    let keys: usize = view.parties.iter().map(|party| party.keys.len()).sum();
    let page = page.min(all.div_ceil(ROWS_SHOWN).saturating_sub(1));
    let heading = format!(
        "{} with {}",
        count(all, "integration", "integrations"),
        count(keys, "key", "keys")
    );
    let row = |it: Access<'_>| Row {
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
    // Those that nobody uses come first: they are what can be taken away.
    let standing = view.standing();
    let places = standing.idle_parties.iter().skip(page * ROWS_SHOWN).take(ROWS_SHOWN);
    let shown = places.filter_map(|&at| view.parties.get(at));
    ThirdPartiesPage {
        frame: frame(view, "third-parties", &heading),
        heading,
        not_known: view.not_known.clone(),
        rows: shown.map(|party| row(Access::of(party, view))).collect(),
        pager: Pager::of(("/third-parties?", page), ROWS_SHOWN, all),
    }
}

pub(super) fn all(view: &View) -> Vec<Access<'_>> {
    view.parties.iter().map(|party| Access::of(party, view)).collect()
}

impl<'v> Access<'v> {
    pub(super) fn of(party: &'v Party, view: &'v View) -> Self {
        let row = |id: &Name| {
            let place = view.keys.binary_search_by(|row| row.key.cmp(id)).ok();
            place.and_then(|place| view.keys.get(place))
        };
        let rows: Vec<&KeyRow> = party.keys.iter().filter_map(row).collect();
        let mut open: Vec<&str> =
            rows.iter().flat_map(|row| row.stale.iter().map(Name::as_str)).collect();
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

fn listed(texts: &[impl AsRef<str>]) -> String {
    let named: Vec<String> =
        texts.iter().take(NAMED_MAX).map(|it| cut(&clean(it.as_ref()), 60)).collect();
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
        let keys: Vec<Name> = view.keys.iter().take(2).map(|row| row.key.clone()).collect();
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
        let all = all(&view);
        let expected: u64 = view.keys.iter().take(2).map(|row| row.requests).sum();
        assert_eq!(all[0].requests, expected);
        assert!(all[0].last_used.is_some() && all[1].last_used.is_none());
    }

    #[test]
    fn many_integrations_come_in_pages() {
        let mut view = view();
        let party = |number: usize| Party { owner: format!("o{number}"), ..Party::default() };
        view.parties = Arc::new((0..120).map(party).collect());
        let last = third_parties_page(&view, 99);
        assert_eq!((last.rows.len(), last.pager.range.as_str()), (20, "101–120 of 120"));
        assert_eq!(last.pager.before.as_deref(), Some("/third-parties?page=1"));
    }

    #[test]
    fn what_nobody_uses_stands_first_and_what_a_log_says_is_escaped() {
        let html = third_parties_page(&view(), 0).render().unwrap();
        let place = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text} in {html}"));
        assert!(place("k_nobody") < place("ana@example.com"));
        assert!(html.contains("GET /v1/&lt;b&gt;") && !html.contains("/v1/<b>"));
        assert!(html.contains("nobody answers for it") && html.contains("not yet"));
    }
}
