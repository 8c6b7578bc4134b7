//! Where a line stops to be what its format says, and what should stand there.

use regex::bytes::Regex;
use regex::bytes::RegexBuilder;
use serde::de::IgnoredAny;

use super::Parser;
use super::Reader;
use super::own_fields::suggested;

/// Of an expression, so many beginnings are tried.
const BEGINNINGS_MAX: usize = 300;
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// What is wrong with a line that its format does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Up to this byte the line fits.
    pub at: usize,
    /// For a person: what should stand there.
    pub because: String,
}

impl Parser {
    /// Why the line does not fit. It is one that [`Parser::parse`] found malformed.
    pub fn misfit(&self, line: &[u8]) -> Misfit {
        let found = match &self.reader {
            Reader::Plans(plans) => {
                let stops = plans.iter().filter_map(|plan| plan.stops_at(line));
                stops.max_by_key(|(at, _)| *at)
            }
            Reader::Regexp(regexp) => regexp_stops_at(regexp.text(), line),
            Reader::Either(_) | Reader::Json(_) => Some(json_stops_at(line)),
            Reader::Csv(table) => table.stops_at(line),
            Reader::Clf(_) | Reader::W3c(_) => None,
        };
        let (at, because) = found.unwrap_or_else(|| (0, "nothing of it is known".to_owned()));
        Misfit { at: at.min(line.len()), because }
    }
}

/// The longest beginning of the expression that still fits, and what comes behind it.
fn regexp_stops_at(text: &str, line: &[u8]) -> Option<(usize, String)> {
    let compile = |text: &str| -> Option<Regex> {
        RegexBuilder::new(text).size_limit(COMPILED_BYTES_MAX).build().ok()
    };
    let ends = text.char_indices().rev().map(|(at, _)| at).take(BEGINNINGS_MAX);
    for end in ends {
        let (begun, rest) = text.split_at_checked(end)?;
        // Within a group it is closed; a beginning that ends in an escape is none.
        let closed = format!("{begun}{}", ")".repeat(open_groups(begun)));
        let Some(found) = compile(&closed).and_then(|regex| regex.find(line).map(|it| it.end()))
        else {
            continue;
        };
        let rest: String = rest.chars().take(30).collect();
        return Some((found, format!("the expression goes on with {rest} here")));
    }
    Some((0, "no beginning of the expression fits".to_owned()))
}

/// Groups that are not closed yet; a bracket in a class or behind `\` is none.
fn open_groups(begun: &str) -> usize {
    let (mut open, mut in_class) = (0usize, false);
    let mut letters = begun.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => open += 1,
            ')' if !in_class => open = open.saturating_sub(1),
            _ => {}
        }
    }
    open
}

fn json_stops_at(line: &[u8]) -> (usize, String) {
    if !matches!(line.trim_ascii_start().first(), Some(b'{' | b'[' | b'"')) {
        return (0, "an object of JSON should begin here: {".to_owned());
    }
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(line) {
        let text = error.to_string();
        let because = text.split(" at line").next().unwrap_or(&text);
        return (error.column().saturating_sub(1), format!("it is no JSON: {because}"));
    }
    let fields: Vec<String> = suggested(line).iter().map(ToString::to_string).collect();
    let because = if fields.is_empty() {
        "none of its names is known, and none of its values tells what it is".to_owned()
    } else {
        format!("none of its names is known; in a format of your own: {}", fields.join("; "))
    };
    (0, because)
}

#[cfg(test)]
mod tests {
    use super::super::Options;
    use super::super::OwnFormats;
    use super::*;

    fn check(parser: &Parser, line: &str, fits: &str, because: &str) {
        let misfit = parser.misfit(line.as_bytes());
        let fits_to = line.get(..misfit.at).unwrap();
        assert_eq!((fits_to, misfit.because.as_str()), (fits, because), "{line}");
    }

    fn own(text: &str) -> Parser {
        let own = OwnFormats::read(&[("own.toml".to_owned(), text.to_owned())]).unwrap();
        Parser::by_name("own", &Options { own, ..Options::default() }).unwrap()
    }

    #[test]
    fn a_pasted_format_says_which_variable_it_looked_for() {
        let log_format = Some("$remote_addr [$time_local] \"$request\" $status".to_owned());
        let options = Options { log_format, ..Options::default() };
        let parser = Parser::by_name("custom-nginx", &options).unwrap();
        check(
            &parser,
            "192.0.2.1 [09/Mar/2026:00:00:00 +0000] GET /a 200",
            "192.0.2.1 [",
            "$time_local should stand here, and `] \"` behind it",
        );
        check(&parser, "192.0.2.1", "", "$remote_addr should stand here, and ` [` behind it");
    }

    #[test]
    fn an_expression_says_how_far_it_came() {
        let parser = own(
            "name = \"own\"\nregex = '^(?P<client>\\S+) (?P<key>[a-z]+) \"(?P<request>[^\"]*)\" (?P<status>\\d+)$'",
        );
        check(
            &parser,
            "192.0.2.1 k7 \"GET /a\" 200",
            "192.0.2.1 k",
            "the expression goes on with  \"(?P<request>[^\"]*)\" (?P<stat here",
        );
    }

    #[test]
    fn json_says_where_it_breaks_or_what_its_values_look_like() {
        let parser = Parser::by_name("json", &Options::default()).unwrap();
        check(&parser, "oops", "", "an object of JSON should begin here: {");
        let misfit = parser.misfit(br#"{"a":1,}x"#);
        assert_eq!(misfit.at, 7);
        check(
            &parser,
            r#"{"peer":"192.0.2.7","did":"GET","outc":200}"#,
            "",
            "none of its names is known; in a format of your own: client = \"peer\"; method = \"did\"; status = \"outc\"",
        );
    }
}
