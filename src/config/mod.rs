//! What the file says to what it means, with errors that point.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use crate::detect::{Kinds, Panel, Rules};
use crate::engine::Part;
use crate::format::{self, OwnFormats};
use crate::identity::{Kept, KeyIs, ListFormat, Mode, PathKeys, Prefixes};
use crate::model::Millis;
use crate::web::Proxy;

mod checks;
mod dkim;
mod formats;
mod kinds;
mod log_format;
mod meant;
mod mistakes;
mod people;
mod places;
mod quotas;
mod read;
mod rules;
mod secret;
mod sigma;
mod syntax;
mod table;
mod units;

pub use dkim::Dkim;
pub use formats::{FormatsError, own_formats};
pub use log_format::{LogFormatError, Pasted, zone};
pub use mistakes::ConfigError;
pub use people::{Mail, Notify, NotifyKind, Place, QuietHours, Route, Tls};
pub use places::Places;
pub use secret::{Secret, SecretError};
pub use units::duration;

/// What is meant. Behind this door nothing is checked again.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub sources: Vec<Source>,
    /// Formats of a person's own, from a folder of files.
    pub own_formats: OwnFormats,
    /// Whether the logs hold public ids of keys, or the keys themselves.
    pub key_is: KeyIs,
    pub inventory: Option<PathBuf>,
    /// Lists beside that one, in the order in which they count.
    pub inventories: Vec<List>,
    pub networks: Option<PathBuf>,
    /// MMDB files, for what the networks leave open.
    pub geoip: Vec<PathBuf>,
    /// Of a request that came through one of these, the address before it counts.
    pub trusted_proxies: Prefixes,
    pub keys_in_paths: PathKeys,
    /// `OpenAPI` documents, whose paths name the routes.
    pub openapi: Vec<PathBuf>,
    /// Who agreed to get messages, and who does not any more: lists of hashes.
    pub consent: ConsentLists,
    pub privacy: Privacy,
    pub alerts: Alerts,
    /// The thresholds of every detector; `[stale]` is one of them.
    pub detectors: Panel,
    /// What single roles and keys may do, and when they are stale.
    pub rules: Rules,
    /// Parts of the judgement that an evaluation leaves out; no file can say it.
    pub without: BTreeSet<Part>,
    pub mail: Option<Mail>,
    /// Ways to people and programs beside mail.
    pub notify: Vec<Notify>,
    /// Who is told what. None: everyone named above is told everything.
    pub routes: Vec<Route>,
    pub web: Web,
    pub store: Store,
    pub retention: Retention,
    pub reports: Reports,
    pub control: Control,
}

/// One file, or a glob of files, of one format.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    pub path: String,
    /// A name of the registry, or `auto`.
    pub format: String,
    pub log_format: Option<String>,
    pub key_from: Option<String>,
    /// Formats of a person's own, which come before those of the program.
    pub own: OwnFormats,
    /// Of the clock that writes times without a zone.
    pub zone: Option<TimeZone>,
}

