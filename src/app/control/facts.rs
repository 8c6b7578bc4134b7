//! What a configuration says about the data that is handled, for the report.

use crate::config::{Config, NotifyKind, Place, Secret};
use crate::detect::StaleCredential;
use crate::identity::KeyIs;
use crate::report::Facts;

/// Without a secret: of an address that is one, only where it stands.
pub(super) fn facts(config: &Config) -> Facts {
    let text = |path: &std::path::PathBuf| path.display().to_string();
    let limit = |days: i64| Some(days).filter(|days| *days < StaleCredential::NEVER);
    let stale = &config.detectors.stale_credential;
    let directory = text(&config.store.directory);
    Facts {
        logs: config.sources.iter().map(|it| (it.path.clone(), it.format.clone())).collect(),
        lists: config.lists().iter().map(|list| text(&list.path)).collect(),
        networks: config.networks.iter().chain(&config.geoip).map(text).collect(),
        keys_are_secret: config.key_is == KeyIs::Secret,
        key_place: match &config.store.key {
            None => format!("{directory}/store.key, beside what it encrypts"),
            Some(Secret::Credential(name)) => format!("the credential {name:?} of systemd"),
            Some(Secret::File(path)) => format!("the file {}", path.display()),
            Some(Secret::Environment(name)) => format!("the environment variable {name}"),
        },
        is_key_beside: config.store.key.is_none(),
        state: directory,
        retention: Some(config.store.retention),
        kept: config.privacy.in_words(),
        other_times: config.retention.in_words(),
        recipients: recipients(config),
        page: config.web.base_url.clone().or(config.web.listen.map(|it| it.to_string())),
        unused_days: limit(stale.unused_fail_days_min),
        rotation_days: limit(stale.rotation_days_max),
    }
}

fn recipients(config: &Config) -> Vec<(String, String)> {
    let mail = config.mail.iter().flat_map(|mail| {
        let server = match &mail.sendmail {
            Some(program) => format!("mail through {}", program.display()),
            None => format!("mail through {}", mail.server),
        };
        mail.to.iter().map(move |to| (to.clone(), server.clone()))
    });
    let others = config.notify.iter().map(|way| {
        let (kind, place) = match &way.kind {
            NotifyKind::Webhook(place) => ("webhook", place),
            NotifyKind::Slack(place) => ("Slack", place),
            NotifyKind::Alertmanager(place) => ("Alertmanager", place),
            NotifyKind::Ocsf(place) => ("OCSF", place),
            NotifyKind::Syslog(place) => ("syslog", place),
        };
        let to = match place {
            Place::Url(address) | Place::Syslog(address) => without_path(address),
            Place::SecretUrl(_) => "an address that is kept secret".to_owned(),
            Place::File(path) => path.display().to_string(),
        };
        (way.name.clone(), format!("{kind} to {to}"))
    });
    let owners = config.routes.iter().any(|route| route.to.iter().any(|to| to == "@owner"));
    let owners = owners.then(|| ("owners of keys".to_owned(), "mail".to_owned()));
    mail.chain(others).chain(owners).collect()
}

/// What stands behind the host can be as good as a password.
fn without_path(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let host = rest.split(['/', '?']).next().unwrap_or(rest);
    let host = host.rsplit('@').next().unwrap_or(host);
    if scheme == "unix" || scheme.is_empty() {
        address.to_owned()
    } else {
        format!("{scheme}://{host}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_named_and_secrets_are_not() {
        let config = "[mail]\nto = [\"a@example.com\"]\nserver = \"mail.example.com\"\n\
             [[notify]]\nname = \"soc\"\nkind = \"webhook\"\n\
             url = \"https://u:p@soc.example.com/hook/s3cr3t?t=x\"\n";
        let facts = facts(&Config::parse(config, "it.toml").unwrap());
        let told: Vec<String> =
            facts.recipients.iter().map(|(who, by)| format!("{who} by {by}")).collect();
        assert_eq!(
            told,
            [
                "a@example.com by mail through mail.example.com",
                "soc by webhook to https://soc.example.com"
            ]
        );
        assert!(facts.is_key_beside && facts.keys_are_secret);
        assert_eq!((facts.unused_days, facts.rotation_days), (Some(90), Some(90)));
    }
}
