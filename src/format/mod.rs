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
mod goaccess;
mod json;
mod literal;
mod nginx;
mod number;
mod outcome;
mod own;
mod parts;
mod path;
mod pattern;
mod place;
mod plan;
mod preset;
mod presets;
mod registry;
mod repair;
mod request;
mod scan;
mod shape;
mod shown;
mod slots;
mod step;
mod table;
mod tape;
mod time;
mod variable;
mod w3c;
mod wrapper;

use std::borrow::Cow;
use std::sync::Arc;

pub use address::address;
pub use detection::Detected;
pub use error::FormatError;
pub use outcome::Outcome;
pub use own::OwnFormats;
pub use parts::{Joined, Parts, Turn};
pub use registry::FORMATS;
pub use registry::FormatInfo;

use credential::Credentials;
use pattern::Regexp;
use plan::Plan;
use table::Table;
use time::TimeReader;
use w3c::W3c;
use wrapper::Peeled;

use crate::model::EventKind;
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
    /// Formats of a person's own.
    pub own: OwnFormats,
}

/// Reads the lines of one format. It is cheap to clone.
#[derive(Clone, Debug)]
pub struct Parser {
    name: Arc<str>,
    /// What sort of records its lines are.
    kind: EventKind,
    reader: Reader,
    /// A person pasted the format: it knows its lines better than a guess at wrappers.
    is_pasted: bool,
    time: TimeReader,
}

