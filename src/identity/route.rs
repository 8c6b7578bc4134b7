//! Paths with their ids replaced, so that neighbours share one: `/v1/orders/{id}`.

use super::random::{is_uuid, looks_random};

const SEGMENTS_MAX: usize = 12;
const ROUTE_BYTES_MAX: usize = 160;
/// What stands for all that is beyond a limit.
const REST: &str = "/*";
/// A longer segment is no word.
const WORD_BYTES_MAX: usize = 40;
const HASH_BYTES_MIN: usize = 16;
const RANDOM_BYTES_MIN: usize = 16;
/// So many digits make an id of a segment that has letters too.
const DIGITS_MIN: usize = 3;
const EXTENSION_BYTES_MAX: usize = 5;
const SLUG_WORDS_MIN: usize = 5;
const SLUG_BYTES_MIN: usize = 16;

/// Writes the route of a scrubbed path.
pub(super) fn route_of(path: &str, out: &mut String) {
    out.clear();
    let path = without_host(path);
    let end = memchr::memchr2(b'?', b'#', path.as_bytes()).unwrap_or(path.len());
    let path = path.get(..end).unwrap_or("");
    // What stays as it is, slashes included, is copied in one piece, from here.
    let mut kept = 0;
    let mut segments = 0;
    let mut start = 0;
    while start < path.len() {
        let (bytes, classes) = measure(path.as_bytes().get(start..).unwrap_or(&[]));
        let end = start + bytes;
        if bytes == 0 {
            // Of two slashes one stays.
            out.push_str(path.get(kept..start.saturating_sub(1)).unwrap_or(""));
            kept = start;
        } else {
            let segment = path.get(start..end).unwrap_or("");
            let shown =
                if classes == LOWER { Template::word(segment) } else { Template::of(segment) };
            let length = out.len() + (start - kept) + shown.bytes() + REST.len();
            if segments == SEGMENTS_MAX || ROUTE_BYTES_MAX < length {
                out.push_str(path.get(kept..start.saturating_sub(1)).unwrap_or(""));
                out.push_str(REST);
                return;
            }
            if shown.first != segment {
                out.push_str(path.get(kept..start).unwrap_or(""));
                out.push_str(shown.first);
                out.push_str(shown.extension);
                kept = end;
            }
            segments += 1;
        }
        start = end + 1;
    }
    out.push_str(path.get(kept..).unwrap_or("").trim_end_matches('/'));
    if segments == 0 && path.starts_with('/') {
        out.push('/');
    }
}

const LOWER: u8 = 1;
const OTHER: u8 = 2;

/// How long the segment is, and what kinds of bytes it has.
fn measure(rest: &[u8]) -> (usize, u8) {
    let mut classes = 0;
    for (place, byte) in rest.iter().enumerate() {
        if *byte == b'/' {
            return (place, classes);
        }
        classes |=
            if byte.is_ascii_lowercase() && place < RANDOM_BYTES_MIN { LOWER } else { OTHER };
    }
    (rest.len(), classes)
}

/// What a segment becomes.
struct Template<'s> {
    first: &'s str,
    /// With its dot.
    extension: &'s str,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Word,
    Id,
    Uuid,
    Hash,
    Date,
    Slug,
    Secret,
}

/// What a segment is made of.
#[derive(Default)]
struct Letters {
    digits: usize,
    upper: usize,
    lower: usize,
    /// Letters behind `f`, and signs.
    not_hex: usize,
    /// Signs that no plain word has.
    odd: usize,
    dots: usize,
}

impl<'s> Template<'s> {
    const fn word(segment: &'s str) -> Self {
        Self { first: segment, extension: "" }
    }

