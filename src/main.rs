//! The way in.

fn main() -> std::process::ExitCode {
    keyvigil::cli::main()
}
