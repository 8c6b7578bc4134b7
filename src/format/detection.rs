//! Which format a file is in, from its first lines.

use super::FORMATS;
use super::FormatError;
use super::GIVES;
use super::Options;
use super::Outcome;
use super::Parser;

use crate::model::Record;

const SAMPLE_LINES_MAX: usize = 200;
const FITS_PERCENT_MIN: u32 = 95;

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
    /// Fields that found their place, over all lines; leftover columns count against it.
    explained: i64,
    missing: Vec<&'static str>,
}

pub(super) fn detect(sample: &[&[u8]], options: &Options) -> Result<Detected, FormatError> {
    let lines: Vec<&[u8]> = sample
        .iter()
        .take(SAMPLE_LINES_MAX)
        .copied()
        .filter(|line| !line.trim_ascii().is_empty())
        .collect();
    if lines.is_empty() {
        return Err(FormatError::NoSample);
    }
    let mut best: Option<Trial> = None;
    for name in candidates(options) {
        let parser = Parser::by_name(name, options)?;
        let trial = trial(parser, &lines);
        // The earlier of two that do equally well: identical plans count as one.
        if best.as_ref().is_none_or(|best| best.score() < trial.score()) {
            best = Some(trial);
        }
    }
    let trial = best.ok_or(FormatError::NoSample)?;
    if trial.fits_percent < FITS_PERCENT_MIN {
        let closest = format!(
            "the closest is {}, which fits {} % of {} lines; paste the server's own format with --log-format",
            trial.parser.name(),
            trial.fits_percent,
            lines.len()
        );
        return Err(FormatError::NotDetected { closest });
    }
    let Trial { parser, fits_percent, missing, .. } = trial;
    Ok(Detected { parser, fits_percent, missing })
}

/// The formats to try; a pasted format is the only one.
fn candidates(options: &Options) -> Vec<&'static str> {
    match &options.log_format {
        Some(pasted) if pasted.contains('$') || !pasted.contains('%') => vec!["custom-nginx"],
        Some(_) => vec!["custom-apache"],
        None => FORMATS
            .iter()
            .map(|info| info.name)
            .filter(|name| !name.starts_with("custom-"))
            .collect(),
    }
}

impl Trial {
    fn score(&self) -> (bool, i64) {
        (FITS_PERCENT_MIN <= self.fits_percent, self.explained)
    }
}

fn trial(parser: Parser, lines: &[&[u8]]) -> Trial {
    let mut trial = Trial { parser, fits_percent: 0, explained: 0, missing: GIVES.to_vec() };
    let mut parser = trial.parser.clone();
    let mut fitting = 0;
    for line in lines {
        match parser.parse(line) {
            Outcome::Event(record) => {
                fitting += 1;
                trial.explain(&record);
            }
            Outcome::Events(records) => {
                fitting += 1;
                for record in &records {
                    trial.explain(record);
                }
            }
            Outcome::Skip(_) | Outcome::Pending(_) => fitting += 1,
            Outcome::Malformed(_) => {}
        }
    }
    trial.fits_percent = u32::try_from(fitting * 100 / lines.len()).unwrap_or(0);
    trial
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
        self.explained += i64::try_from(found).unwrap_or(0) - leftover;
        self.missing.retain(|name| {
            let at = GIVES.iter().position(|known| known == name);
            !at.and_then(|at| given.get(at)).copied().unwrap_or(false)
        });
    }
}
