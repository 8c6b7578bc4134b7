//! One pass over the bytes of a JSON text: what is a value, and where it ends.

use crate::model::short::find_either;

use super::tape::Kind;
use super::tape::Node;
use super::tape::Span;

/// Deeper than this nobody nests what is worth reading.
const DEPTH_MAX: usize = 64;

/// Adds the nodes of the first value of the text, which is UTF-8; how many bytes it takes.
pub(super) fn read(text: &[u8], nodes: &mut Vec<Node>) -> Option<usize> {
    let mut scan = Scan { text, at: 0, nodes };
    scan.value((Span::default(), false), 0)?;
    Some(scan.at)
}

/// The reading of one text.
struct Scan<'s> {
    text: &'s [u8],
    at: usize,
    nodes: &'s mut Vec<Node>,
}

impl Scan<'_> {
    fn value(&mut self, (key, has_escaped_key): (Span, bool), depth: usize) -> Option<()> {
        self.skip_blanks();
        let number = self.nodes.len();
        let start = self.at;
        let node = |kind, value| Node { key, value, next: 0, kind, has_escaped_key };
        match self.peek()? {
            b'"' => {
                self.at += 1;
                let (span, is_escaped) = self.string()?;
                let kind = if is_escaped { Kind::EscapedText } else { Kind::Text };
                self.nodes.push(node(kind, span));
            }
            b'{' | b'[' => {
                if depth == DEPTH_MAX {
                    return None;
                }
                let is_map = self.peek()? == b'{';
                self.at += 1;
                let kind = if is_map { Kind::Map } else { Kind::List };
                self.nodes.push(node(kind, Span::default()));
                if is_map {
                    self.entries(depth)?;
                } else {
                    self.items(depth)?;
                }
                let span = self.span(start)?;
                self.nodes.get_mut(number)?.value = span;
            }
            b'-' | b'0'..=b'9' => {
                self.digits()?;
                self.nodes.push(node(Kind::Number, self.span(start)?));
            }
            b't' => self.word(b"true", node(Kind::Bool, Span::default()))?,
            b'f' => self.word(b"false", node(Kind::Bool, Span::default()))?,
            b'n' => self.word(b"null", node(Kind::Null, Span::default()))?,
            _ => return None,
        }
        let next = u32::try_from(self.nodes.len()).ok()?;
        self.nodes.get_mut(number)?.next = next;
        Some(())
    }

    fn entries(&mut self, depth: usize) -> Option<()> {
        self.skip_blanks();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.skip_blanks();
            self.expect(b'"')?;
            let key = self.string()?;
            self.skip_blanks();
            self.expect(b':')?;
            self.value(key, depth + 1)?;
            self.skip_blanks();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    fn items(&mut self, depth: usize) -> Option<()> {
        self.skip_blanks();
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.value((Span::default(), false), depth + 1)?;
            self.skip_blanks();
            match self.peek()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// Behind the opening quote: the text up to the closing one, and whether it has escapes.
    fn string(&mut self) -> Option<(Span, bool)> {
        let start = self.at;
        let mut is_escaped = false;
        loop {
            self.at += find_either(self.text.get(self.at..)?, [b'"', b'\\'])?;
            if self.peek()? == b'"' {
                let span = self.span(start)?;
                self.at += 1;
                return Some((span, is_escaped));
            }
            is_escaped = true;
            self.at += 2;
        }
    }

    fn digits(&mut self) -> Option<()> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let is_digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
        if !is_digit(self.peek()) {
            return None;
        }
        while matches!(self.peek(), Some(b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
            self.at += 1;
        }
        let last = self.at.checked_sub(1).and_then(|last| self.text.get(last)).copied();
        is_digit(last).then_some(())
    }

    fn word(&mut self, word: &[u8], node: Node) -> Option<()> {
        let start = self.at;
        if !self.text.get(start..)?.starts_with(word) {
            return None;
        }
        self.at += word.len();
        let value = self.span(start)?;
        self.nodes.push(Node { value, ..node });
        Some(())
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        let is_there = self.peek()? == byte;
        self.at += 1;
        is_there.then_some(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn span(&self, start: usize) -> Option<Span> {
        Some(Span { start: u32::try_from(start).ok()?, end: u32::try_from(self.at).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_json_for_others_is_json_here(
            text in r#"([\[\]{}:,"0-9a-f. \\nu-]|"[a-z\\\\n]{0,40}"|true|null|"[^"\\]{0,60}":){0,40}"#,
        ) {
            let mut others = serde_json::Deserializer::from_str(&text)
                .into_iter::<serde_json::Value>();
            let length = read(text.as_bytes(), &mut Vec::new());
            if let Some(Ok(_)) = others.next() {
                prop_assert_eq!(length, Some(others.byte_offset()));
            }
        }
    }
}
