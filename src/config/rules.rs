//! `[stale]`, `[roles.NAME]`, `[keys.ID]` and `[scopes]`: what keys may do, and when they
//! are stale.

use toml::de::DeTable;

use super::Config;
use super::mistakes::Mistake;
use super::quotas;
use super::sigma;
use super::table::Table;
use crate::detect::{Pattern, RolePolicy, RoleRules, StaleCredential, TlsMin};
use crate::identity::{PathKeys, Prefixes};
use crate::incident;
use crate::model::Millis;

/// The tables of single roles and keys. `[stale]` must have been read before.
pub(super) fn rules(config: &mut Config, top: &mut Table<'_, '_>) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let usual = config.detectors.stale_credential.clone();
    for (name, values) in top.named_tables("roles") {
        let mut table = Table::new(&format!("roles.{name}"), values);
        let role = role(&mut table, &usual, &mut mistakes);
        mistakes.extend(table.finish());
        config.rules.roles.insert(name, role);
    }
    for (id, values) in top.named_tables("keys") {
        let mut table = Table::new(&format!("keys.{id}"), values);
        let mut own = role(&mut table, &usual, &mut mistakes);
        mistakes.extend(table.finish());
        let (quota, stale) = (std::mem::take(&mut own.quota), own.stale.take());
        if !quota.is_empty() {
            config.rules.quotas.insert(id.clone(), quota);
        }
        config.rules.keys.extend(stale.map(|stale| (id.clone(), stale)));
        if RolePolicy::concerns(&own) {
            config.rules.own.insert(id, own);
        }
    }
    for (scope, patterns) in top.named_texts("scopes") {
        let patterns = patterns.into_iter().map(Pattern::from).collect();
        config.rules.scopes.insert(scope, patterns);
    }
    for (name, least) in top.named_texts("clients") {
        config.rules.clients.extend(least.into_iter().next().map(|least| (name, least)));
    }
    if let Some(values) = top.table("rules") {
        mistakes.extend(sigma::rules(config, values));
    }
    if let Some(values) = top.table("api") {
        let mut table = Table::new("api", values);
        let deprecated = table.texts("deprecated").into_iter().map(Pattern::from);
        config.rules.deprecated = deprecated.collect();
        mistakes.extend(table.finish());
    }
    mistakes
}

/// When keys are stale, in whole days.
pub(super) fn stale(stale: &mut StaleCredential, values: &DeTable<'_>) -> Vec<Mistake> {
    let mut table = Table::new("stale", values);
    let days = [
        ("unused_warn", &mut stale.unused_warn_days_min),
        ("unused_fail", &mut stale.unused_fail_days_min),
        ("never_used", &mut stale.never_used_days_min),
        ("rotation_overdue", &mut stale.rotation_days_max),
        ("expiring_warn", &mut stale.expiring_warn_days_max),
        ("expiring_fail", &mut stale.expiring_fail_days_max),
        ("over_privileged", &mut stale.over_privileged_days_min),
        ("rotation_incomplete", &mut stale.rotation_incomplete_days_min),
    ];
    for (name, days) in days {
        if table.says(name, "never") {
            *days = StaleCredential::NEVER;
            continue;
        }
        let Some(length) = table.duration(name) else { continue };
        *days = length.whole_days();
        if length != Millis::days(*days) {
            let at = table.place_of(name);
            table.complain::<()>(at, format!("`{name}` is not in whole days"), "write \"45d\"");
        }
    }
    for (name, number) in [
        ("shared_networks", &mut stale.shared_places_min),
        ("shared_days", &mut stale.shared_days_min),
    ] {
        let Some(given) = table.number(name) else { continue };
        if let Some(whole) = whole(given) {
            *number = whole;
        } else {
            let at = table.place_of(name);
            let what = format!("`{name}` cannot be {given}");
            table.complain::<()>(at, what, "write a whole number from 1 to 30");
        }
    }
    let ignore = table.texts("ignore");
    if values.contains_key("ignore") {
        stale.ignore = ignore;
    }
    for kind in &stale.ignore {
        if incident::words(kind).is_none() {
            let at = table.place_of("ignore");
            table.complain::<()>(
                at,
                format!("there is no finding {kind:?}"),
                "write one of those that `keyvigil keys --stale` shows",
            );
        }
    }
    table.finish()
}

fn role(
    table: &mut Table<'_, '_>,
    usual: &StaleCredential,
    mistakes: &mut Vec<Mistake>,
) -> RoleRules {
    let stale = own_stale(table, usual, mistakes);
    let tls = [("1.2", TlsMin::Tls12), ("1.3", TlsMin::Tls13)];
    RoleRules {
        stale,
        routes: table.texts("routes").into_iter().map(Pattern::from).collect(),
        methods: table.texts("methods"),
        networks: prefixes(table, "networks"),
        countries: table.texts("countries"),
        tenants: table.texts("tenants"),
        hours: hours(table),
        quota: quotas::quota(table),
        tls_min: table.choice("tls", &tls),
    }
}

/// Where keys stand in paths.
pub(super) fn path_keys(table: &mut Table<'_, '_>) -> PathKeys {
    let texts = table.texts("keys_in_paths");
    PathKeys::read(&texts).unwrap_or_else(|wrong| {
        let at = table.place_of("keys_in_paths");
        let what = format!("{wrong:?} does not say where the key stands");
        table.complain::<()>(at, what, "write a path with {key} in it: \"/hooks/{key}\"");
        PathKeys::default()
    })
}

