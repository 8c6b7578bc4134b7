//! Roles: how many keys each has, what they did, and what is wrong with them.

use askama::Template;

use super::keys_page::encoded;
use super::parts::{Frame, frame, wide};
use super::standing::RoleSums;
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

const ROLES_SHOWN: usize = 200;

pub(super) fn roles_page(view: &View) -> RolesPage {
    let standing = view.standing();
    let roles = &standing.roles;
    let since = view.now.back(Millis::hours(24));
    let active = |sums: &RoleSums| {
        let keys = sums.keys.iter().filter_map(|&at| view.keys.get(at));
        keys.filter(|key| key.last_used.is_some_and(|used| since <= used)).count()
    };
    let heading = count(standing.named_roles().count(), "role", "roles");
    RolesPage {
        frame: frame(view, "roles", &heading),
        heading,
        rows: roles
            .iter()
            .take(ROLES_SHOWN)
            .map(|(role, sums)| row((role, sums), active(sums)))
            .collect(),
    }
}

fn row((role, sums): (&str, &RoleSums), active: usize) -> Row {
    Row {
        role: if role.is_empty() { "no role".to_owned() } else { cut(&clean(role), 40) },
        href: format!("/keys?role={}", encoded(role)),
        keys: number(wide(sums.keys.len())),
        active: number(wide(active)),
        ready: format!("{} of {}", number(wide(sums.ready)), number(wide(sums.keys.len()))),
        requests: about(sums.requests),
        errors: share(sums.errors, sums.requests),
        incidents: sums.incidents,
        stale: sums.stale,
    }
}
