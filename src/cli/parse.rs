//! `keyvigil parse`: what every line became, and why.

use std::borrow::Cow;
use std::io::BufRead;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::config::FormatsError;
use crate::config::own_formats;
use crate::format;
use crate::format::Options;
use crate::format::Outcome;
use crate::format::Parser;
use crate::model::Record;
use crate::model::Timestamp;
use crate::model::record::Field;

/// Lines that `auto` looks at before it decides.
const SAMPLE_LINES_MAX: usize = 200;
/// How many characters of a secret are shown.
const SHOWN_OF_SECRET: usize = 4;

/// What audit records say beside the fields of a request.
const AUDIT_NAMES: [&str; 14] = [
    "key.id",
    "service",
    "role",
    "arn",
    "access_key",
    "account",
    "region",
    "verb",
    "resource",
    "name",
    "subresource",
    "namespace",
    "subject",
    "error",
];

/// Variables with one of these in their name hold secrets.
const SECRET_WORDS: [&str; 7] = ["auth", "cookie", "token", "key", "secret", "password", "session"];

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
    /// Show credentials whole
    #[arg(long)]
    unscrubbed: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// How records are shown.
#[derive(Clone, Copy)]
enum Secrets {
    Shown,
    Masked,
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
    let mut show = |line: &[u8]| answer(&mut parser, line, args, &mut output);
    for line in &sample {
        show(line)?;
    }
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line).context("cannot read standard input")? != 0 {
        show(&line)?;
        line.clear();
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

fn answer(
    parser: &mut Parser,
    line: &[u8],
    args: &ParseArgs,
    output: &mut impl Write,
) -> anyhow::Result<()> {
    let secrets = if args.unscrubbed { Secrets::Shown } else { Secrets::Masked };
    let outcome = match line.strip_suffix(b"\n") {
        Some(line) => parser.parse(line),
        None => unfinished(parser, line),
    };
    if args.json {
        serde_json::to_writer(&mut *output, &as_json(&outcome, secrets))?;
        writeln!(output)?;
    } else {
        write_text(&outcome, secrets, output)?;
    }
    Ok(())
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

fn as_json(outcome: &Outcome<'_>, secrets: Secrets) -> Value {
    match outcome {
        Outcome::Event(record) => json!({ "event": event(record, secrets) }),
        Outcome::Events(records) => {
            let events: Vec<Value> = records.iter().map(|record| event(record, secrets)).collect();
            json!({ "events": events })
        }
        Outcome::Skip(reason) => json!({ "skip": reason }),
        Outcome::Malformed(reason) => json!({ "error": reason }),
        Outcome::Pending(reason) => json!({ "pending": reason }),
    }
}

/// A record by the names of its fields. What it does not give is not in it.
fn event(record: &Record<'_>, secrets: Secrets) -> Value {
    let mut event = Map::new();
    event.insert("kind".to_owned(), json!(record.kind.name()));
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            event.insert(name.to_owned(), value);
        }
    };
    put("time", record.time.and_then(rfc3339).map(Value::String));
    put("source_ip", record.source_ip.as_ref().map(|address| json!(canonical(address))));
    for (name, field) in texts(record) {
        put(name, field.as_ref().map(|field| json!(text(field))));
    }
    put("query", record.query.as_ref().map(|query| json!(masked_query(query, secrets))));
    put("key", record.key.as_ref().map(|key| json!(masked_key(key, record, secrets))));
    put("status", record.status.map(|status| json!(status)));
    for (name, number) in numbers(record) {
        put(name, number.map(|number| json!(number)));
    }
    put("duration_ms", record.duration_us.map(|micros| json!(in_thousandths(micros))));
    put("cost", record.cost_micros.map(|micros| json!(in_thousandths(micros) / 1000.0)));
    put("asn", record.asn.map(|asn| json!(asn)));
    put("quirk", record.quirk.map(|quirk| json!(quirk)));
    let extras: Map<String, Value> = record
        .extras
        .iter()
        .map(|(name, value)| (text(name), json!(masked_extra(&text(name), value, secrets))))
        .collect();
    for name in AUDIT_NAMES {
        if let Some(value) = extras.get(name) {
            event.insert(name.to_owned(), value.clone());
        }
    }
    if !extras.is_empty() {
        event.insert("extras".to_owned(), Value::Object(extras));
    }
    Value::Object(event)
}

