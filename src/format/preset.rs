//! A format as a file describes it: where a system keeps its fields in its records.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::model::EventKind;

use super::FormatError;
use super::Grows;
use super::Options;
use super::Outcome;
use super::OwnFormats;
use super::Parser;
use super::path::Paths;
use super::path::Up;
use super::place::Place;
use super::shape::Hit;
use super::shape::Pattern;
use super::shape::slot_of;
use super::shown;

/// Slots of a record that are places; behind them are the extras of a preset.
pub(super) const PLACES: usize = Place::Skip as usize + 1;
const FIELDS_MAX: usize = 200;

/// How one system's records are read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Preset {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) reads: String,
    pub(super) synonyms: Vec<String>,
    pub(super) kind: EventKind,
    pub(super) shape: Rows,
    /// Paths that together only records of this system have; of each, any alternative.
    pub(super) marker: Vec<Vec<Vec<String>>>,
    /// Where the record stands as JSON in a text, with somebody else's record around it.
    pub(super) inside: Option<Vec<String>>,
    /// The lists that hold the records, one in the other.
    pub(super) explode: Vec<Vec<String>>,
    pub(super) has_usual_names: bool,
    pub(super) patterns: Vec<Pattern>,
    pub(super) ups: Vec<Up>,
    /// Names of the slots behind the places.
    pub(super) extras: Vec<String>,
    pub(super) key_hint: Option<String>,
    pub(super) grows: Grows,
    pub(super) examples: Vec<Example>,
}

/// What the lines are, before anything is looked for in them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Rows {
    #[default]
    Json,
    /// JSON, or the common log format's family, whichever a line is.
    JsonOrClf,
    Csv,
    /// Strings in nginx's manner; the first that fits counts.
    Text(Vec<String>),
    Regex(String),
    GoAccess(Vec<String>),
}

/// Lines, and what they are to give.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Example {
    pub(super) lines: String,
    /// One table a record, by the names that `keyvigil parse` shows.
    pub(super) gives: Vec<BTreeMap<String, toml::Value>>,
}

impl Example {
    fn broken(&self, parser: &mut Parser) -> Option<String> {
        let mut records = Vec::new();
        for line in self.lines.trim().lines() {
            match parser.parse(line.as_bytes()) {
                Outcome::Event(record) => records.push(record),
                Outcome::Events(more) => records.extend(more),
                Outcome::Skip(_) | Outcome::Pending(_) => {}
                Outcome::Malformed(reason) => return Some(format!("the line {reason}: {line}")),
            }
        }
        if records.len() != self.gives.len() {
            let (found, promised) = (records.len(), self.gives.len());
            return Some(format!("{found} records, and not {promised}: {}", self.lines.trim()));
        }
        let pairs = self.gives.iter().zip(&records);
        pairs.flat_map(|(gives, record)| gives.iter().map(move |it| (it, record))).find_map(
            |((name, promised), record)| {
                let found = shown::value(record, name).unwrap_or_default();
                let promised =
                    promised.as_str().map_or_else(|| promised.to_string(), str::to_owned);
                (found != promised).then(|| format!("{name} is {found:?}, and not {promised:?}"))
            },
        )
    }
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    reads: String,
    #[serde(default)]
    synonyms: Vec<String>,
    #[serde(default = "request")]
    kind: String,
    #[serde(default)]
    rows: Option<String>,
    #[serde(default)]
    log_format: Vec<String>,
    #[serde(default)]
    goaccess: Vec<String>,
    #[serde(default)]
    regex: Option<String>,
    #[serde(default)]
    marker: Vec<String>,
    #[serde(default)]
    inside: Option<String>,
    #[serde(default)]
    explode: Vec<String>,
    #[serde(default)]
    usual_names: bool,
    /// Fields that only grow, from which differences are taken.
    #[serde(default)]
    counters: Vec<String>,
    #[serde(default)]
    key_hint: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    #[serde(default)]
    example: Vec<Example>,
}

fn request() -> String {
    EventKind::Request.name().to_owned()
}

impl Preset {
    /// Reads a file's text. An error says what is wrong in which file.
    pub(super) fn read(text: &str, file: &str) -> Result<Self, FormatError> {
        let wrong = |what: String| FormatError::File { file: file.to_owned(), what };
        let read: File = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let kind = EventKind::ALL.into_iter().find(|kind| kind.name() == read.kind);
        let kind = kind.ok_or_else(|| {
            let known = EventKind::ALL.map(EventKind::name).join(", ");
            wrong(format!("there is no kind {:?}; known are {known}", read.kind))
        })?;
        if read.name.is_empty() || !read.name.bytes().all(is_of_name) {
            return Err(wrong(format!("{:?} is no name: use a-z, 0-9 and -", read.name)));
        }
        let mut preset = Self {
            shape: rows(&read).map_err(wrong)?,
            title: if read.title.is_empty() { read.name.clone() } else { read.title },
            name: read.name,
            reads: read.reads,
            synonyms: read.synonyms,
            kind,
            marker: read.marker.iter().map(|paths| alternatives(paths)).collect(),
            inside: read.inside.as_deref().map(steps),
            explode: read.explode.iter().map(|path| steps(path)).collect(),
            has_usual_names: read.usual_names,
            key_hint: read.key_hint,
            examples: read.example,
            ..Self::default()
        };
        if FIELDS_MAX < read.fields.len() {
            return Err(wrong(format!("more than {FIELDS_MAX} fields")));
        }
        for (name, paths) in &read.fields {
            preset.add_field(name, paths).map_err(|what| wrong(format!("{name}: {what}")))?;
        }
        for name in &read.counters {
            match name.as_str() {
                "count" => preset.grows.count = true,
                "cost" => preset.grows.cost = true,
                _ => return Err(wrong(format!("{name} is no counter: use count or cost"))),
            }
        }
        Ok(preset)
    }

