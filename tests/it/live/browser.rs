//! Debian's Chromium without a window: what a person would see of the page.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::parts::{part, succeed, text};

/// The page as text, after its scripts ran.
pub(super) fn document(url: &str, folder: &Path) -> String {
    let output = succeed(chromium(folder).args(["--dump-dom", url]));
    String::from_utf8(output.stdout).unwrap()
}

/// The page as a picture.
pub(super) fn picture(url: &str, folder: &Path, file: &Path) {
    let shot = format!("--screenshot={}", text(file));
    succeed(chromium(folder).args([&shot, "--window-size=1280,1500", url]));
    let bytes = fs::read(file).unwrap();
    assert!(bytes.starts_with(b"\x89PNG"), "{url} gave no picture");
    assert!(20_000 < bytes.len(), "the picture of {url} is nearly empty: {}", bytes.len());
}

fn chromium(folder: &Path) -> Command {
    let profile = format!("--user-data-dir={}", text(&folder.join("chromium")));
    let mut command = Command::new(part("chromium", "chromium"));
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]);
    command.args(["--hide-scrollbars", "--no-first-run", "--disable-background-networking"]);
    command.args(["--timeout=8000", &profile]);
    command
}
