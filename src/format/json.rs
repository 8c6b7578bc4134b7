//! JSON lines: an object a line, its fields under any of the usual names.

use memchr::memchr;

use crate::model::Record;

use super::Outcome;
use super::aliases::Alias;
use super::aliases::Aliases;
use super::aliases::DIALECTS;
use super::aliases::GROUPS;
use super::aliases::push_name;
use super::credential::Credentials;
use super::place::Place;
use super::place::set;
use super::repair::repair;
use super::time::TimeReader;
use super::tree::Tree;

const DEPTH_MAX: usize = 6;
const RECORDS_MAX: usize = 10_000;

/// Reads objects, and lists of objects.
#[derive(Clone, Debug)]
pub(super) struct Json {
    aliases: Aliases,
    /// The field a person named, as names are compared.
    key_from: Option<Vec<u8>>,
    credentials: Credentials,
}

/// One record while it is read: the rank of what stands in each place.
struct Reading<'j> {
    json: &'j Json,
    dialect: &'static [(&'static str, Place)],
    ranks: [u8; Place::Skip as usize + 1],
}

impl Json {
    pub(super) fn new(credentials: Credentials) -> Self {
        let key_from = credentials.from().map(|from| {
            let mut name = Vec::new();
            push_name(&mut name, from);
            name
        });
        Self { aliases: Aliases::new(), key_from, credentials }
    }

    pub(super) fn parse<'a>(&self, line: &'a [u8], time: &mut TimeReader) -> Outcome<'a> {
        let line = line.trim_ascii_start();
        if !matches!(line.first(), Some(b'{' | b'[' | b'"')) {
            return Outcome::Malformed("is no JSON object");
        }
        if let Some((tree, length)) = Tree::read(line) {
            let tail = line.get(length..).unwrap_or(&[]).trim_ascii();
            return self.outcome(
                &tree,
                time,
                (!tail.is_empty()).then_some("text behind the object"),
            );
        }
        let Some(repaired) = repair(line) else {
            return Outcome::Malformed("is no valid JSON");
        };
        match Tree::read(&repaired) {
            Some((tree, _)) => owned(self.outcome(&tree, time, Some("repaired json"))),
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
            _ => return Outcome::Malformed("is no JSON object"),
        };
        let records: Vec<_> =
            items.iter().take(RECORDS_MAX).filter_map(|item| self.record(item, time)).collect();
        match records.is_empty() {
            true => Outcome::Skip("holds no records"),
            false => Outcome::Events(records),
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
            Some((tree @ Tree::Map(_), _)) => owned(self.single(&tree, time, None)),
            Some(_) | None => Outcome::Malformed("is no JSON object"),
        }
    }

    fn record<'a>(&self, tree: &Tree<'a>, time: &mut TimeReader) -> Option<Record<'a>> {
        let Tree::Map(entries) = tree else { return None };
        let dialect = DIALECTS.iter().find(|(marker, _)| tree.get(marker).is_some());
        let dialect = dialect.map_or([].as_slice(), |(_, names)| *names);
        let mut reading =
            Reading { json: self, dialect, ranks: [u8::MAX; Place::Skip as usize + 1] };
        let mut record = Record::default();
        reading.walk(&mut record, entries, &mut Vec::new(), (0, time));
        if reading.ranks.iter().all(|rank| *rank == u8::MAX) {
            return None;
        }
        self.settle(&mut record);
        Some(record)
    }

    fn settle(&self, record: &mut Record<'_>) {
        if record.key.is_some() {
            return;
        }
        self.credentials.settle(record, &super::credential::Best::none());
        if record.key.is_none() && self.key_from.is_none() {
            record.key.clone_from(&record.user);
            record.key_is_user = record.key.is_some();
        }
    }
}

impl<'j> Reading<'j> {
    fn walk<'a>(
        &mut self,
        record: &mut Record<'a>,
        entries: &[(std::borrow::Cow<'a, str>, Tree<'a>)],
        name: &mut Vec<u8>,
        (depth, time): (usize, &mut TimeReader),
    ) {
        let length = name.len();
        let is_group = GROUPS.iter().any(|group| group.as_bytes() == name.as_slice());
        for (key, value) in entries {
            push_name(name, key);
            if let Tree::Map(inner) = value {
                if depth < DEPTH_MAX {
                    // What only groups does not count into the names of what it holds.
                    let grouped = name.get(length..).unwrap_or(&[]);
                    let mut path = if is_group { grouped.to_vec() } else { name.clone() };
                    self.walk(record, inner, &mut path, (depth + 1, time));
                }
            } else if let Some(text) = value.text() {
                let own = if is_group { name.get(length..) } else { None };
                if let Some((place, rank)) = self.place_of(name, own) {
                    self.put(record, (place, rank), text, time);
                }
            }
            name.truncate(length);
        }
    }

    fn place_of(&self, name: &[u8], own: Option<&[u8]>) -> Option<(Place, u8)> {
        if let Some(from) = &self.json.key_from {
            if from == name {
                return Some((Place::Key, 0));
            }
        }
        if let Some((_, place)) = self.dialect.iter().find(|(known, _)| known.as_bytes() == name) {
            return Some((*place, 0));
        }
        let alias = self.json.aliases.get(name).or_else(|| self.json.aliases.get(own?));
        let Alias { place, rank } = alias?;
        let is_other_key = place == Place::Key && self.json.key_from.is_some();
        (!is_other_key).then_some((place, rank))
    }

    fn put<'a>(
        &mut self,
        record: &mut Record<'a>,
        (place, rank): (Place, u8),
        text: std::borrow::Cow<'a, [u8]>,
        time: &mut TimeReader,
    ) {
        let slot = if is_duration(place) { Place::Seconds } else { place } as usize;
        let Some(best) = self.ranks.get_mut(slot) else { return };
        if *best < rank || matches!(*text, [] | [b'-']) || *text == *b"REDACTED" {
            return;
        }
        if place == Place::Time && time.read(&text).is_none() {
            return;
        }
        *best = rank;
        match place {
            Place::Key => {
                record.key = None;
                super::credential::Best::none().offer(record, 0, &text);
            }
            Place::Target => {
                record.path = None;
                set(record, place, text, time);
            }
            Place::Request if memchr(b' ', &text).is_none() => {}
            _ => set(record, place, text, time),
        }
    }
}

fn is_duration(place: Place) -> bool {
    matches!(place, Place::Seconds | Place::Millis | Place::Micros | Place::Nanos)
}

/// The same outcome, on its own feet.
fn owned<'a>(outcome: Outcome<'_>) -> Outcome<'a> {
    match outcome {
        Outcome::Event(record) => Outcome::Event(super::wrapper::owned_record(record)),
        Outcome::Events(records) => {
            Outcome::Events(records.into_iter().map(super::wrapper::owned_record).collect())
        }
        Outcome::Skip(reason) => Outcome::Skip(reason),
        Outcome::Malformed(reason) => Outcome::Malformed(reason),
        Outcome::Pending(reason) => Outcome::Pending(reason),
    }
}
