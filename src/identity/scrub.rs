//! Texts without their secrets: each is replaced by a short label, `[secret:q3xk7a]`.

use std::borrow::Cow;

use core::ops::Range;

use memchr::memmem::Finder;

use super::clean::{decoded, text_of};
use super::credential::bare;
use super::named::find_named;
use super::private::{Private, find_private, may_have_private};
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
    private: Vec<Private>,
    pub text: String,
}

/// What is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hides {
    Secrets,
    /// Data of people, too.
    People,
}

/// What a text must have before it is worth a closer look.
struct Signs {
    /// A sign between a name and a value.
    named: bool,
    /// A long run that is no plain word, or a blank behind a scheme.
    tokens: bool,
}

/// The credential of a line, which must not stand anywhere else in it.
#[derive(Clone)]
pub(super) struct Own {
    /// As it is stored in a text, then as URLs write it.
    finders: Vec<Finder<'static>>,
    /// Whether a line has the same bytes as the text that is stored of it.
    is_plain: bool,
}

const SECRET: &str = "secret";
/// A shorter credential would be found in innocent words.
const OWN_BYTES_MIN: usize = 8;

impl Scrubber {
    pub(super) const fn new(pseudonyms: Pseudonyms) -> Self {
        Self { pseudonyms }
    }

    /// Whether there is something to hide in the text; if so, `scratch.text` is the text
    /// without it.
    pub(super) fn replaces(
        &self,
        (text, place, hides): (&str, Place, Hides),
        own: Option<&Own>,
        scratch: &mut Scratch,
    ) -> bool {
        let Scratch { hits, private, .. } = scratch;
        hits.clear();
        private.clear();
        let signs = Signs::in_text(text.as_bytes(), place);
        if signs.named {
            find_named(text.as_bytes(), place, hits);
        }
        if signs.tokens {
            find_tokens(text.as_bytes(), place, hits);
        }
        if let Some(own) = own {
            own.find_in(text.as_bytes(), hits);
        }
        if hides == Hides::People {
            find_private(text, place, private);
        }
        if hits.is_empty() && private.is_empty() {
            return false;
        }
        merge(hits);
        add_secrets(hits, private);
        self.replace(text, place, scratch);
        true
    }

    /// The text without its secrets and the data of people.
    pub(super) fn scrub<'t>(&self, text: &'t str, place: Place) -> Cow<'t, str> {
        let mut scratch = Scratch::default();
        let hides = if may_have_private(text.as_bytes()) { Hides::People } else { Hides::Secrets };
        if self.replaces((text, place, hides), None, &mut scratch) {
            return Cow::Owned(scratch.text);
        }
        Cow::Borrowed(text)
    }

    fn replace(&self, text: &str, place: Place, scratch: &mut Scratch) {
        let Scratch { private, text: out, .. } = scratch;
        out.clear();
        let mut from = 0;
        for (hit, label) in private.iter() {
            out.push_str(text.get(from..hit.start).unwrap_or(""));
            let secret = text.as_bytes().get(hit.clone()).unwrap_or(&[]);
            let is_hash = *label == SECRET && place == Place::Path && is_hash(text, hit);
            let what = if is_hash { "hash" } else { label };
            self.pseudonyms.label(what, bare(&decoded(secret)), out);
            from = hit.end;
        }
        out.push_str(text.get(from..).unwrap_or(""));
    }
}

impl Own {
    /// None if it is too short to be looked for.
    pub(super) fn of(secret: &[u8]) -> Option<Self> {
        (OWN_BYTES_MIN <= secret.len()).then(|| Self::of_any(secret))
    }

    /// To be looked for beside it, too.
    pub(super) fn and(mut self, other: Option<&Self>) -> Self {
        self.finders.extend(other.into_iter().flat_map(|other| other.finders.iter().cloned()));
        self.is_plain &= other.is_none_or(|other| other.is_plain);
        self
    }

