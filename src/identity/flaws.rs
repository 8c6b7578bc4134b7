//! What is wrong with how a request was made: keys and personal data in its URL, a password
//! in its header, no TLS or an old one, a signed URL after its time.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::clean::decoded;
use super::personal::{Personal, personal};
use super::private::has_long_number;
use super::shapes::is_live_secret;
use super::words::plain;
use crate::model::{Flaw, Flaws, Millis, Record, Timestamp, Transport};

/// Names of arguments that hold a key or a password; what else hides is no flaw of the
/// client: codes and states of a log-in belong into URLs.
const KEYS: [&[u8]; 14] = [
    b"apikey",
    b"accesstoken",
    b"authtoken",
    b"refreshtoken",
    b"idtoken",
    b"clientsecret",
    b"secret",
    b"secretkey",
    b"password",
    b"passwd",
    b"pwd",
    b"hapikey",
    b"subscriptionkey",
    b"privatekey",
];
const JWT: &[u8] = b"eyJ";

/// What signs a URL, and until when it holds.
#[derive(Default)]
struct Signed {
    has_signature: bool,
    /// Of those that count from a moment: the moment and the seconds.
    from: Option<Timestamp>,
    seconds: Option<i64>,
    until: Option<Timestamp>,
}

/// The flaws of a request. `is_key_in_url`: its key came from there.
pub(super) fn flaws_of(
    record: &Record<'_>,
    (path, query): (&[u8], &[u8]),
    is_key_in_url: bool,
) -> Flaws {
    let mut flaws = Flaws::default();
    if is_key_in_url {
        flaws = flaws.with(Flaw::KeyInUrl);
    }
    if record.key.as_deref().is_some_and(super::credential::is_basic) {
        flaws = flaws.with(Flaw::BasicAuth);
    }
    if !query.is_empty() {
        flaws = in_query(flaws, query, record.time);
    }
    // Looked through only if there is a sign of somebody in it.
    let has_sign = || memchr::memchr2(b'@', b'%', path).is_some() || has_long_number(path);
    if !path.is_empty() && has_sign() {
        for segment in path.split(|byte| *byte == b'/').filter(|it| !it.is_empty()) {
            flaws = with_personal(flaws, (b"", &decoded(segment)));
        }
    }
    let transport = transport_of(record);
    let flaws = match transport {
        Transport::Plain => flaws.with(Flaw::PlainHttp),
        Transport::Ssl | Transport::Tls10 | Transport::Tls11 => flaws.with(Flaw::OldTls),
        Transport::Unknown | Transport::Tls12 | Transport::Tls13 => flaws,
    };
    flaws.over(transport)
}

fn in_query(mut flaws: Flaws, query: &[u8], at: Option<Timestamp>) -> Flaws {
    let mut signed = Signed::default();
    for pair in query.split(|byte| matches!(byte, b'&' | b';')) {
        let Some(sign) = memchr::memchr(b'=', pair) else { continue };
        let (name, value) = (pair.get(..sign).unwrap_or(&[]), pair.get(sign + 1..).unwrap_or(&[]));
        if value.is_empty() {
            continue;
        }
        let (name, value) = (decoded(name), decoded(value));
        let mut buffer = [0; 32];
        let name = plain(&name, &mut buffer);
        if value.starts_with(JWT) && 2 <= memchr::memchr_iter(b'.', &value).count() {
            flaws = flaws.with(Flaw::TokenInUrl);
        } else if KEYS.contains(&name) || !value.starts_with(JWT) && is_live_secret(&value) {
            flaws = flaws.with(Flaw::KeyInUrl);
        } else {
            flaws = with_personal(flaws, (name, &value));
        }
        signed.note(name, &value);
    }
    if !signed.has_signature {
        return flaws;
    }
    let flaws = flaws.with(Flaw::SignedUrl);
    let is_over = signed.until().zip(at).is_some_and(|(until, at)| until < at);
    if is_over { flaws.with(Flaw::SignedUrlExpired) } else { flaws }
}

fn with_personal(flaws: Flaws, (name, value): (&[u8], &[u8])) -> Flaws {
    match personal(name, value) {
        Some(Personal::Mail) => flaws.with(Flaw::MailInUrl),
        Some(Personal::Phone) => flaws.with(Flaw::PhoneInUrl),
        Some(Personal::Card) => flaws.with(Flaw::CardInUrl),
        Some(Personal::NationalId) => flaws.with(Flaw::NationalIdInUrl),
        Some(Personal::CardLike) => flaws.with(Flaw::CardLike),
        Some(Personal::NoCard) => flaws.with(Flaw::NoCard),
        None => flaws,
    }
}

impl Signed {
    fn note(&mut self, name: &[u8], value: &[u8]) {
        let text = core::str::from_utf8(value).unwrap_or("");
        match name {
            b"xamzsignature" | b"xgoogsignature" | b"signature" | b"sig" => {
                self.has_signature = true;
            }
            b"xamzdate" | b"xgoogdate" => self.from = moment(text),
            b"xamzexpires" | b"xgoogexpires" => self.seconds = text.parse().ok(),
            b"expires" | b"exp" | b"se" => self.until = moment(text),
            _ => (),
        }
    }

    fn until(&self) -> Option<Timestamp> {
        let counted = self.from.zip(self.seconds);
        self.until.or(counted.map(|(from, seconds)| from.plus(Millis::seconds(seconds))))
    }
}

