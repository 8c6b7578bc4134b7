//! CSV with a header line: the names of its columns are those of fields.

use std::borrow::Cow;
use std::sync::Arc;

use memchr::memchr;
use memchr::memmem;

use crate::model::record::Field;

use super::Outcome;
use super::credential::Credentials;
use super::preset::Preset;
use super::shape::Hit;
use super::shape::State;
use super::shape::Wanted;
use super::slots::Manner;
use super::slots::Slots;
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
        let mut slots = Slots::new();
        let mut rest = Some(line);
        let mut count = 0;
        while let Some(text) = rest {
            let Some((cell, behind)) = cell(text, self.separator) else {
                return Outcome::Malformed("has a quote without an end");
            };
            for hit in self.columns.get(count).map_or([].as_slice(), Vec::as_slice) {
                slots.offer(*hit, cell.clone(), time);
            }
            count += 1;
            rest = behind;
        }
        if count < self.columns.len() {
            return Outcome::Malformed("has fewer columns than the header");
        }
        let manner = Manner {
            preset: self.preset.as_deref(),
            credentials: &self.credentials,
            keeps_extras: self.keeps_extras,
        };
        match slots.finish(manner, time) {
            Some(mut record) => {
                if self.columns.len() < count {
                    record.quirk = Some("extra columns");
                }
                Outcome::Event(record)
            }
            None => Outcome::Malformed("has none of the known columns"),
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

    /// Takes the line as the header, if it is one: names that are known, and nothing that
    /// looks like a value.
    fn take_header(&mut self, line: &[u8], time: &mut TimeReader) -> bool {
        let is_start = line
            .first()
            .is_some_and(|first| matches!(first, b'"' | b'A'..=b'Z' | b'a'..=b'z' | b'@' | b'_'));
        if !is_start {
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
            let is_value =
                name.first().is_some_and(u8::is_ascii_digit) || time.read(&name).is_some();
            if is_value {
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
        self.columns = columns;
        self.header = Some(line.into());
        true
    }
}

/// The first cell without its quotes, and what is behind it; `None` behind the last.
fn cell(text: &[u8], separator: u8) -> Option<(Field<'_>, Option<&[u8]>)> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = memchr(separator, text);
        let value = text.get(..end.unwrap_or(text.len())).unwrap_or(text);
        return Some((Cow::Borrowed(value), end.and_then(|end| text.get(end + 1..))));
    };
    let mut from = 0;
    loop {
        let end = from + memchr(b'"', quoted.get(from..)?)?;
        let (value, behind) = quoted.split_at_checked(end)?;
        match *behind {
            [b'"', b'"', ..] => from = end + 2,
            [b'"'] => return Some((unquoted(value), None)),
            [b'"', next, ref rest @ ..] if next == separator => {
                return Some((unquoted(value), Some(rest)));
            }
            _ => from = end + 1,
        }
    }
}

/// A quote inside a quoted cell is written twice.
fn unquoted(value: &[u8]) -> Field<'_> {
    if memmem::find(value, b"\"\"").is_none() {
        return Cow::Borrowed(value);
    }
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
}
