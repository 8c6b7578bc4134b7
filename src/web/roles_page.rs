//! Roles: how many keys each has, what they did, and what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;

use super::keys_page::encoded;
use super::parts::{Frame, frame, wide};
use super::text::{about, clean, count, cut, number, share};
use super::view::View;
use crate::model::Millis;

#[derive(Template)]
#[template(path = "roles.html", escape = "page")]
pub(super) struct RolesPage {
    frame: Frame,
    heading: String,
    rows: Vec<Row>,
}

#[derive(Default)]
struct Row {
    role: String,
    href: String,
    keys: String,
    active: String,
    ready: String,
    requests: String,
    errors: String,
    incidents: usize,
    stale: usize,
}

#[derive(Default)]
struct Sums<'a> {
    keys: usize,
    active: usize,
    ready: usize,
    requests: u64,
    errors: u64,
    incidents: BTreeSet<u64>,
    stale: BTreeSet<&'a str>,
}

const ROLES_SHOWN: usize = 200;

pub(super) fn roles_page(view: &View) -> RolesPage {
    let mut roles: BTreeMap<&str, Sums<'_>> = BTreeMap::new();
    let since = view.now.back(Millis::hours(24));
    let mut role_of: BTreeMap<&str, &str> = BTreeMap::new();
    for key in view.keys.iter() {
        let sums = roles.entry(&key.role).or_default();
        sums.keys += 1;
        sums.active += usize::from(key.last_used.is_some_and(|used| since <= used));
        sums.ready += usize::from(key.state == "ready");
        sums.requests += key.requests;
        sums.errors += key.errors;
        role_of.insert(&key.key, &key.role);
    }
    for incident in view.open() {
        let keys =
            incident.entity.key().into_iter().chain(incident.keys.iter().map(String::as_str));
        for role in keys.filter_map(|key| role_of.get(key)) {
            roles.entry(role).or_default().incidents.insert(incident.id.0);
        }
    }
    for finding in view.stale_open() {
        if let Some(role) = role_of.get(finding.key.as_str()) {
            roles.entry(role).or_default().stale.insert(&finding.key);
        }
    }
    let heading = count(roles.len(), "role", "roles");
    RolesPage {
        frame: frame(view, "roles", &heading),
        heading,
        rows: roles.into_iter().take(ROLES_SHOWN).map(row).collect(),
    }
}

fn row((role, sums): (&str, Sums<'_>)) -> Row {
    Row {
        role: if role.is_empty() { "no role".to_owned() } else { cut(&clean(role), 40) },
        href: format!("/keys?role={}", encoded(role)),
        keys: number(wide(sums.keys)),
        active: number(wide(sums.active)),
        ready: format!("{} of {}", number(wide(sums.ready)), number(wide(sums.keys))),
        requests: about(sums.requests),
        errors: share(sums.errors, sums.requests),
        incidents: sums.incidents.len(),
        stale: sums.stale.len(),
    }
}