    pub(super) fn of_any(secret: &[u8]) -> Self {
        let text = text_of(secret);
        let mut spellings = vec![
            text.as_bytes().to_vec(),
            encoded(secret, b"0123456789ABCDEF"),
            encoded(secret, b"0123456789abcdef"),
        ];
        spellings.dedup();
        let finder = |spelling: &Vec<u8>| Finder::new(spelling).into_owned();
        let is_plain = text.as_bytes() == secret;
        Self { finders: spellings.iter().map(finder).collect(), is_plain }
    }

    /// Whether it stands in these bytes of the line.
    pub(super) fn is_in(&self, raw: &[u8]) -> bool {
        if self.is_plain {
            return self.finders.iter().any(|finder| finder.find(raw).is_some());
        }
        let text = text_of(raw);
        self.finders.iter().any(|finder| finder.find(text.as_bytes()).is_some())
    }

    fn find_in(&self, text: &[u8], hits: &mut Vec<Range<usize>>) {
        for finder in &self.finders {
            let length = finder.needle().len();
            hits.extend(finder.find_iter(text).map(|start| start..start + length));
        }
    }
}

/// What a byte may be part of.
const LOWER: u8 = 1;
const TOKEN: u8 = 2;
const NAMED: u8 = 4;
const BLANK: u8 = 8;
const ENCODED: u8 = 16;
const SLASH: u8 = 32;
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte: u8 = 0;
    loop {
        #[expect(clippy::indexing_slicing, reason = "a byte is below 256")]
        let class = &mut classes[byte as usize];
        *class = match byte {
            b'a'..=b'z' => LOWER,
            b'%' | b'+' => TOKEN | ENCODED,
            b'=' | b':' => NAMED,
            b' ' => BLANK,
            b'/' => SLASH,
            _ if is_of_token(byte, Place::Path) => TOKEN,
            _ => 0,
        };
        if byte == u8::MAX {
            break;
        }
        byte += 1;
    }
    classes
};

