//! JSON lines: objects, lists of them, and pages that hold lists, their fields under known names.

use std::sync::Arc;

use crate::model::Record;

use super::Outcome;
use super::Told;
use super::aliases::DIALECTS;
use super::credential::Credentials;
use super::familiar::Familiar;
use super::familiar::is_of_records;
use super::outcome::owned;
use super::preset::Preset;
use super::reading::At;
use super::reading::Reading;
use super::repair::repair;
use super::shape::Hit;
use super::shape::OF_TYPE;
use super::shape::Shape;
use super::shape::Wanted;
use super::skeleton::Skeletons;
use super::slots::Manner;
use super::slots::Slots;
use super::tape::Kind;
use super::tape::Tape;
use super::tape::Value;
use super::time::TimeReader;

const RECORDS_MAX: usize = 10_000;
/// JSON in a text in JSON, and so on.
const TEXTS_MAX: usize = 4;

/// Reads objects, and lists of objects.
#[derive(Clone, Debug)]
pub(super) struct Json {
    names: Names,
    tape: Tape,
    pub(super) skeletons: Skeletons,
}

/// Where the fields are, and what was learned of the records' names.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// Where a system keeps its fields, if it is known.
    preset: Option<Arc<Preset>>,
    /// Whether a record has to show that it is of that system.
    must_be_marked: bool,
    /// Whether a path goes through the name that the record's type names.
    has_type: bool,
    pub(super) keeps_extras: bool,
    credentials: Arc<Credentials>,
    pub(super) wanted: Arc<Wanted>,
    pub(super) shape: Shape,
    familiar: Familiar,
    /// The values of the last record that a name was known for, by their numbers on the tape.
    pub(super) offered: Vec<(usize, Hit)>,
}

/// An object, and the objects around it.
struct Item {
    at: usize,
    around: Vec<usize>,
}

impl Json {
    pub(super) fn new(credentials: Credentials, preset: Option<Arc<Preset>>) -> Self {
        let wanted = Wanted::of(&credentials, preset.as_deref());
        let patterns = &wanted.patterns;
        let has_type = patterns.iter().any(|it| it.steps.first().is_some_and(|it| it == "$type"));
        let dialects = if preset.is_some() { &[] } else { DIALECTS };
        let names = Names {
            shape: Shape::new(&wanted, dialects),
            preset,
            must_be_marked: false,
            has_type,
            keeps_extras: false,
            credentials: Arc::new(credentials),
            wanted: Arc::new(wanted),
            familiar: Familiar::default(),
            offered: Vec::new(),
        };
        Self { names, tape: Tape::default(), skeletons: Skeletons::default() }
    }

    pub(super) fn credentials(&self) -> &Credentials {
        &self.names.credentials
    }

    pub(super) fn keep_extras(&mut self) {
        self.skeletons = Skeletons::default();
        self.names.keeps_extras = true;
    }

    pub(super) fn has_marks(&self) -> bool {
        self.names.preset.as_ref().is_some_and(|preset| !preset.marker.is_empty())
    }

    /// From here on a record counts only if it has the marks of its system, or no longer.
    pub(super) fn ask_for_marks(&mut self, must_be_marked: bool) {
        self.skeletons = Skeletons::default();
        self.names.must_be_marked = must_be_marked;
    }