/// A list of prefixes and addresses.
pub(super) fn prefixes(table: &mut Table<'_, '_>, name: &'static str) -> Prefixes {
    let texts = table.texts(name);
    match Prefixes::read(&texts) {
        Ok(prefixes) => prefixes,
        Err(wrong) => {
            let (at, what) = (table.place_of(name), format!("{wrong:?} is no network"));
            table.complain::<()>(at, what, "write a prefix such as \"192.0.2.0/24\"");
            Prefixes::default()
        }
    }
}

/// `22-06`: from 22:00 to 06:00 UTC.
fn hours(table: &mut Table<'_, '_>) -> Option<(u8, u8)> {
    let text = table.text("hours")?;
    let hour = |text: &str| text.trim().parse::<u8>().ok().filter(|hour| *hour <= 24);
    let read = text.split_once('-').and_then(|(from, to)| Some((hour(from)?, hour(to)?)));
    read.or_else(|| {
        let (at, what) = (table.place_of("hours"), format!("`hours` cannot be {text:?}"));
        table.complain(at, what, "write two hours of the day in UTC: \"08-18\"")
    })
}

/// What is not said is as for all keys.
fn own_stale(
    table: &mut Table<'_, '_>,
    usual: &StaleCredential,
    mistakes: &mut Vec<Mistake>,
) -> Option<StaleCredential> {
    let values = table.table("stale")?;
    let mut own = usual.clone();
    mistakes.extend(stale(&mut own, values));
    Some(own)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a whole number of a small range"
)]
fn whole(number: f64) -> Option<u16> {
    let fits = (1.0..=30.0).contains(&number) && number.fract() == 0.0;
    fits.then_some(number as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_and_a_key_have_limits_of_their_own_and_the_rest_from_all() {
        let text = "
            [stale]
            unused_warn = \"30d\"
            [roles.batch]
            routes = [\"GET /v1/export*\"]
            stale = { unused_warn = \"200d\", unused_fail = \"never\", ignore = \"shared\" }
            [keys.\"k_alpha\".stale]
            rotation_overdue = \"365d\"
            [scopes]
            billing = [\"POST /v1/invoices*\"]
            \"export all\" = \"/v1/export*\"
        ";
        let config = Config::parse(text, "t.toml").unwrap();
        assert_eq!(config.detectors.stale_credential.unused_warn_days_min, 30);
        let batch = config.rules.roles["batch"].stale.as_ref().unwrap();
        assert_eq!((batch.unused_warn_days_min, batch.never_used_days_min), (200, 14));
        assert_eq!(batch.unused_fail_days_min, StaleCredential::NEVER);
        assert_eq!(batch.ignore, ["shared"]);
        let key = &config.rules.keys["k_alpha"];
        assert_eq!((key.unused_warn_days_min, key.rotation_days_max), (30, 365));
        assert!(config.rules.scopes["export all"][0].covers("GET", "/v1/export/1"));
    }

    #[test]
    fn a_key_may_be_told_what_it_may_do_and_where_it_comes_from() {
        let text = "
            [keys.k_alpha]
            networks = [\"192.0.2.0/24\"]
            routes = [\"GET /v1/*\"]
            hours = \"08-18\"
            addresses_per_hour = 20
            [keys.k_beta]
            requests_per_day = 5
        ";
        let config = Config::parse(text, "t.toml").unwrap();
        let own = &config.rules.own["k_alpha"];
        assert!(own.networks.hold("192.0.2.7") && !own.networks.hold("198.51.100.7"));
        assert_eq!((own.routes.len(), own.hours), (1, Some((8, 18))));
        assert_eq!(config.rules.quotas["k_alpha"].addresses_per_hour_max, Some(20));
        assert_eq!((config.rules.own.len(), config.rules.keys.len()), (1, 0));
    }

    #[test]
    fn a_mistake_is_named_with_its_table() {
        for (text, part) in [
            ("[roles.batch]\nruotes = \"/\"\n", "unknown setting `ruotes` in [roles.batch]"),
            ("[roles]\nbatch = 1\n", "`batch` is a number"),
            ("[stale]\nignore = \"unusde\"\n", "there is no finding \"unusde\""),
            ("[roles.a]\nnetworks = [\"192.0.2.0/33\"]\n", "\"192.0.2.0/33\" is no network"),
            ("keys_in_paths = \"/hooks\"\n", "\"/hooks\" does not say where the key stands"),
            ("[roles.a]\nhours = \"8\"\n", "`hours` cannot be \"8\""),
            ("[roles.a]\nrequests_per_hour = 0\n", "`requests_per_hour` cannot be 0"),
            ("[roles.a]\ntls = \"1.1\"\n", "`tls` cannot be \"1.1\""),
            ("[api]\nold = \"/v1\"\n", "unknown setting `old` in [api]"),
            ("[stale]\nshared_days = 0\n", "`shared_days` cannot be 0"),
            ("[keys.k.stale]\nunused_warn = \"1h\"\n", "not in whole days"),
        ] {
            let error = Config::parse(text, "t.toml").unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
