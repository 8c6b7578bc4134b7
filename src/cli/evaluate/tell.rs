//! What an evaluation came to: a table for people, lines of a picture, JSON for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::history::History;
use crate::detect::count_text;
use crate::evaluate::{Line, Naive, Score, Share};

pub(super) fn text(histories: &[History]) -> String {
    let mut text = String::new();
    for history in histories {
        write_history(&mut text, history).unwrap_or_default();
    }
    if 1 < histories.len() {
        write_mean(&mut text, histories).unwrap_or_default();
    }
    text
}

fn write_history(text: &mut String, history: &History) -> std::fmt::Result {
    let labels = history.labelled.labels.iter().filter(|label| !label.is_notable).count();
    writeln!(
        text,
        "{}: {} requests; {labels} incidents in the {:.1} days that count",
        history.name,
        count_text(history.events),
        history.labelled.eval_days
    )?;
    writeln!(text, "  allowed  came    found                    precision  median delay")?;
    for run in &history.runs {
        let score = &run.score;
        let (low, high) = score.found.interval();
        let found = format!(
            "{:>3.0} % ({:.0} to {:.0}), {} of {}",
            score.found.value() * 100.0,
            low * 100.0,
            high * 100.0,
            score.found.part,
            score.found.whole
        );
        writeln!(
            text,
            "  {:<7}  {:<6.2}  {found:<23}  {:>5.0} %    {}",
            run.budget,
            score.false_alarms_per_day,
            score.precision() * 100.0,
            delay(score)
        )?;
    }
    write_hindsight(text, history)?;
    write_kinds(text, history)
}

fn write_hindsight(text: &mut String, history: &History) -> std::fmt::Result {
    let budgets: Vec<f64> = history.runs.iter().map(|run| run.budget).collect();
    writeln!(text, "  with a threshold chosen in hindsight, found at {} a day:", list(&budgets))?;
    let mut line = |title: &str, scores: &[Score]| {
        let found: Vec<String> =
            scores.iter().map(|it| format!("{:.0} %", it.found.value() * 100.0)).collect();
        writeln!(text, "    {title}: {}", found.join(", "))
    };
    line("keyvigil", &history.swept)?;
    for (naive, scores) in &history.naive {
        line(naive.title(), scores)?;
    }
    Ok(())
}

fn write_kinds(text: &mut String, history: &History) -> std::fmt::Result {
    let Some(run) = nearest_to_one(history) else { return Ok(()) };
    writeln!(text, "  of each kind, found with {} a day allowed:", run.0)?;
    for (kind, share) in &run.1.by_kind {
        writeln!(text, "    {kind:<28} {} of {}", share.part, share.whole)?;
    }
    if !run.1.missed.is_empty() {
        writeln!(text, "  missed: {}", run.1.missed.join(" "))?;
    }
    writeln!(text)
}

fn write_mean(text: &mut String, histories: &[History]) -> std::fmt::Result {
    writeln!(text, "mean of {}:", histories.len())?;
    writeln!(text, "  allowed  came    (least to most)  found  (least to most)  precision")?;
    for (place, budget) in budgets(histories).into_iter().enumerate() {
        let of = |value: fn(&Score) -> f64| Spread::of(scores_at(histories, place).map(value));
        let came = of(|score| score.false_alarms_per_day);
        let found = of(|score| score.found.value() * 100.0);
        let precision = of(|score| score.precision() * 100.0);
        writeln!(
            text,
            "  {budget:<7}  {:<6.2}  {:<15}  {:>3.0} %  {:<15}  {:>5.0} %",
            came.mean,
            format!("{:.2} to {:.2}", came.least, came.most),
            found.mean,
            format!("{:.0} to {:.0} %", found.least, found.most),
            precision.mean
        )?;
    }
    let all = histories.iter().filter_map(nearest_to_one);
    let mut kinds: BTreeMap<&str, Share> = BTreeMap::new();
    for (kind, share) in all.flat_map(|(_, score)| &score.by_kind) {
        let sum = kinds.entry(kind).or_default();
        sum.part += share.part;
        sum.whole += share.whole;
    }
    for (kind, share) in kinds {
        writeln!(text, "    {kind:<28} {} of {}", share.part, share.whole)?;
    }
    Ok(())
}