fn texts<'r, 'a>(record: &'r Record<'a>) -> [(&'static str, &'r Option<Field<'a>>); 15] {
    [
        ("id", &record.id),
        ("op", &record.operation),
        ("action", &record.operation),
        ("outcome", &record.outcome),
        ("tenant", &record.tenant),
        ("method", &record.method),
        ("path", &record.path),
        ("host", &record.host),
        ("http_version", &record.http_version),
        ("user", &record.user),
        ("user_agent", &record.user_agent),
        ("referer", &record.referer),
        ("raw_request", &record.raw_request),
        ("model", &record.model),
        ("country", &record.country),
    ]
}

fn numbers(record: &Record<'_>) -> [(&'static str, Option<u64>); 5] {
    [
        ("count", record.count),
        ("bytes", record.bytes),
        ("request_bytes", record.request_bytes),
        ("input_tokens", record.input_tokens),
        ("output_tokens", record.output_tokens),
    ]
}

fn write_text(
    outcome: &Outcome<'_>,
    secrets: Secrets,
    output: &mut impl Write,
) -> anyhow::Result<()> {
    let records = match outcome {
        Outcome::Event(record) => std::slice::from_ref(record),
        Outcome::Events(records) => records.as_slice(),
        Outcome::Skip(reason) => return Ok(writeln!(output, "skipped: {reason}")?),
        Outcome::Malformed(reason) => return Ok(writeln!(output, "malformed: the line {reason}")?),
        Outcome::Pending(reason) => return Ok(writeln!(output, "waits: {reason}")?),
    };
    for record in records {
        writeln!(output, "event")?;
        let Value::Object(fields) = event(record, secrets) else { continue };
        for (name, value) in fields {
            let Value::Object(extras) = value else {
                write_field(&name, &value, output)?;
                continue;
            };
            for (name, value) in extras {
                write_field(&format!("${name}"), &value, output)?;
            }
        }
    }
    Ok(())
}

/// What a log line says is never written to a terminal as it is.
fn write_field(name: &str, value: &Value, output: &mut impl Write) -> anyhow::Result<()> {
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let value: String =
        value.chars().map(|letter| if letter.is_control() { '\u{FFFD}' } else { letter }).collect();
    writeln!(output, "  {name:<14} {value}")?;
    Ok(())
}

fn rfc3339(at: Timestamp) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(at.0).ok()?;
    Some(format!("{at:.3}"))
}

fn canonical(text_of_address: &[u8]) -> String {
    format::address(text_of_address)
        .map_or_else(|| text(text_of_address), |address| address.to_string())
}

/// Text as it is; bytes that are none as `\xHH`.
fn text(bytes: &[u8]) -> String {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(_) => bytes.escape_ascii().to_string(),
    }
}

fn masked_key(key: &[u8], record: &Record<'_>, secrets: Secrets) -> String {
    match secrets {
        Secrets::Masked if !record.key_is_user => masked(&text(key)),
        Secrets::Shown | Secrets::Masked => text(key),
    }
}

/// A header or argument whose name says that it holds a secret is not shown.
fn masked_extra(name: &str, value: &[u8], secrets: Secrets) -> String {
    let is_secret = SECRET_WORDS.iter().any(|word| name.contains(word));
    match secrets {
        Secrets::Masked if is_secret => masked(&text(value)),
        Secrets::Shown | Secrets::Masked => text(value),
    }
}

/// Without its values: any of them may be a secret.
fn masked_query(query: &[u8], secrets: Secrets) -> String {
    let query = text(query);
    match secrets {
        Secrets::Shown => query,
        Secrets::Masked => {
            let names = query.split('&').map(|pair| match pair.split_once('=') {
                Some((name, _)) => format!("{name}=…"),
                None => pair.to_owned(),
            });
            names.collect::<Vec<_>>().join("&")
        }
    }
}

fn masked(secret: &str) -> String {
    let count = secret.chars().count();
    let hidden =
        count.saturating_sub(if 2 * SHOWN_OF_SECRET < count { SHOWN_OF_SECRET } else { 0 });
    let shown: String = secret.chars().skip(hidden).collect();
    format!("…{shown}")
}

#[expect(clippy::cast_precision_loss, reason = "a duration of 2^53 µs is 285 years")]
fn in_thousandths(micros: u64) -> f64 {
    micros as f64 / 1000.0
}
