//! What another configuration changes while the daemon runs, and what only a restart can.

use crate::config::Config;

/// The way from the old configuration to the new one.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    /// The new one, but what cannot change is as it was.
    pub(super) in_force: Config,
    /// By the names of the file.
    pub(super) changed: Vec<String>,
    pub(super) restart: Vec<String>,
}

impl Difference {
    pub(super) fn between(old: &Config, new: Config) -> Self {
        let restart = [
            ("key_is", old.key_is != new.key_is),
            ("[store] directory", old.store.directory != new.store.directory),
            ("[store] key", old.store.key != new.store.key),
            ("[store] previous_keys", old.store.previous_keys != new.store.previous_keys),
            ("trusted_proxies", old.trusted_proxies != new.trusted_proxies),
            ("keys_in_paths", old.keys_in_paths != new.keys_in_paths),
            ("openapi", old.openapi != new.openapi),
            ("[consent]", old.consent != new.consent),
            ("[web]", old.web != new.web),
            ("[control]", old.control != new.control),
        ];
        let mut in_force = Config {
            key_is: old.key_is,
            trusted_proxies: old.trusted_proxies.clone(),
            keys_in_paths: old.keys_in_paths.clone(),
            openapi: old.openapi.clone(),
            consent: old.consent.clone(),
            web: old.web.clone(),
            control: old.control.clone(),
            ..new
        };
        in_force.store.directory.clone_from(&old.store.directory);
        in_force.store.key.clone_from(&old.store.key);
        in_force.store.previous_keys.clone_from(&old.store.previous_keys);
        let changed = [
            ("sources", old.sources != in_force.sources),
            ("inventory", old.inventory != in_force.inventory),
            ("[[inventories]]", old.inventories != in_force.inventories),
            ("roles, keys and scopes", old.rules != in_force.rules),
            ("networks", old.networks != in_force.networks),
            ("geoip", old.geoip != in_force.geoip),
            ("[privacy]", old.privacy != in_force.privacy),
            ("[alerts]", old.alerts != in_force.alerts),
            ("[detectors]", old.detectors != in_force.detectors),
            ("[mail]", old.mail != in_force.mail),
            ("notify", old.notify != in_force.notify),
            ("routes", old.routes != in_force.routes),
            ("[reports]", old.reports != in_force.reports),
            ("[retention]", old.retention != in_force.retention),
            ("[store] retention", old.store.retention != in_force.store.retention),
        ];
        let mut changed = named(&changed);
        if changed.is_empty() && in_force != *old {
            changed.push("other settings".to_owned());
        }
        Self { changed, restart: named(&restart), in_force }
    }
}

fn named(list: &[(&str, bool)]) -> Vec<String> {
    list.iter().filter(|(_, differs)| *differs).map(|(name, _)| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Millis;

    fn config(text: &str) -> Config {
        Config::parse(text, "text").unwrap()
    }

    #[test]
    fn what_needs_a_restart_stays_as_it_was_and_is_said_again() {
        let old = config("[store]\nretention = \"30d\"");
        let new =
            "[store]\nretention = \"7d\"\ndirectory = \"/elsewhere\"\n[web]\nlisten = \"off\"";
        let difference = Difference::between(&old, config(new));
        assert_eq!(difference.changed, ["[store] retention"]);
        assert_eq!(difference.restart, ["[store] directory", "[web]"]);
        assert_eq!(difference.in_force.store.directory, old.store.directory);
        assert_eq!(difference.in_force.store.retention, Millis::days(7));
        assert_eq!(difference.in_force.web, old.web);
        let again = Difference::between(&difference.in_force, config(new));
        assert_eq!(again.changed, [] as [&str; 0]);
        assert_eq!(again.restart, difference.restart);
    }

    #[test]
    fn thresholds_and_stale_days_are_the_detectors() {
        let old = Config::default();
        let difference = Difference::between(&old, config("[stale]\nnever_used = \"20d\""));
        assert_eq!(difference.changed, ["[detectors]"]);
        assert!(difference.restart.is_empty());
    }
}
