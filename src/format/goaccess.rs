//! `GoAccess`'s log-format strings, as they are pasted: the string, or the line of its configuration.

use super::FormatError;
use super::credential::Credentials;
use super::escape::Escape;
use super::place::Place;
use super::plan::Plan;
use super::plan::Token;

/// Compiles a pasted `log-format …`, a bare string, or the name of one that `GoAccess` knows.
pub(super) fn compile(pasted: &str, credentials: Credentials) -> Result<Plan, FormatError> {
    let text = string(pasted);
    let known = KNOWN.iter().find(|(name, _)| *name == text).map(|(_, known)| *known);
    let tokens = tokens(pasted, known.unwrap_or(&text))?;
    Plan::new(&tokens, pasted, Escape::Backslash, credentials)
}

const KNOWN: &[(&str, &str)] = &[
    ("COMMON", "%h %^[%d:%t %^] \"%r\" %s %b"),
    ("COMBINED", "%h %^[%d:%t %^] \"%r\" %s %b \"%R\" \"%u\""),
    ("VCOMMON", "%v:%^ %h %^[%d:%t %^] \"%r\" %s %b"),
    ("VCOMBINED", "%v:%^ %h %^[%d:%t %^] \"%r\" %s %b \"%R\" \"%u\""),
];

/// Date and time next to each other are one time.
const TIMES: &[&str] =
    &["%d:%t %^", "%dT%t%^", "%d:%t", "%dT%t", "%d %t", "%d\t%t", "%x", "%d", "%t"];

fn string(pasted: &str) -> String {
    let text = pasted.trim();
    let text = text.strip_prefix("log-format").map_or(text, str::trim_start);
    let text = text.strip_prefix('=').map_or(text, str::trim_start);
    let inner = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    inner.unwrap_or(text).replace("\\t", "\t").replace("\\\"", "\"")
}

fn tokens(pasted: &str, format: &str) -> Result<Vec<Token>, FormatError> {
    let mut tokens = Vec::new();
    let mut literal = String::new();
    let mut rest = format;
    while let Some(letter) = rest.chars().next() {
        let at = format.len() - rest.len();
        let behind = rest.get(letter.len_utf8()..).unwrap_or("");
        let found = match letter {
            '%' => Some(specifier(rest).ok_or_else(|| unknown(pasted, format, at))?),
            '~' => hops(rest),
            _ => None,
        };
        let Some((name, place, behind)) = found else {
            literal.push(letter);
            rest = behind;
            continue;
        };
        rest = behind;
        // White space before a value is padding, and padding is skipped anyway.
        if name == "~" {
            continue;
        }
        if !literal.is_empty() {
            tokens.push(Token::Literal(std::mem::take(&mut literal).into_bytes()));
        }
        tokens.push(Token::Variable { name: name.to_owned(), place, at });
    }
    if !literal.is_empty() {
        tokens.push(Token::Literal(literal.into_bytes()));
    }
    Ok(tokens)
}

/// `~h{, }`: a list of forwarded addresses.
fn hops(text: &str) -> Option<(&'static str, Place, &str)> {
    let (_, behind) = text.strip_prefix("~h{")?.split_once('}')?;
    Some(("http_x_forwarded_for", Place::Hops, behind))
}

fn specifier(text: &str) -> Option<(&'static str, Place, &str)> {
    if let Some(time) = TIMES.iter().find(|time| text.starts_with(**time)) {
        // The name says whether the value holds a space, as `time_local` does.
        let name = if time.contains(' ') { "time_local" } else { "time" };
        return Some((name, Place::Time, text.get(time.len()..)?));
    }
    let letter = text.chars().nth(1)?;
    let (name, place) = match letter {
        'v' => ("host", Place::Host),
        'e' => ("remote_user", Place::User),
        'h' => ("remote_addr", Place::Client),
        'r' => ("request", Place::Request),
        'm' => ("request_method", Place::Method),
        'U' => ("request_uri", Place::Target),
        'q' => ("query_string", Place::Query),
        'H' => ("server_protocol", Place::Version),
        's' => ("status", Place::Status),
        'b' => ("body_bytes_sent", Place::BytesOrDash),
        'R' => ("http_referer", Place::Referer),
        'u' => ("http_user_agent", Place::UserAgent),
        'D' => ("duration_us", Place::Micros),
        'T' => ("duration", Place::Seconds),
        'L' => ("duration_ms", Place::Millis),
        'n' => ("duration_ns", Place::Nanos),
        'C' => ("cache_status", Place::Extra),
        'M' => ("mime_type", Place::Extra),
        'K' => ("tls_type", Place::Tls),
        'k' => ("tls_cipher", Place::Extra),
        '^' => ("ignored", Place::Skip),
        '~' => ("~", Place::Skip),
        _ => return None,
    };
    Some((name, place, text.get(1 + letter.len_utf8()..)?))
}

fn unknown(pasted: &str, format: &str, at: usize) -> FormatError {
    let specifier: String =
        format.chars().skip(format.get(..at).map_or(0, |it| it.chars().count())).take(2).collect();
    let at = pasted.find(&specifier).unwrap_or(at);
    FormatError::at(pasted, at, "unknown specifier", "see GoAccess's manual under \"log-format\"")
}

#[cfg(test)]
mod tests {
    use crate::model::Record;

    use super::super::time::TimeReader;
    use super::*;

    fn read<'a>(format: &str, line: &'a str) -> Record<'a> {
        let plan = compile(format, Credentials::new(None)).unwrap();
        let mut record = Record::default();
        let filled = plan.fill(&mut record, line.as_bytes(), &mut TimeReader::default());
        assert_eq!(filled, Ok(()), "{format}");
        record
    }

    #[test]
    fn a_string_reads_what_goaccess_reads() {
        let line = "192.0.2.1 - - [09/Mar/2026:00:00:00 +0000] \"GET /a?b=c HTTP/1.1\" 200 5 \"-\" \"x y\"";
        for format in ["COMBINED", "log-format %h %^[%d:%t %^] \"%r\" %s %b \"%R\" \"%u\""] {
            let record = read(format, line);
            assert_eq!(record.source_ip.as_deref(), Some(b"192.0.2.1".as_slice()));
            assert_eq!(record.time.map(|at| at.0), Some(1_773_014_400_000));
            assert_eq!(record.path.as_deref(), Some(b"/a".as_slice()));
            assert_eq!((record.status, record.bytes), (Some(200), Some(5)));
            assert_eq!(record.user_agent.as_deref(), Some(b"x y".as_slice()));
        }
        let record =
            read("%dT%t.%^Z\\t%m\\t%U\\t%s\\t%D", "2026-03-09T00:00:00.1Z\tGET\t/a\t200\t7");
        assert_eq!((record.status, record.duration_us), (Some(200), Some(7)));
        assert_eq!(
            read("~h{, } %s", "192.0.2.9, 192.0.2.1 200").source_ip.as_deref(),
            Some(b"192.0.2.1".as_slice())
        );
    }

    #[test]
    fn what_goaccess_does_not_know_is_refused() {
        let error = compile("%h %y %s", Credentials::new(None)).unwrap_err();
        assert!(error.to_string().starts_with("unknown specifier\n  %h %y %s\n     ^"), "{error}");
        assert!(compile("%h%s", Credentials::new(None)).is_err());
        assert!(compile("%", Credentials::new(None)).is_err());
    }
}