    /// What differs between what the file's examples promise and what they give; nothing, if
    /// they hold.
    pub(super) fn broken_promise(self: &Arc<Self>) -> Option<String> {
        let options = Options { own: OwnFormats::only(self), ..Options::default() };
        let mut parser = Parser::by_name(&self.name, &options).ok()?;
        parser.keep_extras();
        self.examples.iter().find_map(|example| example.broken(&mut parser))
    }

    fn add_field(&mut self, name: &str, paths: &str) -> Result<(), String> {
        let (slot, place) = if let Some(place) = place_of(name) {
            (slot_of(place), place)
        } else {
            self.extras.push(name.to_owned());
            (PLACES + self.extras.len() - 1, Place::Extra)
        };
        let Paths { down, up } = Paths::read(paths)?;
        for (rank, steps) in down {
            self.patterns.push(Pattern { steps, hit: Hit { slot, place, rank } });
        }
        for (rank, levels, steps) in up {
            self.ups.push(Up { levels, steps, hit: Hit { slot, place, rank } });
        }
        Ok(())
    }
}

fn alternatives(paths: &str) -> Vec<Vec<String>> {
    paths.split('|').map(|path| steps(path.trim())).collect()
}

fn steps(path: &str) -> Vec<String> {
    path.split('/').map(super::path::step).collect()
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

fn rows(file: &File) -> Result<Rows, String> {
    let is_json = !file.fields.is_empty() || file.usual_names;
    match (file.rows.as_deref(), &file.regex) {
        (None | Some("regex"), Some(regex)) => Ok(Rows::Regex(regex.clone())),
        (None, None) if !file.log_format.is_empty() => Ok(Rows::Text(file.log_format.clone())),
        (None, None) if !file.goaccess.is_empty() => Ok(Rows::GoAccess(file.goaccess.clone())),
        (None | Some("json"), None) if is_json => Ok(Rows::Json),
        (Some("json or clf"), None) => Ok(Rows::JsonOrClf),
        (Some("csv"), None) => Ok(Rows::Csv),
        (Some(rows), None) if !matches!(rows, "json" | "regex") => {
            Err(format!("there are no rows {rows:?}; known are json, json or clf, csv"))
        }
        (_, _) => Err("it says nothing of its lines: give it [fields], a log_format, a regex or \
                       a goaccess string"
            .to_owned()),
    }
}

/// The place of a field by the name that `keyvigil parse` shows it under, or by the dotted
/// name that tables of mappings use. Any other name is an extra of a person's own.
pub(super) fn place_of(name: &str) -> Option<Place> {
    Some(match name {
        "time" => Place::Time,
        "client" | "source_ip" | "src.ip" => Place::Client,
        "client_address" => Place::Address,
        "hops" => Place::Hops,
        "request" => Place::Request,
        "method" | "http.method" => Place::Method,
        "path" | "http.path" => Place::Target,
        "query" => Place::Query,
        "host" => Place::Host,
        "http_version" => Place::Version,
        "status" | "http.status" => Place::Status,
        "bytes" | "bytes.out" => Place::Bytes,
        "request_bytes" | "bytes.in" => Place::RequestBytes,
        "duration_s" | "latency_s" => Place::Seconds,
        "duration_ms" | "latency_ms" => Place::Millis,
        "duration_us" | "latency_us" => Place::Micros,
        "duration_ns" | "latency_ns" => Place::Nanos,
        "duration" | "latency" => Place::Spelt,
        "user_agent" | "src.ua" => Place::UserAgent,
        "referer" => Place::Referer,
        "user" | "actor.user" => Place::User,
        "key" | "actor.key" => Place::Key,
        "model" => Place::Model,
        "tokens_in" | "input_tokens" | "tokens.in" => Place::InputTokens,
        "tokens_out" | "output_tokens" | "tokens.out" => Place::OutputTokens,
        "cost" => Place::Cost,
        "asn" | "src.asn" => Place::Asn,
        "country" | "src.country" => Place::Country,
        "scheme" => Place::Scheme,
        "tls" => Place::Tls,
        "certificate" => Place::Certificate,
        "id" => Place::Id,
        "operation" | "op" | "action" => Place::Operation,
        "outcome" => Place::Outcome,
        "tenant" => Place::Tenant,
        "subject" | "template" => Place::Object,
        "recipient" => Place::Recipient,
        "count" => Place::Count,
        _ => return None,
    })
}
