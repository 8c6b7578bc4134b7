//! Secrets that can be told by their form: tokens with a known beginning, and random runs.

use core::ops::Range;

use memchr::memmem;

use super::clean::decoded;
use super::random::looks_random;

/// Where a text stands, which decides what may be part of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    /// A header's value, or a sentence.
    Text,
    /// A line that could not be read: nobody knows which of its words is a key.
    Sample,
}

/// How a kind of token begins, and how long it is at least.
struct Shape {
    begins: &'static str,
    bytes_min: usize,
}

const fn shape(begins: &'static str, bytes_min: usize) -> Shape {
    Shape { begins, bytes_min }
}

/// An access key's id, which AWS itself shows; hidden in texts, but fit to name a key.
const PUBLIC_IDS: [Shape; 2] = [shape("AKIA", 20), shape("ASIA", 20)];
const SHAPES: [Shape; 25] = [
    shape("sk-", 16),
    shape("sk_", 12),
    shape("rk_", 12),
    shape("ghp_", 20),
    shape("gho_", 20),
    shape("ghu_", 20),
    shape("ghs_", 20),
    shape("ghr_", 20),
    shape("github_pat_", 20),
    shape("xoxb-", 12),
    shape("xoxa-", 12),
    shape("xoxp-", 12),
    shape("xoxr-", 12),
    shape("xoxs-", 12),
    shape("AIza", 30),
    shape("glpat-", 16),
    shape("SG.", 20),
    shape("ya29.", 20),
    shape("npm_", 20),
    shape("pypi-", 20),
    shape("whsec_", 12),
    shape("shpat_", 20),
    shape("hf_", 20),
    shape("dop_v1_", 20),
    shape("EAAG", 30),
];
/// `{"` in base64: how a JWT begins.
const JWT: &[u8] = b"eyJ";
const JWT_BYTES_MIN: usize = 16;
/// The shortest run in which there can be a token.
pub(super) const RUN_BYTES_MIN: usize = 12;
const RANDOM_BYTES_MIN: usize = 32;
/// In a line that could not be read, a shorter one is hidden too.
const RANDOM_BYTES_MIN_IN_SAMPLE: usize = 12;
const SCHEMES: [&[u8]; 2] = [b"bearer", b"basic"];

/// Adds the places of all tokens in `text`.
pub(super) fn find_tokens(text: &[u8], place: Place, hits: &mut Vec<Range<usize>>) {
    let mut start = 0;
    for run in text.split(|byte| !is_of_token(*byte, place)) {
        let end = start + run.len();
        if RUN_BYTES_MIN <= run.len() {
            tokens_of_run(run, start, place, hits);
        }
        start = end + 1;
    }
    find_schemes(text, hits);
}

/// Whether a text that is given as a public id is a live secret instead.
pub(super) fn is_live_secret(id: &[u8]) -> bool {
    let long_jwt = id.starts_with(JWT) && JWT_BYTES_MIN <= id.len();
    long_jwt || SHAPES.iter().any(|shape| shape.is_at_start(id))
}

/// Bytes that tokens are made of, and `%` of encoded ones.
pub(super) const fn is_of_token(byte: u8, place: Place) -> bool {
    match byte {
        b'/' => matches!(place, Place::Query),
        b'-' | b'_' | b'+' | b'~' | b'.' | b'%' => true,
        _ => byte.is_ascii_alphanumeric(),
    }
}

impl Shape {
    fn is_at_start(&self, run: &[u8]) -> bool {
        run.starts_with(self.begins.as_bytes()) && self.bytes_min <= run.len()
    }
}

fn tokens_of_run(run: &[u8], start: usize, place: Place, hits: &mut Vec<Range<usize>>) {
    if let Some(inner) = shape_in(run) {
        hits.push(start + inner..start + run.len());
        return;
    }
    if run.contains(&b'%') && shape_in(&decoded(run)).is_some() {
        hits.push(start..start + run.len());
        return;
    }
    let length_min = match place {
        Place::Path | Place::Query | Place::Text => RANDOM_BYTES_MIN,
        Place::Sample => RANDOM_BYTES_MIN_IN_SAMPLE,
    };
    let mut piece_start = start;
    for piece in run.split(|byte| *byte == b'.') {
        let piece_end = piece_start + piece.len();
        if looks_random(piece, length_min) && !is_time(piece) {
            hits.push(piece_start..piece_end);
        }
        piece_start = piece_end + 1;
    }
}

