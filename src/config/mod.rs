//! What the file says to what it means, with errors that point.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::detect::{Panel, Rules};
use crate::identity::{KeyIs, ListFormat, Prefixes};
use crate::model::Millis;

mod mistakes;
mod places;
mod read;
mod rules;
mod secret;
mod table;
mod units;

pub use mistakes::ConfigError;
pub use places::Places;
pub use secret::{Secret, SecretError};

/// What is meant. Behind this door nothing is checked again.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub sources: Vec<Source>,
    /// Whether the logs hold public ids of keys, or the keys themselves.
    pub key_is: KeyIs,
    pub inventory: Option<PathBuf>,
    /// Lists beside that one, in the order in which they count.
    pub inventories: Vec<List>,
    pub networks: Option<PathBuf>,
    /// Of a request that came through one of these, the address before it counts.
    pub trusted_proxies: Prefixes,
    pub alerts: Alerts,
    /// The thresholds of every detector; `[stale]` is one of them.
    pub detectors: Panel,
    /// What single roles and keys may do, and when they are stale.
    pub rules: Rules,
    pub mail: Option<Mail>,
    pub web: Web,
    pub store: Store,
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
}

#[derive(Clone, Debug, PartialEq)]
pub struct Mail {
    pub server: String,
    pub port: u16,
    pub tls: Tls,
    pub from: String,
    pub to: Vec<String>,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub root_certificate: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    Starttls,
    Implicit,
    /// To loopback only.
    None,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Web {
    /// `None` if the page is off.
    pub listen: Option<SocketAddr>,
    /// How people reach the page, for links in mails.
    pub base_url: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Store {
    pub directory: PathBuf,
    pub key: Option<Secret>,
    pub retention: Millis,
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

    /// Reads and checks the file. All its mistakes come at once.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, &path.display().to_string())
    }

    /// As [`Config::load`], of a text that `name` stands for in messages.
    pub fn parse(text: &str, name: &str) -> Result<Self, ConfigError> {
        read::config(text, name)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            key_is: KeyIs::Secret,
            inventory: None,
            inventories: Vec::new(),
            networks: None,
            trusted_proxies: Prefixes::default(),
            alerts: Alerts { false_alarms_per_day: 1.0, patience: Millis::seconds(5) },
            detectors: Panel::default(),
            rules: Rules::default(),
            mail: None,
            web: Web { listen: Self::DEFAULT_LISTEN.parse().ok(), base_url: None },
            store: Store {
                directory: PathBuf::from("/var/lib/keyvigil"),
                key: None,
                retention: Millis::days(30),
            },
            control: Control::default(),
        }
    }
}
