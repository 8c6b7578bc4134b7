//! Texts without their secrets: each is replaced by a short label, `[secret:q3xk7a]`.

use std::borrow::Cow;

use core::ops::Range;

use memchr::memmem::Finder;

use super::clean::{decoded, text_of};
use super::credential::bare;
use super::named::find_named;
use super::pseudonym::Pseudonyms;
use super::shapes::{Place, RUN_BYTES_MIN, find_tokens, is_of_token};

/// Finds and replaces secrets.
#[derive(Clone)]
pub(super) struct Scrubber {
    pseudonyms: Pseudonyms,
}

/// Room to work in, kept so that nothing is allocated for each line.
#[derive(Clone, Default)]
pub(super) struct Scratch {
    hits: Vec<Range<usize>>,
    pub text: String,
}

/// The credential of a line, which must not stand anywhere else in it.
#[derive(Clone)]
pub(super) struct Own {
    finder: Finder<'static>,
    /// As a URL would write it, where that differs.
    encoded: Option<Finder<'static>>,
}

/// A shorter credential would be found in innocent words.
const OWN_BYTES_MIN: usize = 8;

impl Scrubber {
    pub(super) const fn new(pseudonyms: Pseudonyms) -> Self {
        Self { pseudonyms }
    }

    /// Whether there are secrets in the text; if so, `scratch.text` is the text without them.
    pub(super) fn replaces(
        &self,
        (text, place): (&str, Place),
        own: Option<&Own>,
        scratch: &mut Scratch,
    ) -> bool {
        let hits = &mut scratch.hits;
        hits.clear();
        if may_hold_secret(text.as_bytes(), place) {
            find_named(text.as_bytes(), place, hits);
            find_tokens(text.as_bytes(), place, hits);
        }
        if let Some(own) = own {
            own.find_in(text.as_bytes(), hits);
        }
        if hits.is_empty() {
            return false;
        }
        merge(hits);
        self.replace(text, place, scratch);
        true
    }

    /// The text without its secrets.
    pub(super) fn scrub<'t>(&self, text: &'t str, place: Place) -> Cow<'t, str> {
        let mut scratch = Scratch::default();
        match self.replaces((text, place), None, &mut scratch) {
            true => Cow::Owned(scratch.text),
            false => Cow::Borrowed(text),
        }
    }

    fn replace(&self, text: &str, place: Place, scratch: &mut Scratch) {
        let Scratch { hits, text: out } = scratch;
        out.clear();
        let mut from = 0;
        for hit in hits.iter() {
            out.push_str(text.get(from..hit.start).unwrap_or(""));
            let secret = text.as_bytes().get(hit.clone()).unwrap_or(&[]);
            let what = if place == Place::Path && is_hash(text, hit) { "hash" } else { "secret" };
            self.pseudonyms.label(what, bare(&decoded(secret)), out);
            from = hit.end;
        }
        out.push_str(text.get(from..).unwrap_or(""));
    }
}

impl Own {
    /// None if it is too short to be looked for.
    pub(super) fn of(secret: &[u8]) -> Option<Self> {
        if secret.len() < OWN_BYTES_MIN {
            return None;
        }
        let text = text_of(secret);
        let finder = Finder::new(text.as_bytes()).into_owned();
        let encoded = encoded(secret);
        let differs = encoded.as_bytes() != text.as_bytes();
        let encoded = differs.then(|| Finder::new(encoded.as_bytes()).into_owned());
        Some(Self { finder, encoded })
    }

    /// Whether it stands in the text.
    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        self.finder.find(text).is_some()
            || self.encoded.as_ref().is_some_and(|encoded| encoded.find(text).is_some())
    }

    fn find_in(&self, text: &[u8], hits: &mut Vec<Range<usize>>) {
        for finder in [Some(&self.finder), self.encoded.as_ref()].into_iter().flatten() {
            let length = finder.needle().len();
            hits.extend(finder.find_iter(text).map(|start| start..start + length));
        }
    }
}

/// Quickly, so that ordinary texts cost next to nothing: no secret is without one of these.
fn may_hold_secret(text: &[u8], place: Place) -> bool {
    let mut run = 0;
    let mut is_word = true;
    for &byte in text {
        if byte.is_ascii_lowercase() {
            run += 1;
        } else if is_of_token(byte, place) {
            is_word = false;
            run += 1;
            if byte == b'%' {
                return true;
            }
        } else if matches!(byte, b'=' | b':' | b' ') {
            return true;
        } else {
            run = 0;
            is_word = true;
        }
        if RUN_BYTES_MIN <= run && !is_word {
            return true;
        }
    }
    false
}

/// Sorts the places and joins those that overlap.
fn merge(hits: &mut Vec<Range<usize>>) {
    hits.sort_unstable_by_key(|hit| (hit.start, hit.end));
    hits.dedup_by(|next, before| {
        let overlaps = next.start < before.end;
        if overlaps {
            before.end = before.end.max(next.end);
        }
        overlaps
    });
}

/// Whether it is a whole segment of a path in hex.
fn is_hash(text: &str, hit: &Range<usize>) -> bool {
    let text = text.as_bytes();
    let is_slash = |place: Option<usize>| {
        place.and_then(|place| text.get(place)).is_none_or(|byte| *byte == b'/')
    };
    let inside = text.get(hit.clone()).unwrap_or(&[]);
    is_slash(hit.start.checked_sub(1))
        && is_slash(Some(hit.end))
        && inside.iter().all(u8::is_ascii_hexdigit)
}

fn encoded(secret: &[u8]) -> String {
    let mut text = String::with_capacity(secret.len() * 3);
    for &byte in secret {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text.push(char::from(byte));
        } else {
            text.push('%');
            for half in [byte >> 4, byte & 15] {
                let digit = char::from_digit(u32::from(half), 16).unwrap_or('0');
                text.push(digit.to_ascii_uppercase());
            }
        }
    }
    text
}
