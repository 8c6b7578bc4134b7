//! Who is asking, and what they may do: by a token, a session, the word of a trusted proxy,
//! or as anyone on this machine.

mod attempts;
mod csrf;
mod login;
mod proxy;
mod sessions;
mod tokens;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use tokio::sync::watch;

use crate::model::Timestamp;
use crate::store::StoreError;

pub(super) use csrf::{Posted, is_same_origin};
pub(super) use login::{log_in, log_out, login_page, moved};
pub use proxy::Proxy;
pub use tokens::{Rank, Token, TokenError, Tokens};

use attempts::Attempts;
use sessions::Sessions;

/// One who looks at the page, or asks the API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visitor {
    /// Empty for someone nobody knows.
    pub name: String,
    /// `None`: may log in, and nothing else.
    pub rank: Option<Rank>,
    pub way: Way,
    /// Proves that a form comes from a page that this visitor was given.
    pub csrf: String,
    pub address: String,
}

/// How a visitor was known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    #[default]
    Unknown,
    /// Without a name, from this machine.
    Local,
    Token,
    Session,
    Proxy,
}

/// What the configuration says about access.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// Names beside the loopback's by which the page may be asked for.
    pub hosts: Vec<String>,
    /// Whoever asks from this machine, and not through a proxy, may look without a token.
    pub local_may_look: bool,
    pub proxy: Option<Proxy>,
    /// Served over TLS by ourselves: cookies are for that alone.
    pub is_tls: bool,
}

/// The gate before every page.
#[derive(Debug)]
pub struct Access {
    pub(super) rules: Rules,
    tokens: watch::Receiver<Arc<Tokens>>,
    sessions: Mutex<Sessions>,
    attempts: Mutex<Attempts>,
    /// Of this process: behind the proofs of forms.
    secret: [u8; 32],
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turned {
    /// The token is none, or is over.
    Wrong,
    /// Too many wrong ones: to be tried again after so many seconds.
    TooMany { seconds: i64 },
}

/// Where a request comes from, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub address: IpAddr,
    pub now: Timestamp,
}

impl Access {
    pub fn new(rules: Rules, tokens: watch::Receiver<Arc<Tokens>>) -> Result<Self, StoreError> {
        Ok(Self {
            rules,
            tokens,
            sessions: Mutex::default(),
            attempts: Mutex::default(),
            secret: crate::store::random_bytes()?,
        })
    }

    /// Who this is. A wrong token is an error: nobody is to believe that it was used.
    pub(super) fn visitor(&self, headers: &HeaderMap, from: Arrival) -> Result<Visitor, Turned> {
        let address = from.address.to_canonical().to_string();
        if let Some(given) = headers.get(AUTHORIZATION) {
            let token = self.by_token(bearer(given).unwrap_or_default(), from)?;
            let (name, rank) = (token.name, Some(token.rank));
            return Ok(Visitor { name, rank, way: Way::Token, address, ..Visitor::default() });
        }
        let known = self.by_session(headers, from.now).or_else(|| self.by_proxy(headers, &address));
        let visitor = known.unwrap_or_else(|| self.anyone(headers, from.address));
        Ok(Visitor { address, ..visitor })
    }

    /// Checks a token; wrong ones are counted by where they come from.
    fn by_token(&self, text: &str, from: Arrival) -> Result<Token, Turned> {
        locked(&self.attempts).admit(from.address, from.now)?;
        let found = self.tokens.borrow().find(text, from.now).cloned();
        found.ok_or_else(|| {
            locked(&self.attempts).note_wrong(from.address, from.now);
            Turned::Wrong
        })
    }

    fn by_session(&self, headers: &HeaderMap, now: Timestamp) -> Option<Visitor> {
        let id = cookie(headers, self.cookie_name())?;
        let (mark, session) = locked(&self.sessions).find(&id, now)?;
        // A token that was taken back takes its sessions with it.
        let holder = self.tokens.borrow().holder(&session.token, now).cloned()?;
        let csrf = self.csrf_of(&mark);
        let (name, rank) = (holder.name, Some(holder.rank));
        Some(Visitor { name, rank, way: Way::Session, csrf, address: String::new() })
    }

    fn by_proxy(&self, headers: &HeaderMap, address: &str) -> Option<Visitor> {
        let (name, rank) = self.rules.proxy.as_ref()?.user(headers, address)?;
        let csrf = self.csrf_of(&format!("proxy {name}"));
        Some(Visitor { name, rank: Some(rank), way: Way::Proxy, csrf, address: String::new() })
    }

