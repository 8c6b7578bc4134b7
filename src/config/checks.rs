//! What is well written and cannot be meant: paths that depend on where one stands, a log
//! twice, a port that speaks otherwise.

use std::net::IpAddr;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistakes::Mistake;
use super::{Config, Mail, Tls};
use crate::model::Millis;

/// Longer than this, and nothing is ever judged in time.
const PATIENCE_MAX: Millis = Millis::seconds(15 * 60);
const RETENTION_MIN: Millis = Millis::days(1);
const SUBMISSIONS_PORT: u16 = 465;

/// The mistakes that show only when settings are seen together, or in the world.
pub(super) fn checks(config: &Config, document: &DeTable<'_>) -> Vec<Mistake> {
    let mut checks = Checks { document, mistakes: Vec::new() };
    checks.sources();
    checks.paths();
    if let Some(mail) = &config.mail {
        checks.mail(mail);
    }
    checks.times(config);
    checks.mistakes
}

struct Checks<'d, 'i> {
    document: &'d DeTable<'i>,
    mistakes: Vec<Mistake>,
}

impl Checks<'_, '_> {
    fn add(&mut self, at: Range<usize>, what: impl Into<String>, instead: impl Into<String>) {
        self.mistakes.push(Mistake { at, what: what.into(), instead: instead.into() });
    }

    fn sources(&mut self) {
        let mut known: Vec<String> = Vec::new();
        for (path, at) in texts_in_list(self.document, "sources", "path") {
            self.path("path", &path, at.clone());
            if path.ends_with('/') {
                self.add(
                    at.clone(),
                    "`path` is a folder",
                    format!("name a file, or a pattern: \"{path}*.log\""),
                );
            }
            if let Err(error) = glob::Pattern::new(&path) {
                self.add(
                    at.clone(),
                    format!("`path` is no pattern: {}", error.msg),
                    "put a [ that is meant in brackets: [[]",
                );
            }
            if known.contains(&path) {
                self.add(at, format!("{path:?} is here twice"), "one source for each log");
            }
            known.push(path);
        }
    }

    fn paths(&mut self) {
        for (table, name) in [
            ("", "inventory"),
            ("", "networks"),
            ("privacy", "never_store"),
            ("store", "directory"),
            ("mail", "root_certificate"),
            ("web", "certificate"),
            ("web", "key"),
        ] {
            if let Some((path, at)) = self.text(table, name) {
                self.path(name, &path, at);
            }
        }
    }

    /// A service is started in `/`, wherever a person stands.
    fn path(&mut self, name: &str, path: &str, at: Range<usize>) {
        if path.trim().is_empty() {
            self.add(at, format!("`{name}` is empty"), "write a path from the root: \"/…\"");
        } else if path.starts_with('~') {
            self.add(
                at,
                format!("`{name}` begins with ~, which only shells know"),
                "write the whole path: \"/home/…\"",
            );
        } else if path.contains("://") {
            self.add(at, format!("`{name}` is an address"), "keyvigil reads files: \"/…\"");
        } else if !path.starts_with('/') {
            let instead =
                format!("write a path from the root: \"/…/{}\"", path.trim_start_matches("./"));
            self.add(at, format!("`{name}` depends on where keyvigil is started"), instead);
        }
    }

    fn mail(&mut self, mail: &Mail) {
        let at = |name: &str| self.place("mail", name);
        let (server, port, user) = (at("server"), at("port"), at("user"));
        let (tls, password, to, from) = (at("tls"), at("password"), at("to"), at("from"));
        if mail.server.contains("://") || mail.server.contains('@') || mail.server.trim().is_empty()
        {
            self.add(
                server,
                format!("{:?} is not the name of a server", mail.server),
                "write \"mail.example.com\"",
            );
        } else if let Some((host, number)) = mail.server.rsplit_once(':')
            && !host.contains(':')
        {
            let instead = format!("write server = \"{host}\" and port = {number}");
            self.add(server, "the port has a setting of its own", instead);
        } else if mail.tls == Tls::None && !is_this_machine(&mail.server) {
            let what = format!("mails to {} would cross the network readable", mail.server);
            self.add(tls, what, "write \"starttls\" or \"implicit\"; \"none\" is for this machine");
        }
        if mail.tls == Tls::Starttls && mail.port == SUBMISSIONS_PORT {
            self.add(
                port,
                "port 465 wants TLS from the first byte",
                "add tls = \"implicit\", or use port 587",
            );
        }
        let has = |name| table_of(self.document, "mail").is_some_and(|it| it.contains_key(name));
        match (has("user"), has("password")) {
            (true, false) => {
                let instead = "add password = { credential = \"smtp\" }";
                self.add(user, "`user` without `password`", instead);
            }
            (false, true) => self.add(password, "`password` without `user`", "add user = \"…\""),
            (true, true) | (false, false) => {}
        }
        for (addresses, at) in [(mail.to.as_slice(), to), (std::slice::from_ref(&mail.from), from)]
        {
            for address in addresses.iter().filter(|it| it.contains('@')) {
                self.address(address, at.clone());
            }
        }
    }

