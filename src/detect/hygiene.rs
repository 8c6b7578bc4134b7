//! How requests are made and should not be: keys and personal data in URLs, no TLS or an old
//! one, passwords in headers, signed URLs that go round, old versions of API and client.

use serde::{Deserialize, Serialize};

use super::plain::{count_text, date_text};
use super::{Rules, Stale, StaleCredential};
use crate::model::{Day, Flaw, Flaws, Severity, Timestamp};
use crate::profile::Uses;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hygiene {
    /// A signed URL is passed around when so many networks use it.
    pub signed_networks_min: usize,
    /// Numbers that may be cards are taken for cards from so many on, if all check digits fit.
    pub cards_min: u64,
    /// Of requests without a listed key: fewer are no habit, but a stranger's try.
    pub strangers_min: u64,
    /// Kinds that are not to be found.
    pub ignore: Vec<String>,
}

impl Default for Hygiene {
    fn default() -> Self {
        Self { signed_networks_min: 5, cards_min: 3, strangers_min: 3, ignore: Vec::new() }
    }
}

/// What was seen of one flaw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flawed {
    pub first: Timestamp,
    pub last: Timestamp,
    pub requests: u64,
    /// Of the kind's opposite: numbers that are no cards.
    pub against: u64,
    /// A few of its routes.
    pub routes: Vec<String>,
    /// The most networks that used one signed URL.
    pub networks: usize,
}

/// Whose requests they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A listed key's.
    Key,
    Strangers,
}

/// How a kind is told.
struct Kind {
    name: &'static str,
    severity: Severity,
    what: &'static str,
    next: &'static str,
}

const fn kind(
    kind: &'static str,
    severity: Severity,
    what: &'static str,
    next: &'static str,
) -> Kind {
    Kind { name: kind, severity, what, next }
}

const LOGS: &str =
    "send it in the body or in a header: URLs stand in logs, histories and referrers";
const KINDS: [Kind; 11] = [
    kind(
        "key_in_url",
        Severity::Medium,
        "with a key or password in the URL",
        "send the key in a header, and rotate it: URLs stand in logs and referrers",
    ),
    kind(
        "token_in_url",
        Severity::Medium,
        "with a JWT in the URL",
        "send the token in a header: URLs stand in logs and referrers",
    ),
    kind("mail_in_url", Severity::Low, "with a mail address in the URL", LOGS),
    kind("phone_in_url", Severity::Low, "with a phone number in the URL", LOGS),
    kind("card_in_url", Severity::High, "with a card number in the URL", LOGS),
    kind(
        "national_id_in_url",
        Severity::Medium,
        "with a national id or bank account in the URL",
        LOGS,
    ),
    kind(
        "basic_auth",
        Severity::Low,
        "with a user and password in every request (Authorization: Basic)",
        "move the client to a key or token that can be revoked alone",
    ),
    kind(
        "plain_http",
        Severity::Medium,
        "over plain HTTP",
        "serve the API over TLS only; if TLS ends at a proxy before this log, log X-Forwarded-Proto",
    ),
    kind(
        "old_tls",
        Severity::Medium,
        "over SSL or TLS below 1.2",
        "have the client updated, then refuse old versions at the server",
    ),
    kind(
        "signed_url_expired",
        Severity::Medium,
        "with a signed URL after its time, and were answered",
        "see that the storage checks the expiry",
    ),
    kind(
        "signed_url_shared",
        Severity::Medium,
        "with one signed URL from many networks",
        "find where the link was published; sign shorter, and for one client",
    ),
];

impl Hygiene {
    /// The kinds that a request's flaws speak for.
    pub fn kinds(flaws: Flaws) -> impl Iterator<Item = &'static str> {
        Flaw::ALL.into_iter().filter(move |flaw| flaws.has(*flaw)).filter_map(kind_of)
    }

    /// Whether the flaws speak against a kind: numbers that are no cards.
    pub fn against(flaws: Flaws) -> Option<&'static str> {
        flaws.has(Flaw::NoCard).then_some("card_in_url")
    }

    /// What is to be said, if enough was seen.
    pub fn judge(&self, kind: &str, seen: &Flawed, whose: Whose) -> Option<Stale> {
        if whose == Whose::Strangers && seen.requests < self.strangers_min {
            return None;
        }
        let known = KINDS.iter().find(|known| known.name == kind)?;
        let is_doubtful =
            kind == "card_in_url" && (seen.requests < self.cards_min || 0 < seen.against);
        let is_private = kind == "signed_url_shared" && seen.networks < self.signed_networks_min;
        if is_doubtful || is_private || self.ignore.iter().any(|ignored| ignored == kind) {
            return None;
        }
        let networks = match seen.networks {
            0 => String::new(),
            networks => format!(" ({networks} of them)"),
        };
        Some(Stale {
            kind: known.name,
            severity: known.severity,
            since: seen.first,
            because: format!(
                "{} {}{networks}, last on {}: {}",
                requests_text(seen.requests),
                known.what,
                date_text(seen.last),
                seen.routes.join(", ")
            ),
            next: known.next,
        })
    }

    /// Old versions that a key uses.
    pub fn outdated(&self, rules: &Rules, uses: &Uses, now: Timestamp) -> Vec<Stale> {
        let since = Day(now.day().0 - StaleCredential::RECENT_DAYS);
        let mut found = Vec::new();
        let old: Vec<String> = uses
            .routes_since(since)
            .filter(|it| rules.deprecated.iter().any(|old| old.covers(&it.method, &it.route)))
            .map(|it| format!("{} {}", it.method, it.route))
            .collect();
        if !old.is_empty() {
            found.push(Stale {
                kind: "deprecated_version",
                severity: Severity::Low,
                since: now,
                because: format!("still calls what is deprecated: {}", old.join(", ")),
                next: "tell the owner until when it works, and what to call instead",
            });
        }
        let is_old = |name: &str, version: &str| {
            rules.clients.get(name).filter(|least| is_older(version, least))
        };
        let clients = uses.clients_since(since);
        let old: Vec<String> = clients
            .filter_map(|it| Some((it, is_old(&it.name, &it.version)?)))
            .map(|(it, least)| format!("{} {}, where {least} is the least", it.name, it.version))
            .collect();
        if !old.is_empty() {
            found.push(Stale {
                kind: "client_outdated",
                severity: Severity::Low,
                since: now,
                because: format!("used by client software that is out of date: {}", old.join("; ")),
                next: "ask the owner to update the client",
            });
        }
        found.retain(|stale| !self.ignore.iter().any(|kind| kind == stale.kind));
        found
    }
}

