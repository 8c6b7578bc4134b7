//! A proxy that has logged people in already, and says who they are in a header. It is
//! believed from named addresses only.

use axum::http::HeaderMap;

use super::Rank;
use crate::identity::Prefixes;

/// What the configuration says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Proxy {
    /// Its own addresses.
    pub from: Prefixes,
    /// The header with the user's name, in lower case.
    pub header: String,
    /// Users with more than a viewer may do.
    pub operators: Vec<String>,
    pub admins: Vec<String>,
}

const NAME_CHARS_MAX: usize = 100;

impl Proxy {
    /// Who the proxy says this is.
    pub(super) fn user(&self, headers: &HeaderMap, address: &str) -> Option<(String, Rank)> {
        if !self.from.hold(address) {
            return None;
        }
        let mut given = headers.get_all(&self.header).iter();
        // With two of them, one was written by somebody else.
        let (Some(name), None) = (given.next(), given.next()) else { return None };
        let name = name.to_str().ok()?.trim();
        if name.is_empty() || NAME_CHARS_MAX < name.len() {
            return None;
        }
        let is_in = |list: &[String]| list.iter().any(|it| it == name);
        let rank = match (is_in(&self.admins), is_in(&self.operators)) {
            (true, _) => Rank::Admin,
            (false, true) => Rank::Operator,
            (false, false) => Rank::Viewer,
        };
        Some((name.to_owned(), rank))
    }
}

/// Whether a proxy stood in between: it is not somebody on this machine then.
pub(super) fn was_forwarded(headers: &HeaderMap) -> bool {
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"]
        .into_iter()
        .any(|name| headers.contains_key(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy() -> Proxy {
        Proxy {
            from: Prefixes::read(&["192.0.2.7/32".to_owned()]).unwrap(),
            header: "x-remote-user".to_owned(),
            operators: vec!["ann".to_owned()],
            admins: vec!["eva".to_owned()],
        }
    }

    #[test]
    fn a_header_is_believed_from_the_proxy_only() {
        let mut headers = HeaderMap::new();
        headers.insert("x-remote-user", "ann".parse().unwrap());
        let known = Some(("ann".to_owned(), Rank::Operator));
        assert_eq!(proxy().user(&headers, "192.0.2.7"), known);
        assert_eq!(proxy().user(&headers, "192.0.2.8"), None);
        headers.append("x-remote-user", "eva".parse().unwrap());
        assert_eq!(proxy().user(&headers, "192.0.2.7"), None, "one of them is forged");
    }

    #[test]
    fn whoever_is_in_no_list_may_look() {
        let mut headers = HeaderMap::new();
        headers.insert("x-remote-user", "bob".parse().unwrap());
        assert_eq!(proxy().user(&headers, "192.0.2.7").unwrap().1, Rank::Viewer);
    }
}
