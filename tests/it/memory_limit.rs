//! Too little memory is said at the start, and an end without a word by the next one.

use std::process::Command;

use crate::parts::{part, text};
use crate::program::{free_address, start_as};
use crate::site::Site;

#[test]
fn too_little_memory_and_an_end_without_a_word_are_said() {
    let mut site = Site::new();
    let listen = free_address();
    let config = site.configured(&listen.to_string(), &site.path("state"), "");
    let mut command = Command::new(part("prlimit", "util-linux"));
    command.args(["--data=201326592", env!("CARGO_BIN_EXE_keyvigil"), "run", "--config"]);
    let mut running = start_as(command.arg(text(&config)), listen, site.folder.path());
    running.wait_for("/api/v1/status", |body| body.contains("\"state\":\"idle\""));
    let said = site.said();
    assert!(said.contains("Only 192 MiB of memory may be used (ulimit: Max data size)"), "{said}");
    assert!(!said.contains("ended without a word"), "{said}");
    site.write(100, "k_usual", 0);
    site.wait_until_all_is_read(&mut running);
    running.kill();
    assert_eq!(site.start("").stop(), 0);
    assert_eq!(site.said().matches("ended without a word").count(), 1, "{}", site.said());
    assert_eq!(site.start("").stop(), 0);
    let said = site.said();
    assert_eq!(said.matches("ended without a word").count(), 1, "{said}");
    assert_eq!(said.matches("of memory may be used").count(), 1, "{said}");
}
