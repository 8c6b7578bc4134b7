//! Line to event: what a log line says. To read a new format, add a file, its `mod` line and its line in `FORMATS`.

mod address;
mod aliases;
mod apache;
mod clf;
mod credential;
mod detection;
mod error;
mod error_log;
mod escape;
mod json;
mod literal;
mod nginx;
mod number;
mod outcome;
mod place;
mod plan;
mod preset;
mod presets;
mod registry;
mod repair;
mod request;
mod time;
mod tree;
mod variable;
mod wrapper;

use std::sync::Arc;

pub use address::address;
pub use detection::Detected;
pub use error::FormatError;
pub use outcome::Outcome;
pub use registry::FORMATS;
pub use registry::FormatInfo;

use credential::Credentials;
use plan::Plan;
use time::TimeReader;

use crate::model::Record;

/// A line longer than this is not looked at.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// What a person may say about a source, beside its format's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// A pasted `log_format` or `LogFormat`.
    pub log_format: Option<String>,
    /// The variable or field that holds the credential, instead of the usual ones.
    pub key_from: Option<String>,
}

/// Reads the lines of one format. It is cheap to clone.
#[derive(Clone, Debug)]
pub struct Parser {
    name: &'static str,
    reader: Reader,
    time: TimeReader,
}

/// How a line is read, once the format is known.
#[derive(Clone, Debug)]
enum Reader {
    Clf(Arc<Credentials>),
    Plan(Arc<Plan>),
    Json(Arc<json::Json>),
    Wrapped(wrapper::Wrapper, Arc<Credentials>),
}

impl Parser {
    /// The parser of a format of the registry.
    pub fn by_name(name: &str, options: &Options) -> Result<Self, FormatError> {
        let (name, reader) = registry::reader(name, options)?;
        Ok(Self { name, reader, time: TimeReader::default() })
    }

    /// The parser of the format that fits the sample.
    pub fn detect(sample: &[&[u8]], options: &Options) -> Result<Detected, FormatError> {
        detection::detect(sample, options)
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Keeps values with no place of their own as extras, at the cost of some speed.
    pub fn keep_extras(&mut self) {
        if let Reader::Plan(plan) = &mut self.reader {
            Arc::make_mut(plan).keep_extras();
        }
    }

    /// What the line says. It comes without its newline.
    pub fn parse<'a>(&mut self, line: &'a [u8]) -> Outcome<'a> {
        let line = clean(line);
        if line.is_empty() && !self.fits_an_empty_line() {
            return Outcome::Skip("empty line");
        }
        if LINE_BYTES_MAX < line.len() {
            return Outcome::Malformed("is longer than 1 MiB");
        }
        let mut record = Record::default();
        let filled = match &self.reader {
            Reader::Plan(plan) => plan.fill(&mut record, line, &mut self.time),
            Reader::Clf(credentials) => clf::fill(&mut record, line, &mut self.time, credentials),
            Reader::Json(json) => return json.parse(line, &mut self.time),
            Reader::Wrapped(wrapper, credentials) => {
                return wrapper.parse(line, &mut self.time, credentials);
            }
        };
        match filled {
            Ok(()) => Outcome::Event(record),
            Err(reason) => self.second_look(line, reason),
        }
    }

    /// Which of client, time, method, path, status and identity the format gives.
    pub fn gives(&self) -> Vec<&'static str> {
        let mut gives = match &self.reader {
            Reader::Plan(plan) => plan.places().flat_map(place::Place::gives).copied().collect(),
            Reader::Clf(_) | Reader::Json(_) | Reader::Wrapped(_, _) => GIVES.to_vec(),
        };
        gives.sort_by_key(|name| GIVES.iter().position(|known| known == name));
        gives.dedup();
        gives
    }

    fn fits_an_empty_line(&self) -> bool {
        matches!(&self.reader, Reader::Plan(plan) if plan.fits_an_empty_line())
    }

    /// A line of another kind in the same stream: nginx's error log, all columns empty.
    fn second_look<'a>(&mut self, line: &'a [u8], reason: &'static str) -> Outcome<'a> {
        if line.iter().all(|byte| matches!(byte, b'-' | b' ')) {
            return Outcome::Skip("every column is empty");
        }
        if self.name.contains("nginx")
            && let Some(record) = error_log::read(line, &mut self.time)
        {
            return Outcome::Event(record);
        }
        Outcome::Malformed(reason)
    }
}

/// What a request should tell, in the order in which people ask.
const GIVES: [&str; 6] = ["client", "time", "method", "path", "status", "identity"];

/// Without the byte order mark of the file, the NULs of a crash, the CR of Windows.
fn clean(line: &[u8]) -> &[u8] {
    let line = match line.first() {
        Some(0xEF) => line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line),
        Some(0) => {
            let start = line.iter().position(|byte| *byte != 0).unwrap_or(line.len());
            line.get(start..).unwrap_or(line)
        }
        Some(_) | None => line,
    };
    line.strip_suffix(b"\r").unwrap_or(line)
}
