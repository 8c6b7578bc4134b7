//! JSON lines: an object a line, its fields under any of the usual names.

use std::borrow::Cow;

use memchr::memchr;

use crate::model::Record;

use super::Outcome;
use super::aliases::Alias;
use super::aliases::Aliases;
use super::aliases::DIALECTS;
use super::aliases::GROUPS;
use super::aliases::push_name;
use super::credential::Best;
use super::credential::Credentials;
use super::place::Place;
use super::place::set;
use super::preset::Preset;
use super::repair::repair;
use super::time::TimeReader;
use super::tree::Tree;

const DEPTH_MAX: usize = 6;
const RECORDS_MAX: usize = 10_000;
const PLACES: usize = Place::Skip as usize + 1;

/// Reads objects, and lists of objects.
#[derive(Clone, Debug)]
pub(super) struct Json {
    /// Where a system keeps its fields, if it is known.
    preset: Option<&'static Preset>,
    aliases: Aliases,
    /// The field a person named, as names are compared.
    key_from: Option<Vec<u8>>,
    credentials: Credentials,
}

/// One record while it is read.
struct Reading<'r, 'a> {
    json: &'r Json,
    time: &'r mut TimeReader,
    dialect: &'static [(&'static str, Place)],
    record: Record<'a>,
    /// How good the name is under which each place's value came; the lowest wins.
    ranks: [u8; PLACES],
}

impl Json {
    pub(super) fn new(credentials: Credentials, preset: Option<&'static Preset>) -> Self {
        let key_from = credentials.from().map(|from| {
            let mut name = Vec::new();
            push_name(&mut name, from);
            name
        });
        Self { preset, aliases: Aliases::new(), key_from, credentials }
    }

    pub(super) fn parse<'a>(&self, line: &'a [u8], time: &mut TimeReader) -> Outcome<'a> {
        let line = line.trim_ascii_start();
        if !matches!(line.first(), Some(b'{' | b'[' | b'"')) {
            return Outcome::Malformed("is no JSON object");
        }
        if let Some((tree, length)) = Tree::read(line) {
            let tail = line.get(length..).unwrap_or(&[]).trim_ascii();
            let quirk = (!tail.is_empty()).then_some("text behind the object");
            return self.outcome(&tree, time, quirk);
        }
        let repaired = repair(line);
        match repaired.as_deref().and_then(Tree::read) {
            Some((tree, _)) => self.outcome(&tree, time, Some("repaired json")).into_owned(),
            None => Outcome::Malformed("is no valid JSON"),
        }
    }

    fn outcome<'a>(
        &self,
        tree: &Tree<'a>,
        time: &mut TimeReader,
        quirk: Option<&'static str>,
    ) -> Outcome<'a> {
        let items = match tree {
            Tree::Map(_) => match tree.get("Records").or_else(|| tree.get("records")) {
                Some(Tree::List(items)) => items,
                Some(_) | None => return self.single(tree, time, quirk),
            },
            Tree::List(items) => items,
            Tree::Text(text) => return self.inner(text, time),
            Tree::Null | Tree::Bool(_) | Tree::Whole(_) | Tree::Negative(_) | Tree::Float(_) => {
                return Outcome::Malformed("is no JSON object");
            }
        };
        let items = items.iter().take(RECORDS_MAX);
        let records: Vec<_> = items.filter_map(|item| self.record(item, time)).collect();
        if records.is_empty() {
            Outcome::Skip("holds no records")
        } else {
            Outcome::Events(records)
        }
    }

    fn single<'a>(
        &self,
        tree: &Tree<'a>,
        time: &mut TimeReader,
        quirk: Option<&'static str>,
    ) -> Outcome<'a> {
        match self.record(tree, time) {
            Some(mut record) => {
                record.quirk = record.quirk.or(quirk);
                Outcome::Event(record)
            }
            None => Outcome::Malformed("has none of the known fields"),
        }
    }

    /// JSON in a JSON string.
    fn inner<'a>(&self, text: &str, time: &mut TimeReader) -> Outcome<'a> {
        match Tree::read(text.as_bytes()) {
            Some((tree @ Tree::Map(_), _)) => self.single(&tree, time, None).into_owned(),
            Some(_) | None => Outcome::Malformed("is no JSON object"),
        }
    }

    fn record<'a>(&self, tree: &Tree<'a>, time: &mut TimeReader) -> Option<Record<'a>> {
        let Tree::Map(entries) = tree else { return None };
        if let Some(preset) = self.preset {
            return preset.record(tree, time);
        }
        let dialect = DIALECTS.iter().find(|(marker, _)| tree.get(marker).is_some());
        let dialect = dialect.map_or([].as_slice(), |(_, names)| *names);
        let record = Record::default();
        let mut reading = Reading { json: self, time, dialect, record, ranks: [u8::MAX; PLACES] };
        reading.walk(entries, &mut Vec::new(), 0);
        reading.finish()
    }
}

