//! `keyvigil parse`: what every line became, and why.

use std::collections::VecDeque;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::check_logs;
use super::job::zone_of;
use super::origins;
use super::shown::Mask;
use super::shown::as_json;
use super::shown::write_text;
use crate::config::FormatsError;
use crate::config::LogFormatError;
use crate::config::Pasted;
use crate::config::format_name;
use crate::config::own_formats;
use crate::format;
use crate::format::Joins;
use crate::format::Options;
use crate::format::Outcome;
use crate::format::Parser;
use crate::format::Parts;
use crate::format::Sample;
use crate::format::Turn;
use crate::survey::tried;
use anyhow::Context;
use jiff::tz::TimeZone;

/// Lines that a dry run looks at.
const DRY_RUN_LINES_MAX: usize = 1000;

/// Shows what the lines of a log become.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(after_help = after_help())]
pub(super) struct ParseArgs {
    /// The log; standard input if left out
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Name of the format, or auto
    #[arg(long, default_value = "auto")]
    format: String,
    /// A `log_format` of nginx or `LogFormat` of Apache, pasted
    #[arg(long, value_name = "STRING")]
    log_format: Option<String>,
    /// The server's configuration that holds the description: /etc/nginx/nginx.conf
    #[arg(long, value_name = "FILE")]
    log_format_file: Option<PathBuf>,
    /// Its name there, where there are several
    #[arg(long, value_name = "NAME")]
    log_format_name: Option<String>,
    /// Of the clock that writes times without a zone: Europe/Oslo, +05:30
    #[arg(long, value_name = "ZONE", value_parser = zone_of)]
    time_zone: Option<TimeZone>,
    /// The variable or field that holds the credential
    #[arg(long, value_name = "VARIABLE")]
    key_from: Option<String>,
    /// A folder of files that describe formats of your own
    #[arg(long, value_name = "DIR")]
    formats: Option<PathBuf>,
    /// Show which bytes of a line each field came from, and what the line does not give
    #[arg(long)]
    explain: bool,
    /// Only say what the format makes of the last 1,000 lines: how many fit, where the first
    /// that does not stops to, and what no line gives
    #[arg(long, conflicts_with_all = ["json", "explain"])]
    dry_run: bool,
    /// Show credentials whole
    #[arg(long)]
    unscrubbed: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

fn after_help() -> String {
    let names: Vec<&str> = format::FORMATS.iter().map(|info| info.name).collect();
    format!("keyvigil parse /var/log/nginx/access.log | less\n\nFormats: {}", names.join(", "))
}

fn input(file: Option<&Path>) -> anyhow::Result<Box<dyn BufRead>> {
    let Some(path) = file else { return Ok(Box::new(std::io::stdin().lock())) };
    let opened = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Box::new(BufReader::new(opened)))
}

/// Reads the log to its end. An error of the format is a [`format::FormatError`].
pub(super) fn run(args: &ParseArgs) -> anyhow::Result<()> {
    let own =
        args.formats.as_deref().map(own_formats).transpose().map_err(|error| match error {
            FormatsError::Wrong(error) => anyhow::Error::new(error),
            error @ (FormatsError::Unreadable { .. }
            | FormatsError::TooLarge { .. }
            | FormatsError::TooMany { .. }) => anyhow::Error::new(error),
        })?;
    let options = Options {
        log_format: log_format(args)?,
        key_from: args.key_from.clone(),
        own: own.unwrap_or_default(),
        zone: args.time_zone.clone(),
    };
    let mut output = std::io::BufWriter::new(std::io::stdout().lock());
    let mut input = input(args.file.as_deref())?;
    let mut sample = Vec::new();
    // A dry run says what a pasted format makes of lines that it does not fit, too.
    let pasted = options.log_format.as_deref().filter(|_| args.dry_run);
    let name = format_name(&args.format, pasted);
    let mut parser = if name == "auto" {
        sample = read_sample(&mut input)?;
        let lines: Vec<&[u8]> =
            sample.iter().map(|line| line.strip_suffix(b"\n").unwrap_or(line)).collect();
        let detected = Parser::detect(&lines, &options)?;
        if !args.json {
            writeln!(output, "{}", detected_text(&detected))?;
        }
        detected.parser
    } else {
        Parser::by_name(name, &options)?
    };
    if args.dry_run {
        return dry_run(parser, sample, (&mut input, &mut output));
    }
    parser.keep_extras();
    let mut reading = Reading {
        parts: Parts::default(),
        parser,
        mask: if args.unscrubbed { Mask::hiding_nothing() } else { Mask::hiding() },
        args,
        lacks_key: false,
    };
    reading.parts.set_joins(reading.parser.joins());
    for line in &sample {
        reading.take(line, &mut output)?;
    }
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line).context("cannot read the log")? != 0 {
        reading.take(&line, &mut output)?;
        line.clear();
    }
    reading.end(&mut output)?;
    output.flush().context("cannot write to standard output")
}

