//! `keyvigil generate`: man pages and completions, made from the command line itself.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::{Cli, exit};
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    /// Where the files are put; made if it is not there
    directory: PathBuf,
}

pub(super) fn run(args: &GenerateArgs) -> anyhow::Result<ExitCode> {
    fs::create_dir_all(&args.directory)?;
    clap_mangen::generate_to(for_people(), &args.directory)?;
    fs::write(args.directory.join("keyvigil.1"), first_page(for_people())?)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut for_people(), "keyvigil", &args.directory)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The command line without what only packagers use.
fn for_people() -> Command {
    let whole = Cli::command();
    let commands = whole.get_subcommands().filter(|it| !it.is_hide_set()).cloned();
    let about = whole.get_about().cloned().unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION");
    Command::new("keyvigil").version(version).about(about).subcommands(commands)
}

/// keyvigil(1), with what holds for all subcommands.
fn first_page(command: Command) -> std::io::Result<Vec<u8>> {
    let man = Man::new(command.disable_help_subcommand(true));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    man.render_subcommands_section(&mut page)?;
    for (title, entries) in [
        ("EXIT STATUS", exit_codes()),
        ("FILES", files()),
        ("SIGNALS", signals()),
        ("ENVIRONMENT", environment()),
    ] {
        page.write_all(section(title, &entries).as_bytes())?;
    }
    man.render_version_section(&mut page)?;
    Ok(page)
}

type Entry = (String, &'static str);

fn section(title: &str, entries: &[Entry]) -> String {
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    for (name, meaning) in entries {
        roff.control("TP", []);
        roff.text([bold(name.as_str())]);
        roff.text([roman(*meaning)]);
    }
    roff.to_roff()
}

fn exit_codes() -> Vec<Entry> {
    [
        (0, "All is well."),
        (exit::FINDINGS, "Something was found, or went wrong."),
        (
            exit::ALTERED,
            "The audit journal is not as it was written (journal verify), or a log could not be \
             read to its end (replay); what could be read was judged.",
        ),
        (exit::STORE_IN_USE, "Another keyvigil uses the state directory."),
        (
            exit::CONFIG,
            "The configuration or a format is wrong. It is said where; systemd does not start the \
             service again.",
        ),
    ]
    .map(|(code, meaning)| (code.to_string(), meaning))
    .to_vec()
}

fn files() -> Vec<Entry> {
    [
        (Config::DEFAULT_PATH, "The configuration; it explains itself."),
        (
            "/var/lib/keyvigil",
            "What is remembered: events, positions, what is usual, incidents. Encrypted.",
        ),
        (
            "/var/lib/keyvigil/reports",
            "The reports of past months, if [reports] monthly is set; not encrypted.",
        ),
        ("/run/keyvigil/control.sock", "Where other commands ask the running daemon."),
        (
            "/etc/credstore/keyvigil.smtp",
            "The password for the mail server, which the service is given as the credential smtp.",
        ),
        (
            "/etc/credstore/keyvigil.store-key",
            "The key of the store, 64 hexadecimal digits, given as the credential store-key.",
        ),
        ("/usr/share/doc/keyvigil", "The README, the changes, and how well it detects."),
    ]
    .map(|(path, meaning)| (path.to_owned(), meaning))
    .to_vec()
}

fn signals() -> Vec<Entry> {
    [
        (
            "SIGHUP",
            "Reads the configuration again, as keyvigil reload does; if it is wrong, the old one \
             stays in force.",
        ),
        ("SIGTERM, SIGINT", "Takes no more lines, keeps what was judged, and ends with code 0."),
        ("SIGKILL", "At the next start nothing is missing and nothing is counted twice."),
    ]
    .map(|(signal, meaning)| (signal.to_owned(), meaning))
    .to_vec()
}

fn environment() -> Vec<Entry> {
    [
        ("RUST_LOG", "How much the program says of itself: error, warn, info, debug or trace."),
        ("CREDENTIALS_DIRECTORY", "Where systemd puts credentials."),
        ("NOTIFY_SOCKET, WATCHDOG_USEC", "Where systemd is told that all is well, and how often."),
    ]
    .map(|(name, meaning)| (name.to_owned(), meaning))
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subcommand_has_its_page_and_every_shell_its_completions() {
        let folder = tempfile::tempdir().unwrap();
        run(&GenerateArgs { directory: folder.path().to_owned() }).unwrap();
        let text = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        for command in Cli::command().get_subcommands().filter(|it| !it.is_hide_set()) {
            let name = command.get_name();
            assert!(text(&format!("keyvigil-{name}.1")).contains(".SH OPTIONS"), "{name}");
            for shell in ["keyvigil.bash", "_keyvigil", "keyvigil.fish"] {
                assert!(text(shell).contains(name), "{shell} does not know {name}");
                assert!(!text(shell).contains("generate"), "{shell} offers what is not for people");
            }
        }
        let page = text("keyvigil.1");
        for expected in ["\"EXIT STATUS\"", "\\fB78\\fR", "keyvigil\\-run(1)", "SIGTERM"] {
            assert!(page.contains(expected), "{expected} is not in\n{page}");
        }
        assert!(!page.contains("generate"), "{page}");
    }
}