/// How a line is read, once the format is known.
#[derive(Clone, Debug)]
enum Reader {
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
        let registry::Found { name, kind, reader } = registry::find(name, options)?;
        let is_pasted = options.log_format.is_some();
        Ok(Self { name, kind, reader, is_pasted, time: TimeReader::default() })
    }

    /// The parser of the format that fits the sample.
    pub fn detect(sample: &[&[u8]], options: &Options) -> Result<Detected, FormatError> {
        detection::detect(sample, options)
    }

    pub fn name(&self) -> &str {
        &self.name
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

    /// Whether lines of its system can be told from others.
    fn has_marks(&self) -> bool {
        match &self.reader {
            Reader::Either(json) | Reader::Json(json) => json.has_marks(),
            Reader::Csv(table) => table.has_marks(),
            Reader::Plans(_) | Reader::Clf(_) | Reader::Regexp(_) | Reader::W3c(_) => false,
        }
    }

    /// From here on lines count only if they show of which system they are, or no longer.
    fn ask_for_marks(&mut self, must_be_marked: bool) {
        match &mut self.reader {
            Reader::Either(json) | Reader::Json(json) => json.ask_for_marks(must_be_marked),
            Reader::Csv(table) => table.ask_for_marks(must_be_marked),
            Reader::Plans(_) | Reader::Clf(_) | Reader::Regexp(_) | Reader::W3c(_) => {}
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
    fn parse_wrapped<'a>(&mut self, line: &'a [u8], depth: usize) -> Outcome<'a> {
        if self.is_pasted || depth == 0 {
            let outcome = self.parse_bare(line);
            if depth == 0 || !is_askew(&outcome) {
                return outcome;
            }
        }
        match wrapper::peel(line) {
            Some(Peeled::Line(Cow::Borrowed(inner))) => self.parse_wrapped(inner, depth - 1),
            Some(Peeled::Line(Cow::Owned(inner))) => {
                self.parse_wrapped(inner.trim_ascii_end(), depth - 1).into_owned()
            }
            Some(Peeled::Part) => Outcome::Pending("a part; the rest comes with a later line"),
            None => self.parse_carried(line, depth),
        }
    }

    /// A JSON object that says nothing by itself may carry a line along.
    fn parse_carried<'a>(&mut self, line: &'a [u8], depth: usize) -> Outcome<'a> {
        let outcome = self.parse_bare(line);
        if !line.starts_with(b"{") || !outcome.is_poor() {
            return outcome;
        }
        if is_bulk_action(line) {
            return Outcome::Skip("an action of a bulk request");
        }
        let Some(carried) = wrapper::carried(line) else { return outcome };
        match self.parse_wrapped(carried.trim_ascii_end(), depth - 1) {
            Outcome::Event(record) => Outcome::Event(record).into_owned(),
            Outcome::Events(records) => Outcome::Events(records).into_owned(),
            Outcome::Skip(_) | Outcome::Malformed(_) | Outcome::Pending(_) => outcome,
        }
    }

    fn parse_bare<'a>(&mut self, line: &'a [u8]) -> Outcome<'a> {
        let mut record = Record::default();
        let time = &mut self.time;
        let filled = match &mut self.reader {
            Reader::Plans(plans) => fill_first(plans, &mut record, line, time),
            Reader::Clf(credentials) => clf::fill(&mut record, line, time, credentials),
            Reader::Either(json) if !line.starts_with(b"{") => {
                clf::fill(&mut record, line, time, json.credentials())
            }
            Reader::Either(json) | Reader::Json(json) => return json.parse(line, time),
            Reader::Csv(table) => return table.parse(line, time),
            Reader::Regexp(regexp) => regexp.fill(&mut record, line, time),
            Reader::W3c(w3c) if line.starts_with(b"#") => {
                w3c.directive(line);
                return Outcome::Skip("a header");
            }
            Reader::W3c(w3c) => w3c.fill(&mut record, line, time),
        };
        match filled {
            Ok(()) => {
                record.kind = self.kind;
                Outcome::Event(record)
            }
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

/// Whether a pasted format did not fit, or took what is around the line for the client.
fn is_askew(outcome: &Outcome<'_>) -> bool {
    match outcome {
        Outcome::Event(record) => {
            record.source_ip.as_deref().is_some_and(|client| client.contains(&b' '))
        }
        Outcome::Malformed(_) => true,
        Outcome::Events(_) | Outcome::Skip(_) | Outcome::Pending(_) => false,
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LINE: &[u8] =
        b"192.0.2.1 - - [09/Mar/2026:00:00:00 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"x\"";

    fn parsers() -> Vec<Parser> {
        let options = |name: &str| Options {
            log_format: match name {
                "custom-nginx" => {
                    Some("$remote_addr [$time_local] \"$request\" $status".to_owned())
                }
                "custom-apache" => Some("%h %l %u %t \"%r\" %>s %b \"%{X-Key}i\"".to_owned()),
                "custom-goaccess" => Some("%h %^[%d:%t %^] \"%r\" %s %b".to_owned()),
                _ => None,
            },
            ..Options::default()
        };
        let by_name = |info: &FormatInfo| Parser::by_name(info.name, &options(info.name)).unwrap();
        FORMATS.iter().map(by_name).collect()
    }

    #[test]
    fn a_line_without_end_is_refused_at_once() {
        let line = vec![b'"'; 10 << 20];
        for mut parser in parsers() {
            assert!(matches!(parser.parse(&line), Outcome::Malformed(_)), "{}", parser.name());
        }
    }

    #[test]
    fn binary_is_malformed() {
        for line in [b"\x00\x01\x02\xFF\xFE".as_slice(), b"\x16\x03\x01 \x00", &[0xFF; 4096]] {
            for mut parser in parsers() {
                let outcome = parser.parse(line);
                assert!(!matches!(outcome, Outcome::Event(_)), "{}: {outcome:?}", parser.name());
            }
        }
    }

    #[test]
    fn what_is_around_a_line_does_not_change_it() {
        let mut parser = Parser::by_name("nginx", &Options::default()).unwrap();
        let bare = parser.parse(LINE);
        for around in [
            [b"\xEF\xBB\xBF".as_slice(), LINE, b""].concat(),
            [b"\0\0\0\0".as_slice(), LINE, b"\r"].concat(),
            [b"<190>Mar  9 00:00:00 web1 nginx: ".as_slice(), LINE, b""].concat(),
            [b"2026-03-09T00:00:00Z stdout F ".as_slice(), LINE, b""].concat(),
        ] {
            assert_eq!(parser.parse(&around), bare);
        }
    }

    #[test]
    fn a_header_of_syslog_is_not_taken_for_the_client_of_a_pasted_format() {
        let log_format = Some("$remote_addr - - [$time_local] \"$request\" $status".to_owned());
        let options = Options { log_format, ..Options::default() };
        let mut parser = Parser::by_name("custom-nginx", &options).unwrap();
        let line = "192.0.2.1 - - [09/Mar/2026:00:00:00 +0000] \"GET /a HTTP/1.1\" 200";
        for around in
            ["", "Mar  9 00:00:00 lb haproxy[7]: ", "2026-03-09T00:00:00+00:00 lb haproxy[7]: "]
        {
            let line = format!("{around}{line}");
            let Outcome::Event(record) = parser.parse(line.as_bytes()) else { panic!("{line}") };
            assert_eq!(record.source_ip.as_deref(), Some(b"192.0.2.1".as_slice()), "{line}");
        }
    }

    #[test]
    fn an_unknown_format_names_the_known_ones() {
        let error = Parser::by_name("ngnix", &Options::default()).unwrap_err();
        assert!(error.to_string().contains("nginx-ingress"), "{error}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_parser_panic(line in proptest::collection::vec(any::<u8>(), 0..300)) {
            for mut parser in parsers() {
                drop(parser.parse(&line));
            }
        }

        #[test]
        fn no_damage_to_a_line_makes_a_parser_panic(at in 0..LINE.len(), byte: u8, end in 0..LINE.len()) {
            let mut line = LINE.to_vec();
            line[at] = byte;
            for mut parser in parsers() {
                drop(parser.parse(&line));
                drop(parser.parse(&line[..end]));
            }
        }

        #[test]
        fn no_text_makes_a_parser_panic(line in "[\\[\\]{}\":,.a-z0-9 /\\\\x-]{0,200}") {
            for mut parser in parsers() {
                drop(parser.parse(line.as_bytes()));
            }
        }
    }
}
