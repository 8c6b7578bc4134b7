//! What the lines of a log are, and whether they say which key was used.

use crate::config::format_name;
use crate::format::{FORMATS, Misfit, Options, Outcome, Parser, Parts, Suggested, Turn, suggested};
use crate::model::{EventKind, Record};

/// A key of at least so many characters is probably a whole one, not an id of one.
const WHOLE_KEY_CHARS_MIN: usize = 20;

/// What the last lines of a log are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Empty,
    Lines(Lines),
    /// In no format that is known, with the reason.
    Unknown(String),
    /// It could not be looked into.
    Unseen(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// A name of the registry.
    pub format: String,
    /// What sort of records they are.
    pub kind: EventKind,
    pub lines: usize,
    pub requests: usize,
    /// Which of client, time, method, path and status no line gave.
    pub lacks: Vec<&'static str>,
    pub keys: Keys,
    /// Lines that the format does not fit.
    pub misfits: usize,
    /// The first of them, and why.
    pub misfit: Option<(Vec<u8>, Misfit)>,
    /// For what is lacking, of a format of a person's own: lines for its `[fields]`.
    pub suggested: Vec<Suggested>,
}

/// How requests say whose they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// Requests that name a key.
    pub named: usize,
    /// Of these, whose key is so long that it is probably the secret itself.
    pub whole: usize,
    /// Requests that name no key, but the user who logged in.
    pub users: usize,
}

impl Lines {
    /// Whether it is a log of requests at all, and not of something else with times in it.
    pub fn is_access_log(&self) -> bool {
        0 < self.requests
            && self.lines / 2 < self.requests
            && self.kind == EventKind::Request
            && !["time", "path", "status"].iter().any(|it| self.lacks.contains(it))
    }
}

/// What the lines are, by this format or by the one that they fit.
pub(super) fn of_lines(lines: &[Vec<u8>], format: &str, options: &Options) -> Content {
    if lines.is_empty() {
        return Content::Empty;
    }
    let sample: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
    let name = format_name(format, options.log_format.as_deref());
    let parser = if name == "auto" {
        Parser::detect(&sample, options).map(|detected| detected.parser)
    } else {
        Parser::by_name(name, options)
    };
    match parser {
        Ok(parser) => Content::Lines(tried(parser, &sample)),
        Err(error) => Content::Unknown(error.to_string()),
    }
}

/// What a format makes of lines.
pub fn tried(mut parser: Parser, sample: &[&[u8]]) -> Lines {
    let mut lines = Lines {
        format: parser.name().to_owned(),
        lines: sample.len(),
        lacks: vec!["client", "time", "method", "path", "status"],
        ..Lines::default()
    };
    let mut parts = Parts::default();
    parts.set_joins(parser.joins());
    for line in sample {
        match parts.push(line) {
            Turn::Now => lines.take(line, &mut parser),
            Turn::Later => {}
            Turn::AllReady => {
                parts.take().iter().for_each(|joined| lines.take(&joined.line, &mut parser));
            }
        }
    }
    lines.suggest(sample);
    lines
}

impl Lines {
    fn take(&mut self, line: &[u8], parser: &mut Parser) {
        match parser.parse(line) {
            Outcome::Event(record) => self.count(&record),
            Outcome::Events(records) => records.iter().for_each(|record| self.count(record)),
            Outcome::Malformed(_) => {
                self.misfits += 1;
                self.misfit.get_or_insert_with(|| (line.to_vec(), parser.misfit(line)));
            }
            Outcome::Skip(_) | Outcome::Pending(_) => {}
        }
    }

    /// What values of the lines could be what is lacking.
    fn suggest(&mut self, sample: &[&[u8]]) {
        let lacks_key = self.keys == Keys::default();
        // Of a system that is known it is known, too, what it does not log.
        let is_known = FORMATS.iter().any(|it| it.name == self.format) && self.format != "json";
        if is_known || (self.lacks.is_empty() && !lacks_key) {
            return;
        }
        let found =
            sample.iter().find_map(|line| Some(suggested(line)).filter(|it| !it.is_empty()));
        let is_lacking =
            |it: &Suggested| self.lacks.contains(&it.field) || (lacks_key && it.field == "key");
        self.suggested = found.into_iter().flatten().filter(is_lacking).collect();
    }

    fn count(&mut self, record: &Record<'_>) {
        self.requests += 1;
        self.kind = record.kind;
        let given = |what: &str| match what {
            "client" => record.source_ip.is_some(),
            "time" => record.time.is_some(),
            // A call of a model has a name in the place of both, and says how it ended.
            "method" => {
                record.method.is_some()
                    || record.raw_request.is_some()
                    || record.operation.is_some()
            }
            "path" => {
                record.path.is_some() || record.raw_request.is_some() || record.operation.is_some()
            }
            _ => record.status.is_some() || record.outcome.is_some(),
        };
        self.lacks.retain(|what| !given(what));
        match &record.key {
            Some(_) if record.key_is_user => self.keys.users += 1,
            Some(key) => {
                self.keys.named += 1;
                self.keys.whole += usize::from(WHOLE_KEY_CHARS_MIN <= key.len() && !is_hash(key));
            }
            None => {}
        }
    }
}

/// 64 hexadecimal digits: `LiteLLM`, for one, logs the SHA-256 of a key.
fn is_hash(key: &[u8]) -> bool {
    key.len() == 64 && key.iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[&str], options: &Options) -> Content {
        let lines: Vec<Vec<u8>> = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
        of_lines(&lines, "auto", options)
    }

    #[test]
    fn a_combined_log_names_no_key_and_a_json_log_does() {
        let combined =
            "192.0.2.1 - - [09/Mar/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"x\"";
        let Content::Lines(lines) = check(&[combined], &Options::default()) else { panic!() };
        assert!(lines.is_access_log() && lines.keys == Keys::default());
        let json = "{\"time\":\"2026-03-09T00:00:00Z\",\"remote_addr\":\"192.0.2.1\",\"path\":\"/a\",\"status\":200,\"api_key\":\"0123456789abcdef0123456789abcdef\"}";
        let Content::Lines(lines) = check(&[json], &Options::default()) else { panic!() };
        assert_eq!((lines.format.as_str(), lines.keys.named, lines.keys.whole), ("json", 1, 1));
    }

    #[test]
    fn what_is_no_log_of_requests_is_none() {
        let other = "2026-03-09 00:00:00 startup archives unpack";
        assert!(matches!(check(&[other], &Options::default()), Content::Unknown(_)));
        assert_eq!(check(&[], &Options::default()), Content::Empty);
    }
}
