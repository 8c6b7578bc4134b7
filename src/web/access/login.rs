//! Logging in with a token, and out.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, Query, State};
use axum::http::header::{COOKIE, LOCATION, RETRY_AFTER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};

use super::{Access, Arrival, Posted, Turned, Visitor, Way, locked};
use crate::store::Entry;
use crate::web::WebState;
use crate::web::pages::shown;
use crate::web::parts::{Frame, frame_of_stranger};

#[derive(Template)]
#[template(path = "login.html", escape = "page")]
struct LoginPage {
    frame: Frame,
    next: String,
    wrong: Option<String>,
    csrf: String,
    has_tokens: bool,
}

type Shared = State<Arc<WebState>>;

pub(in crate::web) async fn login_page(
    State(state): Shared,
    Extension(visitor): Extension<Visitor>,
    Query(query): Query<std::collections::BTreeMap<String, String>>,
) -> Response {
    let next = query.get("next").map_or("/", String::as_str);
    page(&state, &visitor, (own_path(next), None))
}

/// A token becomes a session whose id nobody has seen before.
pub(in crate::web) async fn log_in(
    State(state): Shared,
    Extension(from): Extension<Arrival>,
    parts: Parts,
    Posted(fields): Posted,
) -> Response {
    let visitor = parts.extensions.get::<Visitor>().cloned().unwrap_or_default();
    let next = own_path(fields.get("next").map_or("/", String::as_str));
    let token = fields.get("token").map_or("", |token| token.trim());
    let told = match state.access.by_token(token, from) {
        Ok(token) => {
            state.access.forget(&parts.headers);
            let begun = locked(&state.access.sessions).begin(token.hash, from.now);
            let Ok(id) = begun else {
                return (StatusCode::SERVICE_UNAVAILABLE, "no session can be made\n")
                    .into_response();
            };
            let by = Visitor { name: token.name, way: Way::Session, ..visitor };
            state.errands.note(Entry::of(&by, "logged in", token.rank.name()));
            return moved(&next, Some(state.access.cookie_of(&id)));
        }
        Err(told) => told,
    };
    state.errands.note(Entry::of(&visitor, "log-in refused", told.word()));
    let mut response = page(&state, &visitor, (next, Some(told.sentence())));
    *response.status_mut() = told.status();
    if let Turned::TooMany { seconds } = told {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

pub(in crate::web) async fn log_out(
    State(state): Shared,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Posted(_): Posted,
) -> Response {
    state.access.forget(&headers);
    if visitor.way == Way::Session {
        state.errands.note(Entry::of(&visitor, "logged out", ""));
    }
    moved("/login", Some(state.access.no_cookie()))
}

impl Access {
    fn forget(&self, headers: &HeaderMap) {
        if headers.contains_key(COOKIE)
            && let Some(id) = super::cookie(headers, self.cookie_name())
        {
            locked(&self.sessions).end(&id);
        }
    }

    fn cookie_of(&self, id: &str) -> String {
        let secure = if self.rules.is_tls { "; Secure" } else { "" };
        format!("{}={id}; Path=/; HttpOnly; SameSite=Strict{secure}", self.cookie_name())
    }

    fn no_cookie(&self) -> String {
        format!("{}; Max-Age=0", self.cookie_of(""))
    }
}

impl Turned {
    pub(in crate::web) const fn status(self) -> StatusCode {
        match self {
            Self::Wrong => StatusCode::UNAUTHORIZED,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    pub(in crate::web) const fn word(self) -> &'static str {
        match self {
            Self::Wrong => "wrong token",
            Self::TooMany { .. } => "too many tries",
        }
    }

    pub(in crate::web) fn sentence(self) -> String {
        match self {
            Self::Wrong => "This is no token, or it is over.".to_owned(),
            Self::TooMany { seconds } => {
                format!("Too many wrong tokens came from here. Try again in {seconds}\u{202f}s.")
            }
        }
    }
}

/// A path on this very page; anything else leads to the first one.
fn own_path(next: &str) -> String {
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_ours = next.starts_with('/') && !next.starts_with("//") && !next.starts_with("/login");
    if is_plain && is_ours && next.len() < 512 { next.to_owned() } else { "/".to_owned() }
}

fn page(state: &WebState, visitor: &Visitor, (next, wrong): (String, Option<String>)) -> Response {
    shown(&LoginPage {
        frame: frame_of_stranger("Log in"),
        next,
        wrong,
        csrf: visitor.csrf.clone(),
        has_tokens: !state.access.tokens.borrow().is_empty(),
    })
}

/// After a form the browser is sent on, so that a reload sends nothing twice.
pub(in crate::web) fn moved(to: &str, cookie: Option<String>) -> Response {
    let headers: Vec<(HeaderName, String)> = cookie
        .into_iter()
        .map(|cookie| (SET_COOKIE, cookie))
        .chain([(LOCATION, to.to_owned())])
        .collect();
    let mut response = StatusCode::SEE_OTHER.into_response();
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().append(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for other in [
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "evil.example",
            "",
            "/a\r\nset-cookie: x=y",
            "javascript:alert(1)",
            "/login?next=/",
            "/ evil",
            "/\tevil",
        ] {
            assert_eq!(own_path(other), "/", "{other:?}");
        }
        assert_eq!(own_path("/incidents/INC-7f3c9a#mute"), "/incidents/INC-7f3c9a#mute");
    }
}
