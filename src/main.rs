//! The way in.

use std::process::ExitCode;

fn main() -> ExitCode {
    keyvigil::cli::main()
}