impl Source {
    /// What a person said about how its lines are read.
    pub fn options(&self) -> format::Options {
        format::Options {
            log_format: self.log_format.clone(),
            key_from: self.key_from.clone(),
            own: self.own.clone(),
            zone: self.zone.clone(),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsentLists {
    pub opt_in: Option<PathBuf>,
    pub opt_out: Option<PathBuf>,
}

/// How much of a request is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Privacy {
    pub mode: Mode,
    /// Columns that are left empty.
    pub without: BTreeSet<Kept>,
    /// A list of those whose requests are never stored.
    pub never_store: Option<PathBuf>,
}

impl Privacy {
    /// For people: the page, the journal, the record of processing.
    pub fn in_words(&self) -> String {
        let mode = match self.mode {
            Mode::Full => "as the log has it, without secrets".to_owned(),
            Mode::Pseudonymous => {
                "users by keyed hashes, addresses by their network (/24, /48)".to_owned()
            }
            Mode::ZeroRetention => "no requests: only what is usual, and incidents".to_owned(),
        };
        let names: Vec<&str> = self.without.iter().map(|kept| kept.name()).collect();
        let without = if names.is_empty() {
            String::new()
        } else {
            format!("; without {}", names.join(", "))
        };
        let never = if self.never_store.is_some() { "; nothing of those on a list" } else { "" };
        format!("{} ({mode}{without}{never})", self.mode.name())
    }
}

/// A list of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    pub path: PathBuf,
    pub format: ListFormat,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Alerts {
    pub false_alarms_per_day: f64,
    pub patience: Millis,
    /// Kinds of finding that are louder or quieter than the rest.
    pub kinds: Kinds,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Web {
    /// `None` if the page is off.
    pub listen: Option<SocketAddr>,
    /// How people reach the page, for links in mails.
    pub base_url: Option<String>,
    /// Further names by which it may be asked for.
    pub hosts: Vec<String>,
    /// Served over TLS if both are given: a chain and its key, as PEM.
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// On a loopback address, whoever is on this machine may look without a token.
    pub local_may_look: bool,
    /// Who logs people in instead of us.
    pub proxy: Option<Proxy>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Store {
    pub directory: PathBuf,
    pub key: Option<Secret>,
    /// Keys that were used before, until every value is encrypted with the new one.
    pub previous_keys: Vec<Secret>,
    pub retention: Millis,
}

/// How long what is not an event is kept, and the events of single roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// After they were over. `None`: as long as the store.
    pub incidents: Option<Millis>,
    /// Entries of the audit journal. `None`: until there are too many.
    pub journal: Option<Millis>,
    /// After they were settled.
    pub messages: Millis,
    /// Events of these roles, where that is shorter than for all.
    pub roles: BTreeMap<String, Millis>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { incidents: None, journal: None, messages: Millis::days(30), roles: BTreeMap::new() }
    }
}

impl Retention {
    /// For the record of processing.
    pub fn in_words(&self) -> String {
        let days = |millis: Millis| format!("{} days", millis.whole_days());
        let incidents = self.incidents.map_or_else(
            || "until the store is removed".to_owned(),
            |kept| format!("{} after they were over", days(kept)),
        );
        let journal = self.journal.map_or_else(
            || "the newest 100,000 entries".to_owned(),
            |kept| format!("{}, at most 100,000 entries", days(kept)),
        );
        let roles: Vec<String> =
            self.roles.iter().map(|(role, kept)| format!("{role} {}", days(*kept))).collect();
        let roles = if roles.is_empty() {
            String::new()
        } else {
            format!("; events of single roles: {}", roles.join(", "))
        };
        format!(
            "incidents {incidents}; messages {} after they were settled; audit journal {journal}; what is \
             normal for a key until the store is removed{roles}",
            days(self.messages)
        )
    }
}

/// Reports that are written by themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Reports {
    /// Into the folder `reports` of the state directory.
    pub monthly: bool,
    /// How long after the end of their month they stay.
    pub keep: Millis,
}

/// Where other commands reach the daemon.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Control {
    /// `None`: in the runtime directory that systemd gives, or else in the state directory.
    pub socket: Option<PathBuf>,
}

/// The registry's name for a source: a pasted description of a log says itself which
/// server it is for.
pub fn format_name<'a>(format: &'a str, log_format: Option<&str>) -> &'a str {
    match log_format {
        Some(pasted) if format == "auto" && pasted.contains('%') && !pasted.contains('$') => {
            "custom-apache"
        }
        Some(_) if format == "auto" => "custom-nginx",
        Some(_) | None => format,
    }
}

impl Config {
    /// Every list of keys, the first the one that counts most.
    pub fn lists(&self) -> Vec<List> {
        let first = self.inventory.clone().map(|path| List { path, format: ListFormat::Auto });
        first.into_iter().chain(self.inventories.iter().cloned()).collect()
    }

    pub const DEFAULT_PATH: &str = "/etc/keyvigil/keyvigil.toml";
    pub const DEFAULT_LISTEN: &str = "127.0.0.1:8787";

    /// Reads and checks the file, and the formats in the folder `formats.d` beside it. All its
    /// mistakes come at once.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let bytes = fs::read(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let beside = path.parent().map(|folder| folder.join("formats.d"));
        let beside = beside.filter(|folder| folder.is_dir());
        match std::str::from_utf8(&bytes) {
            Ok(text) => read::config(text, &name, beside.as_deref()),
            Err(error) => {
                let (text, mistake) = syntax::not_text(&bytes, error.valid_up_to());
                Err(mistakes::error(vec![mistake], &text, &name))
            }
        }
    }

    /// As [`Config::load`], of a text that `name` stands for in messages.
    pub fn parse(text: &str, name: &str) -> Result<Self, ConfigError> {
        read::config(text, name, None)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            own_formats: OwnFormats::default(),
            key_is: KeyIs::Secret,
            inventory: None,
            inventories: Vec::new(),
            networks: None,
            geoip: Vec::new(),
            trusted_proxies: Prefixes::default(),
            keys_in_paths: PathKeys::default(),
            openapi: Vec::new(),
            consent: ConsentLists::default(),
            privacy: Privacy::default(),
            alerts: Alerts {
                false_alarms_per_day: 1.0,
                patience: Millis::seconds(5),
                kinds: Kinds::default(),
            },
            detectors: Panel::default(),
            rules: Rules::default(),
            without: BTreeSet::new(),
            mail: None,
            notify: Vec::new(),
            routes: Vec::new(),
            web: Web {
                listen: Self::DEFAULT_LISTEN.parse().ok(),
                base_url: None,
                hosts: Vec::new(),
                certificate: None,
                key: None,
                local_may_look: true,
                proxy: None,
            },
            store: Store {
                directory: PathBuf::from("/var/lib/keyvigil"),
                key: None,
                previous_keys: Vec::new(),
                retention: Millis::days(30),
            },
            retention: Retention::default(),
            reports: Reports { monthly: false, keep: Millis::days(730) },
            control: Control::default(),
        }
    }
}
