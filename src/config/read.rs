//! The file's tables, one function each, to [`Config`].

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde::Deserialize;
use toml::de::DeTable;

use super::checks::checks;
use super::log_format::{self, Pasted};
use super::meant;
use super::mistakes::{self, Mistake};
use super::syntax;
use super::table::Table;
use super::units;
use super::{
    Alerts, Config, ConfigError, ConsentLists, Control, List, Privacy, Reports, Retention, Source,
    Store, Web, people, rules,
};
use crate::detect::Panel;
use crate::format::{self, OwnFormats, Parser};
use crate::identity::{Kept, KeyIs, ListFormat, Mode};
use crate::web::Proxy;

/// The file as the detectors see it.
#[derive(Deserialize)]
struct OnlyDetectors {
    detectors: Panel,
}

pub(super) fn config(text: &str, name: &str, beside: Option<&Path>) -> Result<Config, ConfigError> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut mistakes: Vec<Mistake> = errors
        .into_iter()
        .map(|error| syntax::mistake(error.span().unwrap_or(0..0), error.message(), text))
        .collect();
    let mut config = Config::default();
    if mistakes.is_empty() {
        mistakes = fill(&mut config, document.get_ref(), (text, beside));
        mistakes.extend(checks(&config, document.get_ref()));
    }
    if mistakes.is_empty() { Ok(config) } else { Err(mistakes::error(mistakes, text, name)) }
}

fn fill(
    config: &mut Config,
    document: &DeTable<'_>,
    (text, beside): (&str, Option<&Path>),
) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut top = Table::new("", document);
    let folder = top.text("formats").map(PathBuf::from).or(beside.map(ToOwned::to_owned));
    match folder.as_deref().map(super::own_formats).transpose() {
        Ok(own) => config.own_formats = own.unwrap_or_default(),
        Err(error) => {
            let at = top.place_of("formats");
            top.complain::<()>(at, "these formats cannot be used".into(), &error.to_string());
        }
    }
    for table in top.tables("sources") {
        let (source, wrong) = source(table, &config.own_formats);
        config.sources.extend(source);
        mistakes.extend(wrong);
    }
    for table in top.tables("inventories") {
        let (list, wrong) = list(table);
        config.inventories.extend(list);
        mistakes.extend(wrong);
    }
    let key_is = top.choice("key_is", &[("secret", KeyIs::Secret), ("id", KeyIs::Id)]);
    config.key_is = key_is.unwrap_or(config.key_is);
    files(config, &mut top);
    config.keys_in_paths = rules::path_keys(&mut top);
    config.trusted_proxies = rules::prefixes(&mut top, "trusted_proxies");
    let mut each = |table: Option<&DeTable<'_>>,
                    read: &mut dyn FnMut(&DeTable<'_>) -> Vec<Mistake>| {
        mistakes.extend(table.map(read).unwrap_or_default());
    };
    each(top.table("consent"), &mut |table| consent(&mut config.consent, table));
    each(top.table("privacy"), &mut |table| privacy(&mut config.privacy, table));
    each(top.table("alerts"), &mut |table| alerts(&mut config.alerts, table));
    each(top.table("mail"), &mut |table| people::mail(&mut config.mail, table));
    each(top.table("web"), &mut |table| web(&mut config.web, table));
    each(top.table("store"), &mut |table| store(&mut config.store, table));
    each(top.table("retention"), &mut |table| retention(&mut config.retention, table));
    each(top.table("reports"), &mut |table| reports(&mut config.reports, table));
    each(top.table("control"), &mut |table| control(&mut config.control, table));
    for table in top.tables("notify") {
        mistakes.extend(people::notify(&mut config.notify, table));
    }
    for table in top.tables("routes") {
        mistakes.extend(people::route(config, table));
    }
    if top.table("detectors").is_some() {
        match toml::from_str::<OnlyDetectors>(text) {
            Ok(only) => config.detectors = only.detectors,
            Err(error) => mistakes.push(Mistake {
                at: error.span().unwrap_or_else(|| top.place_of("detectors")),
                what: "a detector's settings are wrong".to_owned(),
                instead: meant::field(error.message()),
            }),
        }
    }
    if let Some(table) = top.table("stale") {
        mistakes.extend(rules::stale(&mut config.detectors.stale_credential, table));
    }
    mistakes.extend(rules::rules(config, &mut top));
    mistakes.extend(top.finish());
    mistakes
}

/// The files beside the logs.
fn files(config: &mut Config, top: &mut Table<'_, '_>) {
    config.inventory = top.text("inventory").map(PathBuf::from);
    config.networks = top.text("networks").map(PathBuf::from);
    config.geoip = top.texts("geoip").into_iter().map(PathBuf::from).collect();
    config.openapi = top.texts("openapi").into_iter().map(PathBuf::from).collect();
}

