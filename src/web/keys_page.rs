//! All keys: filtered, ordered and cut into pages by the address, without a script.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use askama::Template;

use super::chart::{Point, Spark};
use super::parts::{Frame, Pager, clock_of, frame, keys_of_day, wide};
use super::standing::Standing;
use super::text::{Clock, about, clean, count, cut, number, share};
use super::view::View;
use crate::engine::KeyRow;
use crate::incident::{Incident, words};
use crate::model::{Millis, Severity};

#[derive(Template)]
#[template(path = "keys.html", escape = "page")]
pub(super) struct KeysPage {
    frame: Frame,
    heading: String,
    facts: Vec<String>,
    not_known: Vec<String>,
    query: String,
    roles: Vec<Choice>,
    states: Vec<Choice>,
    orders: Vec<Choice>,
    rows: Vec<Row>,
    pager: Pager,
    is_empty: bool,
    export: String,
}

/// What was asked for, as the address gives it.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    text: String,
    role: String,
    state: String,
    order: String,
    page: usize,
}

struct Choice {
    value: String,
    label: String,
    is_chosen: bool,
}

struct Row {
    key: String,
    href: String,
    role: String,
    owner: String,
    first: String,
    last: String,
    requests: String,
    errors: String,
    spark: Option<Spark>,
    state: &'static str,
    baseline: String,
    flags: Vec<(&'static str, String)>,
}

const ROWS_SHOWN: usize = 25;

const STATES: [(&str, &str); 6] = [
    ("", "Any state"),
    ("flagged", "Incident or stale"),
    ("stale", "Stale"),
    ("learning", "Learning"),
    ("ready", "Ready"),
    ("never", "Never used"),
];

const ORDERS: [(&str, &str); 4] =
    [("", "Worst first"), ("key", "Key"), ("last", "Last used"), ("requests", "Requests")];

impl Wanted {
    pub(super) fn from(query: &BTreeMap<String, String>) -> Self {
        let text = |name: &str| query.get(name).map_or_else(String::new, |text| clean(text));
        Self {
            text: cut(text("q").trim(), 100),
            role: text("role"),
            state: text("state"),
            order: text("order"),
            page: text("page").parse().unwrap_or(0),
        }
    }

    /// Places of the keys that fit, in the wanted order.
    fn places(&self, view: &View, standing: &Standing) -> Vec<usize> {
        let text = self.text.to_lowercase();
        let fits = |at: &usize| {
            view.keys.get(*at).is_some_and(|key| self.fits((key, *at), standing, &text))
        };
        let mut places: Vec<usize> = standing.worst().iter().copied().filter(fits).collect();
        let row = |at: &usize| view.keys.get(*at);
        // What is equal is in the order of the names.
        if !self.order.is_empty() {
            places.sort_unstable();
        }
        match self.order.as_str() {
            "key" => places.sort_by_key(|at| row(at).map(|key| key.key.as_str())),
            "last" => places.sort_by_key(|at| Reverse(row(at).map(|key| key.last_used))),
            "requests" => places.sort_by_key(|at| Reverse(row(at).map(|key| key.requests))),
            _ => (),
        }
        places
    }

    fn fits(&self, (key, at): (&KeyRow, usize), standing: &Standing, text: &str) -> bool {
        let has = |field: &str| field.to_lowercase().contains(text);
        let fits_state = match self.state.as_str() {
            "flagged" => standing.is_stale(at) || standing.incident_of(at).is_some(),
            "stale" => standing.is_stale(at),
            "learning" => key.state != "ready",
            "ready" => key.state == "ready",
            "never" => key.last_used.is_none(),
            _ => true,
        };
        fits_state
            && (self.role.is_empty() || self.role == key.role)
            && (text.is_empty() || has(&key.key) || has(&key.owner))
    }

    /// Every key that fits, in the wanted order.
    pub(super) fn all<'v>(&self, view: &'v View) -> Vec<&'v KeyRow> {
        let places = self.places(view, &view.standing());
        places.into_iter().filter_map(|at| view.keys.get(at)).collect()
    }

    /// The address of a page of the same list, but for its number, or of the list as a file.
    fn href(&self, path: &str) -> String {
        format!(
            "{path}?q={}&role={}&state={}&order={}&",
            encoded(&self.text),
            encoded(&self.role),
            encoded(&self.state),
            encoded(&self.order)
        )
    }
}

