//! What is built in, and what is promised about safety: licences, sources, the bill of
//! materials, and that every threat of SECURITY.md has its tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::parts::succeed;

fn bill() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/sbom");
    String::from_utf8(succeed(Command::new("python3").arg(script)).stdout).unwrap()
}

fn deny() -> toml::Table {
    fs::read_to_string("deny.toml").unwrap().parse().unwrap()
}

/// Alternatives of which one must be allowed, for each part of an expression.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    expression.split(" AND ").all(|part| {
        let part = part.trim_matches(['(', ')', ' ']);
        part.split(" OR ").any(|licence| allowed.contains(licence.trim()))
    })
}

#[test]
fn every_crate_is_allowed_and_held_by_its_checksum() {
    let deny = deny();
    let allowed: BTreeSet<String> = deny["licenses"]["allow"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap().to_owned())
        .collect();
    assert!(is_allowed("(MIT OR GPL-3.0) AND Unicode-3.0", &allowed));
    assert!(!is_allowed("MIT AND GPL-3.0", &allowed) && !is_allowed("AGPL-3.0", &allowed));
    let banned = deny["bans"]["deny"].as_array().unwrap();
    let bill: Value = serde_json::from_str(&bill()).unwrap();
    for part in bill["components"].as_array().unwrap() {
        let name = part["name"].as_str().unwrap();
        let licence = part["licenses"][0]["expression"].as_str().unwrap();
        assert!(is_allowed(licence, &allowed), "{name}: {licence} is not allowed by deny.toml");
        // What comes from anywhere but the registry has none.
        let sum = part["hashes"][0]["content"].as_str().unwrap_or_default();
        assert_eq!(sum.len(), 64, "{name} is not held by a checksum");
        let ban = banned.iter().find(|it| it["crate"].as_str() == Some(name));
        assert!(ban.is_none(), "{name} is banned: {ban:?}");
    }
    let ignored = deny["advisories"]["ignore"].as_array().unwrap();
    for exception in banned.iter().chain(ignored) {
        let reason = exception["reason"].as_str().unwrap_or_default();
        assert!(20 < reason.len(), "no reason for {exception}");
    }
    for exception in deny["bans"]["skip"].as_array().unwrap() {
        let reason = exception["reason"].as_str().unwrap_or_default();
        let version = exception["crate"].as_str().unwrap().split_once('@');
        assert!(5 < reason.len() && version.is_some(), "no reason for {exception}, or any version");
    }
}

#[test]
fn the_bill_of_materials_is_whole_and_the_same_each_time() {
    let text = bill();
    assert_eq!(text, bill());
    let bill: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
    assert_eq!(bill["metadata"]["component"]["name"], "keyvigil");
    let parts = bill["components"].as_array().unwrap();
    let refs: BTreeSet<&str> = parts.iter().map(|it| it["bom-ref"].as_str().unwrap()).collect();
    assert_eq!(refs.len(), parts.len(), "no part twice");
    for edge in bill["dependencies"].as_array().unwrap() {
        for below in edge["dependsOn"].as_array().unwrap() {
            assert!(refs.contains(below.as_str().unwrap()), "{below} is no part");
        }
    }
    let names: BTreeSet<&str> = parts.iter().map(|it| it["name"].as_str().unwrap()).collect();
    let manifest: toml::Table = fs::read_to_string("Cargo.toml").unwrap().parse().unwrap();
    for name in manifest["dependencies"].as_table().unwrap().keys() {
        assert!(names.contains(name.as_str()), "{name} is built in and not on the bill");
    }
    assert!(!names.contains("proptest"), "what only tests need is not built in");
    assert_eq!(manifest["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
}

#[test]
fn every_threat_names_tests_that_are_there_and_every_room_is_thought_of() {
    let text = fs::read_to_string("SECURITY.md").unwrap();
    let mut code = String::new();
    read_all(Path::new("src"), &mut code);
    read_all(Path::new("tests/it"), &mut code);
    let rows = text.lines().filter(|line| line.starts_with("| ") && line.contains(" | `"));
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split(" | ").collect()).collect();
    for row in &rows {
        assert_eq!(row.len(), 5, "{row:?}");
        for name in row[4].split('`').skip(1).step_by(2) {
            assert!(code.contains(&format!("fn {name}(")), "SECURITY.md: no test {name}");
        }
    }
    let kinds: BTreeSet<&str> = rows.iter().map(|row| row[1]).collect();
    assert_eq!(kinds.into_iter().collect::<String>(), "DEIRST");
    for room in fs::read_dir("src").unwrap().map(|entry| entry.unwrap().path()) {
        let name = room.file_name().unwrap().to_str().unwrap().to_owned();
        let is_named =
            text.contains(&format!("| {name} | ")) || text.contains(&format!("`{name}`"));
        assert!(!room.is_dir() || is_named, "SECURITY.md does not think of {name}");
    }
}

fn read_all(folder: &Path, code: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, code);
        } else if path.extension().is_some_and(|it| it == "rs") {
            code.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}
