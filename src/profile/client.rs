//! Which software asked: the family of a user agent, and its version.
//!
//! The crates that read user agents know browsers and phones by long lists of patterns.
//! What calls an API says its own name and version first, `acme-sdk/1.5.2`, and no list
//! knows it: reading that one token serves better.

/// The name before the first `/`, or the engine of a browser: an upgrade is no new client.
pub fn client_family(user_agent: &str) -> &str {
    const BROWSERS: [(&str, &str); 5] = [
        ("bot", "bot"),
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    if user_agent.starts_with("Mozilla/") {
        let known = BROWSERS.iter().find(|(mark, _)| user_agent.contains(mark));
        return known.map_or("Mozilla", |(_, family)| family);
    }
    let is_end = |byte: u8| matches!(byte, b'/' | b' ' | b'(' | b';');
    let end = user_agent.bytes().position(is_end).unwrap_or(user_agent.len());
    user_agent.get(..end.min(64)).unwrap_or(user_agent)
}

/// The version behind the family's name; empty if it says none.
pub fn client_version(user_agent: &str) -> &str {
    let family = client_family(user_agent);
    let mark = if family == "Edge" { "Edg" } else { family };
    // It mostly stands first, and then it need not be looked for.
    let behind = user_agent
        .strip_prefix(mark)
        .unwrap_or_else(|| user_agent.split_once(mark).map_or("", |(_, behind)| behind));
    let Some(version) = behind.strip_prefix(['/', ' ']) else { return "" };
    // `OpenAI/Python 1.30.1`: the name of a language may come first.
    let is_digit = |it: char| it.is_ascii_digit();
    let version = match version.split_once(' ') {
        Some((word, next)) if !word.contains(is_digit) => next,
        Some(_) | None => version,
    };
    let version = version.strip_prefix(['v', 'V']).unwrap_or(version);
    let end = version.find(|it: char| !it.is_ascii_alphanumeric() && !".-+_".contains(it));
    let version = version.get(..end.unwrap_or(version.len()).min(32)).unwrap_or("");
    if version.starts_with(is_digit) { version } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upgrade_is_the_same_family() {
        assert_eq!(client_family("acme-sdk/1.5.2 Guzzle/7"), "acme-sdk");
        assert_eq!(client_family("acme-sdk/2.0.0"), "acme-sdk");
        assert_eq!(client_family("Mozilla/5.0 (X11) Gecko/2 Firefox/35.0"), "Firefox");
        assert_eq!(client_family("curl"), "curl");
        assert_eq!(client_family(""), "");
    }

    #[test]
    fn a_version_stands_behind_its_product() {
        for (user_agent, version) in [
            ("acme-sdk/1.5.2 Guzzle/7", "1.5.2"),
            ("acme-sdk/v2.0.0-rc.1", "2.0.0-rc.1"),
            ("python-requests 2.31", "2.31"),
            ("Mozilla/5.0 (X11) Gecko/2 Firefox/35.0", "35.0"),
            ("Mozilla/5.0 AppleWebKit/5 Chrome/99.1 Safari/5 Edg/98.2", "98.2"),
            ("OpenAI/Python 1.30.1", "1.30.1"),
            ("curl", ""),
            ("bot (see https://example.com)", ""),
            ("", ""),
        ] {
            assert_eq!(client_version(user_agent), version, "{user_agent}");
        }
    }
}
