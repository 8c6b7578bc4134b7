//! What a line tells of who asked for what: path and query, the client behind proxies, the
//! credential and where it stood.

use std::borrow::Cow;

use super::branches::{Branch, Branches, Room, before_number};
use super::credential::{api_key_in_query, in_query};
use super::hops::{Prefixes, client_of};
use super::namer::Origin;
use super::path_keys::PathKeys;
use super::plain::plain_route;
use crate::model::Record;
use crate::model::short::find;

/// Path and query, also where the format has left them together.
pub(super) fn target_of<'r>(record: &'r Record<'_>) -> (&'r [u8], &'r [u8]) {
    let path = bytes_of(record.path.as_ref());
    if let Some(query) = record.query.as_deref() {
        return (path, query);
    }
    let Some((path, query)) = find(path, b'?').and_then(|sign| path.split_at_checked(sign)) else {
        return (path, &[]);
    };
    (path, query.get(1..).unwrap_or(&[]))
}

/// What was asked for, looked through once.
pub(super) struct Target<'r> {
    pub(super) path: &'r [u8],
    pub(super) query: &'r [u8],
    /// The path itself, if it is a plain one …
    pub(super) plain: Option<&'r str>,
    /// … whose route is that of its branch, or is written.
    pub(super) branch: Option<&'r mut Branch>,
}

/// The same, and whether the path is a plain one.
pub(super) fn plain_target<'r>(
    record: &'r Record<'_>,
    (branches, room): (&'r mut Branches, &'r mut Room),
    route: &mut String,
) -> Target<'r> {
    let whole = bytes_of(record.path.as_ref());
    let text = room.text_of(whole);
    let before = before_number(whole).filter(|_| text.is_some());
    let branch = before.and_then(|before| Some((branches.at(before)?, before)));
    let is_known = branch.as_ref().is_some_and(|(branch, before)| branch.is_of(before));
    if is_known || text.is_some_and(|text| plain_route(text, route)) {
        let branch = branch.map(|(branch, before)| {
            if !is_known {
                branch.become_of(before, route);
            }
            branch
        });
        return Target { path: whole, query: bytes_of(record.query.as_ref()), plain: text, branch };
    }
    let (path, query) = target_of(record);
    let is_cut = path.len() < whole.len();
    let text = text.filter(|_| is_cut).and_then(|text| text.get(..path.len()));
    let plain = text.filter(|text| plain_route(text, route));
    Target { path, query, plain, branch: None }
}

/// The client, if the request came through a proxy that is trusted and says for whom.
pub(super) fn forwarded(record: &Record<'_>, trusted: &Prefixes) -> Option<String> {
    if trusted.is_empty() {
        return None;
    }
    let named = |(name, _): &&(Cow<'_, [u8]>, Cow<'_, [u8]>)| **name == *b"http_x_forwarded_for";
    let extra = || record.extras.iter().find(named).map(|(_, value)| &**value);
    let hops = record.hops.as_deref().or_else(extra)?;
    client_of(record.source_ip.as_deref()?, hops, trusted).map(|client| client.to_string())
}

/// The credential and where it stood; empty if there is none. Of several in one line a
/// header wins over the query, that over the path, that over the client's certificate, and
/// that over a user's name. What the path holds is named as in a query.
pub(super) fn credential_of<'r>(
    record: &'r Record<'_>,
    (path, query): (&'r [u8], &'r [u8]),
    path_keys: &PathKeys,
) -> (Origin, Cow<'r, [u8]>) {
    let in_path = || path_keys.find(path).map(Cow::Borrowed);
    let found = match record.key.as_deref() {
        Some(user) if record.key_is_user => {
            if let Some(key) = api_key_in_query(query).or_else(in_path) {
                return (Origin::Query, key);
            }
            let subject = record.certificate.as_deref().unwrap_or(user);
            return (Origin::User, Cow::Borrowed(subject));
        }
        Some(key) if !key.is_empty() => return (Origin::Header, Cow::Borrowed(key)),
        Some(_) | None => in_query(query).or_else(in_path),
    };
    match (found, record.certificate.as_deref()) {
        (Some(found), _) => (Origin::Query, found),
        (None, Some(subject)) => (Origin::User, Cow::Borrowed(subject)),
        (None, None) => (Origin::Query, Cow::default()),
    }
}

pub(super) fn bytes_of<'r>(field: Option<&'r Cow<'_, [u8]>>) -> &'r [u8] {
    field.map_or(&[], |field| field)
}
