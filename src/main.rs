//! The `hemicycle` command: parses, dispatches, and turns an error into one line and an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    hemicycle::cli::main()
}