const fn kind_of(flaw: Flaw) -> Option<&'static str> {
    Some(match flaw {
        Flaw::KeyInUrl => "key_in_url",
        Flaw::TokenInUrl => "token_in_url",
        Flaw::MailInUrl => "mail_in_url",
        Flaw::PhoneInUrl => "phone_in_url",
        Flaw::CardInUrl | Flaw::CardLike => "card_in_url",
        Flaw::NationalIdInUrl => "national_id_in_url",
        Flaw::BasicAuth => "basic_auth",
        Flaw::PlainHttp => "plain_http",
        Flaw::OldTls => "old_tls",
        Flaw::SignedUrlExpired => "signed_url_expired",
        Flaw::SignedUrl => "signed_url_shared",
        Flaw::NoCard | Flaw::NoOptIn | Flaw::OptedOut => return None,
    })
}

fn requests_text(requests: u64) -> String {
    match requests {
        1 => "1 request".to_owned(),
        requests => format!("{} requests", count_text(requests)),
    }
}

/// Compares the numbers between the points; what stands behind a `-` or `+` does not count.
fn is_older(version: &str, least: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        let text = text.split(['-', '+']).next().unwrap_or("").to_owned();
        let mut numbers: Vec<u64> =
            text.split('.').map(|number| number.parse().unwrap_or(0)).collect();
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        numbers
    };
    !version.is_empty() && numbers(version) < numbers(least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Pattern;
    use crate::profile::Deed;

    fn seen(requests: u64, against: u64, networks: usize) -> Flawed {
        Flawed {
            requests,
            against,
            networks,
            routes: vec!["GET /v1/a".to_owned()],
            ..Flawed::default()
        }
    }

    #[test]
    fn a_flaw_is_one_finding_with_its_routes() {
        let found = Hygiene::default().judge("key_in_url", &seen(1240, 0, 0), Whose::Key).unwrap();
        assert_eq!(
            found.because,
            "1,240 requests with a key or password in the URL, last on 1970-01-01: GET /v1/a"
        );
        let ignoring = Hygiene { ignore: vec!["key_in_url".to_owned()], ..Hygiene::default() };
        assert_eq!(ignoring.judge("key_in_url", &seen(1, 0, 0), Whose::Key), None);
        let judge = |requests| {
            let seen = seen(requests, 0, 0);
            Hygiene::default().judge("key_in_url", &seen, Whose::Strangers).is_some()
        };
        assert!(!judge(2) && judge(3));
    }

    #[test]
    fn numbers_are_cards_when_enough_of_them_fit_and_none_does_not() {
        let judge = |requests, against| {
            Hygiene::default()
                .judge("card_in_url", &seen(requests, against, 0), Whose::Key)
                .is_some()
        };
        assert!(!judge(2, 0) && judge(3, 0) && !judge(30, 1));
    }

    #[test]
    fn a_signed_url_is_shared_from_five_networks_on() {
        let judge = |networks| {
            Hygiene::default().judge("signed_url_shared", &seen(9, 0, networks), Whose::Key)
        };
        assert!(judge(4).is_none() && judge(5).is_some());
    }

    #[test]
    fn every_kind_of_flaw_has_its_words() {
        for flaw in Flaw::ALL {
            for kind in Hygiene::kinds(Flaws::default().with(flaw)) {
                assert!(KINDS.iter().any(|known| known.name == kind), "{kind}");
            }
        }
    }

    #[test]
    fn old_versions_of_api_and_client_are_found() {
        let mut rules = Rules::default();
        rules.deprecated.push(Pattern::from("/v1/*".to_owned()));
        rules.clients.insert("acme-sdk".to_owned(), "2.0".to_owned());
        let mut uses = Uses::default();
        let day = Day(20_000);
        let deed = |route: &str| Deed::Route { route: route.into(), method: "GET".into() };
        let client =
            |version: &str| Deed::Client { name: "acme-sdk".into(), version: version.into() };
        uses.note(deed("/v2/orders"), day.start().hour());
        uses.note(client("2.0.0-rc.1"), day.start().hour());
        let judge = |uses: &Uses, days| {
            let now = Day(day.0 + days).start();
            let found = Hygiene::default().outdated(&rules, uses, now);
            found.into_iter().map(|stale| stale.kind).collect::<Vec<_>>()
        };
        assert_eq!(judge(&uses, 1), [""; 0]);
        uses.note(deed("/v1/orders"), day.start().hour());
        uses.note(client("1.9.12"), day.start().hour());
        assert_eq!(judge(&uses, 1), ["deprecated_version", "client_outdated"]);
        assert_eq!(judge(&uses, 7), ["deprecated_version", "client_outdated"]);
        assert_eq!(judge(&uses, 8), [""; 0]);
    }
}