impl<'a> Reading<'_, 'a> {
    fn walk(&mut self, entries: &[(Cow<'a, str>, Tree<'a>)], name: &mut Vec<u8>, depth: usize) {
        let length = name.len();
        let is_group = GROUPS.iter().any(|group| group.as_bytes() == name.as_slice());
        for (key, value) in entries {
            push_name(name, key);
            let own = if is_group { name.get(length..).unwrap_or(&[]) } else { name.as_slice() };
            if let Tree::Map(inner) = value {
                if depth < DEPTH_MAX {
                    // What only groups does not count into the names of what it holds.
                    let mut path = own.to_vec();
                    self.walk(inner, &mut path, depth + 1);
                }
            } else if let Some(text) = value.text()
                && let Some(alias) = self.alias(name, own)
            {
                self.put(alias, text);
            }
            name.truncate(length);
        }
    }

    fn alias(&self, name: &[u8], own: &[u8]) -> Option<Alias> {
        if self.json.key_from.as_deref() == Some(name) {
            return Some(Alias { place: Place::Key, rank: 0 });
        }
        if let Some((_, place)) = self.dialect.iter().find(|(known, _)| known.as_bytes() == name) {
            return Some(Alias { place: *place, rank: 0 });
        }
        let alias = self.json.aliases.get(name).or_else(|| self.json.aliases.get(own))?;
        let is_other_key = alias.place == Place::Key && self.json.key_from.is_some();
        (!is_other_key).then_some(alias)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only three places need more than `set`")]
    fn put(&mut self, Alias { place, rank }: Alias, text: Cow<'a, [u8]>) {
        let slot = if place.is_duration() { Place::Seconds } else { place } as usize;
        let Some(best) = self.ranks.get_mut(slot) else { return };
        if *best < rank || matches!(*text, [] | [b'-']) || *text == *b"REDACTED" {
            return;
        }
        if place == Place::Time && self.time.read(&text).is_none() {
            return;
        }
        *best = rank;
        match place {
            Place::Key => Best::none().offer(&mut self.record, 0, &text),
            Place::Request if memchr(b' ', &text).is_none() => {}
            Place::Target => {
                self.record.path = None;
                set(&mut self.record, place, text, self.time);
            }
            _ => set(&mut self.record, place, text, self.time),
        }
    }

    /// The record, if anything of it was found.
    fn finish(mut self) -> Option<Record<'a>> {
        if self.ranks.iter().all(|rank| *rank == u8::MAX) {
            return None;
        }
        if self.record.key.is_none() {
            self.json.credentials.settle(&mut self.record, &Best::none());
        }
        if self.record.key.is_none() && self.json.key_from.is_none() {
            self.record.key.clone_from(&self.record.user);
            self.record.key_is_user = self.record.key.is_some();
        }
        Some(self.record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Record<'_> {
        let json = Json::new(Credentials::new(None), None);
        match json.parse(line.as_bytes(), &mut TimeReader::default()) {
            Outcome::Event(record) => record,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_usual_names_find_their_places() {
        let record = read(
            r#"{"time":"2026-03-09T00:00:00Z","remote_addr":"192.0.2.1","method":"GET","path":"/v1/a?b=c","status":"200","bytes_in":1,"bytes_out":2,"request_time":0.25,"user_agent":"x","key_id":"k_1","tokens_in":3,"tokens_out":4,"asn":64496,"country":"NO"}"#,
        );
        assert_eq!(record.path.as_deref(), Some(b"/v1/a".as_slice()));
        assert_eq!(record.query.as_deref(), Some(b"b=c".as_slice()));
        assert_eq!(record.key.as_deref(), Some(b"k_1".as_slice()));
        assert_eq!(
            (record.status, record.bytes, record.request_bytes),
            (Some(200), Some(2), Some(1))
        );
        assert_eq!((record.input_tokens, record.output_tokens), (Some(3), Some(4)));
        assert_eq!((record.duration_us, record.asn), (Some(250_000), Some(64_496)));
    }

    #[test]
    fn nested_and_dotted_names_are_the_same() {
        for line in [
            r#"{"http":{"request":{"method":"PUT"},"response":{"status_code":201}},"source":{"ip":"192.0.2.1"}}"#,
            r#"{"http.request.method":"PUT","http.response.status_code":201,"source.ip":"192.0.2.1"}"#,
        ] {
            let record = read(line);
            assert_eq!(record.method.as_deref(), Some(b"PUT".as_slice()));
            assert_eq!(record.status, Some(201));
            assert_eq!(record.source_ip.as_deref(), Some(b"192.0.2.1".as_slice()));
        }
    }

    #[test]
    fn what_is_no_request_is_malformed() {
        let json = Json::new(Credentials::new(None), None);
        for line in ["{}", "[1]x", "{\"a\":1}", "{\"time\":", "12", "\"text\""] {
            let outcome = json.parse(line.as_bytes(), &mut TimeReader::default());
            assert!(!matches!(outcome, Outcome::Event(_)), "{line}: {outcome:?}");
        }
    }
}
