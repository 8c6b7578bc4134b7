//! Mistakes in the configuration are shown, all of them, where they stand.

use std::fs;
use std::path::Path;

use keyvigil::config::{Config, ConfigError};

use crate::program::{keyvigil, stderr};

/// Every file of `tests/config/wrong/` is refused with the texts of its `# error:` lines.
#[test]
fn every_mistake_is_shown_with_its_place_and_what_to_do() {
    let mut tried = 0;
    for entry in fs::read_dir("tests/config/wrong").unwrap() {
        let path = entry.unwrap().path();
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        let Err(error @ ConfigError::Wrong { .. }) = Config::load(&path) else {
            panic!("{} was not refused", path.display());
        };
        let said = error.to_string();
        let expected: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("# error: ")).collect();
        assert!(!expected.is_empty(), "{} expects nothing", path.display());
        for expected in expected {
            assert!(said.contains(expected), "{}: {expected:?} is not in\n{said}", path.display());
        }
        assert!(said.contains(&path.display().to_string()), "no path in\n{said}");
        assert!(said.contains('^'), "nothing points in\n{said}");
        tried += 1;
    }
    assert!(70 <= tried, "only {tried} files were tried");
}

#[test]
fn the_commented_configuration_equals_the_defaults() {
    assert_eq!(Config::load(Path::new("config/keyvigil.toml")).unwrap(), Config::default());
}

/// Settings that are switched off in the file are right once the `#` is gone.
#[test]
fn the_settings_that_are_commented_out_are_right_too() {
    let text = fs::read_to_string("config/keyvigil.toml").unwrap();
    let is_setting = |line: &str| {
        line.strip_prefix("# ").is_some_and(|rest| {
            rest.starts_with('[')
                || rest.split_once(" = ").is_some_and(|(name, _)| {
                    name.chars().all(|it| it.is_ascii_lowercase() || it == '_')
                })
        })
    };
    let opened: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("[detectors.NAME]"))
        .map(|line| if is_setting(line) { line.trim_start_matches("# ") } else { line })
        .collect();
    // `[[sources]]` stands before the top level's own settings are over in no line.
    let config =
        Config::parse(&opened.join("\n"), "opened").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.sources.len(), 1);
    assert_eq!(config.mail.unwrap().to, ["you@example.com"]);
    assert!(config.store.key.is_some());
    assert!(config.inventory.is_some());
}

/// What editors on other systems leave in a file does no harm.
#[test]
fn a_byte_order_mark_tabs_and_carriage_returns_are_no_mistake() {
    let text = "\u{feff}key_is\t= \"id\"\r\n\r\n[web]\r\n\tlisten = \"off\"\r\n";
    let config = Config::parse(text, "windows").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.web.listen, None);
}

#[test]
fn a_folder_in_the_place_of_a_configuration_is_named() {
    let output = keyvigil(&["check", "--config", "tests/config"]);
    assert_eq!(output.status.code(), Some(78));
    let said = stderr(&output);
    assert!(said.contains("tests/config") && said.contains("directory"), "{said}");
}

#[test]
fn three_lines_are_enough() {
    let text =
        "sources = [{ path = \"/var/log/nginx/access.log\" }]\n[mail]\nto = \"you@example.com\"\n";
    let config = Config::parse(text, "three lines").unwrap();
    assert_eq!(config.sources[0].format, "auto");
    assert_eq!(config.mail.unwrap().port, 587);
    assert_eq!(config.alerts.false_alarms_per_day.to_string(), "1");
}