    fn of(segment: &'s str) -> Self {
        if is_version(segment.as_bytes()) {
            return Self::word(segment);
        }
        if segment.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self { first: "{id}", extension: "" };
        }
        let letters = Letters::of(segment.as_bytes());
        if letters.digits + letters.odd == 0 && segment.len() < RANDOM_BYTES_MIN {
            return Self::word(segment);
        }
        let (stem, extension) = match (letters.dots, letters.odd) {
            (0, _) | (_, 1..) => (segment, ""),
            (_, 0) => split_extension(segment),
        };
        let kind = match extension {
            "" => kind_of(segment.as_bytes(), &letters),
            _ => kind_of(stem.as_bytes(), &Letters::of(stem.as_bytes())),
        };
        match kind {
            Kind::Word => Self::word(segment),
            Kind::Id => Self { first: "{id}", extension },
            Kind::Uuid => Self { first: "{uuid}", extension },
            Kind::Hash => Self { first: "{hash}", extension },
            Kind::Date => Self { first: "{date}", extension },
            Kind::Slug => Self { first: "{slug}", extension },
            Kind::Secret => Self { first: "{secret}", extension },
        }
    }

    const fn bytes(&self) -> usize {
        self.first.len() + self.extension.len()
    }
}

impl Letters {
    fn of(segment: &[u8]) -> Self {
        let mut seen = Self::default();
        for byte in segment {
            match byte {
                b'0'..=b'9' => seen.digits += 1,
                b'a'..=b'f' => seen.lower += 1,
                b'A'..=b'F' => seen.upper += 1,
                b'g'..=b'z' => {
                    seen.lower += 1;
                    seen.not_hex += 1;
                }
                b'G'..=b'Z' => {
                    seen.upper += 1;
                    seen.not_hex += 1;
                }
                b'.' => {
                    seen.dots += 1;
                    seen.not_hex += 1;
                }
                b'-' | b'_' | b':' | b'~' | b'+' | b'$' | b'*' => seen.not_hex += 1,
                _ => {
                    seen.odd += 1;
                    seen.not_hex += 1;
                }
            }
        }
        seen
    }
}

fn kind_of(segment: &[u8], letters: &Letters) -> Kind {
    if segment.starts_with(b"[hash:") {
        return Kind::Hash;
    }
    if segment.starts_with(b"[secret:") {
        return Kind::Secret;
    }
    if letters.digits == segment.len() || 0 < letters.odd || WORD_BYTES_MAX < segment.len() {
        return Kind::Id;
    }
    if letters.not_hex == 0 && 0 < letters.digits && HASH_BYTES_MIN <= segment.len() {
        return Kind::Hash;
    }
    if is_uuid(segment) {
        return Kind::Uuid;
    }
    if is_date(segment) {
        return Kind::Date;
    }
    if is_slug(segment) {
        return Kind::Slug;
    }
    let is_id = DIGITS_MIN <= letters.digits || looks_random(segment, RANDOM_BYTES_MIN);
    if is_id || is_numbered(segment) { Kind::Id } else { Kind::Word }
}

/// `how-to-read-a-log`: a title, of so many words that it is no word of the API.
fn is_slug(segment: &[u8]) -> bool {
    let is_of_slug =
        |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    let words = segment.split(|byte| *byte == b'-').filter(|word| !word.is_empty()).count();
    SLUG_WORDS_MIN <= words && SLUG_BYTES_MIN <= segment.len() && segment.iter().all(is_of_slug)
}

