//! CSV with a header line: the names of its columns are those of fields.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use memchr::memchr;
use memchr::memmem;

use crate::model::Record;
use crate::model::record::Field;
use crate::model::short::find;

use super::Outcome;
use super::choices::Candidate;
use super::choices::Choices;
use super::credential::Credentials;
use super::place::Place;
use super::preset::Preset;
use super::shape::Hit;
use super::shape::State;
use super::shape::Wanted;
use super::slots::Manner;
use super::slots::Slots;
use super::tape::Kind;
use super::time::TimeReader;

/// Columns of a header that have to be known, so that a line is one.
const KNOWN_MIN: usize = 2;
const COLUMNS_MAX: usize = 1000;

/// The columns of the file, as its last header named them.
#[derive(Clone, Debug)]
pub(super) struct Table {
    preset: Option<Arc<Preset>>,
    credentials: Arc<Credentials>,
    wanted: Arc<Wanted>,
    root: State,
    separator: u8,
    columns: Vec<Vec<Hit>>,
    choices: Choices,
    /// Where the cells of the row lie that is read, and whether a quote is written twice in it.
    cells: Vec<(bool, Range<usize>)>,
    header: Option<Arc<[u8]>>,
    must_be_marked: bool,
    keeps_extras: bool,
}

impl Table {
    pub(super) fn new(credentials: Credentials, preset: Option<Arc<Preset>>) -> Self {
        let wanted = Wanted::of(&credentials, preset.as_deref());
        Self {
            preset,
            credentials: Arc::new(credentials),
            root: State::root(&wanted, &[]),
            wanted: Arc::new(wanted),
            separator: b',',
            columns: Vec::new(),
            choices: Choices::default(),
            cells: Vec::new(),
            header: None,
            must_be_marked: false,
            keeps_extras: false,
        }
    }

    pub(super) const fn keep_extras(&mut self) {
        self.keeps_extras = true;
    }

    /// The line that named the columns.
    pub(super) fn header(&self) -> Option<&[u8]> {
        self.header.as_deref()
    }

    pub(super) fn has_marks(&self) -> bool {
        self.preset.as_ref().is_some_and(|preset| !preset.marker.is_empty())
    }

    /// From here on a header counts only if it has the marks of its system, or no longer.
    pub(super) const fn ask_for_marks(&mut self, must_be_marked: bool) {
        self.must_be_marked = must_be_marked;
    }