/// `2026-03-09T00`, up to the first colon.
fn is_time(piece: &[u8]) -> bool {
    let is_digits =
        |part: Option<&[u8]>| part.is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    piece.len() == 13
        && is_digits(piece.get(..4))
        && is_digits(piece.get(5..7))
        && is_digits(piece.get(8..10))
        && piece.get(10) == Some(&b'T')
}

/// Where in the run a known kind of token begins.
fn shape_in(run: &[u8]) -> Option<usize> {
    if let Some(place) = memmem::find(run, JWT)
        && JWT_BYTES_MIN <= run.len() - place
    {
        return Some(place);
    }
    (0..run.len()).filter(|&place| is_boundary(run, place)).find(|&place| {
        let rest = run.get(place..).unwrap_or(&[]);
        // The first letters of all shapes: most words are done with here.
        matches!(
            rest,
            [
                b'A' | b'E'
                    | b'S'
                    | b'd'
                    | b'g'
                    | b'h'
                    | b'n'
                    | b'p'
                    | b'r'
                    | b's'
                    | b'w'
                    | b'x'
                    | b'y',
                ..
            ]
        ) && PUBLIC_IDS.iter().chain(&SHAPES).any(|shape| shape.is_at_start(rest))
    })
}

/// Whether a word may begin there: at the start, or behind what is no letter or digit.
fn is_boundary(run: &[u8], place: usize) -> bool {
    let before = |back: usize| place.checked_sub(back).and_then(|place| run.get(place));
    match before(1) {
        None => true,
        Some(byte) => !byte.is_ascii_alphanumeric() || before(3) == Some(&b'%'),
    }
}

/// `Bearer` and `Basic`, and what follows them.
fn find_schemes(text: &[u8], hits: &mut Vec<Range<usize>>) {
    for scheme in SCHEMES {
        let mut from = 0;
        while let Some(behind) = behind_word(text, from, scheme) {
            let rest = text.get(behind..).unwrap_or(&[]);
            let blank = blank_bytes(rest);
            let token = rest.get(blank..).unwrap_or(&[]);
            let token_bytes = token.iter().take_while(|byte| is_of_credential(**byte)).count();
            let token = token.get(..token_bytes).unwrap_or(&[]);
            if 0 < blank && is_credential(token, scheme) {
                hits.push(behind + blank..behind + blank + token_bytes);
            }
            from = behind;
        }
    }
}

fn behind_word(text: &[u8], from: usize, word: &[u8]) -> Option<usize> {
    let rest = text.get(from..)?;
    let is_word = |place: &usize| {
        let seen = rest.get(*place..*place + word.len());
        seen.is_some_and(|seen| seen.eq_ignore_ascii_case(word))
    };
    // Both schemes begin with the same letter.
    let place = memchr::memchr2_iter(b'b', b'B', rest).find(is_word)?;
    Some(from + place + word.len())
}

/// How long the space behind a scheme's word is, encoded or not.
fn blank_bytes(text: &[u8]) -> usize {
    match text {
        [b'%', b'2', b'0', ..] => 3,
        [b'+', ..] => 1,
        _ => text.iter().take_while(|byte| **byte == b' ').count(),
    }
}

fn is_of_credential(byte: u8) -> bool {
    byte == b'/' || byte == b'=' || byte == b':' || is_of_token(byte, Place::Text)
}

/// `Bearer of news` is a sentence, `Basic dXNlcjpwYXNz` is not.
fn is_credential(token: &[u8], scheme: &[u8]) -> bool {
    const BYTES_MIN: usize = 4;
    let is_word = token.iter().all(u8::is_ascii_lowercase);
    BYTES_MIN <= token.len() && !(is_word && (scheme == b"basic" || token.len() < RUN_BYTES_MIN))
}