/// What the format makes of the last lines, without a word about any that fits.
fn dry_run(
    mut parser: Parser,
    sample: Vec<Vec<u8>>,
    (input, output): (&mut impl BufRead, &mut impl Write),
) -> anyhow::Result<()> {
    let mut lines = VecDeque::from(sample);
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line).context("cannot read the log")? != 0 {
        lines.push_back(std::mem::take(&mut line));
        if DRY_RUN_LINES_MAX < lines.len() {
            // It may be the one that names the columns.
            parser.take_header(lines.pop_front().unwrap_or_default().trim_ascii_end());
        }
    }
    let lines: Vec<&[u8]> =
        lines.iter().map(|line| line.strip_suffix(b"\n").unwrap_or(line)).collect();
    let mut text = String::new();
    check_logs::described(&mut text, &tried(parser, &lines));
    output.write_all(text.as_bytes())?;
    output.flush().context("cannot write to standard output")
}

/// As it was pasted, or as the server's configuration has it.
fn log_format(args: &ParseArgs) -> anyhow::Result<Option<String>> {
    let log_format = args.log_format.as_deref();
    let (file, name) = (args.log_format_file.as_deref(), args.log_format_name.as_deref());
    (Pasted { log_format, file, name, path: "" }).settle().map_err(|error| match error {
        LogFormatError::Wrong(error) => anyhow::Error::new(error),
        error @ (LogFormatError::Unreadable { .. }
        | LogFormatError::Twice
        | LogFormatError::NameOfNothing) => anyhow::Error::new(error),
    })
}

fn read_sample(input: &mut impl BufRead) -> anyhow::Result<Vec<Vec<u8>>> {
    let (mut lines, mut sample) = (Vec::new(), Sample::default());
    while !sample.is_full() {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line).context("cannot read the log")? == 0 {
            break;
        }
        sample.push(line.strip_suffix(b"\n").unwrap_or(&line));
        lines.push(line);
    }
    Ok(lines)
}

fn detected_text(detected: &format::Detected) -> String {
    let name = detected.parser.name();
    let missing = match detected.missing.as_slice() {
        [] => String::new(),
        missing => {
            let named = missing.iter().map(|what| if *what == "identity" { "key" } else { what });
            format!("; these lines give no {}", named.collect::<Vec<_>>().join(", "))
        }
    };
    format!("format {name}, fits {} % of the first lines{missing}", detected.fits_percent)
}

/// Line after line, each answered.
struct Reading<'a> {
    parts: Parts,
    parser: Parser,
    mask: Mask,
    args: &'a ParseArgs,
    /// Of a line that was explained, the key is missing.
    lacks_key: bool,
}

/// What waits for further lines is answered with the last of them.
const GOES_ON: &str = "goes on in the next line";

