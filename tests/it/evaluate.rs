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
