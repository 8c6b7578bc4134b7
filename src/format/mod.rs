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
mod strings;
mod time;
mod tree;
mod variable;
mod w3c;
mod wrapper;

use std::borrow::Cow;
use std::sync::Arc;

pub use address::address;
pub use detection::Detected;
pub use error::FormatError;
pub use outcome::Outcome;
pub use registry::FORMATS;
pub use registry::FormatInfo;

use plan::Plan;
use time::TimeReader;
use w3c::W3c;
use wrapper::Peeled;

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
    /// A person pasted the format: it knows its lines better than a guess at wrappers.
    is_pasted: bool,
    time: TimeReader,
}

/// How a line is read, once the format is known.
#[derive(Clone, Debug)]
enum Reader {
    /// The common log format's family, or JSON, whichever a line is.
    Clf(Arc<json::Json>),
    /// The first plan that fits.
    Plans(Arc<[Plan]>),
    Json(Arc<json::Json>),
    W3c(W3c),
}

impl Parser {
    /// The parser of a format of the registry.
    pub fn by_name(name: &str, options: &Options) -> Result<Self, FormatError> {
        let (name, reader) = registry::reader(name, options)?;
        let is_pasted = options.log_format.is_some();
        Ok(Self { name, reader, is_pasted, time: TimeReader::default() })
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
        if let Reader::Plans(plans) = &mut self.reader {
            Arc::make_mut(plans).iter_mut().for_each(Plan::keep_extras);
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
        self.parse_wrapped(line, WRAPPERS_MAX)
    }

    /// Which of client, time, method, path, status and identity the format gives.
    pub fn gives(&self) -> Vec<&'static str> {
        let mut gives = match &self.reader {
            Reader::Plans(plans) => plans.iter().flat_map(Plan::gives).collect(),
            Reader::Clf(_) | Reader::Json(_) | Reader::W3c(_) => GIVES.to_vec(),
        };
        gives.sort_by_key(|name| GIVES.iter().position(|known| known == name));
        gives.dedup();
        gives
    }

    /// Takes off what is around the line.
    fn parse_wrapped<'a>(&mut self, line: &'a [u8], depth: usize) -> Outcome<'a> {
        if self.is_pasted || depth == 0 {
            let outcome = self.parse_bare(line);
            if depth == 0 || !matches!(outcome, Outcome::Malformed(_)) {
                return outcome;
            }
        }
        match wrapper::peel(line) {
            Some(Peeled::Line(Cow::Borrowed(inner))) => self.parse_wrapped(inner, depth - 1),
            Some(Peeled::Line(Cow::Owned(inner))) => {
                self.parse_wrapped(inner.trim_ascii_end(), depth - 1).into_owned()
            }
            Some(Peeled::Part) => Outcome::Pending("a part; the rest comes with a later line"),
            None => self.parse_bare(line),
        }
    }

    fn parse_bare<'a>(&mut self, line: &'a [u8]) -> Outcome<'a> {
        let mut record = Record::default();
        let time = &mut self.time;
        let filled = match &mut self.reader {
            Reader::Plans(plans) => fill_first(plans, &mut record, line, time),
            Reader::Clf(json) if line.starts_with(b"{") => return json.parse(line, time),
            Reader::Clf(json) => clf::fill(&mut record, line, time, json.credentials()),
            Reader::Json(json) => return json.parse(line, time),
            Reader::W3c(w3c) if line.starts_with(b"#") => {
                w3c.directive(line);
                return Outcome::Skip("a header");
            }
            Reader::W3c(w3c) => w3c.fill(&mut record, line, time),
        };
        match filled {
            Ok(()) => Outcome::Event(record),
            Err(reason) => self.second_look(line, reason),
        }
    }

    fn fits_an_empty_line(&self) -> bool {
        matches!(&self.reader, Reader::Plans(plans) if plans.iter().any(Plan::fits_an_empty_line))
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

/// Fills the record by the first plan that fits; the first plan's reason counts if none does.
fn fill_first<'a>(
    plans: &[Plan],
    record: &mut Record<'a>,
    line: &'a [u8],
    time: &mut TimeReader,
) -> Result<(), &'static str> {
    let mut reason = "fits no plan";
    for (index, plan) in plans.iter().enumerate() {
        match plan.fill(record, line, time) {
            Ok(()) => return Ok(()),
            Err(this) if index == 0 => reason = this,
            Err(_) => {}
        }
        *record = Record::default();
    }
    Err(reason)
}

/// Wrappers around wrappers: docker's JSON in syslog, and so on.
const WRAPPERS_MAX: usize = 4;

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
