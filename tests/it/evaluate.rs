//! `evaluate`: a made-up history with labels in, how well it did out.

use std::fs;

use crate::program::{keyvigil, stderr, stdout};

#[test]
fn a_labelled_history_is_played_for_each_budget_and_its_curve_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let made = ["simulate", "--seed=5", "--days=10", "--keys=12", "--requests-per-day=2500"];
    let made = keyvigil(&[&made[..], &["--out", &path("five")]].concat());
    assert!(made.status.success(), "{}", stderr(&made));

    let picture = path("curve.svg");
    let evaluate =
        keyvigil(&["evaluate", &path("five"), "--budgets=1,5", "--json", "--svg", &picture]);
    assert!(evaluate.status.success(), "{}", stderr(&evaluate));
    let value: serde_json::Value = serde_json::from_str(&stdout(&evaluate)).unwrap();
    let history = &value[0];
    let lines = fs::read_to_string(path("five/access.log")).unwrap().lines().count();
    assert_eq!(history["requests"], lines);
    let runs = history["runs"].as_array().unwrap();
    let allowed: Vec<f64> =
        runs.iter().map(|run| run["allowed_per_day"].as_f64().unwrap()).collect();
    assert_eq!(allowed, [1.0, 5.0]);
    let found = &runs[1]["score"]["incidents"];
    assert!(0 < found["found"].as_u64().unwrap(), "{history:#}");
    assert_eq!(history["naive"].as_array().unwrap().len(), 2);
    assert!(fs::read_to_string(&picture).unwrap().starts_with("<svg"));
}

#[test]
fn a_directory_without_labels_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let refused = keyvigil(&["evaluate", folder.path().to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("labels.csv"), "{}", stderr(&refused));
}

/// Nothing is staged: every alarm is a false one, and hardly one of them is grave.
#[test]
fn quiet_weeks_bring_at_most_twice_the_alarms_that_were_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (seed, profile) = ("21", "rest");
    let calm = path(seed);
    let made = ["simulate", "--calm", "--keys=30", "--requests-per-day=3000", "--seed", seed];
    let made = keyvigil(&[&made[..], &["--profile", profile, "--out", &calm]].concat());
    assert!(made.status.success(), "{}", stderr(&made));
    let evaluate = keyvigil(&["evaluate", &calm, "--budgets=1", "--json"]);
    assert!(evaluate.status.success(), "{}", stderr(&evaluate));
    let value: serde_json::Value = serde_json::from_str(&stdout(&evaluate)).unwrap();
    let score = &value[0]["runs"][0]["score"];
    let came = score["false_alarms_per_day"].as_f64().unwrap();
    assert!(came <= 2.0, "{profile}: {came} a day");
    assert!(14.0 <= value[0]["days"].as_f64().unwrap());
    let grave = severities(&calm);
    let high = grave.iter().filter(|it| *it == "high").count();
    assert!(high <= 1 && !grave.iter().any(|it| it == "critical"), "{profile}: {grave:?}");
}

/// Of all alarms after the time in which was learned.
fn severities(folder: &str) -> Vec<String> {
    let read = |name: &str| fs::read_to_string(format!("{folder}/{name}")).unwrap();
    let alerts = format!("{folder}/alerts.jsonl");
    let tables = [
        format!("--inventory={folder}/inventory.csv"),
        format!("--networks={folder}/networks.csv"),
    ];
    let log = format!("{folder}/access.log");
    let form = format!("--log-format={}", keyvigil::simulate::LOG_FORMAT);
    let replay =
        ["replay", "--key-is=id", &tables[0], &tables[1], &form, "--alerts-json", &alerts, &log];
    let replay = keyvigil(&replay);
    assert!(matches!(replay.status.code(), Some(0 | 1)), "{}", stderr(&replay));
    let meta: serde_json::Value = serde_json::from_str(&read("meta.json")).unwrap();
    let text = |value: &serde_json::Value, name: &str| value[name].as_str().unwrap().to_owned();
    let alerts = read("alerts.jsonl");
    let alerts =
        alerts.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let counts =
        alerts.filter(|it| it["below"] != true && text(&meta, "eval_start") <= text(it, "time"));
    counts.map(|it| text(&it, "severity")).collect()
}
