//! The bytes between the values of JSON records. Most records of a log differ in their values alone:
//! they are read like the columns of a text, and come to the same as the long way.

use std::borrow::Cow;

use crate::model::Record;
use crate::model::record::Field;
use crate::model::short::find_either;

use super::choices::Candidate;
use super::choices::Choices;
use super::literal::Literal;
use super::place::Place;
use super::shape::Hit;
use super::slots::Manner;
use super::tape::Kind;
use super::tape::Span;
use super::tape::Tape;
use super::tape::unescaped;
use super::time::TimeReader;

const SKELETONS_MAX: usize = 8;
const BONES_MAX: usize = 256;
const LINE_BYTES_MAX: usize = 16 * 1024;

/// The skeletons of the last records.
#[derive(Clone, Debug, Default)]
pub(super) struct Skeletons {
    known: Vec<Skeleton>,
    /// The wanted values of the record that is read.
    values: Vec<(Kind, Span)>,
    /// Whether the last line had a skeleton that is known.
    has_fitted: bool,
    tally: Tally,
}

#[derive(Clone, Debug)]
struct Skeleton {
    bones: Box<[Bone]>,
    tail: Box<[u8]>,
    choices: Choices,
}

/// What stands before a value.
#[derive(Clone, Debug)]
struct Bone {
    before: Literal,
    is_wanted: bool,
}

/// How many of the last lines fitted: where hardly two are alike, trying costs more than it saves.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    tried: u32,
    fitted: u32,
    rest: u32,
}

impl Skeletons {
    /// Fills the record, if the line has a skeleton that is known.
    pub(super) fn fill<'a>(
        &mut self,
        record: &mut Record<'a>,
        line: &'a [u8],
        how: (Manner<'_>, &mut TimeReader),
    ) -> Option<()> {
        if self.tally.rests() {
            self.has_fitted = false;
            return None;
        }
        let values = &mut self.values;
        // Every piece of a text that is ASCII is UTF-8.
        let fitting = self.known.iter().position(|it| it.values(line, values).is_some());
        let fitting = fitting.filter(|_| line.is_ascii());
        self.has_fitted = fitting.is_some();
        self.tally.count(self.has_fitted);
        let fitting = fitting?;
        self.known.swap(0, fitting);
        let value = |at: usize| text(line, *self.values.get(at)?);
        self.known.first()?.choices.fill(record, value, how)
    }

    /// Remembers the skeleton of a line that was read the long way. `offered`: the values with
    /// a name that means something, by their numbers on the tape.
    pub(super) fn learn(&mut self, tape: &Tape, line: &[u8], offered: &[(usize, Hit)]) {
        if self.has_fitted || self.tally.is_resting() || LINE_BYTES_MAX < line.len() {
            return;
        }
        if let Some(skeleton) = Skeleton::of(tape, line, offered) {
            self.known.truncate(SKELETONS_MAX - 1);
            self.known.insert(0, skeleton);
        }
    }
}

impl Skeleton {
    fn of(tape: &Tape, line: &[u8], offered: &[(usize, Hit)]) -> Option<Self> {
        let mut bones = Vec::new();
        let mut wanted = Vec::new();
        let mut from = 0;
        for (number, place) in tape.scalars() {
            if bones.len() == BONES_MAX {
                return None;
            }
            let before = Literal::new(line.get(from..place.start)?);
            from = place.end;
            let is_wanted = offered.iter().any(|(of, _)| tape.speaker(*of) == Some(number));
            if is_wanted {
                wanted.push(number);
            }
            bones.push(Bone { before, is_wanted });
        }
        let candidates = offered.iter().filter(|(_, hit)| hit.place != Place::Extra);
        let candidates = candidates.filter_map(|&(number, hit)| {
            let speaker = tape.speaker(number)?;
            let value = wanted.iter().position(|it| *it == speaker)?;
            Some(Candidate { value, is_in_list: speaker != number, hit })
        });
        let tail = line.get(from..)?.into();
        Some(Self { bones: bones.into(), tail, choices: Choices::of(candidates.collect()) })
    }

    /// Where the wanted values lie in a line with these bones.
    fn values(&self, line: &[u8], values: &mut Vec<(Kind, Span)>) -> Option<()> {
        values.clear();
        let mut rest = line;
        for bone in &self.bones {
            rest = bone.before.strip(rest)?;
            let (kind, bytes) = scalar(rest)?;
            if bone.is_wanted {
                let quote = usize::from(matches!(kind, Kind::Text | Kind::EscapedText));
                let start = line.len() - rest.len() + quote;
                let end = start + bytes - 2 * quote;
                let place = |at| u32::try_from(at).ok();
                values.push((kind, Span { start: place(start)?, end: place(end)? }));
            }
            rest = rest.get(bytes..)?;
        }
        (*rest == *self.tail).then_some(())
    }
}

impl Tally {
    const WINDOW: u32 = 256;
    const REST: u32 = 4096;

    const fn is_resting(self) -> bool {
        self.rest != 0
    }

    /// Whether this line is let pass.
    const fn rests(&mut self) -> bool {
        let rests = self.is_resting();
        self.rest = self.rest.saturating_sub(1);
        rests
    }

    fn count(&mut self, fits: bool) {
        self.tried += 1;
        self.fitted += u32::from(fits);
        if self.tried == Self::WINDOW {
            let rest = if self.fitted * 4 < self.tried { Self::REST } else { 0 };
            *self = Self { rest, ..Self::default() };
        }
    }
}

