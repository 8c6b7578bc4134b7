//! What is no TOML at all, and what its writer probably had in mind.

use std::ops::Range;

use super::mistakes::Mistake;

/// The mistake at that place, with advice that looks at the line it stands in.
pub(super) fn mistake(at: Range<usize>, message: &str, text: &str) -> Mistake {
    let line = line_at(text, at.start);
    Mistake { at, what: format!("this is not TOML: {message}"), instead: advice(line, message) }
}

/// Bytes that are no text, with the line of the first one.
pub(super) fn not_text(bytes: &[u8], valid: usize) -> (String, Mistake) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mistake = Mistake {
        // Up to there both are the same.
        at: valid..valid + '\u{fffd}'.len_utf8(),
        what: "this is not UTF-8 text".to_owned(),
        instead: "save the file as UTF-8".to_owned(),
    };
    (text, mistake)
}

fn advice(line: &str, message: &str) -> String {
    let line = line.trim();
    let value = line.split_once('=').map(|(_, value)| value.trim()).unwrap_or_default();
    let has_typographic_quotes = line.contains(['“', '”', '„', '‘', '’']);
    if has_typographic_quotes {
        return "use straight quotes: \"…\"".to_owned();
    }
    if message.contains("duplicate") {
        return "it is here twice: keep one".to_owned();
    }
    if line.starts_with('[') && !line.ends_with(']') {
        return "close the bracket: [name], or [[sources]]".to_owned();
    }
    if !line.contains('=') && line.contains(':') && !line.starts_with('[') {
        return "write name = \"value\": TOML has = in the place of :".to_owned();
    }
    if matches!(value.to_ascii_lowercase().as_str(), "yes" | "no" | "on" | "off" | "true" | "false")
    {
        return format!(
            "write {} or a text in quotes",
            if matches!(value.to_ascii_lowercase().as_str(), "yes" | "on" | "true") {
                "true"
            } else {
                "false"
            }
        );
    }
    if value.is_empty() && line.contains('=') {
        return "a value is missing: name = \"value\"".to_owned();
    }
    let quotes = value.matches('"').count();
    if quotes == 1 || value.matches('\'').count() == 1 {
        return "a quote is missing at one end".to_owned();
    }
    if 2 < quotes && !value.starts_with(['[', '{']) {
        return "for a text with quotes in it: name = '…\"…'".to_owned();
    }
    let begins_text =
        value.starts_with(|it: char| it.is_alphabetic() || matches!(it, '/' | '~' | '.' | '*'));
    if quotes == 0 && (begins_text || value.chars().any(char::is_alphabetic)) {
        return format!("put the text in quotes: \"{value}\"");
    }
    if !line.contains('=') && !line.is_empty() {
        return "write name = \"value\"".to_owned();
    }
    "see the lines of /usr/share/doc/keyvigil or config/keyvigil.toml for how it is written"
        .to_owned()
}

fn line_at(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    text.get(start..).unwrap_or_default().lines().next().unwrap_or_default()
}
