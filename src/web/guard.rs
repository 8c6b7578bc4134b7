//! What stands before every page: who may ask, how, and what a browser may do with the
//! answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, HOST, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::WebState;

const URI_BYTES_MAX: usize = 2048;
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// A page is made from memory; one that takes longer is stuck.
const ANSWER: Duration = Duration::from_secs(10);

const HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

pub(super) async fn guard(
    State(state): State<Arc<WebState>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match refusal(&state, &request) {
        Some(refused) => refused.into_response(),
        None => tokio::time::timeout(ANSWER, next.run(request)).await.unwrap_or_else(|_| {
            (StatusCode::SERVICE_UNAVAILABLE, "the page took too long\n").into_response()
        }),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn refusal(state: &WebState, request: &Request) -> Option<impl IntoResponse + use<>> {
    let refused = |status, text: &'static str| {
        let allow = [(ALLOW, HeaderValue::from_static("GET, HEAD"))];
        Some(match status {
            StatusCode::METHOD_NOT_ALLOWED => (status, allow, text).into_response(),
            _ => (status, text).into_response(),
        })
    };
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return refused(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here\n");
    }
    if URI_BYTES_MAX < request.uri().path_and_query().map_or(0, |target| target.as_str().len()) {
        return refused(StatusCode::URI_TOO_LONG, "the address is too long\n");
    }
    if HEADER_BYTES_MAX < header_bytes(request.headers()) {
        return refused(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "too many headers\n");
    }
    if !is_known_host(state, request.headers(), request.uri()) {
        return refused(
            StatusCode::MISDIRECTED_REQUEST,
            "this page answers to loopback names only; others are listed under web.hosts in the \
             configuration\n",
        );
    }
    None
}

/// Another site can make a browser ask this address, but only under its own name.
fn is_known_host(state: &WebState, headers: &HeaderMap, uri: &Uri) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let is_known =
        |host: &str| is_loopback(host) || state.hosts.iter().any(|known| is_same(known, host));
    let in_uri = uri.authority().is_none_or(|authority| is_known(authority.as_str()));
    in_uri && host.to_str().is_ok_and(is_known)
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
