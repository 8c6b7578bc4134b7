//! `keyvigil simulate`: writes labelled traffic from a seed, to try things on.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::ValueEnum;

use crate::model::Timestamp;
use crate::simulate;
use crate::simulate::LineFormat;
use crate::simulate::Options;
use crate::simulate::Profile;
use crate::simulate::Staging;

/// Write a labelled access log from a seed, to try things on.
#[derive(clap::Args, Debug)]
pub(super) struct SimulateArgs {
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many days the log covers; 28 if not given, or fewer for few lines.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=730))]
    days: Option<u32>,
    /// How many keys there are.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    keys: u32,
    /// Where the log ends: RFC 3339, a date, or now. A fixed date if not given, so that it can be made again.
    #[arg(long, value_name = "TIME|now")]
    end: Option<String>,
    /// Requests a day of all keys together.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    requests_per_day: Option<u32>,
    /// Exactly so many lines.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    lines: Option<u64>,
    /// How the lines are written.
    #[arg(long, value_enum, default_value_t = Form::Combined)]
    format: Form,
    /// What sort of service it is.
    #[arg(long, value_enum, default_value_t = Service::Rest)]
    profile: Service,
    /// Let the names of the keys look like secrets.
    #[arg(long)]
    key_secrets: bool,
    /// Stage no incidents: quiet traffic, to learn from.
    #[arg(long)]
    calm: bool,
    /// Let all addresses be of this machine (127.0.0.0/8), so that real requests can go on where the log ends.
    #[arg(long)]
    loopback: bool,
    /// The directory to write into; it is made if need be.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    Combined,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Service {
    Rest,
    Llm,
    Partners,
    /// Keys of unlike habits: clockwork, on and off, bursts
    Uneven,
}

pub(super) fn run(args: &SimulateArgs) -> anyhow::Result<ExitCode> {
    let mut simulation = simulate::simulate(&options_of(args)?);
    simulate::write_to(&args.out, &mut simulation)
        .with_context(|| format!("cannot write the simulation into {}", args.out.display()))?;
    let (lines, labels) = (simulation.lines(), simulation.labels().len());
    let end = simulation.meta().end;
    writeln!(
        std::io::stderr(),
        "{lines} lines with {labels} staged incidents written into {}; the log ends at {}",
        args.out.display(),
        jiff::Timestamp::from_second(end.seconds())?
    )?;
    Ok(ExitCode::SUCCESS)
}

fn options_of(args: &SimulateArgs) -> anyhow::Result<Options> {
    let usual = Options::default();
    Ok(Options {
        seed: args.seed,
        days: args.days.unwrap_or_else(|| days_for(args.lines)),
        keys: args.keys as usize,
        end: args.end.as_deref().map_or(Ok(usual.end), time_of)?,
        // A usual key makes 830 requests a day.
        requests_per_day: args
            .requests_per_day
            .map_or(usual.requests_per_day * f64::from(args.keys) / 120.0, f64::from),
        lines: args.lines,
        format: match args.format {
            Form::Combined => LineFormat::Combined,
            Form::Json => LineFormat::Json,
        },
        key_secrets: args.key_secrets,
        profile: match args.profile {
            Service::Rest => Profile::Rest,
            Service::Llm => Profile::Llm,
            Service::Partners => Profile::Partners,
            Service::Uneven => Profile::Uneven,
        },
        staging: if args.calm { Staging::Nothing } else { Staging::Spread },
        loopback: args.loopback,
    })
}

/// Some thousands of lines a day, so that no day is empty.
fn days_for(lines: Option<u64>) -> u32 {
    lines.map_or(28, |lines| u32::try_from(lines / 7000).unwrap_or(28).clamp(1, 28))
}

fn time_of(text: &str) -> anyhow::Result<Timestamp> {
    if text == "now" {
        return Ok(crate::app::now());
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp::from_seconds(time.as_second()));
    }
    let date: jiff::civil::Date =
        text.parse().with_context(|| format!("--end: not a time or a date: {text}"))?;
    let midnight = date
        .to_zoned(jiff::tz::TimeZone::UTC)
        .with_context(|| format!("--end: out of range: {text}"))?;
    Ok(Timestamp::from_seconds(midnight.timestamp().as_second()))
}