    pub(super) fn read<'a>(
        &mut self,
        record: &mut Record<'a>,
        line: &'a [u8],
        time: &mut TimeReader,
    ) -> Told<'a> {
        let line = line.trim_ascii_start();
        if !matches!(line.first(), Some(b'{' | b'[' | b'"')) {
            return Told::Malformed("is no JSON object");
        }
        let is_plain = !self.names.keeps_extras && !time.takes_any_notes();
        if is_plain
            && self.skeletons.fill(record, line, (self.names.manner(), &mut *time)).is_some()
        {
            return Told::Event;
        }
        *record = Record::default();
        self.parse_any(line, time, is_plain).told(record)
    }

    fn parse_any<'a>(
        &mut self,
        line: &'a [u8],
        time: &mut TimeReader,
        is_plain: bool,
    ) -> Outcome<'a> {
        if let Some(length) = self.tape.read(line) {
            let tail = line.get(length..).unwrap_or(&[]).trim_ascii();
            // The items of a list that has a line for each.
            let quirk = (!matches!(tail, [] | [b',' | b']'])).then_some("text behind the object");
            let root = Value::root(&self.tape, line);
            let outcome = self.names.read(root, time, (quirk, TEXTS_MAX));
            let is_one = matches!(outcome, Outcome::Event(_)) && quirk.is_none();
            if is_plain && is_one && self.names.goes_by_names_alone(root) {
                self.skeletons.learn(&self.tape, line, &self.names.offered);
            }
            return outcome;
        }
        let Some(repaired) = repair(line) else { return Outcome::Malformed("is no valid JSON") };
        if self.tape.read(&repaired).is_none() {
            return Outcome::Malformed("is no valid JSON");
        }
        let value = Value::root(&self.tape, &repaired);
        self.names.read(value, time, (Some("repaired json"), TEXTS_MAX)).into_owned()
    }
}

impl Names {
    /// Whether an object's keys alone say what becomes of its values.
    fn goes_by_names_alone(&self, object: Value<'_, '_>) -> bool {
        let inside = self.preset.as_ref().and_then(|preset| preset.inside.as_ref());
        object.kind() == Kind::Map
            && !self.has_type
            && inside.is_none_or(|path| object.at(path).is_none())
    }

