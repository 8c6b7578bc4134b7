//! `evaluate`: a made-up history with labels in, how well it did out.

use std::fmt::Write as _;
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

/// A corpus in the shape of NAB's: six series of a week with a day's rise and fall, and in each a
/// stretch in which it does something else.
fn made_up_corpus(folder: &std::path::Path) {
    let mut windows = serde_json::Map::new();
    let mut noise = 1u64;
    for number in 0..6u32 {
        let name = format!("{}/series_{number}.csv", ["madeUp", "madeUpToo"][number as usize % 2]);
        let stamp = |step: u32| {
            let (day, minute) = (step / 96 + 1, step % 96 * 15);
            format!("2026-03-{day:02} {:02}:{:02}:00", minute / 60, minute % 60)
        };
        let event = 96 * 5 + 30 + number * 10;
        let mut text = "timestamp,value\n".to_owned();
        for step in 0..96 * 7 {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
            let wave = (f64::from(step % 96) / 96.0 * std::f64::consts::TAU).sin();
            let odd = if (event..event + 12).contains(&step) { 90.0 } else { 0.0 };
            let chance = f64::from(u32::try_from(noise >> 40).unwrap()) / f64::from(1 << 24);
            let value = 50.0 + 20.0 * wave + 5.0 * chance + odd;
            writeln!(text, "{},{value}", stamp(step)).unwrap();
        }
        let path = folder.join("data").join(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        let micros = |step| format!("{}.000000", stamp(step));
        windows.insert(name, serde_json::json!([[micros(event - 30), micros(event + 30)]]));
    }
    fs::create_dir_all(folder.join("labels")).unwrap();
    let labels = serde_json::Value::Object(windows).to_string();
    fs::write(folder.join("labels/combined_windows.json"), labels).unwrap();
}

#[test]
fn a_corpus_in_the_shape_of_nabs_is_judged_and_its_results_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    made_up_corpus(&folder.path().join("corpus"));
    let arguments = ["evaluate", "--nab", &path("corpus"), "--results", &path("out"), "--json"];
    let evaluate = keyvigil(&arguments);
    assert!(evaluate.status.success(), "{}", stderr(&evaluate));
    let value: serde_json::Value = serde_json::from_str(&stdout(&evaluate)).unwrap();
    assert_eq!((&value["series"], &value["windows"]), (&6.into(), &6.into()));
    let standard = &value["profiles"][0];
    assert_eq!(standard["profile"], "standard");
    // Every stretch is found, half way into its window at the latest, with hardly a false alarm.
    assert!(75.0 < standard["tuned"].as_f64().unwrap(), "{value:#}");
    assert!(50.0 < standard["five_folds"].as_f64().unwrap(), "{value:#}");

    let rows = fs::read_to_string(path("out/keyvigil/madeUp/keyvigil_series_0.csv")).unwrap();
    assert_eq!(rows.lines().count(), 1 + 96 * 7);
    assert!(rows.starts_with("timestamp,value,anomaly_score,label,"), "{rows:.80}");
    let scores = fs::read_to_string(path("out/keyvigil/keyvigil_standard_scores.csv")).unwrap();
    assert_eq!(scores.lines().count(), 1 + 6 + 1);
    let totals: Vec<&str> = scores.lines().last().unwrap().split(',').collect();
    let total: f64 = totals[4].parse().unwrap();
    let normalised = 100.0 * (total + 6.0) / 12.0;
    assert!((normalised - standard["tuned"].as_f64().unwrap()).abs() < 1e-6, "{scores}");
}

#[test]
fn a_corpus_without_labels_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let refused = keyvigil(&["evaluate", "--nab", folder.path().to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("combined_windows.json"), "{}", stderr(&refused));
}
