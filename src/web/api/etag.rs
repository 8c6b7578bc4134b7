//! What has not changed since it was asked for last is not sent again.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// A page of a list is far smaller.
const BODY_BYTES_MAX: usize = 64 << 20;

pub(super) async fn unless_known(request: Request, next: Next) -> Response {
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    let known: Vec<HeaderValue> =
        request.headers().get_all(IF_NONE_MATCH).iter().cloned().collect();
    let response = next.run(request).await;
    if !is_read || response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, BODY_BYTES_MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let hash = blake3::hash(&bytes).to_hex();
    let tag = format!("\"{}\"", hash.get(..32).unwrap_or_default());
    // To be asked for each time, and to be kept by nobody but who asked.
    let asked_again = HeaderValue::from_static("private, no-cache");
    if is_among(&tag, &known) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        response.headers_mut().extend(tag.parse().ok().map(|tag| (ETAG, tag)));
        response.headers_mut().insert(CACHE_CONTROL, asked_again);
        return response;
    }
    parts.headers.extend(tag.parse().ok().map(|tag| (ETAG, tag)));
    parts.headers.insert(CACHE_CONTROL, asked_again);
    Response::from_parts(parts, Body::from(bytes))
}

fn is_among(tag: &str, known: &[HeaderValue]) -> bool {
    let lists = known.iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|one| {
        let one = one.trim();
        one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_a_list() {
        let known = |text: &'static str| [HeaderValue::from_static(text)];
        assert!(is_among("\"a\"", &known("\"b\", W/\"a\"")));
        assert!(is_among("\"a\"", &known("*")));
        assert!(!is_among("\"a\"", &known("\"ab\"")));
        assert!(!is_among("\"a\"", &[]));
    }
}
