//! Where in a text people's data stand: mail addresses, numbers of phones, cards and persons.
//! Each is replaced by a label before anything is stored.

use core::ops::Range;

use super::clean::decoded;
use super::personal::{Personal, in_words, personal};
use super::shapes::Place;
use super::words::plain;

/// A place, and how its label begins.
pub(super) type Private = (Range<usize>, &'static str);

/// Adds the places of all personal data in `text`.
pub(super) fn find_private(text: &str, place: Place, found: &mut Vec<Private>) {
    match place {
        Place::Path => values(text, 0, |byte| byte == b'/', found),
        Place::Query => values(text, 0, |byte| matches!(byte, b'&' | b';'), found),
        // A referrer is a URL, whose arguments have names.
        Place::Text | Place::Sample => {
            if text.contains("://") {
                let ends = |byte| matches!(byte, b'/' | b'?' | b'&' | b';' | b'#' | b' ' | b'"');
                values(text, 0, ends, found);
            }
            in_words(text, |range, what| found.extend(label(what).map(|label| (range, label))));
        }
    }
}

/// The first look at a free text: whether a closer one is worth it.
pub(super) fn may_have_private(text: &[u8]) -> bool {
    memchr::memchr(b'@', text).is_some() || has_long_number(text) || text.contains(&b'%')
}

/// Whether there are so many digits together that they may be somebody's number.
pub(super) fn has_long_number(text: &[u8]) -> bool {
    const DIGITS_MIN: u32 = 9;
    let mut digits = 0u32;
    text.iter().any(|byte| {
        digits = match byte {
            b'0'..=b'9' => digits + 1,
            b'-' | b'.' | b' ' => digits,
            _ => 0,
        };
        DIGITS_MIN <= digits
    })
}

/// `name=value`, or a value alone, between the bytes at which one ends.
fn values(text: &str, from: usize, ends: impl Fn(u8) -> bool, found: &mut Vec<Private>) {
    let mut start = from;
    for piece in text.as_bytes().split(|byte| ends(*byte)) {
        let sign = memchr::memchr(b'=', piece).map_or(0, |sign| sign + 1);
        let name = piece.get(..sign.saturating_sub(1)).unwrap_or(&[]);
        let raw = piece.get(sign..).unwrap_or(&[]);
        if !raw.is_empty()
            && let Some(label) = label_of(name, raw)
        {
            found.push((start + sign..start + piece.len(), label));
        }
        start += piece.len() + 1;
    }
}

/// What stands for the whole value, if there is somebody's data in it.
fn label_of(name: &[u8], raw: &[u8]) -> Option<&'static str> {
    // A label already.
    if raw.starts_with(b"[") {
        return None;
    }
    let (name, value) = (decoded(name), decoded(raw));
    let mut buffer = [0; 32];
    personal(plain(&name, &mut buffer), &value).and_then(label)
}

const fn label(what: Personal) -> Option<&'static str> {
    match what {
        Personal::Mail => Some("mail"),
        Personal::Phone => Some("phone"),
        Personal::Card | Personal::CardLike => Some("card"),
        Personal::NationalId => Some("person"),
        Personal::NoCard => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was found as `<label>` in its place.
    fn check(place: Place, text: &str, expected: &str) {
        let mut found = Vec::new();
        find_private(text, place, &mut found);
        found.sort_by_key(|(range, _)| range.start);
        found.dedup_by(|next, before| next.0.start < before.0.end);
        let mut shown = text.to_owned();
        for (range, label) in found.into_iter().rev() {
            shown.replace_range(range, &["<", label, ">"].concat());
        }
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn people_are_found_in_paths_and_queries() {
        check(Place::Path, "/v1/users/ana@example.com/orders", "/v1/users/<mail>/orders");
        check(Place::Path, "/v1/users/ana%40example.com", "/v1/users/<mail>");
        check(Place::Path, "/sms/+4915112345678", "/sms/<phone>");
        check(Place::Path, "/pay/4111111111111111/x", "/pay/<card>/x");
        check(Place::Path, "/people/123-45-6789", "/people/<person>");
        check(Place::Query, "a=1&phone=15112345678&b=2", "a=1&phone=<phone>&b=2");
        check(Place::Query, "who=ana%40example.com", "who=<mail>");
        check(Place::Query, "q=write+to+ana@example.com", "q=<mail>");
        check(Place::Query, "iban=DE89370400440532013000", "iban=<person>");
    }

    #[test]
    fn people_are_found_in_sentences() {
        check(Place::Text, "call +49 151 12345678 now", "call <phone> now");
        check(Place::Text, "bot/1 (ana@example.com; x)", "bot/1 (<mail>; x)");
        check(Place::Text, "paid with 4111 1111 1111 1111.", "paid with <card>.");
        check(
            Place::Text,
            "https://example.com/find?phone=15112345678&a=1",
            "https://example.com/find?phone=<phone>&a=1",
        );
    }

    #[test]
    fn ordinary_texts_stay() {
        for (place, text) in [
            (Place::Path, "/v1/orders/123456789012/img/logo@2x.png"),
            (Place::Path, "/npm/@scope/package@1.2.3/x.min.js"),
            (Place::Query, "limit=20&from=2026-03-09&to=2026-03-10&t=1773000000123"),
            (Place::Query, "phone=[phone:q3xk7a]&ssn=[person:234567]"),
            (Place::Text, "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0"),
            (Place::Text, "at 2026-03-09 10:00:00.123456 UTC 1773000000"),
        ] {
            check(place, text, text);
        }
    }

    #[test]
    fn the_first_look_lets_nobody_slip() {
        for text in ["ana@example.com", "+49 151 12345678", "4111 1111 1111 1111", "123-45-6789"] {
            assert!(may_have_private(text.as_bytes()), "{text}");
        }
        assert!(!may_have_private(b"acme-sdk-php/1.5.2 GuzzleHttp/7"));
    }
}