impl Signs {
    /// Looks once at every byte, so that ordinary texts cost next to nothing.
    #[expect(clippy::indexing_slicing, reason = "a byte is below 256, the length of the table")]
    fn in_text(text: &[u8], place: Place) -> Self {
        let joins = if place == Place::Query { LOWER | TOKEN | SLASH } else { LOWER | TOKEN };
        let (mut seen, mut run, mut in_run, mut tokens) = (0, 0, 0, false);
        for &byte in text {
            let class = CLASSES[usize::from(byte)];
            seen |= class;
            let goes_on = class & joins != 0;
            run = if goes_on { run + 1 } else { 0 };
            in_run = if goes_on { in_run | class } else { 0 };
            // A run of small letters alone is a word.
            tokens |= RUN_BYTES_MIN <= run && in_run != LOWER;
        }
        // Encoded, a byte may be any sign; a plus may be a blank behind `Bearer`.
        Self {
            named: seen & (NAMED | ENCODED) != 0,
            tokens: tokens || seen & (BLANK | ENCODED) != 0,
        }
    }
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

/// Puts the secrets among the data of people, in order; what overlaps is a secret.
fn add_secrets(secrets: &[Range<usize>], all: &mut Vec<Private>) {
    all.retain(|(place, _)| !secrets.iter().any(|it| it.start < place.end && place.start < it.end));
    all.extend(secrets.iter().map(|place| (place.clone(), SECRET)));
    all.sort_unstable_by_key(|(place, _)| (place.start, core::cmp::Reverse(place.end)));
    all.dedup_by(|next, before| next.0.start < before.0.end);
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

/// Percent-encoded; `digits` are those of the encoded bytes.
fn encoded(secret: &[u8], digits: &[u8; 16]) -> Vec<u8> {
    let mut text = Vec::with_capacity(secret.len() * 3);
    for &byte in secret {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text.push(byte);
            continue;
        }
        text.push(b'%');
        text.extend(digits.get(usize::from(byte >> 4)));
        text.extend(digits.get(usize::from(byte & 15)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every label as `#`.
    fn check(place: Place, text: &str, expected: &str) {
        let scrubber = Scrubber::new(Pseudonyms::new([3; 32]));
        let once = scrubber.scrub(text, place).into_owned();
        assert_eq!(scrubber.scrub(&once, place), once, "a second time");
        let mut parts = Vec::new();
        for part in once.split("[secret:").flat_map(|part| part.split("[hash:")) {
            let behind = part.split_once(']').map_or(part, |(_label, behind)| behind);
            parts.push(if parts.is_empty() { part.to_owned() } else { behind.to_owned() });
        }
        let seen = parts.join("#");
        assert_eq!(seen, expected, "{text}");
    }

    #[test]
    fn values_of_secret_arguments_are_hidden() {
        check(Place::Query, "api_key=abc&limit=20", "api_key=#&limit=20");
        check(Place::Query, "limit=20&%61pi%5Fkey=abc", "limit=20&%61pi%5Fkey=#");
        check(Place::Query, "user[password]=hunter2&x=1", "user[password]=#&x=1");
        check(Place::Query, "X-Amz-Signature=ff&X-Amz-Date=1", "X-Amz-Signature=#&X-Amz-Date=1");
        check(Place::Query, "next=%2Fcb%3Ftoken%3Dabc%26a%3D1", "next=%2Fcb%3Ftoken%3D#%26a%3D1");
        check(Place::Query, "a=1;token=abc", "a=1;token=#");
        check(Place::Path, "/cb;jsessionid=ff12/x", "/cb;jsessionid=#/x");
        check(Place::Text, "https://example.com/?code=xyz&a=1", "https://example.com/?code=#&a=1");
        check(Place::Text, "{\"token\": \"abc\", \"a\": 1}", "{\"token\": \"#\", \"a\": 1}");
        check(Place::Text, "{\\\"api_key\\\":\\\"abc\\\"}", "{\\\"api_key\\\":\\\"#\\\"}");
        check(Place::Text, "{\"X-Api-Key\":[\"a\",\"b\"]}", "{\"X-Api-Key\":#}");
        check(Place::Text, "{\"session\": {\"a\": 1}}", "{\"session\": {\"a\": 1}}");
        check(
            Place::Sample,
            "{\"time\":\"2026-03-09T00:00:00Z\"}",
            "{\"time\":\"2026-03-09T00:00:00Z\"}",
        );
        check(Place::Text, "https://bo:pw@example.com/", "https://bo:#@example.com/");
        check(Place::Sample, "\"Authorization: Basic a b\" x", "\"Authorization: #\" x");
    }

    #[test]
    fn tokens_are_hidden_wherever_they_stand() {
        check(Place::Text, "curl Bearer abcd1234 x", "curl Bearer # x");
        check(Place::Query, "h=Bearer%20abcd1234", "h=Bearer%20#");
        check(Place::Text, "(sk-proj-abcdefghijkl)", "(#)");
        check(Place::Text, "AKIAIOSFODNN7EXAMPLE", "#");
        check(Place::Path, "/bot12/xoxb-1234-abcdefgh/x", "/bot12/#/x");
        check(Place::Path, "/a/9e107d9d372bb6826bd81d3542a419d6", "/a/#");
        check(Place::Query, "q=kR7xo/Wq2LmZ9vT4+bN8cY1/pS6dF3gH5jK0aQeU", "q=#");
        check(Place::Query, "q=sk%2Dproj%2Dabcdefghij&a=1", "q=#&a=1");
        check(Place::Query, "q=glpat-abcdefghijklmno", "q=#");
    }

    #[test]
    fn ordinary_texts_stay() {
        for (place, text) in [
            (Place::Path, "/v1/orders/76397250"),
            (Place::Path, "/v1/customers-list/550e8400-e29b-41d4-a716-446655440000"),
            (Place::Path, "/blog/the-10-best-keys-of-2024-and-why-we-like-them"),
            (Place::Query, "limit=20&cursor=abc&sort=-created_at&max_tokens=100"),
            (Place::Query, "from=2026-03-09T00:00:00Z&to=2026-03-10T00:00:00%2B01:00"),
            (Place::Text, "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0"),
            (Place::Text, "acme-sdk-php/1.5.2 GuzzleHttp/7 (example client; build 20260309)"),
            (Place::Text, "basic support for bearer of news"),
            (Place::Query, "token=&key"),
        ] {
            check(place, text, text);
        }
    }
}