    pub(super) fn parse<'a>(&mut self, line: &'a [u8], time: &mut TimeReader) -> Outcome<'a> {
        if self.take_header(line, time) {
            return Outcome::Skip("a header");
        }
        if self.columns.is_empty() {
            return Outcome::Malformed("comes before the header, which names the columns");
        }
        if !self.keeps_extras
            && !time.takes_any_notes()
            && let Some(record) = self.record(line, time)
        {
            return Outcome::Event(record);
        }
        let mut slots = Slots::new();
        let mut rest = Some(line);
        let mut count = 0;
        while let Some(text) = rest {
            let Some((cell, behind)) = cell(text, self.separator) else {
                return Outcome::Malformed("has a quote without an end");
            };
            for hit in self.columns.get(count).map_or([].as_slice(), Vec::as_slice) {
                slots.offer(*hit, cell.value(), time);
            }
            count += 1;
            rest = behind;
        }
        if count < self.columns.len() {
            return Outcome::Malformed("has fewer columns than the header");
        }
        match slots.finish(self.manner(), time) {
            Some(mut record) => {
                if self.columns.len() < count {
                    record.quirk = Some("extra columns");
                }
                Outcome::Event(record)
            }
            None => Outcome::Malformed("has none of the known columns"),
        }
    }

    /// The record of a whole row; `None` if anything about it has to be told.
    fn record<'a>(&mut self, line: &'a [u8], time: &mut TimeReader) -> Option<Record<'a>> {
        self.cells.clear();
        let mut rest = Some(line);
        while let Some(text) = rest {
            let (cell, behind) = cell(text, self.separator)?;
            let start = line.len() - text.len() + usize::from(cell.is_quoted);
            self.cells.push((cell.is_doubled, start..start + cell.text.len()));
            rest = behind;
        }
        if self.cells.len() < self.columns.len() {
            return None;
        }
        let value = |at: usize| {
            let (is_doubled, place) = self.cells.get(at)?.clone();
            let text = line.get(place)?;
            Some((Kind::Text, if is_doubled { undoubled(text) } else { Cow::Borrowed(text) }))
        };
        let mut record = Record::default();
        self.choices.fill(&mut record, value, (self.manner(), time))?;
        if self.columns.len() < self.cells.len() {
            record.quirk = Some("extra columns");
        }
        Some(record)
    }

    fn manner(&self) -> Manner<'_> {
        Manner {
            preset: self.preset.as_deref(),
            credentials: &self.credentials,
            keeps_extras: self.keeps_extras,
        }
    }

    /// Where a row ends too early, or where a header should stand.
    pub(super) fn stops_at(&self, line: &[u8]) -> Option<(usize, String)> {
        if self.columns.is_empty() {
            let what = "the names of the columns should stand in a line before this one";
            return Some((0, what.to_owned()));
        }
        let mut rest = Some(line);
        let mut count = 0;
        while let Some(text) = rest {
            let at = line.len() - text.len();
            let Some((_, behind)) = cell(text, self.separator) else {
                return Some((at, "the quote that begins here has no end".to_owned()));
            };
            count += 1;
            rest = behind;
        }
        let columns = self.columns.len();
        let because = format!("it has {count} columns, and the header names {columns}");
        (count < columns).then_some((line.len(), because))
    }

    /// Whether the line is a row under the header that is known: most are.
    fn holds_values(&self, line: &[u8], time: &mut TimeReader) -> bool {
        let mut rest = Some(line).filter(|_| !self.columns.is_empty());
        std::iter::from_fn(|| {
            let (found, behind) = cell(rest?, self.separator)?;
            rest = behind;
            Some(found)
        })
        .any(|found| is_value(&found.value(), time))
    }

    /// Takes the line as the header, if it is one: names that are known, and nothing that
    /// looks like a value.
    fn take_header(&mut self, line: &[u8], time: &mut TimeReader) -> bool {
        let is_start = line
            .first()
            .is_some_and(|first| matches!(first, b'"' | b'A'..=b'Z' | b'a'..=b'z' | b'@' | b'_'));
        if !is_start || self.holds_values(line, time) {
            return false;
        }
        let separator = [b',', b';', b'\t', b'|']
            .into_iter()
            .max_by_key(|separator| memchr::memchr_iter(*separator, line).count())
            .filter(|separator| memchr(*separator, line).is_some());
        let Some(separator) = separator else { return false };
        let mut names = Vec::new();
        let mut rest = Some(line);
        while let Some(text) = rest.filter(|_| names.len() < COLUMNS_MAX) {
            let Some((name, behind)) = cell(text, separator) else { return false };
            let name = name.value();
            if is_value(&name, time) {
                return false;
            }
            names.push(name);
            rest = behind;
        }
        let marker = self.preset.as_ref().map_or([].as_slice(), |preset| &preset.marker);
        let has = |mark: &String| names.iter().any(|it| it.eq_ignore_ascii_case(mark.as_bytes()));
        let is_marked =
            marker.iter().all(|paths| paths.iter().filter_map(|it| it.first()).any(has));
        let hits = |name: &Field<'_>| self.wanted.step(&self.root, name.trim_ascii()).1;
        let columns: Vec<Vec<Hit>> = names.iter().map(hits).collect();
        let known = columns.iter().filter(|hits| !hits.is_empty()).count();
        if known < KNOWN_MIN || (self.must_be_marked && !is_marked) {
            return false;
        }
        self.separator = separator;
        let candidates = columns.iter().enumerate().flat_map(|(value, hits)| {
            hits.iter().map(move |&hit| Candidate { value, is_in_list: false, hit })
        });
        self.choices = Choices::of(candidates.filter(|it| it.hit.place != Place::Extra).collect());
        self.columns = columns;
        self.header = Some(line.into());
        true
    }
}

/// No name of a column begins with a digit, or is a moment.
fn is_value(cell: &[u8], time: &mut TimeReader) -> bool {
    cell.first().is_some_and(u8::is_ascii_digit)
        || (cell.iter().any(u8::is_ascii_digit) && time.read(cell).is_some())
}

/// A cell without its quotes.
struct Cell<'a> {
    text: &'a [u8],
    is_quoted: bool,
    /// Whether a quote inside of it is written twice.
    is_doubled: bool,
}

