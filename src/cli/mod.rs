//! The command line: one file a subcommand.

pub mod parse;

use std::process::ExitCode;

use clap::Parser;

const EXIT_CONFIG: u8 = 78;

#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Parse(parse::ParseArgs),
}

pub fn main() -> ExitCode {
    let Command::Parse(args) = Cli::parse().command;
    match parse::run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::from(EXIT_CONFIG)
        }
    }
}
