//! The flags that `run FILE…` and `replay` share: what the files are and how to judge them.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use crate::app::Outputs;
use crate::config::{Config, ConfigError, LogFormatError, Pasted, own_formats, zone};
use crate::format::Options;
use crate::identity;

#[derive(Clone, Debug, Args)]
pub(super) struct JobArgs {
    /// Settings; without it everything has its default
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The logs' format, by name; see `keyvigil parse --help`
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub(super) format: String,
    /// A folder of files that describe formats of your own
    #[arg(long, value_name = "DIR")]
    pub(super) formats: Option<PathBuf>,
    /// The server's own description of its log: nginx's `log_format`, Apache's `LogFormat`
    #[arg(long, value_name = "STRING")]
    pub(super) log_format: Option<String>,
    /// The server's configuration that holds the description: /etc/nginx/nginx.conf
    #[arg(long, value_name = "FILE")]
    pub(super) log_format_file: Option<PathBuf>,
    /// Its name there, where there are several
    #[arg(long, value_name = "NAME")]
    pub(super) log_format_name: Option<String>,
    /// Of the clock that writes times without a zone: Europe/Oslo, +05:30
    #[arg(long, value_name = "ZONE", value_parser = zone_of)]
    pub(super) time_zone: Option<TimeZone>,
    /// The variable or field that holds the key
    #[arg(long, value_name = "NAME")]
    pub(super) key_from: Option<String>,
    /// Whether the logs hold the keys themselves, or public ids of them
    #[arg(long, value_enum)]
    pub(super) key_is: Option<KeyIs>,
    /// Who owns which key, its role, dates and status: a CSV file
    #[arg(long, value_name = "FILE")]
    pub(super) inventory: Option<PathBuf>,
    /// Which prefix belongs to which network and country: a CSV file
    #[arg(long, value_name = "FILE")]
    pub(super) networks: Option<PathBuf>,
    /// How many false alarms a day you would put up with
    #[arg(long, value_name = "NUMBER")]
    pub(super) false_alarms_per_day: Option<f64>,
    /// Where to remember everything
    #[arg(long, value_name = "DIR")]
    pub(super) state: Option<PathBuf>,
    /// Write a line of JSON for each alert
    #[arg(long, value_name = "FILE")]
    pub(super) alerts_json: Option<PathBuf>,
    /// Write a line of JSON for each stale or unsafe credential
    #[arg(long, value_name = "FILE")]
    pub(super) findings_json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum KeyIs {
    /// Never stored: a keyed hash takes its place
    Secret,
    /// Stored and shown as it is
    Id,
}

impl JobArgs {
    /// The configuration file, if one is named, with the flags laid over it.
    pub(super) fn config(&self) -> Result<Config, ConfigError> {
        let mut config = match &self.config {
            Some(path) => Config::load(path)?,
            None => Config::default(),
        };
        if let Some(key_is) = self.key_is {
            config.key_is = match key_is {
                KeyIs::Secret => identity::KeyIs::Secret,
                KeyIs::Id => identity::KeyIs::Id,
            };
        }
        if let Some(budget) = self.false_alarms_per_day {
            config.alerts.false_alarms_per_day = budget;
        }
        if let Some(folder) = &self.formats {
            config.own_formats = own_formats(folder)?;
        }
        config.inventory = self.inventory.clone().or(config.inventory);
        config.networks = self.networks.clone().or(config.networks);
        Ok(config)
    }

    pub(super) fn options(&self, config: &Config) -> Result<Options, LogFormatError> {
        Ok(Options {
            log_format: self.pasted("").settle()?,
            key_from: self.key_from.clone(),
            own: config.own_formats.clone(),
            zone: self.time_zone.clone(),
        })
    }

    /// How the lines of the log at this path are described.
    pub(super) fn pasted<'a>(&'a self, path: &'a str) -> Pasted<'a> {
        Pasted {
            log_format: self.log_format.as_deref(),
            file: self.log_format_file.as_deref(),
            name: self.log_format_name.as_deref(),
            path,
        }
    }

    pub(super) fn outputs(&self) -> Outputs {
        Outputs { alerts_json: self.alerts_json.clone(), findings_json: self.findings_json.clone() }
    }
}

/// A time zone, as a flag gives it.
pub(super) fn zone_of(name: &str) -> Result<TimeZone, String> {
    zone(name).ok_or_else(|| {
        "write a name such as Europe/Oslo (the machine needs tzdata), or +05:30".to_owned()
    })
}