    fn manner(&self) -> Manner<'_> {
        Manner {
            preset: self.preset.as_deref(),
            credentials: &self.credentials,
            keeps_extras: self.keeps_extras,
        }
    }

    fn read<'a>(
        &mut self,
        value: Value<'_, 'a>,
        time: &mut TimeReader,
        (quirk, texts_left): (Option<&'static str>, usize),
    ) -> Outcome<'a> {
        match value.kind() {
            Kind::Map => {}
            Kind::List => {
                let items: Vec<Item> = value.inner().map(|item| Item::new(item, &[])).collect();
                return self.items(value, &items, time);
            }
            Kind::Text | Kind::EscapedText if 0 < texts_left => {
                return self.inner_text(value, time, texts_left - 1);
            }
            Kind::Text | Kind::EscapedText | Kind::Null | Kind::Bool | Kind::Number => {
                return Outcome::Malformed("is no JSON object");
            }
        }
        if let Some(items) = self.exploded(value) {
            return self.items(value, &items, time);
        }
        match self.record(value, &[], time) {
            Some(mut record) => {
                record.quirk = record.quirk.or(quirk);
                Outcome::Event(record)
            }
            None if self.must_be_marked => Outcome::Malformed("is no record of this system"),
            None => Outcome::Malformed("has none of the known fields"),
        }
    }

    /// JSON in a JSON text.
    fn inner_text<'a>(
        &mut self,
        value: Value<'_, 'a>,
        time: &mut TimeReader,
        texts_left: usize,
    ) -> Outcome<'a> {
        let text = value.text().unwrap_or_default();
        let mut tape = Tape::default();
        if tape.read(&text).is_none() {
            return Outcome::Malformed("is no JSON object");
        }
        self.read(Value::root(&tape, &text), time, (None, texts_left)).into_owned()
    }

    /// The objects of the lists that hold records, if there are any.
    fn exploded(&mut self, value: Value<'_, '_>) -> Option<Vec<Item>> {
        let lists = self.preset.as_ref().map_or([].as_slice(), |preset| &preset.explode);
        let mut items = Vec::new();
        if !lists.is_empty() && explode(Item::new(value, &[]), (value, lists), &mut items) {
            return Some(items);
        }
        if !self.familiar.with(value).may_hold_records {
            return None;
        }
        let is_records =
            |value: &Value<'_, '_>| value.kind() == Kind::List && is_of_records(*value);
        let list = value.inner().find(is_records)?;
        let around = [value.number()];
        let items = list.inner().take(RECORDS_MAX).map(|item| Item::new(item, &around));
        Some(items.collect())
    }

    fn items<'a>(
        &mut self,
        root: Value<'_, 'a>,
        items: &[Item],
        time: &mut TimeReader,
    ) -> Outcome<'a> {
        let mut records = Vec::new();
        for item in items.iter().take(RECORDS_MAX) {
            records.extend(self.record(root.with_number(item.at), &item.around, time));
        }
        match items {
            [] => Outcome::Skip("holds no records"),
            [_, ..] if records.is_empty() => Outcome::Malformed("has none of the known fields"),
            [..] => Outcome::Events(records),
        }
    }

    fn record<'a>(
        &mut self,
        value: Value<'_, 'a>,
        around: &[usize],
        time: &mut TimeReader,
    ) -> Option<Record<'a>> {
        if value.kind() != Kind::Map {
            return None;
        }
        let inside =
            self.preset.as_ref().and_then(|preset| value.at(preset.inside.as_ref()?)?.text());
        if let Some(text) = inside {
            let mut tape = Tape::default();
            if tape.read(&text).is_some() {
                return self.fields(Value::root(&tape, &text), &[], time).map(owned);
            }
        }
        self.fields(value, around, time)
    }

    fn fields<'a>(
        &mut self,
        value: Value<'_, 'a>,
        around: &[usize],
        time: &mut TimeReader,
    ) -> Option<Record<'a>> {
        let marker = self.preset.as_ref().map_or([].as_slice(), |preset| &preset.marker);
        if self.must_be_marked
            && !marker.iter().all(|paths| paths.iter().any(|path| value.at(path).is_some()))
        {
            return None;
        }
        let mut slots = Slots::new();
        self.offered.clear();
        let of_type = if self.has_type { value.get("type").and_then(Value::text) } else { None };
        let is_of_preset = self.preset.is_some();
        let root = At::Known(if is_of_preset { 0 } else { self.familiar.with(value).dialect });
        if let Some(of_type) = of_type
            && let Ok(of_type) = std::str::from_utf8(&of_type)
            && let Some(inner) = value.get(of_type)
        {
            let mut reading = Reading { names: self, slots: &mut slots, time };
            reading.enter((&root, &mut 0), OF_TYPE, inner);
        }
        Reading { names: self, slots: &mut slots, time }.walk(value, &root);
        for up in self.preset.as_ref().map_or([].as_slice(), |preset| &preset.ups) {
            let around = around.len().checked_sub(up.levels).and_then(|at| around.get(at));
            let found = around.and_then(|&at| value.with_number(at).at(&up.steps)?.text());
            if let Some(text) = found {
                slots.offer(up.hit, text, time);
            }
        }
        slots.finish(self.manner(), time)
    }
}

impl Item {
    fn new(value: Value<'_, '_>, around: &[usize]) -> Self {
        Self { at: value.number(), around: around.to_vec() }
    }
}

/// Adds the objects of lists in lists; whether the outermost list is there.
fn explode(
    item: Item,
    (root, lists): (Value<'_, '_>, &[Vec<String>]),
    items: &mut Vec<Item>,
) -> bool {
    let Some((path, lists)) = lists.split_first() else {
        if items.len() < RECORDS_MAX {
            items.push(item);
        }
        return true;
    };
    let Item { mut at, mut around } = item;
    for step in path {
        around.push(at);
        let Some(inner) = root.with_number(at).at(std::slice::from_ref(step)) else { return false };
        at = inner.number();
    }
    let list = root.with_number(at);
    if list.kind() != Kind::List {
        return false;
    }
    for inner in list.inner() {
        explode(Item::new(inner, &around), (root, lists), items);
    }
    true
}
