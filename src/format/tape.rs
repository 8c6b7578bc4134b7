//! Where each value of a JSON text lies: one pass over its bytes, nothing copied.

use std::borrow::Cow;
use std::ops::Range;

use crate::model::record::Field;

use super::scan;

/// The values of one text in the order of the text. It is used again for the next one.
#[derive(Clone, Debug, Default)]
pub(super) struct Tape {
    nodes: Vec<Node>,
}

/// A value, by the places where it and its key lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) key: Span,
    pub(super) value: Span,
    /// The node behind this one and all that is in it.
    pub(super) next: u32,
    pub(super) kind: Kind,
    pub(super) has_escaped_key: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool,
    Number,
    Text,
    EscapedText,
    List,
    Map,
}

impl Tape {
    /// Reads the first value of the text, and says how many bytes it takes. `None`: it is no
    /// JSON.
    pub(super) fn read(&mut self, text: &[u8]) -> Option<usize> {
        self.nodes.clear();
        // Every piece of a valid text that is cut at ASCII is valid, too.
        let is_valid = std::str::from_utf8(text).is_ok() && u32::try_from(text.len()).is_ok();
        if !is_valid {
            return None;
        }
        scan::read(text, &mut self.nodes)
    }

    /// The values that hold no others, by number and with their quotes, in the order of the text.
    pub(super) fn scalars(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        self.nodes.iter().enumerate().filter_map(|(number, node)| {
            let (start, end) = (node.value.start as usize, node.value.end as usize);
            match node.kind {
                Kind::List | Kind::Map => None,
                Kind::Text | Kind::EscapedText => Some((number, start.checked_sub(1)?..end + 1)),
                Kind::Null | Kind::Bool | Kind::Number => Some((number, start..end)),
            }
        })
    }

    /// The value whose text is that of this one: itself, or the first item of a list.
    pub(super) fn speaker(&self, number: usize) -> Option<usize> {
        let node = self.nodes.get(number)?;
        match node.kind {
            Kind::List => (number + 1 < node.next as usize).then_some(number + 1),
            Kind::Map => None,
            Kind::Null | Kind::Bool | Kind::Number | Kind::Text | Kind::EscapedText => Some(number),
        }
    }
}

/// A value of a tape, with the text that it was read from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'t, 'a> {
    tape: &'t Tape,
    text: &'a [u8],
    at: usize,
}

impl<'t, 'a> Value<'t, 'a> {
    /// The value that the tape was read for.
    pub(super) const fn root(tape: &'t Tape, text: &'a [u8]) -> Self {
        Self { tape, text, at: 0 }
    }

    /// The value with this number, which [`Self::number`] gave.
    pub(super) const fn with_number(self, at: usize) -> Self {
        Self { at, ..self }
    }

    pub(super) const fn number(self) -> usize {
        self.at
    }

    pub(super) fn kind(self) -> Kind {
        self.node().map_or(Kind::Null, |node| node.kind)
    }

    pub(super) fn key(self) -> Cow<'a, [u8]> {
        let Some(node) = self.node() else { return Cow::Borrowed(&[]) };
        let key = self.piece(node.key);
        if node.has_escaped_key { unescaped(self.text, node.key) } else { Cow::Borrowed(key) }
    }

    /// Whether it stands under that key, as it is written.
    pub(super) fn is_under(self, key: &[u8]) -> bool {
        self.node().is_some_and(|node| !node.has_escaped_key && self.piece(node.key) == key)
    }

    /// The values in a list or map; of anything else, none.
    pub(super) fn inner(self) -> impl Iterator<Item = Self> {
        let end = match self.node() {
            Some(node) if matches!(node.kind, Kind::List | Kind::Map) => node.next as usize,
            Some(_) | None => self.at,
        };
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            if end <= at {
                return None;
            }
            let value = Self { at, ..self };
            at = value.node().map_or(end, |node| node.next as usize);
            Some(value)
        })
    }

    /// The value of a key; the last, if it comes twice.
    pub(super) fn get(self, key: &str) -> Option<Self> {
        if self.kind() != Kind::Map {
            return None;
        }
        self.inner().filter(|value| *value.key() == *key.as_bytes()).last()
    }

    /// The value at the end of a path; letters' case does not matter, and of a list the first
    /// item counts.
    pub(super) fn at(self, path: &[String]) -> Option<Self> {
        let mut value = self;
        for step in path {
            if value.kind() == Kind::List {
                value = value.inner().next()?;
            }
            if value.kind() != Kind::Map {
                return None;
            }
            let is_step = |value: &Self| value.key().eq_ignore_ascii_case(step.as_bytes());
            value = value.inner().filter(is_step).last()?;
        }
        Some(value)
    }

    /// What a text or a number says; of a list, its first item.
    pub(super) fn text(self) -> Option<Field<'a>> {
        let node = self.node()?;
        match node.kind {
            Kind::Text | Kind::Number | Kind::Bool => Some(Cow::Borrowed(self.piece(node.value))),
            Kind::EscapedText => Some(unescaped(self.text, node.value)),
            Kind::List => {
                let first = self.inner().next()?;
                if matches!(first.kind(), Kind::List | Kind::Map) { None } else { first.text() }
            }
            Kind::Null | Kind::Map => None,
        }
    }

    fn node(self) -> Option<&'t Node> {
        self.tape.nodes.get(self.at)
    }

    fn piece(self, span: Span) -> &'a [u8] {
        self.text.get(span.start as usize..span.end as usize).unwrap_or(&[])
    }
}

/// The text without its escapes; as it stands, if they make no sense.
pub(super) fn unescaped(text: &[u8], span: Span) -> Field<'_> {
    let (start, end) = (span.start as usize, span.end as usize);
    let quoted = text.get(start.saturating_sub(1)..=end).unwrap_or(&[]);
    match serde_json::from_slice::<String>(quoted) {
        Ok(undone) => Cow::Owned(undone.into_bytes()),
        Err(_) => Cow::Borrowed(text.get(start..end).unwrap_or(&[])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path: &str) -> Vec<String> {
        path.split('/').map(ToOwned::to_owned).collect()
    }

    #[test]
    fn values_are_found_and_the_last_of_two_keys_counts() {
        let line = br#"{"a":"x","b":[1,-2,0.5],"C":{"d":[{"e":true}]},"a":"y\n"} tail"#;
        let mut tape = Tape::default();
        assert_eq!(tape.read(line), Some(line.len() - " tail".len()));
        let root = Value::root(&tape, line);
        assert_eq!(root.get("a").unwrap().text().unwrap().as_ref(), b"y\n");
        assert_eq!(root.get("b").unwrap().text().unwrap().as_ref(), b"1");
        assert_eq!(root.at(&path("c/d/E")).unwrap().text().unwrap().as_ref(), b"true");
        assert!(root.at(&path("c/d/e/f")).is_none());
    }

    #[test]
    fn bottomless_nesting_is_refused() {
        assert_eq!(Tape::default().read("{\"a\":".repeat(100_000).as_bytes()), None);
        assert_eq!(Tape::default().read("[".repeat(100_000).as_bytes()), None);
    }
}
