//! `keyvigil parse`: what every line became, and why.

use std::io::BufRead;
use std::io::Write;
use std::path::PathBuf;

use super::origins;
use super::shown::Mask;
use super::shown::as_json;
use super::shown::write_text;
use crate::config::FormatsError;
use crate::config::own_formats;
use crate::format;
use crate::format::Options;
use crate::format::Outcome;
use crate::format::Parser;
use anyhow::Context;

/// Lines that `auto` looks at before it decides.
const SAMPLE_LINES_MAX: usize = 200;
/// Shows what lines on standard input become.
#[derive(Debug, clap::Args)]
#[command(after_help = after_help())]
pub(super) struct ParseArgs {
    /// Name of the format, or auto
    #[arg(long, default_value = "auto")]
    format: String,
    /// A `log_format` of nginx or `LogFormat` of Apache, pasted
    #[arg(long, value_name = "STRING")]
    log_format: Option<String>,
    /// The variable or field that holds the credential
    #[arg(long, value_name = "VARIABLE")]
    key_from: Option<String>,
    /// A folder of files that describe formats of your own
    #[arg(long, value_name = "DIR")]
    formats: Option<PathBuf>,
    /// Show which bytes of a line each field came from, and what the line does not give
    #[arg(long)]
    explain: bool,
    /// Show credentials whole
    #[arg(long)]
    unscrubbed: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

fn after_help() -> String {
    let names: Vec<&str> = format::FORMATS.iter().map(|info| info.name).collect();
    format!(
        "The lines are read from standard input:\n  keyvigil parse < /var/log/nginx/access.log | less\n\n\
         Formats: {}",
        names.join(", ")
    )
}

/// Reads standard input to its end. An error of the format is a [`format::FormatError`].
pub(super) fn run(args: &ParseArgs) -> anyhow::Result<()> {
    let own =
        args.formats.as_deref().map(own_formats).transpose().map_err(|error| match error {
            FormatsError::Wrong(error) => anyhow::Error::new(error),
            error @ (FormatsError::Unreadable { .. }
            | FormatsError::TooLarge { .. }
            | FormatsError::TooMany { .. }) => anyhow::Error::new(error),
        })?;
    let options = Options {
        log_format: args.log_format.clone(),
        key_from: args.key_from.clone(),
        own: own.unwrap_or_default(),
    };
    let mut output = std::io::BufWriter::new(std::io::stdout().lock());
    let mut input = std::io::stdin().lock();
    let mut sample = Vec::new();
    let mut parser = if args.format == "auto" {
        sample = read_sample(&mut input)?;
        let lines: Vec<&[u8]> =
            sample.iter().map(|line| line.strip_suffix(b"\n").unwrap_or(line)).collect();
        let detected = Parser::detect(&lines, &options)?;
        if !args.json {
            writeln!(output, "{}", detected_text(&detected))?;
        }
        detected.parser
    } else {
        Parser::by_name(&args.format, &options)?
    };
    parser.keep_extras();
    let mask = if args.unscrubbed { Mask::hiding_nothing() } else { Mask::hiding() };
    let mut lacks_key = false;
    for line in &sample {
        lacks_key |= answer(&mut parser, line, (args, &mask), &mut output)?;
    }
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line).context("cannot read standard input")? != 0 {
        lacks_key |= answer(&mut parser, &line, (args, &mask), &mut output)?;
        line.clear();
    }
    if lacks_key {
        origins::write_hint(parser.name(), &mut output)?;
    }
    output.flush().context("cannot write to standard output")
}

fn read_sample(input: &mut impl BufRead) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut sample = Vec::new();
    while sample.len() < SAMPLE_LINES_MAX {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line).context("cannot read standard input")? == 0 {
            break;
        }
        sample.push(line);
    }
    Ok(sample)
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

/// Whether, of a line that is explained, the key is missing.
fn answer(
    parser: &mut Parser,
    line: &[u8],
    (args, mask): (&ParseArgs, &Mask),
    output: &mut impl Write,
) -> anyhow::Result<bool> {
    if args.explain {
        return origins::explain(parser, line, (args.json, mask), output);
    }
    let outcome = match line.strip_suffix(b"\n") {
        Some(line) => parser.parse(line),
        None => unfinished(parser, line),
    };
    if args.json {
        serde_json::to_writer(&mut *output, &as_json(&outcome, mask))?;
        writeln!(output)?;
    } else {
        write_text(&outcome, mask, output)?;
    }
    Ok(false)
}

/// A last line without its newline may go on: only what cannot become an event is known.
fn unfinished<'a>(parser: &mut Parser, line: &'a [u8]) -> Outcome<'a> {
    match parser.parse(line) {
        Outcome::Skip(reason) => Outcome::Skip(reason),
        Outcome::Pending(reason) => Outcome::Pending(reason),
        Outcome::Event(_) | Outcome::Events(_) | Outcome::Malformed(_) => {
            Outcome::Pending("the last line has no newline yet")
        }
    }
}