struct Spread {
    mean: f64,
    least: f64,
    most: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.collect();
        #[expect(clippy::cast_precision_loss, reason = "a handful of directories")]
        let count = values.len().max(1) as f64;
        Self {
            mean: values.iter().sum::<f64>() / count,
            least: values.iter().copied().fold(f64::INFINITY, f64::min),
            most: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

/// The curves of all directories, as means over them.
pub(super) fn lines(histories: &[History]) -> Vec<Line> {
    let budgets = budgets(histories);
    let mean_of = |scores: fn(&History) -> &[Score]| -> Vec<(f64, f64)> {
        let at = |(place, budget): (usize, &f64)| {
            let all = histories.iter().filter_map(|it| scores(it).get(place));
            (*budget, Spread::of(all.map(|score| score.found.value())).mean)
        };
        budgets.iter().enumerate().map(at).collect()
    };
    let came = budgets.iter().enumerate().map(|(place, _)| {
        let alarms = Spread::of(scores_at(histories, place).map(|it| it.false_alarms_per_day));
        let found = Spread::of(scores_at(histories, place).map(|it| it.found.value()));
        (alarms.mean, found.mean)
    });
    let line = |title: &str, points, is_loose| Line { title: title.to_owned(), points, is_loose };
    vec![
        line("keyvigil, threshold chosen in hindsight", mean_of(|it| &it.swept), false),
        line("keyvigil, as it set its threshold by itself", came.collect(), true),
        line(Naive::MovingAverage.title(), mean_of(|it| naive(it, Naive::MovingAverage)), false),
        line(Naive::HourOfDay.title(), mean_of(|it| naive(it, Naive::HourOfDay)), false),
    ]
}

fn naive(history: &History, wanted: Naive) -> &[Score] {
    let found = history.naive.iter().find(|(naive, _)| *naive == wanted);
    found.map(|(_, scores)| scores.as_slice()).unwrap_or_default()
}

pub(super) fn json(histories: &[History]) -> Value {
    let history = |it: &History| {
        let runs = it
            .runs
            .iter()
            .map(|run| json!({"allowed_per_day": run.budget, "score": score_json(&run.score)}));
        let naive = it.naive.iter().map(|(naive, scores)| {
            json!({"name": naive.title(), "scores": scores.iter().map(score_json).collect::<Vec<_>>()})
        });
        json!({
            "directory": it.name,
            "requests": it.events,
            "days": it.labelled.eval_days,
            "runs": runs.collect::<Vec<_>>(),
            "hindsight": it.swept.iter().map(score_json).collect::<Vec<_>>(),
            "naive": naive.collect::<Vec<_>>(),
        })
    };
    Value::Array(histories.iter().map(history).collect())
}

fn score_json(score: &Score) -> Value {
    let share = |share: &Share| json!({"found": share.part, "of": share.whole});
    let kinds = score.by_kind.iter().map(|(kind, it)| (kind.clone(), share(it)));
    json!({
        "recall": score.found.value(),
        "recall_interval": score.found.interval(),
        "incidents": share(&score.found),
        "false_alarms_per_day": score.false_alarms_per_day,
        "precision": score.precision(),
        "median_delay_seconds": score.median_delay.map(|delay| delay.0 / 1000),
        "by_kind": kinds.collect::<serde_json::Map<_, _>>(),
        "missed": score.missed,
    })
}

fn budgets(histories: &[History]) -> Vec<f64> {
    histories.first().map(|it| it.runs.iter().map(|run| run.budget).collect()).unwrap_or_default()
}

fn scores_at(histories: &[History], place: usize) -> impl Iterator<Item = &Score> {
    histories.iter().filter_map(move |it| it.runs.get(place).map(|run| &run.score))
}

fn nearest_to_one(history: &History) -> Option<(f64, &Score)> {
    let distance = |budget: f64| budget.ln().abs();
    let run = history.runs.iter().min_by(|a, b| distance(a.budget).total_cmp(&distance(b.budget)));
    run.map(|run| (run.budget, &run.score))
}

fn delay(score: &Score) -> String {
    score
        .median_delay
        .map_or_else(|| "none".to_owned(), |it| format!("{} min", (it.0 + 30_000) / 60_000))
}

fn list(budgets: &[f64]) -> String {
    budgets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
