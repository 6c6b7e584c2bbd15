//! The project's chores: `cargo xtask <chore>`.

mod bench;
mod licences;
mod packages;
mod sabotage;
mod shell;
mod stack;
mod test;

use std::process::ExitCode;

use clap::Parser;

/// The project's chores.
///
/// `cargo xtask test` is what CI runs: green here is green there.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Chore {
    /// Run every check, in order: format, lints, licences, all tests, documentation
    Test(test::Args),
    /// Check licences, sources and duplicates of all dependencies against deny.toml
    Licences,
    /// Break each invariant on purpose, and see that a test turns red
    Sabotage(sabotage::Args),
    /// Measure speed, as ratios to ceilings of the same run
    Bench(bench::Args),
    /// Run the product on this machine as at scale: every role, PostgreSQL, Redis and HAProxy, until Ctrl-C
    Stack(stack::Args),
    /// The bare server that `bench` takes for its ceiling
    #[command(hide = true)]
    BenchBare(bench::bare::Args),
}

fn main() -> ExitCode {
    let outcome = match Chore::parse() {
        Chore::Test(args) => test::run(&args),
        Chore::Licences => licences::run(),
        Chore::Bench(args) => bench::run(&args),
        Chore::BenchBare(args) => bench::bare::run(&args),
        Chore::Stack(args) => stack::run(&args),
        Chore::Sabotage(args) => sabotage::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
