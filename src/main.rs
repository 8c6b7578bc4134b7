//! The way in.

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
enum Command {
    Simulate(keyvigil::cli::simulate::SimulateArgs),
}

fn main() -> anyhow::Result<ExitCode> {
    match Command::parse() {
        Command::Simulate(args) => keyvigil::cli::simulate::run(&args),
    }
}
