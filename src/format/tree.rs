//! A JSON value whose texts are pieces of the line.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

/// Keys keep their order, and may come twice: which one counts is the reader's business.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree<'a> {
    Null,
    Bool(bool),
    Whole(u64),
    Negative(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Tree<'a>>),
    Map(Vec<(Cow<'a, str>, Tree<'a>)>),
}

impl<'a> Tree<'a> {
    /// The first value of the line, and how many bytes it takes.
    pub(super) fn read(line: &'a [u8]) -> Option<(Self, usize)> {
        let mut values = serde_json::Deserializer::from_slice(line).into_iter::<Self>();
        let tree = values.next()?.ok()?;
        Some((tree, values.byte_offset()))
    }

    /// The value of a key; the last, if it comes twice.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The value at the end of a path; of a list, the first item counts.
    pub(super) fn at(&self, path: &str) -> Option<&Self> {
        let mut tree = self;
        for step in path.split('/') {
            if let Self::List(items) = tree {
                tree = items.first()?;
            }
            let Self::Map(entries) = tree else { return None };
            let is_step = |(name, _): &&(Cow<'a, str>, Self)| name.eq_ignore_ascii_case(step);
            tree = entries.iter().rev().find(is_step).map(|(_, value)| value)?;
        }
        Some(tree)
    }

    /// The text of a text or a number.
    pub(super) fn text(&self) -> Option<Cow<'a, [u8]>> {
        match self {
            Self::Text(Cow::Borrowed(text)) => Some(Cow::Borrowed(text.as_bytes())),
            Self::Text(Cow::Owned(text)) => Some(Cow::Owned(text.clone().into_bytes())),
            Self::Whole(number) => Some(Cow::Owned(number.to_string().into_bytes())),
            Self::Negative(number) => Some(Cow::Owned(number.to_string().into_bytes())),
            Self::Float(number) => Some(Cow::Owned(number.to_string().into_bytes())),
            Self::List(items) => items.first().filter(|first| first.is_scalar())?.text(),
            Self::Null | Self::Bool(_) | Self::Map(_) => None,
        }
    }

    fn is_scalar(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Map(_))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Tree<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Tree::Whole(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Tree::Negative(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Tree::Float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Tree::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Tree::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(Key(key)) = access.next_key()? {
            entries.push((key, access.next_value()?));
        }
        Ok(Tree::Map(entries))
    }
}

/// A key, borrowed where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_str(TreeVisitor)? {
            Tree::Text(key) => Ok(Self(key)),
            Tree::Null
            | Tree::Bool(_)
            | Tree::Whole(_)
            | Tree::Negative(_)
            | Tree::Float(_)
            | Tree::List(_)
            | Tree::Map(_) => Ok(Self(Cow::Borrowed(""))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed_and_the_last_of_two_keys_counts() {
        let line = br#"{"a":"x","b":[1,-2,0.5],"a":"y\n"} tail"#;
        let (tree, length) = Tree::read(line).unwrap();
        assert_eq!(length, line.len() - " tail".len());
        assert_eq!(tree.get("a").unwrap().text().unwrap().as_ref(), b"y\n");
        assert_eq!(tree.get("b").unwrap().text().unwrap().as_ref(), b"1");
    }

    #[test]
    fn bottomless_nesting_is_refused() {
        assert_eq!(Tree::read("{\"a\":".repeat(100_000).as_bytes()), None);
    }
}
