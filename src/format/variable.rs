//! The variables of nginx, by name: what each stands for.

use super::place::Place;

/// Sorted by name. A variable that is not here is an extra under its own name.
const VARIABLES: &[(&str, Place)] = &[
    ("args", Place::Query),
    ("binary_remote_addr", Place::BinaryClient),
    ("body_bytes_sent", Place::Bytes),
    ("bytes_clf", Place::BytesOrDash),
    ("bytes_sent", Place::AllBytes),
    ("document_uri", Place::Path),
    ("duration", Place::Seconds),
    ("duration_ms", Place::Millis),
    ("geoip2_data_country_code", Place::Country),
    ("geoip_country_code", Place::Country),
    ("host", Place::Host),
    ("http_host", Place::Host),
    ("http_referer", Place::Referer),
    ("http_referrer", Place::Referer),
    ("http_user_agent", Place::UserAgent),
    ("http_x_forwarded_for", Place::Hops),
    ("http_x_forwarded_proto", Place::Scheme),
    ("msec", Place::Time),
    ("proxy_add_x_forwarded_for", Place::Hops),
    ("query_string", Place::Query),
    ("remote_addr", Place::Client),
    ("remote_user", Place::User),
    ("request", Place::Request),
    ("request_length", Place::RequestBytes),
    ("request_method", Place::Method),
    ("request_time", Place::Seconds),
    ("request_uri", Place::Target),
    ("scheme", Place::Scheme),
    ("server_name", Place::Host),
    ("server_protocol", Place::Version),
    ("ssl_client_s_dn", Place::Certificate),
    ("ssl_protocol", Place::Tls),
    ("status", Place::Status),
    ("time_iso8601", Place::Time),
    ("time_local", Place::Time),
    ("uri", Place::Path),
];

pub(super) fn place_of(name: &str) -> Place {
    match VARIABLES.binary_search_by_key(&name, |(known, _)| known) {
        Ok(at) => VARIABLES.get(at).map_or(Place::Extra, |(_, place)| *place),
        Err(_) => Place::Extra,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(VARIABLES.is_sorted_by_key(|(name, _)| name));
        assert_eq!(place_of("status"), Place::Status);
        assert_eq!(place_of("http_foo_user_agent"), Place::Extra);
    }
}
