//! `[mail.dkim]`: mails are signed, so that who gets one can tell that its domain sent it.

use toml::de::DeTable;

use super::mistakes::Mistake;
use super::secret::Secret;
use super::table::Table;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dkim {
    pub domain: String,
    /// The public key stands in the name system at `SELECTOR._domainkey.DOMAIN`.
    pub selector: String,
    pub key: Secret,
}

/// `from` is the address that mails come from.
pub(super) fn dkim(from: &str, values: &DeTable<'_>) -> (Option<Dkim>, Vec<Mistake>) {
    let mut table = Table::new("mail.dkim", values);
    let (domain, selector, key) =
        (table.text("domain"), table.text("selector"), table.secret("key"));
    let at = values.keys().next().map_or(0..0, toml::Spanned::span);
    if values.len() < 3 {
        let instead = "add domain = \"example.com\", selector = \"keyvigil\" and key = { credential = \"dkim\" }";
        let what = "[mail.dkim] needs a domain, a selector and a key".to_owned();
        table.complain::<()>(at, what, instead);
    }
    for (name, text) in [("domain", &domain), ("selector", &selector)] {
        if text.as_ref().is_some_and(|text| !is_name(text)) {
            let what = format!("`{name}` is not a name of the name system");
            table.complain::<()>(table.place_of(name), what, "write letters, digits, - and points");
        }
    }
    if let Some(domain) = domain.as_ref().filter(|domain| is_name(domain))
        && !is_of(from, domain)
    {
        let what = format!("a signature of {domain} says nothing for mails from {from}");
        let instead = format!("write the domain of `from`, or from = \"keyvigil@{domain}\"");
        table.complain::<()>(table.place_of("domain"), what, &instead);
    }
    let whole = match (domain, selector, key) {
        (Some(domain), Some(selector), Some(key)) => Some(Dkim { domain, selector, key }),
        _ => None,
    };
    (whole, table.finish())
}

fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// The domain itself or one below it.
fn is_of(from: &str, domain: &str) -> bool {
    let host = from.rsplit('@').next().unwrap_or_default().trim_end_matches('>');
    let host = host.to_ascii_lowercase();
    let domain = domain.to_ascii_lowercase();
    host == domain || host.strip_suffix(&domain).is_some_and(|before| before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn check(dkim: &str, part: &str) {
        let text = format!(
            "[mail]\nto = \"you@example.com\"\nfrom = \"k <keyvigil@api.example.com>\"\n[mail.dkim]\n{dkim}"
        );
        match Config::parse(&text, "t.toml") {
            Ok(config) => {
                let dkim = config.mail.unwrap().dkim;
                assert!(part.is_empty() && dkim.unwrap().selector == "s1");
            }
            Err(error) => {
                let error = error.to_string();
                assert!(!part.is_empty() && error.contains(part), "{part}: {error}");
            }
        }
    }

    #[test]
    fn a_signature_needs_a_domain_of_the_sender_a_selector_and_a_key() {
        let key = "key = { credential = \"dkim\" }\n";
        check(&format!("domain = \"example.com\"\nselector = \"s1\"\n{key}"), "");
        check(&format!("domain = \"API.example.com\"\nselector = \"s1\"\n{key}"), "");
        check(key, "needs a domain, a selector and a key");
        check(&format!("domain = \"example.org\"\nselector = \"s1\"\n{key}"), "says nothing for");
        check(&format!("domain = \"ample.com\"\nselector = \"s1\"\n{key}"), "says nothing for");
        check(&format!("domain = \"example.com\"\nselector = \"s 1; p=\"\n{key}"), "not a name");
        check("domain = \"example.com\"\nselector = \"s1\"\nkey = \"MII\"\n", "a secret never");
        check(&format!("domian = \"example.com\"\nselector = \"s1\"\n{key}"), "`domain`");
    }
}
