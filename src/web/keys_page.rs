//! All keys: filtered, ordered and cut into pages by the address, without a script.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use askama::Template;

use super::chart::Spark;
use super::parts::{Frame, clock_of, frame, keys_of_day, wide};
use super::text::{Clock, about, clean, count, cut, number, share};
use super::view::View;
use crate::engine::KeyRow;
use crate::incident::{StaleFinding, words};
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
    range: String,
    before: Option<String>,
    after: Option<String>,
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

    fn fits(&self, key: &KeyRow, flags: &Flags<'_>) -> bool {
        let text = self.text.to_lowercase();
        let has = |field: &str| field.to_lowercase().contains(&text);
        let is_stale = flags.stale.contains_key(key.key.as_str());
        let fits_state = match self.state.as_str() {
            "flagged" => is_stale || flags.open.contains_key(key.key.as_str()),
            "stale" => is_stale,
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
        let flags = flags_of(view);
        let mut keys: Vec<&KeyRow> =
            view.keys.iter().filter(|key| self.fits(key, &flags)).collect();
        order(&mut keys, &self.order, &flags);
        keys
    }

    /// The address of another page of the same list, or of the list as a file.
    fn href(&self, path: &str, page: usize) -> String {
        format!(
            "{path}?q={}&role={}&state={}&order={}&page={page}",
            encoded(&self.text),
            encoded(&self.role),
            encoded(&self.state),
            encoded(&self.order)
        )
    }
}

/// What is open about each key.
struct Flags<'a> {
    open: BTreeMap<&'a str, (Severity, &'a str)>,
    stale: BTreeMap<&'a str, Vec<&'a StaleFinding>>,
}

pub(super) fn keys_page(view: &View, wanted: &Wanted) -> KeysPage {
    let clock = clock_of(view);
    let flags = flags_of(view);
    let mut keys: Vec<&KeyRow> = view.keys.iter().filter(|key| wanted.fits(key, &flags)).collect();
    order(&mut keys, &wanted.order, &flags);
    let pages = keys.len().div_ceil(ROWS_SHOWN).max(1);
    let page = wanted.page.min(pages - 1);
    let shown: Vec<&KeyRow> =
        keys.iter().skip(page * ROWS_SHOWN).take(ROWS_SHOWN).copied().collect();
    let heading = format!(
        "{}, {} of them stale",
        count(view.keys.len(), "key", "keys"),
        number(wide(view.stale_keys()))
    );
    KeysPage {
        frame: frame(view, "keys", &heading),
        heading,
        facts: facts(view),
        not_known: view.not_known.clone(),
        query: wanted.text.clone(),
        roles: role_choices(view, &wanted.role),
        states: choices(&STATES, &wanted.state),
        orders: choices(&ORDERS, &wanted.order),
        range: match shown.len() {
            0 => "no key fits".to_owned(),
            some => format!(
                "{}–{} of {}",
                page * ROWS_SHOWN + 1,
                page * ROWS_SHOWN + some,
                number(wide(keys.len()))
            ),
        },
        rows: shown.into_iter().map(|key| row(key, &flags, &clock)).collect(),
        before: (0 < page).then(|| wanted.href("/keys", page - 1)),
        after: (page + 1 < pages).then(|| wanted.href("/keys", page + 1)),
        is_empty: view.keys.is_empty(),
        export: wanted.href("/keys.csv", 0),
    }
}

fn flags_of(view: &View) -> Flags<'_> {
    let mut flags = Flags { open: BTreeMap::new(), stale: BTreeMap::new() };
    // Best first, so that the worst is written last.
    for incident in view.open().into_iter().rev() {
        let keys =
            incident.entity.key().into_iter().chain(incident.keys.iter().map(String::as_str));
        for key in keys {
            flags.open.insert(key, (incident.severity, incident.kind.as_str()));
        }
    }
    for finding in view.stale_open() {
        flags.stale.entry(finding.key.as_str()).or_default().push(finding);
    }
    flags
}

