//! Paths of plain words and short numbers, as most are: nothing in them can be a secret or
//! about a person, and their route is told in one pass.

const PATH_BYTES_MAX: usize = 100;
const SEGMENTS_MAX: usize = 12;
/// Longer ones are looked at more closely, by whoever knows secrets and routes.
const WORD_BYTES_MAX: usize = 15;
const JOINED_WORD_BYTES_MAX: usize = 11;
const NUMBER_BYTES_MAX: usize = 8;
const VERSION_BYTES_MAX: usize = 5;

const LOWER: u8 = 1;
const DIGIT: u8 = 2;
const SIGN: u8 = 4;
/// No part of a plain path.
const OTHER: u8 = 8;
const BOTH: u8 = LOWER | DIGIT;
const JOINED: u8 = LOWER | SIGN;

/// What each byte is.
const CLASSES: [u8; 256] = classes();

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "the place is less than the length, which is what a byte can be"
)]
const fn classes() -> [u8; 256] {
    let mut classes = [OTHER; 256];
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' => LOWER,
            b'0'..=b'9' => DIGIT,
            b'-' | b'_' => SIGN,
            _ => OTHER,
        };
        byte += 1;
    }
    classes
}

/// Writes the route of a path, if that is one of plain words and short numbers.
/// `false` for any other.
pub(super) fn plain_route(path: &str, out: &mut String) -> bool {
    try_plain_route(path, out).is_some()
}

fn try_plain_route(text: &str, out: &mut String) -> Option<()> {
    let path = text.as_bytes();
    let Some((b'/', segments)) = path.split_first() else { return None };
    if PATH_BYTES_MAX < path.len() {
        return None;
    }
    out.clear();
    if segments.is_empty() {
        out.push('/');
        return Some(());
    }
    let (mut kept, mut start, mut count) = (0, 1, 0);
    loop {
        let (bytes, classes) = measure(path.get(start..)?);
        let end = start + bytes;
        count += 1;
        match Segment::of(path.get(start..end)?, classes)? {
            Segment::Word => {}
            Segment::Number => {
                out.push_str(text.get(kept..start)?);
                out.push_str("{id}");
                kept = end;
            }
        }
        if end == path.len() {
            break;
        }
        start = end + 1;
    }
    out.push_str(text.get(kept..)?);
    (count <= SEGMENTS_MAX).then_some(())
}

enum Segment {
    Word,
    Number,
}

impl Segment {
    fn of(segment: &[u8], classes: u8) -> Option<Self> {
        let is_plain = |bytes_max: usize| (1..=bytes_max).contains(&segment.len());
        match classes {
            LOWER if is_plain(WORD_BYTES_MAX) => Some(Self::Word),
            DIGIT if is_plain(NUMBER_BYTES_MAX) => Some(Self::Number),
            JOINED if is_plain(JOINED_WORD_BYTES_MAX) => Some(Self::Word),
            BOTH if is_plain(VERSION_BYTES_MAX) && is_version(segment) => Some(Self::Word),
            _ => None,
        }
    }
}

/// `v1`
fn is_version(segment: &[u8]) -> bool {
    matches!(segment, [b'v', digits @ ..] if digits.iter().all(u8::is_ascii_digit))
}

/// How long the segment is, and what it is made of.
#[expect(clippy::indexing_slicing, reason = "there are as many classes as a byte has values")]
#[inline]
fn measure(rest: &[u8]) -> (usize, u8) {
    let mut classes = 0;
    for (place, byte) in rest.iter().enumerate() {
        if *byte == b'/' {
            return (place, classes);
        }
        classes |= CLASSES[usize::from(*byte)];
    }
    (rest.len(), classes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::flaws::flaws_of;
    use super::super::pseudonym::Pseudonyms;
    use super::super::route::route_of;
    use super::super::scrub::Scrubber;
    use super::super::shapes::Place;
    use super::*;
    use crate::model::{Flaws, Record};

    fn check(path: &str) -> bool {
        let (mut short, mut long) = (String::new(), String::new());
        if !plain_route(path, &mut short) {
            return false;
        }
        route_of(path, &mut long);
        assert_eq!(short, long, "{path}");
        let scrubber = Scrubber::new(Pseudonyms::new([3; 32]));
        assert_eq!(scrubber.scrub(path, Place::Path), path);
        let flaws = flaws_of(&Record::default(), (path.as_bytes(), b""), false);
        assert_eq!(flaws, Flaws::default(), "{path}");
        true
    }

    #[test]
    fn words_and_numbers_are_plain() {
        for path in ["/", "/v1/orders/76397250", "/v1/users/1/sub-orders/22", "/a/b_c", "/api/v12"]
        {
            assert!(check(path), "{path}");
        }
    }

    #[test]
    fn what_may_be_more_than_a_word_is_not() {
        for path in [
            "",
            "a",
            "//",
            "/a/",
            "/A",
            "/a.b",
            "/token=1",
            "/%41",
            "/a1",
            "/123456789",
            "/ab-cd-ef-ghij",
        ] {
            assert!(!check(path), "{path}");
        }
    }

    proptest! {
        #[test]
        fn the_short_way_comes_to_the_same(path in "(/([a-z]{0,18}|[0-9]{0,10}|[a-z_-]{0,14}|v[0-9]{0,6}|[a-z0-9.]{0,4})){0,14}") {
            check(&path);
        }
    }
}
