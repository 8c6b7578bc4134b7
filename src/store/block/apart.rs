//! Texts without their long numbers, which stand apart: what is left of `/v1/orders/4711` is the same
//! in all of them, and of digits one is as likely as another.

use std::ops::Range;

use super::BlockError;

/// Pieces of a text, from which it can be put together again.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Apart {
    /// The text with a [`PLACE`] for each number.
    pub(super) words: Vec<u8>,
    /// All numbers, one behind the other.
    pub(super) digits: Vec<u8>,
    /// How many digits each has.
    pub(super) runs: Vec<u64>,
}

/// Where a number was.
const PLACE: u8 = 0;
/// Shorter ones stay: they are part of a name, as in `v2`.
const RUN_BYTES_MIN: usize = 4;
/// With fewer digits it is not worth it: one of so many bytes.
const BYTES_A_DIGIT_MAX: usize = 4;

impl Apart {
    /// `None` for a text that is better left as it is.
    pub(super) fn of(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        if memchr::memchr(PLACE, text).is_some() {
            return None;
        }
        let (words, digits) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
        let mut apart = Self { words, digits, runs: Vec::new() };
        let mut from = 0;
        while let Some(run) = next_run(text, from) {
            apart.words.extend_from_slice(text.get(from..run.start)?);
            apart.words.push(PLACE);
            from = run.end;
            apart.runs.push(run.len() as u64);
            apart.digits.extend_from_slice(text.get(run)?);
        }
        apart.words.extend_from_slice(text.get(from..)?);
        (text.len() <= apart.digits.len() * BYTES_A_DIGIT_MAX).then_some(apart)
    }

    /// How many numbers stand apart from these words.
    pub(super) fn runs_in(words: &[u8]) -> usize {
        memchr::memchr_iter(PLACE, words).count()
    }

    /// The text as it was.
    pub(super) fn joined(&self) -> Result<Vec<u8>, BlockError> {
        let damaged = || BlockError::Damaged("a text and its numbers do not fit together");
        let mut text = Vec::with_capacity(self.words.len() + self.digits.len());
        let mut digits = self.digits.as_slice();
        let mut words = self.words.split(|byte| *byte == PLACE);
        text.extend_from_slice(words.next().unwrap_or_default());
        for (word, bytes) in words.zip(&self.runs) {
            let bytes = usize::try_from(*bytes).map_err(|_large| damaged())?;
            let (run, rest) = digits.split_at_checked(bytes).ok_or_else(damaged)?;
            text.extend_from_slice(run);
            text.extend_from_slice(word);
            digits = rest;
        }
        if digits.is_empty() { Ok(text) } else { Err(damaged()) }
    }
}

/// Where the next long number stands. Only one byte in a few is looked at: a number that is so long
/// cannot hide between them.
fn next_run(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut at = from + RUN_BYTES_MIN - 1;
    loop {
        if !text.get(at)?.is_ascii_digit() {
            at += RUN_BYTES_MIN;
            continue;
        }
        let before = text.get(from..at)?.iter().rev().take_while(|it| it.is_ascii_digit()).count();
        let behind = text.get(at..)?.iter().take_while(|it| it.is_ascii_digit()).count();
        if RUN_BYTES_MIN <= before + behind {
            return Some(at - before..at + behind);
        }
        at += behind + RUN_BYTES_MIN;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str) -> Option<String> {
        let apart = Apart::of(text)?;
        assert_eq!(apart.joined().unwrap(), text.as_bytes(), "{text}");
        assert_eq!(Apart::runs_in(&apart.words), apart.runs.len());
        let is_long = |run: &[u8]| run.iter().all(u8::is_ascii_digit);
        assert!(!apart.words.windows(RUN_BYTES_MIN).any(is_long), "{text}");
        Some(String::from_utf8(apart.words).unwrap().replace('\0', "#"))
    }

    #[test]
    fn long_numbers_stand_apart_and_short_ones_do_not() {
        assert_eq!(check("/v1/a/76397250/v1/a/123/4567").as_deref(), Some("/v1/a/#/v1/a/123/#"));
        assert_eq!(check("12345678").as_deref(), Some("#"));
        assert_eq!(check("/v1/a-long-name-and-a-number/4711"), None);
        assert_eq!(check("\0 4711 4711 4711"), None);
        assert_eq!(check(""), Some(String::new()));
    }

    #[test]
    fn pieces_that_do_not_fit_are_damage() {
        let apart = Apart::of("/a/4711/b/4712").unwrap();
        for (digits, runs) in [("471", [4, 4]), ("47114712", [4, 5]), ("47114712", [4, 3])] {
            let digits = digits.as_bytes().to_vec();
            let bent = Apart { words: apart.words.clone(), digits, runs: runs.to_vec() };
            assert!(bent.joined().is_err());
        }
    }

    proptest! {
        #[test]
        fn whatever_is_taken_apart_can_be_joined(text in "([0-9]{1,9}|[a-zé/\0]){0,20}") {
            check(&text);
        }
    }
}
