//! One line at a time: off with what is around it, then by the plan of its format.

use std::borrow::Cow;
use std::sync::Arc;

use super::FormatError;
use super::GIVES;
use super::Grows;
use super::LINE_BYTES_MAX;
use super::Options;
use super::Outcome;
use super::Told;
use super::clf;
use super::credential::Credentials;
use super::detection;
use super::detection::Detected;
use super::error_log;
use super::json;
use super::laid_out::Joins;
use super::pattern::Regexp;
use super::plan::Plan;
use super::registry;
use super::table::Table;
use super::time::TimeReader;
use super::w3c::W3c;
use super::wrapper;
use super::wrapper::Peeled;

use crate::model::EventKind;
use crate::model::Record;

/// Reads the lines of one format. It is cheap to clone.
#[derive(Clone, Debug)]
pub struct Parser {
    name: Arc<str>,
    /// What sort of records its lines are.
    kind: EventKind,
    grows: Grows,
    pub(super) reader: Reader,
    /// A person pasted the format: it knows its lines better than a guess at wrappers.
    is_pasted: bool,
    pub(super) time: TimeReader,
}

/// How a line is read, once the format is known.
#[derive(Clone, Debug)]
pub(super) enum Reader {
    Clf(Arc<Credentials>),
    /// The common log format's family, or JSON, whichever a line is.
    Either(Box<json::Json>),
    /// The first plan that fits.
    Plans(Arc<[Plan]>),
    Json(Box<json::Json>),
    Csv(Box<Table>),
    Regexp(Arc<Regexp>),
    W3c(W3c),
}

impl Parser {
    /// The parser of a format of the registry.
    pub fn by_name(name: &str, options: &Options) -> Result<Self, FormatError> {
        let registry::Found { name, kind, grows, reader } = registry::find(name, options)?;
        let is_pasted = options.log_format.is_some();
        Ok(Self {
            name,
            kind,
            grows,
            reader,
            is_pasted,
            time: TimeReader::in_zone(options.zone.clone()),
        })
    }

