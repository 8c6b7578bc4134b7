//! The text between two fields, compared without a call for every line.

use memchr::memchr;

use crate::model::is_same;

/// A literal of any length. Its first eight bytes are compared as one number, and so are its last.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Literal {
    bytes: Box<[u8]>,
    word: u64,
    mask: u64,
    /// Its last eight bytes, if it has so many.
    end: u64,
}

impl Literal {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut word = [0; 8];
        let mut mask = [0; 8];
        for ((to, covered), from) in word.iter_mut().zip(&mut mask).zip(bytes) {
            *to = *from;
            *covered = u8::MAX;
        }
        let [word, mask] = [word, mask].map(u64::from_le_bytes);
        let end = bytes.last_chunk().map_or(0, |end| u64::from_le_bytes(*end));
        Self { bytes: bytes.into(), word, mask, end }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// What is behind the literal, if `text` begins with it.
    #[inline]
    pub(super) fn strip<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        let Some(start) = text.first_chunk::<8>() else { return self.strip_short(text) };
        if u64::from_le_bytes(*start) & self.mask != self.word {
            return None;
        }
        if self.bytes.len() <= 8 {
            return text.get(self.bytes.len()..);
        }
        let (start, rest) = text.split_at_checked(self.bytes.len())?;
        if u64::from_le_bytes(*start.last_chunk()?) != self.end {
            return None;
        }
        (self.bytes.len() <= 16 || is_same(start, &self.bytes)).then_some(rest)
    }

    /// Near the end of a line, byte by byte: few bytes are no call worth.
    fn strip_short<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        let rest = text.get(self.bytes.len()..)?;
        self.bytes.iter().zip(text).all(|(literal, byte)| literal == byte).then_some(rest)
    }

    /// Where it first stands in `text`; nowhere, if it is empty.
    #[inline]
    pub(super) fn find(&self, text: &[u8]) -> Option<usize> {
        let first = *self.bytes.first()?;
        if self.bytes.len() == 1 {
            return memchr(first, text);
        }
        let mut from = 0;
        loop {
            let at = from + memchr(first, text.get(from..)?)?;
            if self.strip(text.get(at..)?).is_some() {
                return Some(at);
            }
            from = at + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_found_wherever_it_stands() {
        for literal in ["-", " - ", "\" rt=", "a literal of more than eight bytes"] {
            for tail in ["", "x", " and a long tail behind it"] {
                let text = format!("-- {literal}{tail}");
                let found = Literal::new(literal.as_bytes()).find(text.as_bytes());
                assert_eq!(found, text.find(literal), "{text}");
            }
        }
    }

    #[test]
    fn half_a_literal_is_none() {
        let literal = Literal::new(b"a literal of more than eight bytes");
        assert_eq!(literal.find(b"a literal of more than eight"), None);
        assert_eq!(literal.strip(b"a literal of less"), None);
    }
}
