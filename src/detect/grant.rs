//! What a key is allowed to do, as far as the log can show whether it does.

use std::collections::BTreeMap;

use super::Pattern;
use crate::model::Day;

/// A scope, or a route that the key's role allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub name: String,
    /// When the key got it, if that was seen.
    pub since: Option<Day>,
    covers: Covers,
}

/// What scopes mean, as the configuration says: `"billing" = ["POST /v1/invoices*"]`.
pub type Meanings = BTreeMap<String, Vec<Pattern>>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Covers {
    Requests(Vec<Pattern>),
    /// `orders:read`: this access to paths with that word in them.
    Words {
        access: Access,
        subject: Option<String>,
    },
    /// `admin`: nobody can tell from a log whether that was needed.
    Unclear,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Reading,
    Writing,
    Any,
}

const READING: [&str; 7] = ["read", "readonly", "get", "list", "view", "ro", "query"];
const WRITING: [&str; 11] = [
    "write", "create", "update", "delete", "edit", "modify", "send", "post", "put", "upload", "wo",
];
/// Words that say nothing about what is meant.
const EMPTY: [&str; 10] =
    ["api", "v1", "v2", "v3", "scope", "https", "auth", "www", "com", "access"];
const ALL: [&str; 7] = ["admin", "all", "full", "manage", "rw", "readwrite", "any"];

impl Grant {
    pub fn of_scope(scope: &str, meanings: &Meanings) -> Self {
        let covers = match meanings.get(scope) {
            Some(patterns) => Covers::Requests(patterns.clone()),
            None => Covers::of(scope),
        };
        Self { name: scope.to_owned(), since: None, covers }
    }

    pub fn of_route(pattern: &Pattern) -> Self {
        let covers = Covers::Requests(vec![pattern.clone()]);
        Self { name: String::from(pattern.clone()), since: None, covers }
    }

    /// The same, as the key has it since that day.
    pub fn given(self, since: Option<Day>) -> Self {
        Self { since, ..self }
    }

    /// Whether a log can show that it is used.
    pub fn is_clear(&self) -> bool {
        self.covers != Covers::Unclear
    }

    pub fn covers(&self, method: &str, route: &str) -> bool {
        match &self.covers {
            Covers::Requests(patterns) => {
                patterns.iter().any(|pattern| pattern.covers(method, route))
            }
            Covers::Words { access, subject } => {
                let reads = matches!(method, "GET" | "HEAD" | "OPTIONS");
                let fits = match access {
                    Access::Reading => reads,
                    Access::Writing => !reads,
                    Access::Any => true,
                };
                fits && subject.as_ref().is_none_or(|subject| is_about(route, subject))
            }
            Covers::Unclear => false,
        }
    }
}

impl Covers {
    /// What the scope's own words say.
    fn of(scope: &str) -> Self {
        let is_request = scope.split_once(' ').map_or(scope, |(_, path)| path).starts_with('/');
        if is_request {
            return Self::Requests(vec![Pattern::from(scope.to_owned())]);
        }
        let lower = scope.to_ascii_lowercase();
        let words: Vec<&str> =
            lower.split(|byte: char| !byte.is_alphanumeric()).filter(|it| !it.is_empty()).collect();
        let is_among = |words: &[&str], word: &str| words.contains(&word);
        let subject = words.iter().rev().find(|word| {
            ![&READING[..], &WRITING, &EMPTY, &ALL].iter().any(|known| is_among(known, word))
        });
        let has = |known: &[&str]| words.iter().any(|word| is_among(known, word));
        let access = match (has(&READING), has(&WRITING)) {
            (true, false) => Access::Reading,
            (false, true) => Access::Writing,
            (true, true) => Access::Any,
            (false, false) if subject.is_some() => Access::Any,
            (false, false) => return Self::Unclear,
        };
        Self::Words { access, subject: subject.map(|word| singular(word).to_owned()) }
    }
}

/// Whether a piece of the route is the word, in singular or plural.
fn is_about(route: &str, subject: &str) -> bool {
    let words = route.split(|byte: char| !byte.is_alphanumeric());
    words.into_iter().any(|word| singular(word).eq_ignore_ascii_case(subject))
}

fn singular(word: &str) -> &str {
    word.strip_suffix(['s', 'S']).filter(|rest| 2 < rest.len()).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scope: &str, used: &[&str], unused: &[&str]) {
        let grant = Grant::of_scope(scope, &Meanings::new());
        assert!(grant.is_clear(), "{scope}");
        for (requests, expected) in [(used, true), (unused, false)] {
            for request in requests {
                let (method, route) = request.split_once(' ').unwrap();
                assert_eq!(grant.covers(method, route), expected, "{scope}: {request}");
            }
        }
    }

    #[test]
    fn a_scope_is_read_as_its_words_say() {
        check("read", &["GET /v1/orders"], &["POST /v1/orders"]);
        check("write", &["POST /v1/orders"], &["GET /v1/orders"]);
        check("orders:read", &["GET /v1/orders/{id}"], &["POST /v1/orders", "GET /v1/items"]);
        check("crm.objects.contacts.write", &["PATCH /crm/v3/objects/contacts/{id}"], &[]);
        check("write:order", &["POST /v1/orders"], &["POST /v1/borders"]);
        check("model.request", &["POST /v1/requests"], &["POST /v1/models"]);
        check("GET /v1/export*", &["GET /v1/export/all"], &["POST /v1/export/all"]);
        check("/v1/export", &["POST /v1/export"], &["GET /v1/orders"]);
        check("payments", &["GET /v1/payments", "POST /v1/payments"], &["GET /v1/orders"]);
    }

    #[test]
    fn what_nobody_can_tell_is_not_judged_unless_its_meaning_is_given() {
        assert!(!Grant::of_scope("admin", &Meanings::new()).is_clear());
        assert!(!Grant::of_scope("*", &Meanings::new()).is_clear());
        let pattern = Pattern::from("POST /v1/invoices*".to_owned());
        let meanings = Meanings::from([("admin".to_owned(), vec![pattern])]);
        let grant = Grant::of_scope("admin", &meanings);
        assert!(grant.is_clear() && grant.covers("POST", "/v1/invoices"));
    }
}
