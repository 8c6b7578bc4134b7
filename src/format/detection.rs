//! Which format a file is in, from its first lines.

use super::FORMATS;
use super::FormatError;
use super::GIVES;
use super::Joined;
use super::Options;
use super::Outcome;
use super::Parser;
use super::Parts;
use super::Reader;
use super::Turn;

use super::sample::Extent;

use crate::model::EventKind;
use crate::model::Record;

const FITS_PERCENT_MIN: u32 = 95;
/// A format that fits none of so many is not tried further.
const HOPELESS_LINES: usize = 20;

/// A format that fits, and how well.
#[derive(Clone, Debug)]
pub struct Detected {
    pub parser: Parser,
    pub fits_percent: u32,
    /// Which of client, time, method, path, status and identity no line gave.
    pub missing: Vec<&'static str>,
}

/// How a format did on the sample.
struct Trial {
    parser: Parser,
    fits_percent: u32,
    /// The lines have the marks of a system.
    is_marked: bool,
    /// Fields that found their place, over all lines; leftover columns count against it.
    explained: i64,
    missing: Vec<&'static str>,
}

pub(super) fn detect(sample: &[&[u8]], options: &Options) -> Result<Detected, FormatError> {
    let mut extent = Extent::default();
    let mut is_of_sample = |line: &&[u8]| {
        let is_more = !extent.is_full();
        extent.push(line);
        is_more
    };
    let lines = sample.iter().copied().filter(|line| !line.trim_ascii().is_empty());
    let lines: Vec<&[u8]> = lines.take_while(&mut is_of_sample).collect();
    if lines.is_empty() {
        return Err(FormatError::NoSample);
    }
    let mut best: Option<Trial> = None;
    for name in candidates(options) {
        let mut parser = Parser::by_name(name, options)?;
        parser.ask_for_marks(true);
        let trial = trial(parser, &lines);
        // The earlier of two that do equally well: identical plans count as one.
        if best.as_ref().is_none_or(|best| best.score() < trial.score()) {
            best = Some(trial);
        }
    }
    let trial = best.ok_or(FormatError::NoSample)?;
    if trial.fits_percent < FITS_PERCENT_MIN {
        let closest = format!(
            "the closest is {}, which fits {} % of {} lines; paste the server's own format with --log-format (keyvigil parse --format {} --dry-run shows what does not fit)",
            trial.parser.name(),
            trial.fits_percent,
            lines.len(),
            trial.parser.name(),
        );
        return Err(FormatError::NotDetected { closest });
    }
    let Trial { mut parser, fits_percent, missing, .. } = trial;
    parser.ask_for_marks(false);
    Ok(Detected { parser, fits_percent, missing })
}

/// The formats to try; a pasted format is the only one.
fn candidates(options: &Options) -> Vec<&str> {
    match &options.log_format {
        Some(pasted) if pasted.contains('$') || !pasted.contains('%') => vec!["custom-nginx"],
        Some(_) => vec!["custom-apache"],
        None => {
            let known = FORMATS.iter().filter(|info| info.is_candidate()).map(|info| info.name);
            options.own.names().chain(known).collect()
        }
    }
}

impl Trial {
    fn score(&self) -> (bool, bool, i64) {
        let fits = FITS_PERCENT_MIN <= self.fits_percent;
        (fits, fits && self.is_marked, self.explained)
    }
}

fn trial(parser: Parser, lines: &[&[u8]]) -> Trial {
    let mut trial = Trial {
        is_marked: parser.has_marks() && lines.iter().all(|line| may_be_marked(&parser, line)),
        parser: parser.clone(),
        fits_percent: 0,
        explained: 0,
        missing: GIVES.to_vec(),
    };
    let mut parser = parser;
    if matches!(parser.reader, Reader::Json(_) | Reader::Csv(_)) {
        parser.keep_extras();
    }
    let mut fitting = 0;
    let mut parts = Parts::default();
    parts.set_joins(parser.joins());
    for (number, line) in lines.iter().enumerate() {
        if number == HOPELESS_LINES && fitting == 0 && !parts.is_waiting() {
            break;
        }
        match parts.push(line) {
            Turn::Now => fitting += usize::from(trial.fits(parser.parse(line))),
            Turn::Later => {}
            Turn::AllReady => {
                for Joined { line, of_lines, .. } in parts.take() {
                    let fits = trial.fits(parser.parse(&line));
                    fitting += if fits { usize::try_from(of_lines).unwrap_or(0) } else { 0 };
                }
            }
        }
    }
    // The sample ends where it ends: in the middle of a record, if that has several lines.
    let waiting = if 0 < fitting { parts.waiting() } else { 0 };
    let lines = lines.len() - waiting;
    // Of a table, the columns that the header named are known from here on.
    if matches!(parser.reader, Reader::Csv(_)) {
        trial.parser = parser;
    }
    trial.fits_percent = u32::try_from(fitting * 100 / lines.max(1)).unwrap_or(0);
    trial
}