    fn address(&mut self, address: &str, at: Range<usize>) {
        let bare = address.rsplit_once('<').map_or(address, |(_, rest)| rest.trim_end_matches('>'));
        if address.contains([',', ';']) {
            return self.add(
                at,
                format!("{address:?} is more than one address"),
                "write a list: to = [\"…\", \"…\"]",
            );
        }
        let is_one = bare.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !host.contains('@')
        });
        if !is_one || bare.contains(char::is_whitespace) {
            self.add(
                at,
                format!("{address:?} is not a mail address"),
                "write somebody@example.com",
            );
        }
    }

    fn times(&mut self, config: &Config) {
        if PATIENCE_MAX < config.alerts.patience {
            let at = self.place("alerts", "patience");
            self.add(
                at,
                "with so much patience nothing is judged in time",
                "write \"15m\" at most",
            );
        }
        if config.store.retention < RETENTION_MIN {
            let at = self.place("store", "retention");
            self.add(
                at,
                "so short a retention forgets what is needed to judge",
                "write \"1d\" at least",
            );
        }
        let stale = &config.detectors.stale_credential;
        if stale.unused_fail_days_min < stale.unused_warn_days_min {
            let at = self.place("stale", "unused_fail");
            let at = if at.is_empty() { self.place("stale", "unused_warn") } else { at };
            self.add(
                at,
                "`unused_fail` comes before `unused_warn`",
                "the failure is the later one of the two",
            );
        }
        if stale.expiring_warn_days_max < stale.expiring_fail_days_max {
            let at = self.place("stale", "expiring_fail");
            let at = if at.is_empty() { self.place("stale", "expiring_warn") } else { at };
            self.add(
                at,
                "`expiring_warn` comes after `expiring_fail`",
                "the warning is the earlier one of the two",
            );
        }
        if let Some((url, at)) = self.text("web", "base_url")
            && !(url.starts_with("https://") || url.starts_with("http://"))
        {
            self.add(at, format!("{url:?} is not the address of a page"), "write \"https://…\"");
        }
    }

    fn text(&self, table: &str, name: &str) -> Option<(String, Range<usize>)> {
        text_in(table_of(self.document, table)?, name)
    }

    /// Where a setting stands; where its table does, if it is not there.
    fn place(&self, table: &str, name: &str) -> Range<usize> {
        let values = table_of(self.document, table);
        let setting = values.and_then(|values| values.get(name)).map(Spanned::span);
        let whole = || self.document.get(table).map_or(0..0, Spanned::span);
        setting.unwrap_or_else(|| {
            values.and_then(|it| it.keys().next()).map_or_else(whole, Spanned::span)
        })
    }
}

fn table_of<'t, 'i>(document: &'t DeTable<'i>, name: &str) -> Option<&'t DeTable<'i>> {
    if name.is_empty() {
        return Some(document);
    }
    let value = document.get(name)?.get_ref();
    if let DeValue::Table(table) = value { Some(table) } else { None }
}

fn text_in(table: &DeTable<'_>, name: &str) -> Option<(String, Range<usize>)> {
    let value = table.get(name)?;
    let DeValue::String(text) = value.get_ref() else { return None };
    Some((text.to_string(), value.span()))
}

/// The texts of that name in every table of a list.
fn texts_in_list(document: &DeTable<'_>, list: &str, name: &str) -> Vec<(String, Range<usize>)> {
    let Some(DeValue::Array(items)) = document.get(list).map(Spanned::get_ref) else {
        return Vec::new();
    };
    let text = |item: &Spanned<DeValue<'_>>| {
        let DeValue::Table(table) = item.get_ref() else { return None };
        text_in(table, name)
    };
    items.iter().filter_map(text).collect()
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
