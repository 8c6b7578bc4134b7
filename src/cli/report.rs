//! `keyvigil report`: what was used, what went wrong and what is left to tidy up, for people
//! who check.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::ask::Asked as Answered;
use super::incidents::{moment, span};
use super::look::LookArgs;
use super::report_text::text;
use crate::app;
use crate::app::control::{self, Question};
use crate::model::{Millis, Timestamp};
use crate::report::{Asked, Report, SECTIONS};

const AFTER_HELP: &str = "\
The last month as a page that prints well, and the incidents for a spreadsheet:
  keyvigil report --out report.html
  keyvigil report --since 90d --section incidents --format csv --out incidents.csv

Sections: coverage, usage, incidents, credentials, third-parties, evidence (by control: GDPR, CCPA,
HIPAA, SOC 2, PCI DSS), processing (the record of GDPR, article 30), notice (for a privacy notice).

HTML is one file that needs nothing beside itself. CSV is a line for each value, or, with the name
of one figure (--figure usage.by-key), that table as it is; no cell is a formula. OCSF gives
incidents as Detection Findings, credentials and controls as Compliance Findings, a line each. In JSON and
HTML each figure names the question that made it: `keyvigil query` gives the same.

A running keyvigil is asked; without one, the store is opened.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ReportArgs {
    #[command(flatten)]
    look: LookArgs,
    /// From when on: 30d, 12w, back from the end, or a date, or RFC 3339
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = start)]
    since: Start,
    /// Up to when: a date, or RFC 3339; now if not given
    #[arg(long, value_name = "TIME", value_parser = end)]
    until: Option<Timestamp>,
    /// What to write: as the file's name ends, otherwise text on a terminal and JSON elsewhere
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Where to, readable by nobody else; to standard output if not given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Only this section; may be given several times
    #[arg(long, value_name = "NAME", value_parser = SECTIONS)]
    section: Vec<String>,
    /// Only this figure, as CSV or JSON
    #[arg(long, value_name = "NAME")]
    figure: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum Start {
    At(Timestamp),
    Back(Millis),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Html,
    Json,
    Csv,
    Ocsf,
}

pub(super) fn run(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let made = app::now();
    let until = args.until.unwrap_or(made);
    let from = match args.since {
        Start::At(from) => from,
        Start::Back(span) => until.back(span),
    };
    anyhow::ensure!(from < until, "the period ends before it begins: --since is after --until");
    let mut report = made_of(args, Asked { from, until, made })?.with_only(&args.section);
    if let Some(name) = &args.figure {
        for section in &mut report.sections {
            section.figures.retain(|figure| figure.name == *name);
        }
        report.sections.retain(|section| !section.figures.is_empty());
        anyhow::ensure!(
            !report.sections.is_empty(),
            "there is no figure {name:?} in this report; --json names those there are"
        );
    }
    let written = written(args, &report)?;
    match &args.out {
        Some(path) => app::write_whole(path, &written)
            .with_context(|| format!("cannot write the report to {}", path.display()))?,
        None => match io::stdout().lock().write_all(&written) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => (),
            done => done.context("cannot print the report")?,
        },
    }
    if args.out.is_some() {
        for caution in &report.cautions {
            writeln!(io::stderr().lock(), "keyvigil: {caution}")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn made_of(args: &ReportArgs, asked: Asked) -> anyhow::Result<Report> {
    let question = Question::Report { from: asked.from, until: asked.until };
    if let Answered::Answer(answer) = args.look.whom.ask(&question)? {
        return serde_json::from_value(answer).context("the daemon's answer cannot be understood");
    }
    let (config, resting) = args.look.resting_with_config(&question)?;
    Ok(control::report((&resting.store, &resting.view), &config, asked)?)
}

fn written(args: &ReportArgs, report: &Report) -> anyhow::Result<Vec<u8>> {
    let mut out = Vec::new();
    match args.format() {
        Format::Text => out.extend(text(report).into_bytes()),
        Format::Html => {
            out = report.in_html().context("the page cannot be made")?.into_bytes();
        }
        Format::Json => writeln!(out, "{:#}", report.in_json())?,
        Format::Csv => match (&args.figure, report.figures().next()) {
            (Some(_), Some(figure)) => figure.write_csv(&mut out)?,
            _ => report.write_csv(&mut out)?,
        },
        Format::Ocsf => {
            for event in report.in_ocsf() {
                writeln!(out, "{event}")?;
            }
        }
    }
    Ok(out)
}

impl ReportArgs {
    fn format(&self) -> Format {
        if self.json {
            return Format::Json;
        }
        let named = self.out.as_deref().and_then(Path::extension).and_then(|it| it.to_str());
        let by_name = match named {
            Some("html" | "htm") => Some(Format::Html),
            Some("json") => Some(Format::Json),
            Some("csv") => Some(Format::Csv),
            Some("ocsf" | "jsonl" | "ndjson") => Some(Format::Ocsf),
            Some("txt") => Some(Format::Text),
            Some(_) | None => None,
        };
        let natural = if self.out.is_none() && io::stdout().is_terminal() {
            Format::Text
        } else {
            Format::Json
        };
        self.format.or(by_name).unwrap_or(natural)
    }
}

fn start(text: &str) -> Result<Start, String> {
    let back = || span(text).map(Start::Back);
    let wrong = || format!("{text:?} is not a time: write 30d, 12w, 2026-03-09 or RFC 3339");
    moment(text).map(Start::At).or_else(back).ok_or_else(wrong)
}

fn end(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("{text:?} is not a time: write 2026-03-09 or RFC 3339");
    moment(text).ok_or_else(wrong)
}
