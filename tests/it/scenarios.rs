//! Every `datasets/<name>/`: a small log in, the expected incidents out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::program::{keyvigil, stderr};

#[test]
fn every_dataset_gives_its_expected_incidents() {
    let mut tried = 0;
    for entry in fs::read_dir("datasets").unwrap() {
        let folder = entry.unwrap().path();
        if folder.join("access.log").exists() {
            let found = incidents_of(&folder);
            let expected = fs::read_to_string(folder.join("expected.txt")).unwrap();
            assert_eq!(found, expected, "in {}", folder.display());
            tried += 1;
        }
    }
    assert!(4 <= tried, "only {tried} datasets were tried");
}

/// A line an incident, sorted: its worst severity, its kind, and the key or address.
fn incidents_of(folder: &Path) -> String {
    let alerts = tempfile::NamedTempFile::new().unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let flags = fs::read_to_string(folder.join("flags")).unwrap();
    let is_file = |it: &str| Path::new(it).extension().is_some_and(|it| it == "csv");
    let flags = flags.lines().map(|it| if is_file(it) { path(it) } else { it.to_owned() });
    let mut args = vec!["replay".to_owned(), format!("--alerts-json={}", alerts.path().display())];
    args.extend(flags);
    args.push(path("access.log"));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = keyvigil(&args);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));

    let mut incidents: BTreeMap<String, (u8, String)> = BTreeMap::new();
    for line in fs::read_to_string(alerts.path()).unwrap().lines() {
        let alert: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| alert[name].as_str().unwrap_or_default().to_owned();
        if alert["below"] == true {
            continue;
        }
        let rank = match text("severity").as_str() {
            "critical" => 4,
            "high" => 3,
            "medium" => 2,
            _ => 1,
        };
        let who = if text("key").is_empty() { text("ip") } else { text("key") };
        let words = format!("{} {} {who}\n", text("severity"), text("kind"));
        let known = incidents.entry(text("incident")).or_default();
        *known = std::mem::take(known).max((rank, words));
    }
    let mut lines: Vec<String> = incidents.into_values().map(|(_, words)| words).collect();
    lines.sort();
    lines.concat()
}
