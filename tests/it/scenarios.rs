//! Every `datasets/<name>/`: a small log in, the expected incidents out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::program::{keyvigil, stderr};
use crate::traffic;

#[test]
fn every_dataset_gives_its_expected_incidents() {
    let (mut tried, mut wrong) = (0, Vec::new());
    for entry in fs::read_dir("datasets").unwrap() {
        let folder = entry.unwrap().path();
        if !folder.join("flags").exists() {
            continue;
        }
        let found = incidents_of(&folder);
        let expected = fs::read_to_string(folder.join("expected.txt")).unwrap_or_default();
        if found != expected {
            let name = folder.display();
            wrong.push(format!("{name}\n--- expected\n{expected}--- found\n{found}"));
        }
        tried += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(16 <= tried, "only {tried} datasets were tried");
}

/// Small enough for everybody's clone, and told in its own words and in the list of all.
#[test]
fn every_dataset_is_small_and_described() {
    let list = fs::read_to_string("datasets/README.md").unwrap();
    for entry in fs::read_dir("datasets").unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(list.contains(&format!("| `{name}` |")), "{name} is not in datasets/README.md");
        assert!(folder.join("README.md").exists(), "{name} has no README.md");
        for file in fs::read_dir(&folder).unwrap() {
            let file = file.unwrap();
            let bytes = file.metadata().unwrap().len();
            assert!(bytes < 150_000, "{} has {bytes} bytes", file.path().display());
        }
    }
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
    let made = tempfile::tempdir().unwrap();
    if folder.join("traffic.txt").exists() {
        let logs = traffic::write(&folder.join("traffic.txt"), made.path());
        args.extend(logs.iter().map(|log| log.display().to_string()));
    } else {
        args.push(path("access.log"));
    }
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
        let who = [text("key"), text("ip"), "everybody".to_owned()];
        let who = who.into_iter().find(|it| !it.is_empty()).unwrap();
        let words = format!("{} {} {who}\n", text("severity"), text("kind"));
        let known = incidents.entry(text("incident")).or_default();
        *known = std::mem::take(known).max((rank, words));
    }
    let mut lines: Vec<String> = incidents.into_values().map(|(_, words)| words).collect();
    lines.sort();
    lines.concat()
}
