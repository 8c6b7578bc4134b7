//! What the README promises: its tables are those of the registries.

use std::fs;

use keyvigil::detect::DETECTORS;
use keyvigil::format::FORMATS;

/// The part of the README between two marks.
fn between<'a>(text: &'a str, mark: &str) -> &'a str {
    let (start, end) = (format!("<!-- {mark} -->\n"), format!("<!-- end of {mark} -->"));
    let (_, rest) = text.split_once(start.as_str()).unwrap();
    rest.split_once(end.as_str()).unwrap().0
}

#[test]
fn the_table_of_formats_is_the_registry() {
    let rows: Vec<String> = FORMATS
        .iter()
        .map(|it| format!("| `{}` | {} | {} |", it.name, it.title, it.reads))
        .collect();
    let expected =
        format!("| name | what it is | what is read |\n| --- | --- | --- |\n{}\n", rows.join("\n"));
    let readme = fs::read_to_string("README.md").unwrap();
    assert!(between(&readme, "formats") == expected, "the README should have:\n{expected}");
}

#[test]
fn the_table_of_detectors_is_the_registry() {
    let rows: Vec<String> = DETECTORS
        .iter()
        .map(|it| format!("| `{}` | {:?} | {} |", it.name, it.class, it.about))
        .collect();
    let expected =
        format!("| name | class | what it finds |\n| --- | --- | --- |\n{}\n", rows.join("\n"));
    let readme = fs::read_to_string("README.md").unwrap();
    assert!(between(&readme, "detectors") == expected, "the README should have:\n{expected}");
}

#[test]
fn the_readme_names_its_two_commands() {
    let readme = fs::read_to_string("README.md").unwrap();
    assert!(readme.contains("cargo run --release -- demo"));
    assert!(readme.contains("scripts/test"));
}