impl<'a> Cell<'a> {
    fn value(&self) -> Field<'a> {
        if self.is_doubled { undoubled(self.text) } else { Cow::Borrowed(self.text) }
    }
}

/// The first cell, and what is behind it; `None` behind the last.
fn cell(text: &[u8], separator: u8) -> Option<(Cell<'_>, Option<&[u8]>)> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = find(text, separator);
        let value = text.get(..end.unwrap_or(text.len())).unwrap_or(text);
        let cell = Cell { text: value, is_quoted: false, is_doubled: false };
        return Some((cell, end.and_then(|end| text.get(end + 1..))));
    };
    let mut from = 0;
    let mut is_doubled = false;
    loop {
        let end = from + find(quoted.get(from..)?, b'"')?;
        let (value, behind) = quoted.split_at_checked(end)?;
        let cell = Cell { text: value, is_quoted: true, is_doubled };
        match *behind {
            [b'"', b'"', ..] => {
                is_doubled = true;
                from = end + 2;
            }
            [b'"'] => return Some((cell, None)),
            [b'"', next, ref rest @ ..] if next == separator => return Some((cell, Some(rest))),
            _ => from = end + 1,
        }
    }
}

/// A quote inside a quoted cell is written twice.
fn undoubled(value: &[u8]) -> Field<'static> {
    let mut undone = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = memmem::find(rest, b"\"\"") {
        undone.extend_from_slice(rest.get(..=at).unwrap_or(&[]));
        rest = rest.get(at + 2..).unwrap_or(&[]);
    }
    undone.extend_from_slice(rest);
    Cow::Owned(undone)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(lines: &[&str]) -> String {
        let mut table = Table::new(Credentials::new(None), None);
        let mut said = String::new();
        for line in lines {
            said = match table.parse(line.as_bytes(), &mut TimeReader::default()) {
                Outcome::Event(record) => format!(
                    "{:?} {:?}",
                    record.status,
                    record.user.as_deref().map(String::from_utf8_lossy)
                ),
                Outcome::Skip(reason) | Outcome::Malformed(reason) => reason.to_owned(),
                Outcome::Events(_) | Outcome::Pending(_) => "else".to_owned(),
            };
        }
        said
    }

    #[test]
    fn the_header_names_the_columns() {
        let event = "Some(200) Some(\"a, \\\"b\\\"\")";
        assert_eq!(read(&["time,user,status", "2026-01-02,\"a, \"\"b\"\"\",200"]), event);
        assert_eq!(read(&["status;user", "200;\"a, \"\"b\"\"\""]), event);
        assert_eq!(read(&["\"user\"\t\"status\"", "\"a, \"\"b\"\"\"\t\"200\""]), event);
    }

    #[test]
    fn what_is_no_row_is_said() {
        assert_eq!(read(&["a,b"]), "comes before the header, which names the columns");
        assert_eq!(read(&["user,status", "\"a"]), "has a quote without an end");
        assert_eq!(read(&["user,status", "a"]), "has fewer columns than the header");
        assert_eq!(read(&["user,status"]), "a header");
    }

    proptest! {
        #[test]
        fn rows_are_read_alike_whether_or_not_all_is_kept(
            rows in proptest::collection::vec("(\"[a-z0-9,; ]{0,5}(\"\")?[0-9-]{0,4}\"|[a-z0-9:.-]{0,12}|2026-03-0[1-9]T0[0-9]:00:00Z|-)(,(\"[a-z/, ]{0,9}\"|[0-9]{0,4}|192\\.0\\.2\\.[0-9])){2,6}\"?", 1..6),
        ) {
            let new = || Table::new(Credentials::new(None), None);
            let (mut short, mut long) = (new(), new());
            long.keep_extras();
            let header = "time,user,status,client_ip,path,x";
            for line in std::iter::once(header).chain(rows.iter().map(String::as_str)) {
                let time = &mut TimeReader::default();
                let mut told = [&mut short, &mut long].map(|table| table.parse(line.as_bytes(), time));
                for outcome in &mut told {
                    if let Outcome::Event(record) = outcome {
                        record.extras.clear();
                    }
                }
                let [short, long] = told;
                prop_assert_eq!(short, long, "{}", line);
            }
        }
    }
}
