//! `keyvigil evaluate --nab DIR`: the corpus of the Numenta Anomaly Benchmark through our model of
//! a series, scored by the benchmark's rules.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::evaluate::nab::{
    LabelledSeries, Outcome, PROFILES, outcome, read_series, read_windows, scores_csv, series_csv,
};

/// How the benchmark's files call us.
const NAME: &str = "keyvigil";

/// The corpus read, judged, and its results written; what there is to say of it.
pub(super) fn judge(corpus: &Path, results: &Path, is_json: bool) -> anyhow::Result<String> {
    let series = read(corpus)?;
    let bar = indicatif::ProgressBar::new_spinner();
    bar.set_message("trying constants");
    let outcome = outcome(&series, || bar.tick());
    bar.finish_and_clear();
    write_results(results, (&series, &outcome))?;
    if is_json {
        return Ok(format!("{}\n", serde_json::to_string_pretty(&value(&series, &outcome))?));
    }
    Ok(text(results, (&series, &outcome)))
}

fn read(corpus: &Path) -> anyhow::Result<Vec<LabelledSeries>> {
    let labels = corpus.join("labels").join("combined_windows.json");
    let windows = read_windows(&read_text(&labels)?)?;
    ensure!(!windows.is_empty(), "{} names no series", labels.display());
    let mut series = Vec::new();
    for (name, windows) in &windows {
        let text = read_text(&corpus.join("data").join(name))?;
        series.push(read_series(name, &text, windows)?);
    }
    Ok(series)
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write_results(results: &Path, of: (&[LabelledSeries], &Outcome)) -> anyhow::Result<()> {
    let (series, outcome) = of;
    let own = results.join(NAME);
    for (series, scores) in series.iter().zip(&outcome.scores) {
        let (folder, file) = series.name.rsplit_once('/').unwrap_or((".", &series.name));
        let path = own.join(folder).join(format!("{NAME}_{file}"));
        write(&path, &series_csv(series, scores))?;
    }
    for (number, profile) in PROFILES.into_iter().enumerate() {
        let path = own.join(format!("{NAME}_{}_scores.csv", profile.name));
        write(&path, &scores_csv(NAME, of, (number, profile)))?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn text(results: &Path, of: (&[LabelledSeries], &Outcome)) -> String {
    let mut text = String::new();
    say(&mut text, of).unwrap_or_default();
    writeln!(text, "results: {}", results.join(NAME).display()).unwrap_or_default();
    text
}

fn say(text: &mut String, (series, outcome): (&[LabelledSeries], &Outcome)) -> std::fmt::Result {
    let rows: usize = series.iter().map(|series| series.values.len()).sum();
    let (all, windows) = (series.len(), outcome.windows);
    writeln!(text, "{all} series, {rows} rows, {windows} windows; one set of constants for all")?;
    let titles = PROFILES.map(|profile| format!("{:>20}", profile.name)).join("");
    writeln!(text, "{:<42}{titles}", "100 is perfect, 0 says nothing")?;
    let mut line = |title: &str, scores: [f64; 3]| {
        let scores = scores.map(|score| format!("{score:>20.1}")).join("");
        writeln!(text, "{title:<42}{scores}")
    };
    line("tuned on all", outcome.tuned.map(|tuned| tuned.score))?;
    line("each fifth, tuned on the other four", outcome.folds)?;
    line("each folder, tuned on the other folders", outcome.folders)
}

fn value(series: &[LabelledSeries], outcome: &Outcome) -> Value {
    let of = |number: usize, name: &str| {
        let at = |scores: &[f64; 3]| scores.get(number).copied();
        let tuned = outcome.tuned.get(number);
        json!({
            "profile": name,
            "tuned": tuned.map(|tuned| tuned.score),
            "five_folds": at(&outcome.folds),
            "folders": at(&outcome.folders),
        })
    };
    let profiles: Vec<Value> =
        PROFILES.iter().enumerate().map(|(number, profile)| of(number, profile.name)).collect();
    json!({ "series": series.len(), "windows": outcome.windows, "profiles": profiles })
}
