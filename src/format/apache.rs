//! Apache `LogFormat`, as it is pasted: the whole statement or only its string.

use super::FormatError;
use super::credential::Credentials;
use super::escape::Escape;
use super::place::Place;
use super::plan::Plan;
use super::plan::Token;
use super::variable::place_of;

/// Compiles a pasted `LogFormat "…" name`, `CustomLog path "…"`, or the bare string.
pub(super) fn compile(pasted: &str, credentials: Credentials) -> Result<Plan, FormatError> {
    let format = match nickname(pasted.trim()) {
        Some(known) => known.to_owned(),
        None => string(pasted),
    };
    let tokens = tokens(pasted, &format)?;
    Plan::new(&tokens, pasted, Escape::Backslash, credentials)
}

fn nickname(name: &str) -> Option<&'static str> {
    match name {
        "common" => Some("%h %l %u %t \"%r\" %>s %b"),
        "combined" => Some("%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""),
        "combinedio" => Some("%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" %I %O"),
        _ => None,
    }
}

/// The string of a statement without its escapes; what is no statement as it is.
fn string(pasted: &str) -> String {
    let text = pasted.trim();
    let is_statement = ["LogFormat", "CustomLog", "GlobalLog", "TransferLog"]
        .iter()
        .any(|word| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)));
    let is_quoted = text.starts_with('"') && text.ends_with('"') && text.contains("\\\"");
    if !is_statement && !is_quoted {
        // What stood between the quotes of a statement has its escapes still.
        return text.replace("\\\"", "\"");
    }
    let Some((_, inner)) = text.split_once('"') else { return text.to_owned() };
    let mut string = String::new();
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' => match letters.next() {
                Some(escaped @ ('"' | '\\' | '\'')) => string.push(escaped),
                Some('t') => string.push('\t'),
                Some('\n') => {}
                Some(other) => string.extend(['\\', other]),
                None => break,
            },
            letter => string.push(letter),
        }
    }
    string
}

