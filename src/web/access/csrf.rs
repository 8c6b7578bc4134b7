//! Whether a form that is sent comes from a page of ours, and not from another site that
//! has somebody's browser ask.

use std::collections::BTreeMap;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Query, Request};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq as _;

use super::{Visitor, Way};

/// The fields of a form whose proof was right.
#[derive(Debug)]
pub(in crate::web) struct Posted(pub BTreeMap<String, String>);

/// A reason and an end are short.
const FORM_BYTES_MAX: usize = 16 * 1024;

const FORM: &str = "application/x-www-form-urlencoded";

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Response> {
        let refused = |status: StatusCode, text: &'static str| (status, text).into_response();
        let visitor = request.extensions().get::<Visitor>().cloned().unwrap_or_default();
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if kind.is_none_or(|kind| kind.split(';').next().map(str::trim) != Some(FORM)) {
            return Err(refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "this takes a form\n"));
        }
        let fields = fields_of(request.into_body()).await.map_err(|()| {
            refused(StatusCode::PAYLOAD_TOO_LARGE, "the form is too large, or not whole\n")
        })?;
        let given = fields.get("csrf").map_or("", String::as_str);
        if visitor.csrf.is_empty() || !bool::from(given.as_bytes().ct_eq(visitor.csrf.as_bytes())) {
            let text = "this form is not from a page that you were given, or your session is over; \
                        load the page again\n";
            return Err(refused(StatusCode::FORBIDDEN, text));
        }
        Ok(Self(fields))
    }
}

async fn fields_of(body: Body) -> Result<BTreeMap<String, String>, ()> {
    let bytes = to_bytes(body, FORM_BYTES_MAX).await.map_err(|_too_large| ())?;
    let text = str::from_utf8(&bytes).map_err(|_not_text| ())?;
    // A form is written like the query of an address.
    let uri: Uri = format!("/?{text}").parse().map_err(|_not_written_so| ())?;
    Query::try_from_uri(&uri).map(|Query(fields)| fields).map_err(|_not_written_so| ())
}

/// Whether the browser says that the request comes from a page of ours. A program with a
/// token says nothing, and needs not.
pub(in crate::web) fn is_same_origin(headers: &HeaderMap, visitor: &Visitor) -> bool {
    let text =
        |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    match (text(ORIGIN.as_str()), text("sec-fetch-site")) {
        (_, Some(site)) if site != "same-origin" => false,
        (Some(origin), _) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some_and(|host| {
                text(HOST.as_str()).is_some_and(|own| own.eq_ignore_ascii_case(host))
            })
        }
        (None, Some(_)) => true,
        (None, None) => visitor.way == Way::Token,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_from_us(list: &[(&'static str, &'static str)], way: Way) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "keys.example.com:8443".parse().unwrap());
        headers.extend(list.iter().map(|(name, value)| {
            (axum::http::HeaderName::from_static(name), value.parse().unwrap())
        }));
        is_same_origin(&headers, &Visitor { way, ..Visitor::default() })
    }

    #[test]
    fn only_our_own_pages_may_send_forms() {
        let ours = ("origin", "https://keys.example.com:8443");
        assert!(is_from_us(&[ours], Way::Session));
        assert!(is_from_us(&[ours, ("sec-fetch-site", "same-origin")], Way::Session));
        assert!(!is_from_us(&[ours, ("sec-fetch-site", "cross-site")], Way::Session));
        assert!(!is_from_us(&[("origin", "https://evil.example")], Way::Session));
        assert!(!is_from_us(&[("origin", "null")], Way::Session));
        assert!(!is_from_us(&[("origin", "https://keys.example.com")], Way::Session));
    }

    #[test]
    fn without_a_word_of_a_browser_only_a_token_is_enough() {
        assert!(!is_from_us(&[], Way::Session));
        assert!(!is_from_us(&[], Way::Local));
        assert!(is_from_us(&[], Way::Token));
        assert!(!is_from_us(&[("origin", "https://evil.example")], Way::Token));
    }
}
