//! The real parts that tests are driven with, and what to install where one is missing.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// Where a program of a Debian package is. A machine without it fails the test.
pub(crate) fn part(program: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Where daemons are is not in everybody's path.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    let found = folders.map(|folder| folder.join(program)).find(|path| path.is_file());
    assert!(found.is_some(), "this test needs {program}: apt-get install {package}");
    found.unwrap()
}

/// A part that runs beside the test, and is stopped when it goes out of sight.
pub(crate) struct Part(pub(crate) Child);

impl Part {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.0.try_wait().is_ok_and(|ended| ended.is_none()) {
            signal(self.0.id(), "TERM");
            thread::sleep(Duration::from_millis(300));
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }
}

pub(crate) fn signal(id: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &id.to_string()]).status();
    assert!(sent.unwrap().success(), "no signal {name} to {id}");
}

/// Runs a part to its end, which must be a good one.
pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Asks until there is an answer.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(since.elapsed() < PATIENCE, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Where a test leaves what people may want to look at: `KEYVIGIL_ARTEFACTS`, or `tmp/` in
/// the target directory.
pub(crate) fn artefacts(test: &str) -> PathBuf {
    let given = std::env::var_os("KEYVIGIL_ARTEFACTS").map(PathBuf::from);
    let folder = given.unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR"))).join(test);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// As text, for command lines and configurations.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