    /// The parser of the format that fits the sample.
    pub fn detect(sample: &[&[u8]], options: &Options) -> Result<Detected, FormatError> {
        detection::detect(sample, options)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the number and the cost of its records only grow, so that differences count.
    pub fn grows(&self) -> Grows {
        self.grows
    }

    /// Keeps values with no place of their own as extras, at the cost of some speed.
    pub fn keep_extras(&mut self) {
        match &mut self.reader {
            Reader::Plans(plans) => Arc::make_mut(plans).iter_mut().for_each(Plan::keep_extras),
            Reader::Either(json) | Reader::Json(json) => json.keep_extras(),
            Reader::Csv(table) => table.keep_extras(),
            Reader::Clf(_) | Reader::Regexp(_) | Reader::W3c(_) => {}
        }
    }

    /// Which of its records may take several lines of the file.
    pub const fn joins(&self) -> Joins {
        match &self.reader {
            Reader::Either(_) | Reader::Json(_) => Joins::Json,
            Reader::Csv(_) => Joins::Rows,
            Reader::Plans(_) | Reader::Clf(_) | Reader::Regexp(_) | Reader::W3c(_) => {
                Joins::Nothing
            }
        }
    }

    /// The line that names the columns, once it was read: what later lines mean hangs on it.
    pub fn header(&self) -> Option<&[u8]> {
        match &self.reader {
            Reader::Csv(table) => table.header(),
            Reader::W3c(w3c) => w3c.header(),
            Reader::Either(_)
            | Reader::Json(_)
            | Reader::Plans(_)
            | Reader::Clf(_)
            | Reader::Regexp(_) => None,
        }
    }

    /// Reads the header of a file that is gone on with behind it.
    pub fn take_header(&mut self, header: &[u8]) {
        if self.header().is_none() {
            drop(self.parse(header));
        }
    }

    /// Whether what a line means hangs on a header before it.
    pub const fn needs_header(&self) -> bool {
        matches!(&self.reader, Reader::Csv(_) | Reader::W3c(_))
    }

    /// Whether lines of its system can be told from others.
    pub(super) fn has_marks(&self) -> bool {
        match &self.reader {
            Reader::Either(json) | Reader::Json(json) => json.has_marks(),
            Reader::Csv(table) => table.has_marks(),
            Reader::Plans(_) | Reader::Clf(_) | Reader::Regexp(_) | Reader::W3c(_) => false,
        }
    }

    /// From here on lines count only if they show of which system they are, or no longer.
    pub(super) fn ask_for_marks(&mut self, must_be_marked: bool) {
        match &mut self.reader {
            Reader::Either(json) | Reader::Json(json) => json.ask_for_marks(must_be_marked),
            Reader::Csv(table) => table.ask_for_marks(must_be_marked),
            Reader::Plans(_) | Reader::Clf(_) | Reader::Regexp(_) | Reader::W3c(_) => {}
        }
    }

    /// What the line says. It comes without its newline.
    pub fn parse<'a>(&mut self, line: &'a [u8]) -> Outcome<'a> {
        let mut record = Record::default();
        self.read(line, &mut record).with(record)
    }

    /// As [`Parser::parse`], with the record put into a place, which comes empty.
    pub fn read<'a>(&mut self, line: &'a [u8], record: &mut Record<'a>) -> Told<'a> {
        let line = clean(line);
        if line.is_empty() && !self.fits_an_empty_line() {
            return Told::Skip("empty line");
        }
        if LINE_BYTES_MAX < line.len() {
            return Told::Malformed("is longer than 1 MiB");
        }
        if line.len() <= 2 && self.is_of_list(line) {
            return Told::Skip("a bracket of a list that has a line for each record");
        }
        self.read_wrapped(record, line, WRAPPERS_MAX)
    }

    /// Which of client, time, method, path, status and identity the format gives.
    pub fn gives(&self) -> Vec<&'static str> {
        let mut gives = match &self.reader {
            Reader::Plans(plans) => plans.iter().flat_map(Plan::gives).collect(),
            Reader::Regexp(regexp) => regexp.gives().collect(),
            Reader::Clf(_)
            | Reader::Either(_)
            | Reader::Json(_)
            | Reader::Csv(_)
            | Reader::W3c(_) => GIVES.to_vec(),
        };
        gives.sort_by_key(|name| GIVES.iter().position(|known| known == name));
        gives.dedup();
        gives
    }

    /// Takes off what is around the line.
    fn read_wrapped<'a>(
        &mut self,
        record: &mut Record<'a>,
        line: &'a [u8],
        depth: usize,
    ) -> Told<'a> {
        if self.is_pasted || depth == 0 {
            let told = self.read_bare(record, line);
            if depth == 0 || !told.is_askew(record) {
                return told;
            }
            *record = Record::default();
        }
        match wrapper::peel(line) {
            Some(Peeled::Line(Cow::Borrowed(inner))) => self.read_wrapped(record, inner, depth - 1),
            Some(Peeled::Line(Cow::Owned(inner))) => {
                self.parse_inner(inner.trim_ascii_end(), depth - 1).into_owned().told(record)
            }
            Some(Peeled::Part) => Told::Pending("a part; the rest comes with a later line"),
            None => self.read_carried(record, line, depth),
        }
    }

    /// A JSON object that says nothing by itself may carry a line along.
    fn read_carried<'a>(
        &mut self,
        record: &mut Record<'a>,
        line: &'a [u8],
        depth: usize,
    ) -> Told<'a> {
        let told = self.read_bare(record, line);
        if !line.starts_with(b"{") || !told.is_poor(record) {
            return told;
        }
        if is_bulk_action(line) {
            return Told::Skip("an action of a bulk request");
        }
        let Some(carried) = wrapper::carried(line) else { return told };
        let outcome = self.parse_inner(carried.trim_ascii_end(), depth - 1);
        match outcome {
            Outcome::Event(_) | Outcome::Events(_) => outcome.into_owned().told(record),
            Outcome::Skip(_) | Outcome::Malformed(_) | Outcome::Pending(_) => told,
        }
    }

    /// What was around, or inside, is gone soon.
    fn parse_inner<'i>(&mut self, inner: &'i [u8], depth: usize) -> Outcome<'i> {
        let mut record = Record::default();
        self.read_wrapped(&mut record, inner, depth).with(record)
    }

    fn read_bare<'a>(&mut self, record: &mut Record<'a>, line: &'a [u8]) -> Told<'a> {
        let time = &mut self.time;
        let filled = match &mut self.reader {
            Reader::Plans(plans) => fill_first(plans, record, line, time),
            Reader::Clf(credentials) => clf::fill(record, line, time, credentials),
            Reader::Either(json) if !line.starts_with(b"{") => {
                clf::fill(record, line, time, json.credentials())
            }
            Reader::Either(json) | Reader::Json(json) => return json.read(record, line, time),
            Reader::Csv(table) => return table.parse(line, time).told(record),
            Reader::Regexp(regexp) => regexp.fill(record, line, time),
            Reader::W3c(w3c) if line.starts_with(b"#") => {
                w3c.directive(line);
                return Told::Skip("a header");
            }
            Reader::W3c(w3c) => w3c.fill(record, line, time),
        };
        match filled {
            Ok(()) => {
                record.kind = self.kind;
                Told::Event
            }
            Err(reason) => self.second_look(record, line, reason),
        }
    }

    fn is_of_list(&self, line: &[u8]) -> bool {
        matches!(line, b"[" | b"]" | b"],") && matches!(&self.reader, Reader::Json(_))
    }

    fn fits_an_empty_line(&self) -> bool {
        matches!(&self.reader, Reader::Plans(plans) if plans.iter().any(Plan::fits_an_empty_line))
    }

    /// A line of another kind in the same stream: nginx's error log, all columns empty.
    fn second_look<'a>(
        &mut self,
        record: &mut Record<'a>,
        line: &'a [u8],
        reason: &'static str,
    ) -> Told<'a> {
        if line.iter().all(|byte| matches!(byte, b'-' | b' ')) {
            return Told::Skip("every column is empty");
        }
        if self.name.contains("nginx")
            && let Some(error) = error_log::read(line, &mut self.time)
        {
            *record = error;
            return Told::Event;
        }
        Told::Malformed(reason)
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

/// `{"index":{"_index":"…"}}`: what stands between the records that are sent to Elasticsearch.
fn is_bulk_action(line: &[u8]) -> bool {
    [b"{\"index\":{".as_slice(), b"{\"create\":{", b"{\"index\" : {", b"{ \"index\" :"]
        .iter()
        .any(|start| line.starts_with(start))
        && line.len() < BULK_ACTION_BYTES_MAX
}

const BULK_ACTION_BYTES_MAX: usize = 1024;

/// Wrappers around wrappers: docker's JSON in syslog, and so on.
const WRAPPERS_MAX: usize = 4;

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
