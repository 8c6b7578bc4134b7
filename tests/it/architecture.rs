//! The house rules that the compiler cannot know.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in the order of the data. A room may use every room before it, and of the
/// crates and modules in [`GUARDED`] only those named in its line.
const ROOMS: &[(&str, &[&str])] = &[
    ("model", &["serde", "ahash", "ecow"]),
    ("format", &["serde", "serde_json", "csv", "jiff", "toml", "ahash", "std::net"]),
    (
        "identity",
        &["serde", "csv", "toml", "serde_json", "blake3", "ipnet", "std::net", "jiff", "ahash"],
    ),
    ("profile", &["serde", "postcard", "ahash", "std::net", "blake3"]),
    ("baseline", &["serde", "statrs", "ahash"]),
    (
        "detect",
        &[
            "serde",
            "serde_json",
            "toml",
            "statrs",
            "ahash",
            "std::net",
            "jiff",
            "rsigma_eval",
            "rsigma_parser",
        ],
    ),
    ("incident", &["serde", "blake3", "jiff"]),
    ("engine", &["serde", "postcard", "toml", "ahash", "std::net", "blake3"]),
    (
        "tail",
        &[
            "notify",
            "std::fs",
            "std::time",
            "std::thread",
            "std::os",
            "flate2",
            "zstd",
            "serde",
            "postcard",
            "blake3",
        ],
    ),
    (
        "store",
        &[
            "sled",
            "crossbeam_epoch",
            "zstd",
            "aes_gcm",
            "ed25519_dalek",
            "flate2",
            "jiff",
            "std::fs",
            "std::process",
            "std::thread",
            "std::time",
            "std::os",
            "serde",
            "serde_json",
            "postcard",
            "blake3",
            "tracing",
            "ahash",
        ],
    ),
    (
        "alert",
        &[
            "lettre",
            "tokio",
            "askama",
            "std::fs",
            "std::time",
            "std::net",
            "std::os",
            "std::process",
            "std::thread",
            "tracing",
            "serde",
            "serde_json",
            "blake3",
            "jiff",
        ],
    ),
    ("report", &["polars", "sqlparser", "jiff", "serde", "serde_json", "csv", "askama", "ahash"]),
    (
        "web",
        &[
            "axum",
            "askama",
            "prometheus_client",
            "tokio",
            "tokio_rustls",
            "futures_core",
            "subtle",
            "utoipa",
            "serde",
            "serde_json",
            "std::net",
            "std::time",
            "tracing",
            "jiff",
            "blake3",
        ],
    ),
    ("config", &["toml", "serde", "std::fs", "std::env", "std::net", "std::time", "jiff"]),
    ("survey", &["std::fs", "std::os", "std::process"]),
    (
        "app",
        &[
            "tokio",
            "tracing",
            "tracing_subscriber",
            "sd_notify",
            "std::fs",
            "std::env",
            "std::net",
            "std::thread",
            "std::time",
            "std::os",
            "anyhow",
            "serde",
            "serde_json",
            "std::process",
            "jiff",
            "blake3",
        ],
    ),
    (
        "simulate",
        &["rand", "rand_distr", "std::fs", "std::net", "serde_json", "jiff", "serde", "csv"],
    ),
    ("evaluate", &["csv", "serde", "serde_json", "jiff"]),
    (
        "cli",
        &[
            "clap",
            "indicatif",
            "anyhow",
            "std::fs",
            "std::env",
            "std::net",
            "std::process",
            "std::time",
            "serde_json",
            "serde",
            "csv",
            "jiff",
            "tokio",
            "tracing",
            "tracing_subscriber",
            "toml",
            "std::thread",
            "std::os",
            "ratatui",
            "rustix",
        ],
    ),
];

/// What makes a room impure, or slow to build, or harder to trust.
const GUARDED: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "std::time",
    "std::process",
    "std::os",
    "aes_gcm",
    "ahash",
    "anyhow",
    "askama",
    "axum",
    "blake3",
    "clap",
    "crossbeam_epoch",
    "csv",
    "ed25519_dalek",
    "flate2",
    "futures_core",
    "indicatif",
    "ipnet",
    "jiff",
    "lettre",
    "notify",
    "polars",
    "postcard",
    "prometheus_client",
    "rand",
    "rand_distr",
    "ratatui",
    "rsigma_eval",
    "rsigma_parser",
    "rustix",
    "sd_notify",
    "serde",
    "serde_json",
    "sled",
    "sqlparser",
    "statrs",
    "subtle",
    "tokio",
    "tokio_rustls",
    "toml",
    "tracing",
    "tracing_subscriber",
    "utoipa",
    "zstd",
];

const FILE_LINES_MAX: usize = 400;

