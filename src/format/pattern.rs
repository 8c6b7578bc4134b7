//! A person's own regular expression: its named groups are fields.

use std::borrow::Cow;

use regex::bytes::Regex;
use regex::bytes::RegexBuilder;

use crate::model::Record;

use super::FormatError;
use super::credential::Best;
use super::credential::Credentials;
use super::place::Place;
use super::place::set;
use super::preset::place_of;
use super::time::TimeReader;
use super::variable;

const COMPILED_BYTES_MAX: usize = 1 << 20;

/// An expression, and where its groups go.
#[derive(Clone, Debug)]
pub(super) struct Regexp {
    regex: Regex,
    groups: Vec<(usize, String, Place)>,
    credentials: Credentials,
}

impl Regexp {
    pub(super) fn new(text: &str, credentials: Credentials) -> Result<Self, FormatError> {
        let compiled = RegexBuilder::new(text).size_limit(COMPILED_BYTES_MAX).build();
        let regex = compiled.map_err(|error| {
            let what = error.to_string();
            let last = what.lines().last().unwrap_or("it does not compile").trim();
            let what =
                format!("this is no regular expression: {}", last.trim_start_matches("error: "));
            FormatError::at(text, 0, &what, "its named groups are fields: (?P<status>\\d+)")
        })?;
        let groups: Vec<_> = regex
            .capture_names()
            .enumerate()
            .filter_map(|(number, name)| Some((number, name?.to_owned(), group_place(name?))))
            .collect();
        if groups.is_empty() {
            let advice = "name at least one: (?P<client>\\S+)";
            return Err(FormatError::at(text, 0, "the expression names no group", advice));
        }
        Ok(Self { regex, groups, credentials })
    }

    /// As it was written.
    pub(super) fn text(&self) -> &str {
        self.regex.as_str()
    }

    pub(super) fn gives(&self) -> impl Iterator<Item = &'static str> {
        self.groups.iter().flat_map(|(_, _, place)| place.gives()).copied()
    }

    pub(super) fn fill<'a>(
        &self,
        record: &mut Record<'a>,
        line: &'a [u8],
        time: &mut TimeReader,
    ) -> Result<(), &'static str> {
        let captures = self.regex.captures(line).ok_or("does not fit the regular expression")?;
        let mut best = Best::none();
        for (number, name, place) in &self.groups {
            let Some(value) = captures.get(*number).map(|found| found.as_bytes()) else { continue };
            let rank = if *place == Place::Key { Some(0) } else { self.credentials.rank(name) };
            if let Some(rank) = rank {
                best.offer(record, rank, &Cow::Borrowed(value));
            }
            if *place == Place::Extra && !matches!(value, b"" | b"-") {
                let name = name.clone().into_bytes();
                record.extras.push((Cow::Owned(name), Cow::Borrowed(value)));
            }
            set(record, *place, Cow::Borrowed(value), time);
        }
        self.credentials.settle(record, &best);
        if record.key.is_none() && record.user.is_some() && self.credentials.from().is_none() {
            record.key.clone_from(&record.user);
            record.key_is_user = true;
        }
        Ok(())
    }
}

/// Our own names of fields, and nginx's of variables; `ip` is what most people write.
fn group_place(name: &str) -> Place {
    match name {
        "ip" => Place::Client,
        "version" => Place::Version,
        _ => place_of(name).unwrap_or_else(|| variable::place_of(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_groups_are_fields() {
        let text =
            r#"^(?P<ip>\S+) (?P<key>\S+) (?P<status>\d+) (?P<zone>\S+) "(?P<request>[^"]*)"$"#;
        let regexp = Regexp::new(text, Credentials::new(None)).unwrap();
        let mut record = Record::default();
        let line = b"192.0.2.1 k-17 200 eu \"GET /a HTTP/1.1\"";
        assert_eq!(regexp.fill(&mut record, line, &mut TimeReader::default()), Ok(()));
        assert_eq!((record.status, record.key.as_deref()), (Some(200), Some(b"k-17".as_slice())));
        assert_eq!(record.path.as_deref(), Some(b"/a".as_slice()));
        assert_eq!(record.extras.len(), 1);
        assert!(regexp.fill(&mut record, b"x", &mut TimeReader::default()).is_err());
    }

    #[test]
    fn an_expression_that_cannot_be_used_is_refused() {
        for text in ["(", "(?P<a>x", "abc", "(?P<a>(x{1000}){1000})"] {
            assert!(Regexp::new(text, Credentials::new(None)).is_err(), "{text}");
        }
    }
}