/// `v1`, `v19.0`
fn is_version(segment: &[u8]) -> bool {
    const BYTES_MAX: usize = 6;
    segment.len() <= BYTES_MAX
        && matches!(segment, [b'v' | b'V', b'0'..=b'9', rest @ ..]
            if rest.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.'))
}

/// `2026-03-09`
fn is_date(segment: &[u8]) -> bool {
    const DASHES: [usize; 2] = [4, 7];
    segment.len() == 10
        && segment.iter().enumerate().all(|(place, byte)| {
            if DASHES.contains(&place) { *byte == b'-' } else { byte.is_ascii_digit() }
        })
}

/// `order-7`, but neither `v1` nor `oauth2`.
fn is_numbered(segment: &[u8]) -> bool {
    let digits = segment.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = segment.len().checked_sub(digits + 1).and_then(|place| segment.get(place));
    0 < digits && matches!(sign, Some(b'-' | b'_' | b':'))
}

/// `12.pdf` as `12` and `.pdf`; an extension begins with a letter.
fn split_extension(segment: &str) -> (&str, &str) {
    let Some(dot) = segment.rfind('.').filter(|dot| 0 < *dot) else {
        return (segment, "");
    };
    let (stem, extension) = segment.split_at_checked(dot).unwrap_or((segment, ""));
    let word = extension.as_bytes().get(1..).unwrap_or(&[]);
    let is_extension = word.first().is_some_and(u8::is_ascii_alphabetic)
        && word.len() <= EXTENSION_BYTES_MAX
        && word.iter().all(u8::is_ascii_alphanumeric);
    if is_extension { (stem, extension) } else { (segment, "") }
}

/// `http://host/path`, as proxies are asked, without its first half.
fn without_host(path: &str) -> &str {
    if path.starts_with('/') {
        return path;
    }
    let Some(rest) = path.strip_prefix("http://").or(path.strip_prefix("https://")) else {
        return path;
    };
    rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: &str) {
        let mut route = String::new();
        route_of(path, &mut route);
        assert_eq!(route, expected, "{path}");
    }

    #[test]
    fn ids_are_replaced() {
        check("/v1/orders/76397250", "/v1/orders/{id}");
        check("/v1/orders/1/items/22", "/v1/orders/{id}/items/{id}");
        check("/users/550e8400-e29b-41d4-a716-446655440000", "/users/{uuid}");
        check("/blobs/[hash:abcdef]/raw", "/blobs/{hash}/raw");
        check("/blobs/9e107d9d372bb682", "/blobs/{hash}");
        check("/hooks/[secret:abcdef]", "/hooks/{secret}");
        check("/reports/2026-03-09", "/reports/{date}");
        check("/reports/2026-03-09.csv", "/reports/{date}.csv");
        check("/customers/cus_9s6XKzkNRiz8i3/cards", "/customers/{id}/cards");
        check("/t/order-7", "/t/{id}");
        check("/u/bo%40example.com", "/u/{id}");
        check("/invoices/12345.pdf", "/invoices/{id}.pdf");
        check("/a/qWeRtYuIoPaSdFgHjK", "/a/{id}");
        check("/blog/how-to-read-a-log", "/blog/{slug}");
        check("/blog/10-ways-to-read-logs.html", "/blog/{slug}.html");
    }

    #[test]
    fn words_and_files_stay() {
        for path in [
            "/",
            "/v1/orders",
            "/v19.0/messages",
            "/services/data/v62.0",
            "/api/v2/oauth2/token",
            "/.env",
            "/wp-login.php",
            "/static/app.js",
            "/v1/models/gemini-pro:generateContent",
            "/en-US/docs",
            "/assets/logo.min.svg",
            "/v1/sign-in-with-code",
            "/v1/phone-number-lookup",
            "*",
        ] {
            check(path, path);
        }
    }

    #[test]
    fn a_path_is_read_as_servers_do() {
        check("/v1//orders/", "/v1/orders");
        check("http://example.com/v1/orders/7", "/v1/orders/{id}");
        check("https://example.com", "/");
        check("/v1/orders?id=7", "/v1/orders");
        check("", "");
    }

    #[test]
    fn a_route_has_limits() {
        check(&"/a".repeat(12), &"/a".repeat(12));
        check(&"/a".repeat(13), &format!("{}/*", "/a".repeat(12)));
        let mut route = String::new();
        route_of(&"/abcdefghijklmnopqrstuvwxyz".repeat(11), &mut route);
        assert!(route.len() <= ROUTE_BYTES_MAX && route.ends_with("z/*"), "{route}");
        check(&format!("/{}", "x".repeat(41)), "/{id}");
    }
}
