//! Which part of a line is the credential: behind `Bearer`, or in the query.

use std::borrow::Cow;

use super::clean::decoded;
use super::words::plain;

/// The words before a credential in an `Authorization` header, in lower case.
const SCHEMES: &[&[u8]] = &[
    b"bearer",
    b"token",
    b"basic",
    b"apikey",
    b"api-key",
    b"key",
    b"jwt",
    b"oauth",
    b"negotiate",
    b"ntlm",
    b"digest",
    b"hawk",
    b"aws4-hmac-sha256",
    b"sso-key",
    b"geniekey",
    b"splunk",
    b"dpop",
    b"signature",
    b"bot",
];

/// Parameters that name the caller inside such a header; the rest changes with every request.
const CALLERS: &[&[u8]] = &[b"credential=", b"username=", b"keyid=", b"token=", b"id="];

/// Names of query arguments that carry a credential, the best first, without punctuation.
const ARGUMENTS: [&[u8]; 4] = [b"apikey", b"key", b"accesstoken", b"token"];

/// The credential without scheme, quotes and blanks.
pub(super) fn bare(raw: &[u8]) -> &[u8] {
    let raw = trimmed(raw);
    let Some(space) = raw.iter().position(u8::is_ascii_whitespace) else {
        return raw;
    };
    let (word, rest) = raw.split_at(space);
    let word = word.strip_suffix(b":").unwrap_or(word);
    if !SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(word)) {
        return raw;
    }
    let rest = trimmed(rest);
    CALLERS.iter().find_map(|name| parameter(rest, name)).unwrap_or(rest)
}

/// Whether the credential stands there behind `Basic`: it holds a password.
pub(super) fn is_basic(raw: &[u8]) -> bool {
    let word = raw.trim_ascii_start().get(..6).unwrap_or(&[]);
    word.eq_ignore_ascii_case(b"basic ")
}

/// Whether it stands for no credential: empty, `-`, or the name of a scheme alone.
pub(super) fn is_absent(credential: &[u8]) -> bool {
    credential.is_empty()
        || credential == b"-"
        || SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(credential))
}

/// The credential that stands in a query, decoded.
pub(super) fn in_query(query: &[u8]) -> Option<Cow<'_, [u8]>> {
    argument_among(query, &ARGUMENTS)
}

/// The argument `api_key`, decoded.
pub(super) fn api_key_in_query(query: &[u8]) -> Option<Cow<'_, [u8]>> {
    argument_among(query, ARGUMENTS.get(..1)?)
}

fn argument_among<'q>(query: &'q [u8], names: &[&[u8]]) -> Option<Cow<'q, [u8]>> {
    let mut best: Option<(usize, &[u8])> = None;
    let mut rest = query;
    while let Some(sign) = memchr::memchr(b'=', rest) {
        let (name, value) = (rest.get(..sign)?, rest.get(sign + 1..)?);
        let end = memchr::memchr(b'&', value).unwrap_or(value.len());
        let found = value.get(..end)?;
        rest = value.get(end..)?;
        let first = memchr::memrchr(b'&', name).map_or(0, |and| and + 1);
        let name = decoded(name.get(first..)?);
        let mut buffer = [0; 32];
        let name = plain(&name, &mut buffer);
        let place = names.iter().position(|wanted| *wanted == name);
        let Some(place) = place.filter(|_| !found.is_empty()) else { continue };
        if best.is_none_or(|(other, _)| place < other) {
            best = Some((place, found));
        }
    }
    best.map(|(_, found)| decoded(found))
}

fn trimmed(raw: &[u8]) -> &[u8] {
    let raw = raw.trim_ascii();
    let inner = raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\""));
    inner.unwrap_or(raw).trim_ascii()
}

/// The value of `name="value"` in a list; of an AWS scope only the key's id.
fn parameter<'r>(rest: &'r [u8], name: &[u8]) -> Option<&'r [u8]> {
    let start = rest.windows(name.len()).position(|seen| seen.eq_ignore_ascii_case(name))?;
    let begins = start.checked_sub(1).and_then(|before| rest.get(before));
    if begins.is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let value = rest.get(start + name.len()..)?;
    let value = value.strip_prefix(b"\"").unwrap_or(value);
    let ends = |byte: &u8| matches!(byte, b'"' | b',' | b'/' | b' ');
    let value = value.split(ends).next()?;
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_no_part_of_the_credential() {
        for (raw, credential) in [
            ("Bearer abc", "abc"),
            ("bearer  abc ", "abc"),
            ("TOKEN abc", "abc"),
            ("Token token=\"abc\"", "abc"),
            ("Basic dXNlcg==", "dXNlcg=="),
            ("abc", "abc"),
            ("two words", "two words"),
            ("\"abc\"", "abc"),
            ("AWS4-HMAC-SHA256 Credential=AKIAX/20260309/eu/s3, Signature=ff", "AKIAX"),
            ("Digest username=\"bo\", realm=\"r\", response=\"ff\"", "bo"),
        ] {
            assert_eq!(bare(raw.as_bytes()), credential.as_bytes(), "{raw}");
        }
    }

    #[test]
    fn api_key_wins_over_the_other_arguments() {
        let check = |query: &'static str| in_query(query.as_bytes()).map(Cow::into_owned);
        assert_eq!(check("token=t&api%5Fkey=a%2Fb&key=k"), Some(b"a/b".to_vec()));
        assert_eq!(check("token=t&access_token=a"), Some(b"a".to_vec()));
        assert_eq!(check("a=1&API-KEY=x"), Some(b"x".to_vec()));
        assert_eq!(check("api_key=&key"), None);
        assert_eq!(check("limit=20&keys=1"), None);
        assert_eq!(api_key_in_query(b"key=1"), None);
    }
}