/// `20260309T000000Z`, RFC 3339, or seconds since 1970.
fn moment(text: &str) -> Option<Timestamp> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() == 10 {
        return text.parse().ok().map(Timestamp::from_seconds);
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp(time.as_millisecond()));
    }
    let time = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    Some(Timestamp(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond()))
}

fn transport_of(record: &Record<'_>) -> Transport {
    let text = |field: &Option<crate::model::record::Field<'_>>| {
        field.as_deref().map_or(String::new(), |it| String::from_utf8_lossy(it).to_lowercase())
    };
    if record.tls.is_some() {
        let version = text(&record.tls);
        let known = [
            ("1.3", Transport::Tls13),
            ("1.2", Transport::Tls12),
            ("1.1", Transport::Tls11),
            ("1.0", Transport::Tls10),
            ("ssl", Transport::Ssl),
        ];
        let found = known.iter().find(|(mark, _)| version.contains(mark));
        return match (found, version.as_str()) {
            (Some((_, transport)), _) => *transport,
            (None, "tlsv1" | "769") => Transport::Tls10,
            (None, "770") => Transport::Tls11,
            (None, "771") => Transport::Tls12,
            (None, "772") => Transport::Tls13,
            (None, _) => Transport::Unknown,
        };
    }
    if record.scheme.is_some() && matches!(text(&record.scheme).as_str(), "http" | "ws") {
        return Transport::Plain;
    }
    Transport::Unknown
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn check(target: &str, expected: &[Flaw]) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let time = Some(Timestamp::from_seconds(1_773_000_000));
        let record = Record { time, ..Record::default() };
        let flaws = flaws_of(&record, (path.as_bytes(), query.as_bytes()), false);
        let found: Vec<Flaw> = Flaw::ALL.into_iter().filter(|flaw| flaws.has(*flaw)).collect();
        assert_eq!(found, expected, "{target}");
    }

    #[test]
    fn what_does_not_belong_into_a_url_is_found() {
        check("/v1/a?api_key=x", &[Flaw::KeyInUrl]);
        check("/v1/a?b=1&Access-Token=x", &[Flaw::KeyInUrl]);
        check("/v1/a?q=sk-abcdefghijklmnopqrst", &[Flaw::KeyInUrl]);
        check("/v1/a?t=eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.x", &[Flaw::TokenInUrl]);
        check("/v1/users/ana@example.com", &[Flaw::MailInUrl]);
        check("/v1/users?who=ana%40example.com", &[Flaw::MailInUrl]);
        check("/v1/sms?to=%2B4915112345678", &[Flaw::PhoneInUrl]);
        check("/v1/pay?card_number=4111111111111111", &[Flaw::CardInUrl]);
        check("/v1/people?ssn=123-45-6789", &[Flaw::NationalIdInUrl]);
    }

    #[test]
    fn ordinary_urls_have_no_flaw() {
        for target in [
            "/",
            "/img/logo@2x.png",
            "/npm/@scope/package@1.2.3/dist/x.min.js",
            "/v1/orders/123456789012?limit=20&cursor=abc",
            "/callback?code=abcdef&state=xyz&nonce=1",
            "/search?q=password+reset&key=",
            "/v1/a?key=created_at&token=",
            "/v1/t/1773000000123/1773000000",
            "/v1/a?page=eyJzZWFyY2giOiIiLCJmaWVsZHMiOltdfQ",
            "/v1/a?phone=yes&email=true&to=2026-01-01",
        ] {
            check(target, &[]);
        }
    }

    #[test]
    fn a_signed_url_holds_until_its_time() {
        check(
            "/b?X-Amz-Date=20260308T190000Z&X-Amz-Expires=7200&X-Amz-Signature=ab",
            &[Flaw::SignedUrl],
        );
        check(
            "/b?X-Amz-Date=20260308T190000Z&X-Amz-Expires=900&X-Amz-Signature=ab",
            &[Flaw::SignedUrl, Flaw::SignedUrlExpired],
        );
        check("/b?Expires=1772999999&Signature=x", &[Flaw::SignedUrl, Flaw::SignedUrlExpired]);
        check("/b?se=2026-03-09T00%3A00%3A00Z&sig=x", &[Flaw::SignedUrl]);
        check("/b?expires=1772999999", &[]);
    }

    #[test]
    fn the_transport_is_what_the_line_says() {
        let of = |tls: Option<&'static str>, scheme: Option<&'static str>| {
            let field = |text: &'static str| Cow::Borrowed(text.as_bytes());
            let record =
                Record { tls: tls.map(field), scheme: scheme.map(field), ..Record::default() };
            flaws_of(&record, (b"/", b""), false)
        };
        assert_eq!(of(Some("TLSv1.3"), Some("http")).transport(), Transport::Tls13);
        assert!(of(Some("TLSv1"), None).has(Flaw::OldTls));
        assert!(of(Some("770"), None).has(Flaw::OldTls));
        assert!(of(Some("SSLv3"), None).has(Flaw::OldTls));
        assert!(of(None, Some("http")).has(Flaw::PlainHttp));
        assert_eq!(of(None, Some("https")), Flaws::default());
        assert_eq!(of(None, None), Flaws::default());
    }
}