impl Trial {
    /// Whether the line is one of the format, as far as can be told.
    fn fits(&mut self, outcome: Outcome<'_>) -> bool {
        match outcome {
            Outcome::Event(record) => {
                let fits = is_plausible(&record);
                if fits {
                    self.explain(&record);
                }
                fits
            }
            Outcome::Events(records) => {
                for record in &records {
                    self.explain(record);
                }
                true
            }
            Outcome::Skip(_) | Outcome::Pending(_) => true,
            Outcome::Malformed(_) => false,
        }
    }
}

/// A format of JSON or of the common family has marks in its JSON alone.
fn may_be_marked(parser: &Parser, line: &[u8]) -> bool {
    !matches!(parser.reader, Reader::Either(_)) || memchr::memchr(b'{', line).is_some()
}

/// A format that is not the right one puts values in places where they make no sense.
fn is_plausible(record: &Record<'_>) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let is_client = |client: &[u8]| super::address(client).is_some() || client.iter().all(is_name);
    let has_client = record.source_ip.as_deref().is_none_or(is_client);
    let has_time = record.time.is_some() || record.quirk != Some("unreadable time");
    let is_list = record.kind == EventKind::Inventory;
    has_client && has_time && (is_list || record.time.is_some() || record.status.is_some())
}

impl Trial {
    fn explain(&mut self, record: &Record<'_>) {
        let given = [
            record.source_ip.is_some(),
            record.time.is_some(),
            record.method.is_some() || record.raw_request.is_some(),
            record.path.is_some() || record.raw_request.is_some(),
            record.status.is_some(),
            record.key.is_some(),
        ];
        // What was done has a name in the place of method and path, and an outcome.
        let instead = [
            (2, record.operation.is_some()),
            (3, record.operation.is_some()),
            (4, record.outcome.is_some()),
        ];
        let more = [
            record.bytes.is_some(),
            record.user_agent.is_some(),
            record.referer.is_some(),
            record.host.is_some(),
            record.duration_us.is_some(),
            record.request_bytes.is_some(),
        ];
        let found = given.iter().chain(&more).filter(|given| **given).count();
        let leftover = i64::from(record.quirk.is_some()) * 3;
        let found = found + record.extras.len();
        self.explained += i64::try_from(found).unwrap_or(0) - leftover;
        self.missing.retain(|name| {
            let at = GIVES.iter().position(|known| known == name);
            let is_instead = instead.iter().any(|(place, is)| Some(*place) == at && *is);
            !at.and_then(|at| given.get(at)).copied().unwrap_or(false) && !is_instead
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[&str], expected: &str) {
        let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        let name = match detect(&lines, &Options::default()) {
            Ok(detected) => detected.parser.name().to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(name, expected);
    }

    #[test]
    fn every_known_format_is_found() {
        check(
            &["192.0.2.1 - - [09/Mar/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"x\""],
            "nginx",
        );
        check(
            &[
                "192.0.2.1 - - [09/Mar/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"x\" 462 0.050 [a] [] 192.0.2.2:80 9 0.05 200 00ff",
            ],
            "nginx-ingress",
        );
        check(
            &["{\"time\":\"2026-03-09T00:00:00Z\",\"remote_addr\":\"192.0.2.1\",\"status\":200}"],
            "json",
        );
        check(
            &[
                "[2026-03-09T07:08:09.010Z] \"GET /a HTTP/1.1\" 200 - 0 91 6 5 \"-\" \"curl\" \"c2\" \"example.com\" \"192.0.2.3:80\"",
            ],
            "envoy-text",
        );
        check(
            &[
                "192.0.2.1:333 [06/Feb/2026:12:14:14.655] in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 \"GET /a HTTP/1.1\"",
            ],
            "haproxy",
        );
    }

    #[test]
    fn a_few_bad_lines_do_not_matter_and_many_do() {
        let good =
            "192.0.2.1 - - [09/Mar/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"x\"";
        let mut lines = vec![good; 99];
        lines.push("oops");
        check(&lines, "nginx");
        assert!(detect(&[b"oops", good.as_bytes()], &Options::default()).is_err());
        assert_eq!(detect(&[b""], &Options::default()).unwrap_err(), FormatError::NoSample);
    }

    #[test]
    fn a_pasted_format_is_the_only_one_tried() {
        let options =
            Options { log_format: Some("$remote_addr $status".to_owned()), ..Options::default() };
        let detected = detect(&[b"192.0.2.1 200"], &options).unwrap();
        assert_eq!(detected.parser.name(), "custom-nginx");
        assert_eq!(detected.missing, ["time", "method", "path", "identity"]);
    }
}
