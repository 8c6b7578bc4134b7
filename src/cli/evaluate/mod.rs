//! `keyvigil evaluate DIR…`: labelled histories through the same engine, and how well it did.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

mod history;
mod nab;
mod tell;

use crate::evaluate::plot;
use history::History;

const AFTER_HELP: &str = "\
Each DIR holds access.log (or access.jsonl; .gz and .zst too), labels.csv and meta.json, and where
they are known inventory.csv and networks.csv, as `keyvigil simulate --out DIR` writes them.

  keyvigil simulate --seed 7 --out seven
  keyvigil evaluate seven --svg seven.svg

With --nab, DIR is that benchmark's repository or a copy of its data and labels.";

/// How well incidents are found in labelled logs, and at what price of false alarms
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct EvaluateArgs {
    /// Directories of labelled logs
    #[arg(required_unless_present = "nab", conflicts_with = "nab", value_name = "DIR")]
    directories: Vec<PathBuf>,
    /// The corpus of the Numenta Anomaly Benchmark, with its `data` and `labels`, instead
    #[arg(long, value_name = "DIR")]
    nab: Option<PathBuf>,
    /// Where that benchmark's result files go
    #[arg(long, value_name = "DIR", requires = "nab", default_value = "results")]
    results: PathBuf,
    /// False alarms a day to allow, each in a run of its own
    #[arg(long, value_delimiter = ',', default_value = "0.5,1,2,5", value_parser = budget)]
    budgets: Vec<f64>,
    /// The logs' format, by name
    #[arg(long, value_name = "NAME", default_value = "auto")]
    format: String,
    /// The server's own description of its log; that of `simulate` if not given
    #[arg(long, value_name = "STRING")]
    log_format: Option<String>,
    /// Settings to judge with; the defaults if not given
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Draw incidents found against false alarms a day
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn budget(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_not_a_number| "not a number".to_owned())?;
    if number.is_finite() && 0.0 < number {
        return Ok(number);
    }
    Err("a budget is more than 0 false alarms a day".to_owned())
}

pub(super) fn run(args: &EvaluateArgs) -> anyhow::Result<ExitCode> {
    super::tell::start_logging("error");
    if let Some(corpus) = &args.nab {
        return print(&nab::judge(corpus, &args.results, args.json)?);
    }
    let mut histories = Vec::new();
    for directory in &args.directories {
        histories.push(History::play(directory, args)?);
    }
    if let Some(path) = &args.svg {
        let picture = plot("Incidents found against false alarms", &tell::lines(&histories));
        fs::write(path, picture).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let text = if args.json {
        let value = tell::json(&histories);
        format!("{}\n", serde_json::to_string_pretty(&value)?)
    } else {
        tell::text(&histories)
    };
    print(&text)
}

fn print(text: &str) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