#[test]
fn files_keep_to_the_plan() {
    let mut complaints = Vec::new();
    for file in rust_files(Path::new("src")) {
        let text = fs::read_to_string(&file).unwrap();
        if ["lib.rs", "main.rs"].iter().any(|name| file.ends_with(format!("src/{name}"))) {
            continue;
        }
        let room = room_of(&file);
        let Some(place) = ROOMS.iter().position(|(name, _)| *name == room) else {
            complaints.push(format!("{}: in no room of the plan", file.display()));
            continue;
        };
        complaints.extend(complaints_about(&file, &text, place));
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// A file that no `mod` line names is never compiled, and nobody would notice.
#[test]
fn every_file_has_its_mod_line() {
    let mut orphans = Vec::new();
    for file in rust_files(Path::new("src")) {
        let name = file.file_stem().unwrap().to_str().unwrap();
        if ["mod", "lib", "main"].contains(&name) {
            continue;
        }
        let folder = file.parent().unwrap();
        let parent =
            ["mod.rs", "lib.rs"].map(|it| folder.join(it)).into_iter().find(|it| it.exists());
        let parent = fs::read_to_string(parent.unwrap()).unwrap();
        if !parent.lines().any(|line| line.trim().ends_with(&format!("mod {name};"))) {
            orphans.push(file);
        }
    }
    assert!(orphans.is_empty(), "no mod line: {orphans:?}");
}

#[test]
fn the_map_names_every_room() {
    let map = fs::read_to_string("src/README.md").unwrap();
    for (room, _) in ROOMS {
        assert!(
            map.contains(&format!("`{room}/`")) || map.contains(&format!("`{room}.rs`")),
            "src/README.md does not name {room}"
        );
    }
}

#[test]
fn a_wall_is_seen_in_every_spelling() {
    let complaints = |room: &str, line: &str| {
        let text = format!("//! Purpose.\n{line}\n");
        let place = ROOMS.iter().position(|(name, _)| *name == room).unwrap();
        complaints_about(Path::new("src/x/y.rs"), &text, place).len()
    };
    assert_eq!(complaints("model", "use crate::engine::Engine;"), 1);
    assert_eq!(complaints("engine", "use crate::model::Slot;"), 0);
    assert_eq!(complaints("detect", "use polars::prelude::col;"), 1);
    assert_eq!(complaints("report", "use polars::prelude::col;"), 0);
    assert_eq!(complaints("engine", "let now = std::time::SystemTime::now();"), 1);
    assert_eq!(complaints("engine", "use std::{fs, io};"), 1);
    assert_eq!(complaints("engine", "// std::fs::read is not for us"), 0);
}

fn complaints_about(file: &Path, text: &str, place: usize) -> Vec<String> {
    let mut complaints = Vec::new();
    let (_, crates) = ROOMS[place];
    let is_test = file.ends_with("tail/model/mod.rs")
        || file.file_stem().is_some_and(|name| name.to_string_lossy().ends_with("tests"));
    let program = if is_test { "" } else { text };
    for (number, line) in of_the_program(program).filter(|(_, line)| !is_comment(line)) {
        let mut complain = |what: &str| {
            complaints.push(format!("{}:{}: uses {what}", file.display(), number + 1));
        };
        for used in line.split("crate::").skip(1).map(leading_name) {
            if ROOMS.iter().skip(place + 1).any(|(room, _)| *room == used) {
                complain(&format!("the room {used}, which comes after it"));
            }
        }
        if line.contains("std::{") {
            complain("a group of std modules; name them one by one");
        }
        for guarded in GUARDED {
            if mentions(line, guarded) && !crates.contains(guarded) {
                complain(guarded);
            }
        }
    }
    if text.lines().count() > FILE_LINES_MAX {
        complaints.push(format!("{}: more than {FILE_LINES_MAX} lines", file.display()));
    }
    if !text.starts_with("//! ") {
        complaints.push(format!("{}: does not say what it is for", file.display()));
    }
    complaints
}

/// The lines before the tests at the foot, with their numbers: tests may use what they need.
fn of_the_program(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().take_while(|(_, line)| !line.starts_with("mod tests {"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// `src/detect/volume.rs` and `src/engine.rs` are in the rooms `detect` and `engine`.
fn room_of(file: &Path) -> String {
    let inside = file.strip_prefix("src").unwrap().iter().next().unwrap();
    Path::new(inside).file_stem().unwrap().to_string_lossy().into_owned()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

fn leading_name(path: &str) -> String {
    path.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect()
}

/// Whether `line` names `path` itself, and not only something that contains its name.
fn mentions(line: &str, path: &str) -> bool {
    let is_name = |it: char| it.is_alphanumeric() || it == '_';
    line.match_indices(path).any(|(at, _)| {
        let (before, rest) = line.split_at(at);
        let (_, after) = rest.split_at(path.len());
        let starts = !before.ends_with(|it: char| is_name(it) || it == ':');
        let used = after.starts_with("::") || before.ends_with("use ");
        starts && used && !after.starts_with(is_name)
    })
}
