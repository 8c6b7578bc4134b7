//! What stands before every page: who may ask, how, and what a browser may do with the
//! answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, HOST, HeaderName, HeaderValue, RETRY_AFTER, STRICT_TRANSPORT_SECURITY,
    WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq as _;

use super::WebState;
use super::access::{self, Rank, Turned, Visitor, Way};
use super::limits::Peer;
use super::problem::problem;

const URI_BYTES_MAX: usize = 2048;
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// A page is made from memory; one that takes longer is stuck, or its form comes too slowly.
const ANSWER: Duration = Duration::from_secs(10);

const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    // Not `no-referrer`: browsers would then say that forms come from nowhere.
    ("referrer-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

/// Why a request goes no further.
struct Refusal {
    status: StatusCode,
    text: String,
    header: Option<(HeaderName, HeaderValue)>,
}

pub(super) async fn guard(
    State(state): State<Arc<WebState>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let is_api = is_api(request.uri().path());
    let from = access::Arrival { address: peer.ip(), now: (state.window.now)() };
    let mut response = match passed(&state, &mut request, from) {
        Err(refusal) => refusal.answer(is_api),
        Ok(()) => tokio::time::timeout(ANSWER, next.run(request)).await.unwrap_or_else(|_| {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the answer took too long").answer(is_api)
        }),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if state.access.rules.is_tls {
        let a_year = HeaderValue::from_static("max-age=31536000");
        headers.insert(STRICT_TRANSPORT_SECURITY, a_year);
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Lets a request through, with its visitor.
fn passed(state: &WebState, request: &mut Request, from: access::Arrival) -> Result<(), Refusal> {
    well_formed(state, request)?;
    let visitor = state.access.visitor(request.headers(), from).map_err(|turned| {
        let by = Visitor { address: from.address.to_string(), ..Visitor::default() };
        state.viewed(&by, "log-in refused", turned.word());
        Refusal::from(turned)
    })?;
    allowed(request, &visitor)?;
    if request.method() == Method::POST {
        meant(request, &visitor)?;
    }
    request.extensions_mut().insert(visitor);
    request.extensions_mut().insert(from);
    Ok(())
}

fn well_formed(state: &WebState, request: &Request) -> Result<(), Refusal> {
    let is_api = is_api(request.uri().path());
    // The API itself says what can be done where.
    if !is_api && ![Method::GET, Method::HEAD, Method::POST].contains(request.method()) {
        let text = "only GET, HEAD and POST are answered here";
        let allow = (ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, text).with(allow));
    }
    if URI_BYTES_MAX < request.uri().path_and_query().map_or(0, |target| target.as_str().len()) {
        let status = if is_api { StatusCode::BAD_REQUEST } else { StatusCode::URI_TOO_LONG };
        return Err(Refusal::new(status, "the address is too long"));
    }
    if HEADER_BYTES_MAX < header_bytes(request.headers()) {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(Refusal::new(status, "too many headers"));
    }
    if !is_known_host(state, request.headers(), request.uri()) {
        return Err(Refusal::new(
            StatusCode::MISDIRECTED_REQUEST,
            "this page does not answer to that name; it answers to addresses of this machine, and \
             to the names under hosts and base_url of [web] in the configuration",
        ));
    }
    Ok(())
}

/// What one has to be for a page.
fn needed(path: &str, method: &Method) -> Option<Rank> {
    match path {
        "/healthz" | "/readyz" | "/login" | "/logout" => None,
        asset if asset.starts_with("/assets/") => None,
        "/journal" | "/api/v1/journal" => Some(Rank::Admin),
        _ if *method == Method::POST => Some(Rank::Operator),
        _ => Some(Rank::Viewer),
    }
}

fn allowed(request: &Request, visitor: &Visitor) -> Result<(), Refusal> {
    let path = request.uri().path();
    let Some(rank) = needed(path, request.method()) else { return Ok(()) };
    if visitor.may(rank) {
        return Ok(());
    }
    let is_unknown = visitor.name.is_empty();
    if is_api(path) {
        let (status, text) = if is_unknown {
            (StatusCode::UNAUTHORIZED, format!("this needs a token of the role {}", rank.name()))
        } else {
            (StatusCode::FORBIDDEN, format!("this needs the role {}", rank.name()))
        };
        let bearer = (WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return Err(Refusal::new(status, text).with(bearer));
    }
    if is_unknown && request.method() == Method::GET {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let to = format!("/login?next={}", super::keys_page::encoded(target));
        let to = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/login"));
        return Err(
            Refusal::new(StatusCode::SEE_OTHER, "").with((HeaderName::from_static("location"), to))
        );
    }
    let text = format!("this needs the role {}; log in with a token of it", rank.name());
    Err(Refusal::new(StatusCode::FORBIDDEN, text))
}

/// Whether a request that changes something is what the visitor wanted, and not what some
/// other page has the browser send.
fn meant(request: &Request, visitor: &Visitor) -> Result<(), Refusal> {
    if !access::is_same_origin(request.headers(), visitor) {
        let text = "this request comes from another page than this one's, and is not done";
        return Err(Refusal::new(StatusCode::FORBIDDEN, text));
    }
    // Pages send their proof in the form; scripts with a session in a header.
    if is_api(request.uri().path()) && visitor.way != Way::Token {
        let given = request.headers().get("x-csrf-token").map_or(&[][..], HeaderValue::as_bytes);
        if visitor.csrf.is_empty() || !bool::from(given.ct_eq(visitor.csrf.as_bytes())) {
            let text =
                "without a token in Authorization this needs the page's proof in X-CSRF-Token";
            return Err(Refusal::new(StatusCode::FORBIDDEN, text));
        }
    }
    Ok(())
}

fn is_api(path: &str) -> bool {
    path.starts_with("/api/") || path == "/openapi.json"
}

impl Refusal {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), header: None }
    }

    fn with(self, header: (HeaderName, HeaderValue)) -> Self {
        Self { header: Some(header), ..self }
    }

    fn answer(self, is_api: bool) -> Response {
        let mut response = if is_api {
            problem(self.status, &self.text)
        } else if self.text.is_empty() {
            self.status.into_response()
        } else {
            (self.status, format!("{}\n", self.text)).into_response()
        };
        response.headers_mut().extend(self.header);
        response
    }
}

impl From<Turned> for Refusal {
    fn from(turned: Turned) -> Self {
        let refusal = Self::new(turned.status(), turned.sentence());
        match turned {
            Turned::Wrong => refusal.with((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Turned::TooMany { seconds } => refusal.with((RETRY_AFTER, seconds.into())),
        }
    }
}

/// Another site can make a browser ask this address, but only under its own name.
fn is_known_host(state: &WebState, headers: &HeaderMap, uri: &Uri) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let hosts = &state.access.rules.hosts;
    let is_known = |host: &str| {
        is_address(host) || is_loopback(host) || hosts.iter().any(|it| is_same(it, host))
    };
    let in_uri = uri.authority().is_none_or(|authority| is_known(authority.as_str()));
    in_uri && host.to_str().is_ok_and(is_known)
}

/// Whether it was asked for by a name of the loopback.
pub(super) fn is_loopback_host(headers: &HeaderMap) -> bool {
    headers.get(HOST).and_then(|host| host.to_str().ok()).is_some_and(is_loopback)
}

/// No other site can own an address that was typed: only names can be turned to this machine.
fn is_address(host: &str) -> bool {
    without_port(host).trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
}

fn is_loopback(host: &str) -> bool {
    let name = without_port(host);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

/// A configured name without a port stands for every port.
fn is_same(known: &str, host: &str) -> bool {
    known.eq_ignore_ascii_case(host) || known.eq_ignore_ascii_case(without_port(host))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') && !name.ends_with(':') => name,
        _ => host,
    }
}

fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_loopback_is_known_by_itself() {
        for host in
            ["localhost", "LOCALHOST:8787", "127.0.0.1:1", "127.1.2.3", "[::1]:8787", "[::1]"]
        {
            assert!(is_loopback(host), "{host}");
        }
        for host in
            ["evil.example", "localhost.evil.example", "192.0.2.1", "[2001:db8::1]:80", "", ":"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn a_configured_name_is_known_with_any_port() {
        assert!(is_same("status.example.com", "Status.example.com:8443"));
        assert!(!is_same("status.example.com", "status.example.com.evil.example"));
        assert!(is_same("status.example.com:1", "status.example.com:1"));
        assert!(!is_same("status.example.com:1", "status.example.com:2"));
    }
}