fn source(values: &DeTable<'_>, own: &OwnFormats) -> (Option<Source>, Vec<Mistake>) {
    let mut table = Table::new("sources", values);
    let path = table.text("path");
    let format = table.text("format").unwrap_or_else(|| "auto".to_owned());
    let log_format = log_format(&mut table, path.as_deref().unwrap_or_default());
    let options = format::Options {
        log_format,
        key_from: table.text("key_from"),
        own: own.clone(),
        zone: zone(&mut table),
    };
    if path.is_none() && !values.contains_key("path") {
        let at = values.keys().next().map_or(0..0, toml::Spanned::span);
        table.complain::<()>(at, "a source has no `path`".into(), "add path = \"/var/log/…\"");
    }
    if format != "auto" || options.log_format.is_some() {
        let name = ["log_format", "log_format_file", "format"]
            .into_iter()
            .find(|name| values.contains_key(*name))
            .unwrap_or("format");
        let at = table.place_of(name);
        let known = super::format_name(&format, options.log_format.as_deref());
        if let Err(error) = Parser::by_name(known, &options) {
            table.complain::<()>(at, "this format cannot be used".into(), &error.to_string());
        }
    }
    let format::Options { log_format, key_from, own, zone } = options;
    let source = path.map(|path| Source { path, format, log_format, key_from, own, zone });
    (source, table.finish())
}

/// Pasted, or from a server's configuration.
fn log_format(table: &mut Table<'_, '_>, path: &str) -> Option<String> {
    let (pasted, file) = (table.text("log_format"), table.text("log_format_file"));
    let name = table.text("log_format_name");
    let file = file.map(PathBuf::from);
    let (log_format, name) = (pasted.as_deref(), name.as_deref());
    match (Pasted { log_format, file: file.as_deref(), name, path }).settle() {
        Ok(settled) => settled,
        Err(error) => {
            let names = ["log_format_name", "log_format_file", "log_format"];
            let at = names.map(|name| table.place_of(name)).into_iter().find(|at| !at.is_empty());
            let what = "this log format cannot be used".to_owned();
            table.complain(at.unwrap_or_default(), what, &error.to_string())
        }
    }
}

fn zone(table: &mut Table<'_, '_>) -> Option<TimeZone> {
    let name = table.text("time_zone")?;
    log_format::zone(&name).or_else(|| {
        let at = table.place_of("time_zone");
        let what = format!("{name:?} is no time zone");
        table.complain(
            at,
            what,
            "write a name such as \"Europe/Oslo\" (the machine needs tzdata), or \"+05:30\"",
        )
    })
}

fn list(values: &DeTable<'_>) -> (Option<List>, Vec<Mistake>) {
    let mut table = Table::new("inventories", values);
    let path = table.text("path").map(PathBuf::from);
    if path.is_none() && !values.contains_key("path") {
        let at = values.keys().next().map_or(0..0, toml::Spanned::span);
        table.complain::<()>(at, "a list has no `path`".into(), "add path = \"/etc/keyvigil/…\"");
    }
    let format = table.choice("format", &ListFormat::NAMES).unwrap_or_default();
    (path.map(|path| List { path, format }), table.finish())
}

fn consent(lists: &mut ConsentLists, values: &DeTable<'_>) -> Vec<Mistake> {
    let mut table = Table::new("consent", values);
    lists.opt_in = table.text("opt_in").map(PathBuf::from);
    lists.opt_out = table.text("opt_out").map(PathBuf::from);
    table.finish()
}

fn privacy(privacy: &mut Privacy, values: &DeTable<'_>) -> Vec<Mistake> {
    let mut table = Table::new("privacy", values);
    privacy.mode = table.choice("mode", &Mode::NAMES).unwrap_or_default();
    privacy.never_store = table.text("never_store").map(PathBuf::from);
    if values.contains_key("store") {
        privacy.without = Kept::NAMES.iter().map(|(_, kept)| *kept).collect();
        for name in table.texts("store") {
            if let Some((_, kept)) = Kept::NAMES.iter().find(|(known, _)| *known == name) {
                privacy.without.remove(kept);
            } else {
                let at = table.place_of("store");
                let known: Vec<&str> = Kept::NAMES.iter().map(|(name, _)| *name).collect();
                let instead = format!("write some of {}", known.join(", "));
                table.complain::<()>(at, format!("there is no column {name:?}"), &instead);
            }
        }
    }
    table.finish()
}