fn order(keys: &mut [&KeyRow], order: &str, flags: &Flags<'_>) {
    match order {
        "key" => keys.sort_by(|a, b| a.key.cmp(&b.key)),
        "last" => keys.sort_by(|a, b| (b.last_used, &a.key).cmp(&(a.last_used, &b.key))),
        "requests" => keys.sort_by(|a, b| (b.requests, &a.key).cmp(&(a.requests, &b.key))),
        // What is looked up for each is looked up once.
        _ => keys
            .sort_by_cached_key(|key| (Reverse((rank(key, flags), key.requests)), key.key.clone())),
    }
}

/// Open incidents before stale findings, then by how bad they are.
fn rank(key: &KeyRow, flags: &Flags<'_>) -> (Option<Severity>, Option<Severity>) {
    let stale = flags.stale.get(key.key.as_str());
    let worst = stale.and_then(|all| all.iter().map(|one| one.severity).max());
    (flags.open.get(key.key.as_str()).map(|(severity, _)| *severity), worst)
}

fn row(key: &KeyRow, flags: &Flags<'_>, clock: &Clock) -> Row {
    let used = |at: Option<crate::model::Timestamp>| {
        at.map_or_else(|| "never".to_owned(), |at| clock.when(at))
    };
    let mut shown: Vec<(&'static str, String)> = Vec::new();
    if let Some((severity, kind)) = flags.open.get(key.key.as_str()) {
        shown.push((severity.name(), called(kind)));
    }
    for finding in flags.stale.get(key.key.as_str()).into_iter().flatten().take(3) {
        let class = if finding.severity < Severity::High { "stale" } else { "stale-high" };
        shown.push((class, called(&finding.kind)));
    }
    Row {
        href: format!("/keys/{}", encoded(&key.key)),
        key: cut(&clean(&key.key), 40),
        role: cut(&clean(&key.role), 24),
        owner: cut(&clean(&key.owner), 40),
        first: used(key.first_used),
        last: used(key.last_used),
        requests: about(key.requests),
        errors: share(key.errors, key.requests),
        spark: (1 < key.last_hours.len())
            .then(|| Spark::plain(key.last_hours.iter().map(|&value| f64::from(value)), 0.0)),
        state: if key.state == "ready" { "ready" } else { "learning" },
        baseline: match (key.last_used, key.state) {
            (None, _) => "no data yet".to_owned(),
            (Some(_), "learning") => format!("learning, {}\u{202f}h", key.hours_learned),
            (Some(_), other) => other.to_owned(),
        },
        flags: shown,
    }
}

/// As people are told of it elsewhere.
fn called(kind: &str) -> String {
    words(kind).map_or_else(|| clean(&kind.replace('_', " ")), |words| words.title.to_owned())
}

fn facts(view: &View) -> Vec<String> {
    let since = view.now.back(Millis::hours(24));
    let new = view.keys.iter().filter(|key| key.first_used.is_some_and(|at| since <= at)).count();
    let learning = view.keys.iter().filter(|key| key.state != "ready").count();
    vec![
        format!("{} used in 24\u{202f}h", number(wide(keys_of_day(view)))),
        format!("{} new", number(wide(new))),
        format!("{} learning", number(wide(learning))),
        count(usize::try_from(view.roles).unwrap_or(usize::MAX), "role", "roles"),
    ]
}

fn role_choices(view: &View, chosen: &str) -> Vec<Choice> {
    let roles: BTreeSet<&str> =
        view.keys.iter().map(|key| key.role.as_str()).filter(|role| !role.is_empty()).collect();
    let all = format!("All {}", count(roles.len(), "role", "roles"));
    let mut choices =
        vec![Choice { value: String::new(), label: all, is_chosen: chosen.is_empty() }];
    choices.extend(roles.into_iter().take(100).map(|role| Choice {
        value: role.to_owned(),
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