impl Reading<'_> {
    fn take(&mut self, line: &[u8], output: &mut impl Write) -> anyhow::Result<()> {
        let Some(whole) = line.strip_suffix(b"\n") else { return self.take_last(line, output) };
        match self.parts.push(whole) {
            Turn::Now => self.answer(&[whole], output),
            // For people the record says it all, once it is whole.
            Turn::Later if !self.args.json => Ok(()),
            Turn::Later => self.say(&Outcome::Pending(GOES_ON), output),
            Turn::AllReady => self.take_ready(output),
        }
    }

    fn take_ready(&mut self, output: &mut impl Write) -> anyhow::Result<()> {
        let joined = self.parts.take();
        let lines: Vec<&[u8]> = joined.iter().map(|joined| joined.line.as_slice()).collect();
        self.answer(&lines, output)
    }

    /// A last line without its newline may go on, unless it is JSON that has come to its end.
    fn take_last(&mut self, line: &[u8], output: &mut impl Write) -> anyhow::Result<()> {
        let ends = matches!(line.trim_ascii(), [b'{' | b'[', .., b'}' | b']'] | [b'}' | b']', ..]);
        if ends && self.parser.joins() == Joins::Json {
            match self.parts.push(line) {
                Turn::Now if matches!(self.parser.parse(line), Outcome::Malformed(_)) => {}
                Turn::Now => return self.answer(&[line], output),
                Turn::AllReady => return self.take_ready(output),
                Turn::Later => return self.say(&Outcome::Pending(GOES_ON), output),
            }
        }
        let outcome = match self.parser.parse(line) {
            Outcome::Skip(reason) => Outcome::Skip(reason),
            Outcome::Pending(reason) => Outcome::Pending(reason),
            Outcome::Event(_) | Outcome::Events(_) | Outcome::Malformed(_) => {
                Outcome::Pending("the last line has no newline yet")
            }
        };
        write_outcome(&outcome, (self.args, &self.mask), output)
    }

    /// Lines that are answered together: those that waited for the last of them.
    fn answer(&mut self, lines: &[&[u8]], output: &mut impl Write) -> anyhow::Result<()> {
        if self.args.explain {
            for line in lines {
                let how = (self.args.json, &self.mask);
                self.lacks_key |= origins::explain(&mut self.parser, line, how, output)?;
            }
            return Ok(());
        }
        if let [line] = lines {
            let outcome = self.parser.parse(line);
            return write_outcome(&outcome, (self.args, &self.mask), output);
        }
        let outcomes: Vec<Outcome<'_>> = lines.iter().map(|line| self.parser.parse(line)).collect();
        if !self.args.json {
            return outcomes.iter().try_for_each(|it| write_text(it, &self.mask, output));
        }
        let mut records = Vec::new();
        let mut last = Outcome::Pending(GOES_ON);
        for outcome in outcomes {
            match outcome {
                Outcome::Event(record) => records.push(record),
                Outcome::Events(more) => records.extend(more),
                outcome @ (Outcome::Skip(_) | Outcome::Malformed(_) | Outcome::Pending(_)) => {
                    last = outcome;
                }
            }
        }
        let last = if records.is_empty() { last } else { Outcome::Events(records) };
        self.say(&last, output)
    }

    fn say(&self, outcome: &Outcome<'_>, output: &mut impl Write) -> anyhow::Result<()> {
        write_outcome(outcome, (self.args, &self.mask), output)
    }

    /// Nothing more comes.
    fn end(mut self, output: &mut impl Write) -> anyhow::Result<()> {
        if self.parts.is_waiting() && !self.args.json {
            self.parts.give_up();
            self.take_ready(output)?;
        }
        if self.lacks_key {
            origins::write_hint(self.parser.name(), output)?;
        }
        Ok(())
    }
}

fn write_outcome(
    outcome: &Outcome<'_>,
    (args, mask): (&ParseArgs, &Mask),
    output: &mut impl Write,
) -> anyhow::Result<()> {
    if args.json {
        serde_json::to_writer(&mut *output, &as_json(outcome, mask))?;
        return Ok(writeln!(output)?);
    }
    write_text(outcome, mask, output)
}
