//! The project's chores: `cargo xtask <chore>`.

mod bench;

use clap::Parser;

/// The project's chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Chore {
    /// Measure speed, as ratios to ceilings of the same run
    Bench(bench::Args),
    /// The bare server that `bench` takes for its ceiling
    #[command(hide = true)]
    BenchBare(bench::bare::Args),
}

fn main() -> anyhow::Result<()> {
    match Chore::parse() {
        Chore::Bench(args) => bench::run(&args),
        Chore::BenchBare(args) => bench::bare::run(&args),
    }
}