fn alerts(alerts: &mut Alerts, values: &DeTable<'_>) -> Vec<Mistake> {
    let mut table = Table::new("alerts", values);
    if let Some(budget) = table.number("false_alarms_per_day") {
        alerts.false_alarms_per_day = budget;
        if !(0.01..=1000.0).contains(&budget) {
            let what = format!("{budget} false alarms a day are not a budget");
            let at = table.place_of("false_alarms_per_day");
            table.complain::<()>(at, what, "write a number from 0.01 to 1000");
        }
    }
    alerts.patience = table.duration("patience").unwrap_or(alerts.patience);
    let mut mistakes = Vec::new();
    if let Some(values) = table.table("kinds") {
        mistakes = super::kinds::kinds(&mut alerts.kinds, values);
    }
    mistakes.extend(table.finish());
    mistakes
}

fn web(web: &mut Web, values: &DeTable<'_>) -> Vec<Mistake> {
    let mut table = Table::new("web", values);
    match table.text("listen").as_deref() {
        None => {}
        Some("off") => web.listen = None,
        Some(text) => {
            web.listen = text.parse::<SocketAddr>().ok().or_else(|| {
                let at = table.place_of("listen");
                let what = format!("{text:?} is not an address to listen on");
                table.complain(at, what, "write \"127.0.0.1:8787\" or \"off\"")
            });
        }
    }
    web.base_url = table.text("base_url");
    web.hosts = table.texts("hosts");
    web.certificate = table.text("certificate").map(PathBuf::from);
    web.key = table.text("key").map(PathBuf::from);
    let local = table.choice("local", &[("view", true), ("login", false)]);
    web.local_may_look = local.unwrap_or(web.local_may_look);
    let mut mistakes = Vec::new();
    if let Some(values) = table.table("proxy") {
        let (proxy, wrong) = proxy(values);
        web.proxy = proxy;
        mistakes = wrong;
    }
    if web.certificate.is_some() != web.key.is_some() {
        let name = if web.key.is_some() { "key" } else { "certificate" };
        let at = table.place_of(name);
        let what = "a certificate and its key belong together".to_owned();
        table.complain::<()>(at, what, "add certificate = \"/…\" and key = \"/…\", or neither");
    }
    mistakes.extend(table.finish());
    mistakes
}

fn proxy(values: &DeTable<'_>) -> (Option<Proxy>, Vec<Mistake>) {
    let mut table = Table::new("web.proxy", values);
    let from = rules::prefixes(&mut table, "from");
    let header = table.text("header").unwrap_or_else(|| "x-remote-user".to_owned());
    let (operators, admins) = (table.texts("operators"), table.texts("admins"));
    if from.is_empty() {
        let at = values.keys().next().map_or(0..0, toml::Spanned::span);
        let what = "whose word counts? `from` is missing".to_owned();
        table.complain::<()>(at, what, "add the proxy's own addresses: from = [\"192.0.2.7\"]");
    }
    let is_plain = |it: char| it.is_ascii_alphanumeric() || it == '-';
    if header.is_empty() || !header.chars().all(is_plain) {
        let at = table.place_of("header");
        let what = format!("{header:?} is not the name of a header");
        table.complain::<()>(at, what, "write \"x-remote-user\"");
    }
    let header = header.to_ascii_lowercase();
    (Some(Proxy { from, header, operators, admins }), table.finish())
}

fn store(store: &mut Store, values: &DeTable<'_>) -> Vec<Mistake> {
    let mut table = Table::new("store", values);
    if let Some(directory) = table.text("directory") {
        store.directory = directory.into();
    }
    store.key = table.secret("key");
    store.previous_keys = table.secrets("previous_keys");
    store.retention = table.duration("retention").unwrap_or(store.retention);
    table.finish()
}

fn retention(retention: &mut Retention, values: &DeTable<'_>) -> Vec<Mistake> {
    let mut table = Table::new("retention", values);
    retention.incidents = table.duration("incidents");
    retention.journal = table.duration("journal");
    retention.messages = table.duration("messages").unwrap_or(retention.messages);
    for (role, texts) in table.named_texts("roles") {
        if let Some(kept) = texts.first().and_then(|text| units::duration(text)) {
            retention.roles.insert(role, kept);
        } else {
            let what = format!("`{role}` has no duration");
            let instead = "write a number and s, m, h, d or w: \"7d\"";
            table.complain::<()>(table.place_of("roles"), what, instead);
        }
    }
    table.finish()
}

fn reports(reports: &mut Reports, values: &DeTable<'_>) -> Vec<Mistake> {
    let mut table = Table::new("reports", values);
    reports.monthly = table.flag("monthly").unwrap_or(reports.monthly);
    reports.keep = table.duration("keep").unwrap_or(reports.keep);
    table.finish()
}

fn control(control: &mut Control, values: &DeTable<'_>) -> Vec<Mistake> {
    let mut table = Table::new("control", values);
    control.socket = table.text("socket").map(PathBuf::from);
    table.finish()
}
