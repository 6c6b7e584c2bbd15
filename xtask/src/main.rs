//! The project's chores: `cargo xtask <chore>`.

mod bench;
mod licences;
mod packages;
mod pictures;
mod sabotage;
mod schemathesis;
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
    /// Try the API by its description, as a step of `test` does: installs Schemathesis into target/ where it is missing
    Api,
    /// Break each invariant on purpose, and see that a test turns red
    Sabotage(sabotage::Args),
    /// Measure speed, as ratios to ceilings of the same run
    Bench(bench::Args),
    /// Let millions of ballots pass through every role, and watch what it holds in memory
    Soak(bench::Args),
    /// Take the pictures of the README anew, by the tests that show them
    Pictures,
    /// Run the product on this machine as at scale: every role, PostgreSQL, Redis and HAProxy, until Ctrl-C
    ///
    /// Builds the product and starts, each as a process of its own on 127.0.0.1: PostgreSQL with a synchronous standby,
    /// Redis with two replicas and three sentinels, every role twice, and HAProxy in front of the roles and of the
    /// database. Then shows what runs where, with process ids to kill and logs to read, until Ctrl-C. All data is
    /// temporary: when it ends, in whatever way, nothing runs on and no folder is left.
    ///
    /// Needs Debian's packages redis-server, postgresql and haproxy, of which it starts servers of its own.
    Stack(stack::Args),
}

fn main() -> ExitCode {
    let outcome = match Chore::parse() {
        Chore::Test(args) => test::run(&args),
        Chore::Licences => licences::run(),
        Chore::Api => schemathesis::ensure(true).and_then(|()| schemathesis::run()),
        Chore::Bench(args) => bench::run("bench", &args),
        Chore::Soak(args) => bench::run("soak", &args),
        Chore::Pictures => pictures::run(),
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
