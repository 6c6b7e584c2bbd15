//! The `hemicycle` command: parses, dispatches, and turns an error into one line and an exit code.

use std::process::ExitCode;

/// Returns memory to the system sooner than the default allocator and is faster under many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    hemicycle::cli::main()
}
