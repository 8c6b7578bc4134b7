//! One labelled directory, played once for each budget.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::EvaluateArgs;
use crate::app::{Outputs, Replay};
use crate::config::Config;
use crate::evaluate::{HourCount, Judged, Labelled, Naive, Score};
use crate::format::Options;
use crate::identity::KeyIs;
use crate::incident::Alert;
use crate::report::{Value, answer};
use crate::simulate;
use crate::store::{OpenOptions, Store};
use crate::tail::Limits;

/// A log's name, in the order in which it is looked for.
const LOGS: [&str; 6] = [
    "access.log",
    "access.log.gz",
    "access.log.zst",
    "access.jsonl",
    "access.jsonl.gz",
    "access.jsonl.zst",
];

const BY_KEY_AND_HOUR: &str = "SELECT key, hour, count(*) AS requests, \
    sum(CASE WHEN status >= 400 THEN 1 ELSE 0 END) AS failures, sum(bytes) AS bytes \
    FROM events WHERE key IS NOT NULL GROUP BY key, hour ORDER BY key, hour";

/// What came of one directory.
pub(super) struct History {
    pub(super) name: String,
    pub(super) events: u64,
    pub(super) labelled: Labelled,
    /// A run for each budget, in the order of the budgets.
    pub(super) runs: Vec<Run>,
    /// The same with hindsight over the alerts of the run nearest to one a day.
    pub(super) swept: Vec<Score>,
    /// What plain statistics would have found, with hindsight, for each budget.
    pub(super) naive: Vec<(Naive, Vec<Score>)>,
}

pub(super) struct Run {
    pub(super) budget: f64,
    pub(super) score: Score,
}

impl History {
    pub(super) fn play(directory: &Path, args: &EvaluateArgs) -> anyhow::Result<Self> {
        let read = |name: &str| {
            let path = directory.join(name);
            fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        let labelled = Labelled::read(&read("labels.csv")?, &read("meta.json")?)
            .with_context(|| format!("cannot use the labels in {}", directory.display()))?;
        let scratch = Scratch::make()?;
        let mut history = Self {
            name: directory.display().to_string(),
            events: 0,
            labelled,
            runs: Vec::new(),
            swept: Vec::new(),
            naive: Vec::new(),
        };
        let mut nearest: Option<(f64, Vec<Alert>)> = None;
        for (place, &budget) in args.budgets.iter().enumerate() {
            let state = (place == 0).then(|| scratch.0.join("state"));
            let (events, alerts) = replay(directory, args, budget, (&scratch, state))?;
            history.events = events;
            let score = Judged::new(&alerts, &history.labelled).as_emitted();
            history.runs.push(Run { budget, score });
            let distance = budget.ln().abs();
            if nearest.as_ref().is_none_or(|(least, _)| distance < *least) {
                nearest = Some((distance, alerts));
            }
        }
        let with_hindsight = |alerts: &[Alert], labelled: &Labelled| -> Vec<Score> {
            let judged = Judged::new(alerts, labelled);
            args.budgets.iter().map(|budget| judged.within(*budget)).collect()
        };
        let alerts = nearest.map(|(_, alerts)| alerts).unwrap_or_default();
        history.swept = with_hindsight(&alerts, &history.labelled);
        let counts = counts(&scratch.0.join("state"))?;
        for naive in Naive::ALL {
            let alerts = naive.alerts(&counts);
            history.naive.push((naive, with_hindsight(&alerts, &history.labelled)));
        }
        Ok(history)
    }
}

/// A directory of its own that goes when the evaluation is over.
struct Scratch(PathBuf);

impl Scratch {
    fn make() -> anyhow::Result<Self> {
        let name = format!("keyvigil-evaluate-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed lies where the system tidies up.
        drop(fs::remove_dir_all(&self.0));
    }
}

fn replay(
    directory: &Path,
    args: &EvaluateArgs,
    budget: f64,
    (scratch, state): (&Scratch, Option<PathBuf>),
) -> anyhow::Result<(u64, Vec<Alert>)> {
    let Some(log) = LOGS.iter().map(|name| directory.join(name)).find(|path| path.is_file()) else {
        bail!("there is no log in {}; it may be called {}", directory.display(), LOGS.join(", "));
    };
    let beside = |name: &str| Some(directory.join(name)).filter(|path| path.is_file());
    let mut config = args.config.as_deref().map_or_else(|| Ok(Config::default()), Config::load)?;
    config.key_is = KeyIs::Id;
    config.alerts.false_alarms_per_day = budget;
    config.inventory = beside("inventory.csv").or(config.inventory);
    config.networks = beside("networks.csv").or(config.networks);
    let is_json = log.to_string_lossy().contains(".jsonl");
    let own = (!is_json && args.format == "auto").then(|| simulate::LOG_FORMAT.to_owned());
    let path = scratch.0.join("alerts.jsonl");
    let replay = Replay {
        config,
        files: vec![log],
        options: Options { log_format: args.log_format.clone().or(own), ..Options::default() },
        format: args.format.clone(),
        state,
        outputs: Outputs { alerts_json: Some(path.clone()), findings_json: None },
        limits: Limits::default(),
    };
    let summary = replay.run(Box::new(|_| ()), &mut |_| ())?;
    let text = fs::read_to_string(&path).context("cannot read the alerts again")?;
    let alerts = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    Ok((summary.overview.events, alerts))
}

/// What each key did in each hour, as it was stored.
fn counts(state: &Path) -> anyhow::Result<Vec<HourCount>> {
    let store = Store::open_existing(state, &OpenOptions::default())?;
    let mut counts = Vec::new();
    for row in answer(&store, &[], BY_KEY_AND_HOUR)? {
        counts.extend(count_of(row?));
    }
    Ok(counts)
}

fn count_of(row: Vec<Value>) -> Option<HourCount> {
    let [Value::Text(key), Value::Time(hour), requests, failures, bytes] =
        <[Value; 5]>::try_from(row).ok()?
    else {
        return None;
    };
    let (requests, failures, bytes) = (number(&requests), number(&failures), number(&bytes));
    Some(HourCount { key, hour: hour.hour(), requests, failures, bytes })
}

#[expect(clippy::cast_precision_loss, reason = "counts of an hour lie far below 2^53")]
fn number(value: &Value) -> f64 {
    match value {
        Value::Integer(number) => *number as f64,
        Value::Fraction(number) => *number,
        Value::Absent | Value::Flag(_) | Value::Text(_) | Value::Time(_) => 0.0,
    }
}