fn tokens(pasted: &str, format: &str) -> Result<Vec<Token>, FormatError> {
    let mut tokens = Vec::new();
    let mut literal = String::new();
    let mut rest = format;
    while let Some((before, directive)) = rest.split_once('%') {
        literal.push_str(before);
        if let Some(behind) = directive.strip_prefix('%') {
            literal.push('%');
            rest = behind;
            continue;
        }
        let at = format.len() - directive.len() - 1;
        let Some((name, place, behind)) = read_directive(directive) else {
            let at = pasted.find(directive).map_or(at, |found| found.saturating_sub(1));
            let advice = "see the list of Apache's mod_log_config";
            return Err(FormatError::at(pasted, at, "unknown directive", advice));
        };
        rest = behind;
        let is_bracketed = directive_letter(directive) == Some('t') && name == "time_local";
        if is_bracketed {
            literal.push('[');
        }
        if !literal.is_empty() {
            tokens.push(Token::Literal(std::mem::take(&mut literal).into_bytes()));
        }
        let at = pasted.find(directive).map_or(0, |found| found.saturating_sub(1));
        tokens.push(Token::Variable { name, place, at });
        if is_bracketed {
            literal.push(']');
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        tokens.push(Token::Literal(literal.into_bytes()));
    }
    Ok(tokens)
}

fn directive_letter(directive: &str) -> Option<char> {
    without_modifiers(directive).chars().next()
}

/// `%!200,304{…}i`, `%<s`, `%>s`: what stands between the `%` and the rest.
fn without_modifiers(directive: &str) -> &str {
    directive.trim_start_matches(|letter: char| {
        letter.is_ascii_digit() || matches!(letter, '<' | '>' | '!' | ',')
    })
}

/// The variable's name in nginx's manner, its place, and what follows.
fn read_directive(directive: &str) -> Option<(String, Place, &str)> {
    let text = without_modifiers(directive);
    if let Some((argument, behind)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) {
        let behind = without_modifiers(behind);
        let mut letters = behind.chars();
        let is_caret = behind.starts_with('^');
        let letters_long = if is_caret { 3 } else { 1 };
        let letter = if is_caret { letters.nth(2)? } else { letters.next()? };
        let (name, place) = with_argument(argument, letter)?;
        return Some((name, place, behind.get(letters_long..)?));
    }
    let letter = text.chars().next()?;
    let (name, place) = plain(letter)?;
    Some((name.to_owned(), place, text.get(letter.len_utf8()..)?))
}

fn plain(letter: char) -> Option<(&'static str, Place)> {
    Some(match letter {
        'a' | 'h' => ("remote_addr", Place::Client),
        'A' => ("server_addr", Place::Extra),
        'b' => ("body_bytes_sent", Place::BytesOrDash),
        'B' => ("body_bytes_sent", Place::Bytes),
        'O' => ("bytes_sent", Place::AllBytes),
        'I' => ("request_length", Place::RequestBytes),
        'S' => ("bytes_total", Place::Extra),
        'D' => ("request_time_us", Place::Micros),
        'T' => ("request_time", Place::Seconds),
        'f' => ("request_filename", Place::Extra),
        'H' => ("server_protocol", Place::Version),
        'k' => ("connection_requests", Place::Extra),
        'l' => ("remote_logname", Place::Skip),
        'L' => ("log_id", Place::Extra),
        'm' => ("request_method", Place::Method),
        'p' => ("server_port", Place::Extra),
        'P' => ("pid", Place::Extra),
        'q' => ("query_string", Place::Query),
        'r' => ("request", Place::Request),
        'R' => ("handler", Place::Extra),
        's' => ("status", Place::Status),
        't' => ("time_local", Place::Time),
        'u' => ("remote_user", Place::User),
        'U' => ("uri", Place::Path),
        'v' | 'V' => ("server_name", Place::Host),
        'X' => ("connection_status", Place::Extra),
        _ => return None,
    })
}

fn with_argument(argument: &str, letter: char) -> Option<(String, Place)> {
    let plain_name = argument.to_ascii_lowercase().replace('-', "_");
    let extra = |prefix: &str| Some((format!("{prefix}{plain_name}"), Place::Extra));
    match letter {
        'i' => {
            let name = format!("http_{plain_name}");
            let place =
                if name == "http_content_length" { Place::RequestBytes } else { place_of(&name) };
            Some((name, place))
        }
        'o' => extra("sent_http_"),
        'C' => extra("cookie_"),
        // Variables of mod_ssl, and of the environment that it fills.
        'e' | 'n' | 'x' => match plain_name.as_str() {
            "ssl_protocol" => Some((plain_name, Place::Tls)),
            "ssl_client_s_dn" => Some((plain_name, Place::Certificate)),
            "request_scheme" => Some((plain_name, Place::Scheme)),
            _ => extra(""),
        },
        'p' => extra("port_"),
        'P' => extra("pid_"),
        'a' | 'h' => Some(("remote_addr".to_owned(), Place::Client)),
        's' => Some(("status".to_owned(), Place::Status)),
        't' => Some(("time".to_owned(), Place::Time)),
        'T' => match argument {
            "ms" => Some(("request_time_ms".to_owned(), Place::Millis)),
            "us" => Some(("request_time_us".to_owned(), Place::Micros)),
            "s" => Some(("request_time".to_owned(), Place::Seconds)),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::time::TimeReader;
    use super::*;
    use crate::model::Record;

    fn read<'a>(format: &str, line: &'a str) -> Record<'a> {
        let plan = compile(format, Credentials::new(None)).unwrap();
        let mut record = Record::default();
        plan.fill(&mut record, line.as_bytes(), &mut TimeReader::default()).unwrap();
        record
    }

    #[test]
    fn a_pasted_statement_is_read() {
        let format = "LogFormat \"%v:%p %{c}a %l %u %t \\\"%r\\\" %>s %O \\\"%!200,304{X-Api-Key}i\\\" %{ms}T\" vhost";
        let line = "example.com:443 192.0.2.1 - bob [09/Mar/2026:00:00:00 +0000] \"GET /a HTTP/1.1\" 200 17 \"k1\" 25";
        let record = read(format, line);
        assert_eq!(record.host.as_deref(), Some(b"example.com".as_slice()));
        assert_eq!(record.key.as_deref(), Some(b"k1".as_slice()));
        assert_eq!((record.bytes, record.duration_us), (Some(17), Some(25_000)));
        assert!(record.time.is_some());
    }

    #[test]
    fn what_mod_ssl_says_is_read() {
        let format = "%h %l %u %t \"%r\" %>s %b %{SSL_PROTOCOL}x \"%{SSL_CLIENT_S_DN}x\" %{REQUEST_SCHEME}e %{SSL_CIPHER}x";
        let line = "192.0.2.1 - - [09/Mar/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 1 TLSv1.1 \"CN=erp,O=Example\" https AES";
        let record = read(format, line);
        assert_eq!(record.tls.as_deref(), Some(b"TLSv1.1".as_slice()));
        assert_eq!(record.certificate.as_deref(), Some(b"CN=erp,O=Example".as_slice()));
        assert_eq!(record.scheme.as_deref(), Some(b"https".as_slice()));
    }

    #[test]
    fn a_dash_for_bytes_is_zero() {
        let record =
            read("common", "192.0.2.1 - - [09/Mar/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 304 -");
        assert_eq!(record.bytes, Some(0));
    }

    #[test]
    fn an_unknown_directive_is_pointed_at() {
        let error = compile("%h %j", Credentials::new(None)).unwrap_err().to_string();
        assert!(error.contains("\n  %h %j\n     ^"), "{error}");
    }
}