/// What a value says, if it says anything.
fn text(line: &[u8], (kind, span): (Kind, Span)) -> Option<(Kind, Field<'_>)> {
    let value = match kind {
        Kind::Text | Kind::Number | Kind::Bool => {
            Cow::Borrowed(line.get(span.start as usize..span.end as usize)?)
        }
        Kind::EscapedText => unescaped(line, span),
        Kind::Null | Kind::List | Kind::Map => return None,
    };
    Some((kind, value))
}

/// The value that the text begins with, unless it holds others, and its bytes.
#[inline]
fn scalar(text: &[u8]) -> Option<(Kind, usize)> {
    match text.first()? {
        b'"' => string(text),
        b'-' | b'0'..=b'9' => number(text).map(|bytes| (Kind::Number, bytes)),
        b't' => text.starts_with(b"true").then_some((Kind::Bool, 4)),
        b'f' => text.starts_with(b"false").then_some((Kind::Bool, 5)),
        b'n' => text.starts_with(b"null").then_some((Kind::Null, 4)),
        _ => None,
    }
}

#[inline]
fn string(text: &[u8]) -> Option<(Kind, usize)> {
    let mut at = 1;
    let mut kind = Kind::Text;
    loop {
        at += find_either(text.get(at..)?, [b'"', b'\\'])?;
        if text.get(at) == Some(&b'"') {
            return Some((kind, at + 1));
        }
        kind = Kind::EscapedText;
        at += 2;
    }
}

#[inline]
fn number(text: &[u8]) -> Option<usize> {
    let is_of_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
    let bytes = text.iter().position(|byte| !is_of_number(byte)).unwrap_or(text.len());
    let is_digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    let first = usize::from(text.first() == Some(&b'-'));
    (is_digit(first) && is_digit(bytes.checked_sub(1)?)).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Options;
    use super::super::Parser;

    /// Values of all kinds, for keys that mean something and for some that do not.
    fn value() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            "-?[0-9]{1,4}(\\.[0-9]{1,3})?(e[0-9])?",
            "true|false|null|\"\"|\"-\"|\"REDACTED\"",
            "\"(GET|POST) /[a-z?=&]{0,9} HTTP/1\\.1\"",
            "\"2026-03-0[1-9]T0[0-9]:00:00Z\"|\"203\\.0\\.113\\.[0-9]\"",
            "\"[a-zé \\-/?.]{0,12}\"|\"[a-z]{0,3}\\\\(\\\\|\"|n|u0041)[a-z]{0,3}\"",
        ];
        let scalar = scalar.boxed();
        prop_oneof![
            6 => scalar.clone(),
            1 => proptest::collection::vec(scalar.clone(), 0..3)
                .prop_map(|items| format!("[{}]", items.join(","))),
            1 => ("status|user|id|path", scalar)
                .prop_map(|(key, value)| format!("{{\"{key}\" : {value}}}")),
        ]
    }

    const KEYS: [&str; 14] = [
        "time",
        "ts",
        "client_ip",
        "request",
        "method",
        "uri",
        "status",
        "user",
        "api_key",
        "duration_ms",
        "ClientIP",
        "DownstreamStatus",
        "sta\\u0074us",
        "x",
    ];

    proptest! {
        #[test]
        fn what_is_read_by_its_bones_is_what_the_long_way_reads(
            format in prop_oneof![Just("json"), Just("kong"), Just("traefik-json")],
            keys in proptest::collection::vec(0..KEYS.len(), 1..7),
            rows in proptest::collection::vec(proptest::collection::vec(value(), 7), 2..9),
            tail in prop_oneof![4 => Just(""), 1 => Just(","), 1 => Just(" x")],
        ) {
            let new = || Parser::by_name(format, &Options::default()).unwrap();
            let mut at_once = new();
            for row in rows {
                let entries: Vec<String> = keys
                    .iter()
                    .zip(row)
                    .map(|(key, value)| format!("\"{}\":{value}", KEYS[*key]))
                    .collect();
                let line = format!("{{{}}}{tail}", entries.join(", "));
                prop_assert_eq!(at_once.parse(line.as_bytes()), new().parse(line.as_bytes()), "{}", line);
            }
        }

        #[test]
        fn damaged_lines_are_told_as_the_long_way_tells_them(
            numbers in proptest::collection::vec(0u16..999, 3..6),
            damage in proptest::collection::vec((any::<proptest::sample::Index>(), "[\"\\\\{}\\[\\],:a0 é]?"), 3..6),
        ) {
            let new = || Parser::by_name("json", &Options::default()).unwrap();
            let mut at_once = new();
            for (number, (at, put)) in numbers.into_iter().zip(damage) {
                let line = format!(r#"{{"time":"2026-03-09T00:00:00Z","status":{number},"uri":"/a/{number}","user":"u\"{number}","n":[1,{{"id":2}}]}}"#);
                let at = at.index(line.len());
                let damaged = format!("{}{put}{}", line.get(..at).unwrap_or(""), line.get(at + 1..).unwrap_or(""));
                for line in [line, damaged] {
                    prop_assert_eq!(at_once.parse(line.as_bytes()), new().parse(line.as_bytes()), "{}", line);
                }
            }
        }
    }

    #[test]
    fn lines_of_ever_new_shapes_are_soon_read_the_long_way_at_once() {
        let mut parser = Parser::by_name("json", &Options::default()).unwrap();
        for number in 0..2000 {
            let line = format!(r#"{{"status":200,"x{number}":1}}"#);
            parser.parse(line.as_bytes());
        }
        let super::super::parser::Reader::Json(json) = &parser.reader else { panic!() };
        assert!(json.skeletons.tally.is_resting());
        assert!(json.skeletons.known.len() <= super::SKELETONS_MAX);
    }
}
