//! One field of a compiled format: where it ends, and where it goes.

use memchr::memchr;
use memchr::memchr2;

use crate::model::short::find;
use crate::model::short::find_either;

use super::escape::Escape;
use super::literal::Literal;
use super::place::Place;
use super::time::CLF_BYTES;

/// A field and what stands behind it.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) place: Place,
    until: Until,
    /// What stands behind the field.
    pub(super) after: Literal,
    /// Its first byte.
    first: u8,
    pub(super) escape: Escape,
    pub(super) rank: Option<u8>,
    /// The field has at least so many bytes: a time holds a space.
    bytes_min: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Until {
    /// The field ends where `after` is found.
    Found,
    /// The same, but outside of `, ` and ` : `, which stand between values of a list.
    List,
    /// The field ends at a quote that is not escaped.
    Quote,
    /// Nothing comes behind it.
    End,
    /// Nothing comes behind it, and it is one word.
    Word,
}

/// A field of a line as it was cut, its escapes still in it.
pub(super) struct Cut<'a> {
    pub(super) text: &'a [u8],
    pub(super) rest: &'a [u8],
    pub(super) is_escaped: bool,
    pub(super) quirk: Option<&'static str>,
}

impl Step {
    pub(super) fn new((name, place): (&str, Place), before: &[u8], after: &[u8]) -> Self {
        let is_quoted = before.ends_with(b"\"") && after.starts_with(b"\"");
        let is_list = name.starts_with("upstream_") || place == Place::Hops;
        let until = match after {
            _ if is_quoted => Until::Quote,
            [] if place.is_word() => Until::Word,
            [] => Until::End,
            [b' ', ..] if is_list => Until::List,
            [..] => Until::Found,
        };
        let holds_space = name == "time_local" && after.starts_with(b" ");
        Self {
            name: name.to_owned(),
            place,
            until,
            after: Literal::new(after),
            first: after.first().copied().unwrap_or_default(),
            escape: Escape::default(),
            rank: None,
            bytes_min: if holds_space { "01/Jan/2000:00:00:00 ".len() } else { 0 },
        }
    }

    /// Whether lines that are not odd in any way can be cut by [`Step::cut_ordinary`].
    pub(super) fn is_ordinary(&self) -> bool {
        self.until != Until::List
            && (self.place != Place::Time || self.after.bytes().first() == Some(&b']'))
    }

    /// The field and what is behind it, where the first place at which it may end is its end.
    #[inline]
    pub(super) fn cut_ordinary<'a>(&self, rest: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let end = match self.until {
            _ if self.place == Place::Time => match rest.get(CLF_BYTES) {
                Some(b']') => CLF_BYTES,
                Some(_) | None => find(rest, b']')?,
            },
            Until::Found => find(rest, self.first)?,
            Until::Quote => find_either(rest, [b'"', b'\\'])?,
            Until::End => find(rest, b'\\').map_or(Some(rest.len()), |_escape| None)?,
            Until::Word => find(rest, b' ').map_or(Some(rest.len()), |_more| None)?,
            Until::List => return None,
        };
        let (text, rest) = rest.split_at_checked(end)?;
        let rest = self.after.strip(rest)?;
        let is_padded = || text.first() == Some(&b' ') || text.last() == Some(&b' ');
        (!self.place.is_word() || !is_padded()).then_some((text, rest))
    }

    pub(super) fn cut<'a>(&self, rest: &'a [u8]) -> Result<Cut<'a>, &'static str> {
        // Some pad their numbers.
        let is_padded = rest.first() == Some(&b' ') && self.place.is_word();
        let rest = if is_padded { rest.trim_ascii_start() } else { rest };
        match self.until {
            Until::Quote => return self.cut_quoted(rest),
            Until::End => {
                return Ok(Cut {
                    text: rest,
                    rest: &[],
                    is_escaped: memchr(b'\\', rest).is_some(),
                    quirk: None,
                });
            }
            Until::Word => {
                let end = memchr(b' ', rest).unwrap_or(rest.len());
                return self.cut_at(rest, end);
            }
            Until::Found | Until::List => {}
        }
        let mut from = self.bytes_min;
        loop {
            let found = self.after.find(rest.get(from..).unwrap_or(&[]));
            let end = from + found.ok_or("ends before its last field")?;
            if self.until == Until::Found || !is_inside_list(rest, end) {
                return self.cut_at(rest, end);
            }
            from = end + 1;
        }
    }

    /// Ends the field at a known place.
    pub(super) fn cut_at<'a>(&self, rest: &'a [u8], end: usize) -> Result<Cut<'a>, &'static str> {
        let (text, rest) = rest.split_at_checked(end).ok_or("has its fields in another order")?;
        let rest = self.after.strip(rest).ok_or("does not fit the log format")?;
        let is_padded = text.last() == Some(&b' ') && self.place.is_word();
        let text = if is_padded { text.trim_ascii_end() } else { text };
        Ok(Cut { text, rest, is_escaped: false, quirk: None })
    }

    fn cut_quoted<'a>(&self, rest: &'a [u8]) -> Result<Cut<'a>, &'static str> {
        let mut from = 0;
        let mut is_escaped = false;
        while let Some(found) = memchr2(b'"', b'\\', rest.get(from..).unwrap_or(&[])) {
            let at = from + found;
            let (text, behind) = rest.split_at_checked(at).unwrap_or((rest, &[]));
            if behind.first() == Some(&b'\\') && self.escape != Escape::None {
                is_escaped = true;
                from = at + 2;
            } else if let Some(rest) = self.after.strip(behind) {
                return Ok(Cut { text, rest, is_escaped, quirk: None });
            } else {
                // A bare quote inside the field.
                from = at + 1;
            }
        }
        if self.after.len() == 1 {
            return Ok(Cut { text: rest, rest: &[], is_escaped, quirk: Some("unclosed quote") });
        }
        Err("has a quoted field without an end")
    }
}

/// Whether the space at `at` stands in `a, b` or `a : b`.
fn is_inside_list(text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    matches!(before, Some(b',' | b':'))
        || text.get(at..).is_some_and(|rest| rest.starts_with(b" : "))
}