    fn anyone(&self, headers: &HeaderMap, address: IpAddr) -> Visitor {
        let is_local = self.rules.local_may_look
            && address.to_canonical().is_loopback()
            && !proxy::was_forwarded(headers)
            && super::guard::is_loopback_host(headers);
        let csrf = self.csrf_of("nobody");
        if is_local {
            return Visitor {
                rank: Some(Rank::Viewer),
                way: Way::Local,
                csrf,
                ..Visitor::default()
            };
        }
        Visitor { csrf, ..Visitor::default() }
    }

    fn csrf_of(&self, whose: &str) -> String {
        blake3::keyed_hash(&self.secret, whose.as_bytes()).to_hex().to_string()
    }

    /// Browsers take a `__Host-` cookie from the very host alone, and over TLS alone.
    const fn cookie_name(&self) -> &'static str {
        if self.rules.is_tls { "__Host-keyvigil" } else { "keyvigil" }
    }
}

impl Visitor {
    pub fn may(&self, rank: Rank) -> bool {
        self.rank.is_some_and(|own| rank <= own)
    }

    /// As the journal and the timeline name them.
    pub fn called(&self) -> &str {
        match (self.name.as_str(), self.way) {
            ("", Way::Local) => "anyone on this machine",
            ("", _) => "nobody known",
            (name, _) => name,
        }
    }
}

impl Way {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Local => "page, without log-in",
            Self::Token => "API",
            Self::Session => "page",
            Self::Proxy => "page, by the proxy",
        }
    }
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|text| text.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(known, _)| known.trim() == name).map(|(_, value)| value.trim().to_owned())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Millis;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn access(rules: Rules, tokens: Tokens) -> Access {
        Access::new(rules, watch::channel(Arc::new(tokens)).1).unwrap()
    }

    fn from(address: &str) -> Arrival {
        Arrival { address: address.parse().unwrap(), now: NOW }
    }

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn on_this_machine_anyone_may_look_and_nothing_more() {
        let rules = Rules { local_may_look: true, ..Rules::default() };
        let access = access(rules, Tokens::default());
        let here = headers(&[("host", "127.0.0.1:8787")]);
        let visitor = access.visitor(&here, from("127.0.0.1")).unwrap();
        assert!(visitor.may(Rank::Viewer) && !visitor.may(Rank::Operator));
        for (headers, address) in [
            (here.clone(), "192.0.2.1"),
            (headers(&[("host", "status.example.com")]), "127.0.0.1"),
            (headers(&[("host", "localhost"), ("x-forwarded-for", "192.0.2.1")]), "127.0.0.1"),
            (headers(&[("host", "localhost"), ("forwarded", "for=192.0.2.1")]), "127.0.0.1"),
        ] {
            assert_eq!(access.visitor(&headers, from(address)).unwrap().rank, None, "{address}");
        }
    }

    #[test]
    fn a_token_is_known_by_its_hash_and_a_wrong_one_is_refused() {
        let mut tokens = Tokens::default();
        let secret = tokens.create("ann", Rank::Operator, (NOW, None)).unwrap();
        let access = access(Rules { local_may_look: true, ..Rules::default() }, tokens);
        let ask = |token: &str| {
            let headers =
                headers(&[("host", "localhost"), ("authorization", &format!("Bearer {token}"))]);
            access.visitor(&headers, from("127.0.0.1"))
        };
        let visitor = ask(&secret).unwrap();
        assert_eq!((visitor.name.as_str(), visitor.rank), ("ann", Some(Rank::Operator)));
        assert_eq!(ask("kv_0").unwrap_err(), Turned::Wrong);
        assert_eq!(ask("").unwrap_err(), Turned::Wrong);
    }

    #[test]
    fn a_token_that_was_taken_back_takes_its_sessions_with_it() {
        let mut tokens = Tokens::default();
        let secret = tokens.create("ann", Rank::Viewer, (NOW, None)).unwrap();
        let (sender, receiver) = watch::channel(Arc::new(tokens.clone()));
        let access = Access::new(Rules::default(), receiver).unwrap();
        let token = access.by_token(&secret, from("192.0.2.1")).unwrap();
        let id = locked(&access.sessions).begin(token.hash, NOW).unwrap();
        let with = headers(&[("cookie", &format!("a=b; keyvigil={id}"))]);
        assert_eq!(access.visitor(&with, from("192.0.2.1")).unwrap().name, "ann");
        let later = Arrival { now: NOW.plus(Millis::hours(13)), ..from("192.0.2.1") };
        assert_eq!(access.visitor(&with, later).unwrap().rank, None, "a session ends");
        tokens.revoke("ann").unwrap();
        sender.send_replace(Arc::new(tokens));
        assert_eq!(access.visitor(&with, from("192.0.2.1")).unwrap().rank, None);
    }
}
