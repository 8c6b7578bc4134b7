//! A stage that dies takes the daemon with it: a half-dead one would look alive.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::program::free_address;

/// The stages, as their points in `src/app/` are named.
pub(crate) const STAGES: [&str; 5] = ["reading", "judging", "keeping", "mailing", "page"];

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn a_panic_in_any_stage_ends_the_daemon_with_an_error() {
    for stage in STAGES {
        let folder = tempfile::tempdir().unwrap();
        let (code, said) = run_until_it_ends(stage, folder.path());
        assert_eq!(code, Some(1), "{stage}:\n{said}");
        assert!(said.contains(&format!("failpoint {stage} panic")), "{stage}:\n{said}");
    }
}

/// The exit code of the program itself, and what it said.
fn run_until_it_ends(stage: &str, folder: &Path) -> (Option<i32>, String) {
    let path = |name: &str| folder.join(name).display().to_string();
    let config = format!(
        "sources = [{{ path = \"{}\", format = \"json\" }}]\n[store]\ndirectory = \"{}\"\n\
         [web]\nlisten = \"{}\"\n[mail]\nto = \"you@example.com\"\nserver = \"127.0.0.1\"\n\
         tls = \"none\"\n",
        path("access.log"),
        path("state"),
        free_address(),
    );
    fs::write(path("keyvigil.toml"), config).unwrap();
    fs::write(path("access.log"), "").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyvigil"))
        .args(["run", "--config", &path("keyvigil.toml")])
        .env("FAILPOINTS", format!("{stage}=panic"))
        .stdout(Stdio::null())
        .stderr(fs::File::create(path("stderr")).unwrap())
        .spawn()
        .unwrap();
    let since = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if PATIENCE < since.elapsed() {
            child.kill().unwrap();
            break child.wait().unwrap();
        }
        thread::sleep(Duration::from_millis(20));
    };
    (status.code(), fs::read_to_string(path("stderr")).unwrap())
}

#[test]
fn a_build_for_users_has_no_points_where_it_fails() {
    let manifest: toml::Table = fs::read_to_string("Cargo.toml").unwrap().parse().unwrap();
    assert_eq!(manifest["dependencies"]["fail"].as_str(), Some("0.5"), "a feature may be on");
    assert_eq!(manifest.get("features"), None, "a feature may turn them on");
}
