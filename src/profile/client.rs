//! Which software asked: the family of a user agent, without its version.

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
    let end = user_agent.find(['/', ' ', '(', ';']).unwrap_or(user_agent.len());
    user_agent.get(..end.min(64)).unwrap_or(user_agent)
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
}
