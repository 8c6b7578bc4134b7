//! Which value of a line is the credential: the first of a fixed order that is there.

use std::borrow::Cow;

use memchr::memmem;

use crate::model::Record;
use crate::model::record::Field;

/// In this order; the user's name comes last.
const ORDER: [&str; 5] =
    ["http_x_api_key", "http_api_key", "http_authorization", "arg_api_key", "remote_user"];
const RANK_ARGUMENT: u8 = 3;
const RANK_USER: u8 = 4;
const RANK_NONE: u8 = u8::MAX;

/// Where credentials are looked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Credentials {
    /// The one variable that a person named, instead of the usual order.
    from: Option<String>,
    /// The query argument that holds one, with its `=`.
    argument: Option<memmem::Finder<'static>>,
}

/// The best credential of a line so far.
#[derive(Debug)]
pub(super) struct Best(u8);

impl Credentials {
    pub(super) fn new(key_from: Option<&str>) -> Self {
        let from = key_from.map(variable_name).filter(|name| !name.is_empty());
        let argument = match from.as_deref() {
            None => Some("api_key"),
            Some(name) => name.strip_prefix("arg_"),
        };
        let argument = argument.map(|name| memmem::Finder::new(&format!("{name}=")).into_owned());
        Self { from, argument }
    }

    /// The variable that a person named.
    pub(super) fn from(&self) -> Option<&str> {
        self.from.as_deref()
    }

    /// The place of a variable in the order; the lowest wins. `None`: no credential.
    pub(super) fn rank(&self, name: &str) -> Option<u8> {
        let name = variable_name(name);
        match &self.from {
            Some(from) => {
                (*from == name).then_some(if name == "remote_user" { RANK_USER } else { 0 })
            }
            None => (0u8..).zip(ORDER).find(|(_, known)| **known == name).map(|(rank, _)| rank),
        }
    }

    /// Looks into the query, if nothing better has been found.
    pub(super) fn settle(&self, record: &mut Record<'_>, best: &Best) {
        if best.0 <= RANK_ARGUMENT {
            return;
        }
        let (Some(name), Some(query)) = (&self.argument, &record.query) else { return };
        let found = match query {
            Cow::Borrowed(query) => argument(query, name).map(Cow::Borrowed),
            Cow::Owned(query) => argument(query, name).map(|value| Cow::Owned(value.to_vec())),
        };
        if found.is_some() {
            record.key = found;
            record.key_is_user = false;
        }
    }
}

impl Best {
    pub(super) const fn none() -> Self {
        Self(RANK_NONE)
    }

    /// Takes `value` as the record's credential, if it is better than the one it has.
    pub(super) fn offer<'a>(&mut self, record: &mut Record<'a>, rank: u8, value: &Field<'a>) {
        if self.0 <= rank || matches!(**value, [] | [b'-']) {
            return;
        }
        self.0 = rank;
        record.key_is_user = rank == RANK_USER;
        record.key = Some(without_scheme(value.clone()));
    }

    /// The same of a value without a space: there is no scheme before it.
    #[inline]
    pub(super) fn offer_word<'a>(&mut self, record: &mut Record<'a>, rank: u8, word: &'a [u8]) {
        if rank < self.0 && !matches!(word, [] | [b'-']) {
            self.0 = rank;
            record.key_is_user = rank == RANK_USER;
            record.key = Some(Cow::Borrowed(word));
        }
    }
}

/// `$http_x_api_key`, `X-Api-Key` as a header of nginx: lower case, with `_`.
fn variable_name(name: &str) -> String {
    name.trim().trim_start_matches('$').to_ascii_lowercase().replace('-', "_")
}

/// The same key in `Authorization: Bearer …` and in `X-Api-Key` is one key.
fn without_scheme(value: Field<'_>) -> Field<'_> {
    let scheme = memchr::memchr(b' ', &value).and_then(|space| value.get(..space));
    let is_scheme = scheme.is_some_and(|scheme| {
        [b"bearer".as_slice(), b"apikey", b"api-key", b"token"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(scheme))
    });
    let from = if is_scheme { scheme.map_or(0, <[u8]>::len) } else { 0 };
    match value {
        _ if from == 0 => value,
        Cow::Borrowed(text) => Cow::Borrowed(text.get(from..).unwrap_or(text).trim_ascii()),
        Cow::Owned(text) => Cow::Owned(text.get(from..).unwrap_or(&text).trim_ascii().to_vec()),
    }
}

/// The value behind the name, which ends with `=`, in a query string.
fn argument<'q>(query: &'q [u8], name: &memmem::Finder<'_>) -> Option<&'q [u8]> {
    for at in name.find_iter(query) {
        let starts = at.checked_sub(1).is_none_or(|before| query.get(before) == Some(&b'&'));
        if !starts {
            continue;
        }
        let value = query.get(at + name.needle().len()..)?;
        let end = memchr::memchr(b'&', value).unwrap_or(value.len());
        return value.get(..end).filter(|value| !value.is_empty());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_order_wins() {
        let credentials = Credentials::new(None);
        let mut record = Record::default();
        let mut best = Best::none();
        for (name, value) in
            [("remote_user", "bob"), ("http_authorization", "Bearer t1"), ("http_api_key", "-")]
        {
            let rank = credentials.rank(name).unwrap();
            best.offer(&mut record, rank, &Cow::Borrowed(value.as_bytes()));
        }
        credentials.settle(&mut record, &best);
        assert_eq!(record.key.as_deref(), Some(b"t1".as_slice()));
        assert!(!record.key_is_user);
    }

    #[test]
    fn a_query_argument_comes_before_the_user() {
        let credentials = Credentials::new(None);
        let mut record = Record {
            query: Some(Cow::Borrowed(b"my_api_key=no&api_key=yes&a=b")),
            ..Record::default()
        };
        let mut best = Best::none();
        best.offer(&mut record, RANK_USER, &Cow::Borrowed(b"bob"));
        assert!(record.key_is_user);
        credentials.settle(&mut record, &best);
        assert_eq!(record.key.as_deref(), Some(b"yes".as_slice()));
        assert!(!record.key_is_user);
    }

    #[test]
    fn a_named_variable_replaces_the_order() {
        let credentials = Credentials::new(Some("$http_X-Tenant"));
        assert_eq!(credentials.rank("http_x_tenant"), Some(0));
        assert_eq!(credentials.rank("http_x_api_key"), None);
        assert!(credentials.argument.is_none());
    }
}