pub(super) fn keys_page(view: &View, wanted: &Wanted) -> KeysPage {
    let clock = clock_of(view);
    let standing = view.standing();
    let places = wanted.places(view, &standing);
    let pages = places.len().div_ceil(ROWS_SHOWN).max(1);
    let page = wanted.page.min(pages - 1);
    let shown = places.iter().skip(page * ROWS_SHOWN).take(ROWS_SHOWN).copied();
    let rows: Vec<Row> = shown.filter_map(|at| row((view, at), &standing, &clock)).collect();
    let heading = format!(
        "{}, {} of them stale",
        count(view.keys.len(), "key", "keys"),
        number(wide(view.stale_keys()))
    );
    KeysPage {
        frame: frame(view, "keys", &heading),
        heading,
        facts: facts(view, &standing),
        not_known: view.not_known.clone(),
        query: wanted.text.clone(),
        roles: role_choices(&standing, &wanted.role),
        states: choices(&STATES, &wanted.state),
        orders: choices(&ORDERS, &wanted.order),
        pager: Pager::of((&wanted.href("/keys"), page), ROWS_SHOWN, places.len()),
        rows,
        is_empty: view.keys.is_empty(),
        export: wanted.href("/keys.csv"),
    }
}

fn row((view, at): (&View, usize), standing: &Standing, clock: &Clock) -> Option<Row> {
    let key = view.keys.get(at)?;
    let used = |at: Option<crate::model::Timestamp>| {
        at.map_or_else(|| "never".to_owned(), |at| clock.when(at))
    };
    let mut shown: Vec<(&'static str, String)> = Vec::new();
    if let Some(incident) = standing.incident_of(at) {
        shown.push((incident.severity.name(), called(&incident.kind)));
    }
    for finding in standing.stale_of(at).take(3) {
        let class = if finding.severity < Severity::High { "stale" } else { "stale-high" };
        shown.push((class, called(&finding.kind)));
    }
    Some(Row {
        href: format!("/keys/{}", encoded(&key.key)),
        key: cut(&clean(&key.key), 40),
        role: cut(&clean(&key.role), 24),
        owner: cut(&clean(&key.owner), 40),
        first: used(key.first_used),
        last: used(key.last_used),
        requests: about(key.requests),
        errors: share(key.errors, key.requests),
        spark: month(key, standing.incident_of(at)),
        state: if key.state == "ready" { "ready" } else { "learning" },
        baseline: match (key.last_used, key.state) {
            (None, _) => "no data yet".to_owned(),
            (Some(_), "learning") => format!("learning, {}\u{202f}h", key.hours_learned),
            (Some(_), other) => other.to_owned(),
        },
        flags: shown,
    })
}

/// Requests a day, up to 30 days; the days of an open incident are marked.
fn month(key: &KeyRow, open: Option<&Incident>) -> Option<Spark> {
    let since = open.map(|incident| incident.opened.since(incident.since));
    let marked = since.map_or(0, |length| 1 + length.0 / Millis::days(1).0);
    let requests: Vec<u32> = key.last_days.iter().collect();
    let days = requests.len();
    let first_marked = days.saturating_sub(usize::try_from(marked).unwrap_or(1));
    let point = |(place, &value): (usize, &u32)| Point {
        value: f64::from(value),
        expected: None,
        is_marked: first_marked <= place,
    };
    let points: Vec<Point> = requests.iter().enumerate().map(point).collect();
    (1 < days).then(|| Spark::new(&points))
}

/// As people are told of it elsewhere.
fn called(kind: &str) -> String {
    words(kind).map_or_else(|| clean(&kind.replace('_', " ")), |words| words.title.to_owned())
}

fn facts(view: &View, standing: &Standing) -> Vec<String> {
    let since = view.now.back(Millis::hours(24));
    let new = view.keys.iter().filter(|key| key.first_used.is_some_and(|at| since <= at)).count();
    let learning = view.keys.iter().filter(|key| key.state != "ready").count();
    vec![
        format!("{} used in 24\u{202f}h", number(wide(keys_of_day(view)))),
        format!("{} new", number(wide(new))),
        format!("{} learning", number(wide(learning))),
        count(standing.named_roles().count(), "role", "roles"),
    ]
}

fn role_choices(standing: &Standing, chosen: &str) -> Vec<Choice> {
    let all = format!("All {}", count(standing.named_roles().count(), "role", "roles"));
    let mut choices =
        vec![Choice { value: String::new(), label: all, is_chosen: chosen.is_empty() }];
    choices.extend(standing.named_roles().take(100).map(|role| Choice {
        value: role.clone(),
        label: cut(&clean(role), 40),
        is_chosen: role == chosen,
    }));
    choices
}

fn choices(all: &[(&str, &str)], chosen: &str) -> Vec<Choice> {
    all.iter()
        .map(|&(value, label)| Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            is_chosen: value == chosen,
        })
        .collect()
}

/// Percent-encoded for a query.
pub(super) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
