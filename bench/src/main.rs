//! Speed as ratios to ceilings of the same run: `cargo xtask bench`, and `cargo xtask soak` for the long run.
//!
//! These machines are shared and noisy, so an absolute figure proves nothing: every rate stands beside a ceiling that
//! was measured in turn with it, by the same load generator or over the same rows. Rates are medians over several
//! rounds; the spread of the ceiling over the rounds is the noise.

mod bare;
mod crowd;
mod embedded;
mod figures;
mod http;
mod items;
mod load;
mod process;
mod scaled;
mod search;
mod soak;
mod viewers;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};
use clap::{Parser, ValueEnum};

use self::figures::Figures;

/// What `cargo xtask` hands on.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Chore {
    /// Measure speed, as ratios to ceilings of the same run
    Bench(Args),
    /// Let millions of ballots pass through every role, and watch what it holds in memory
    Soak(soak::Args),
    /// The bare server that is the ceiling of ballots, pages and items
    #[command(hide = true)]
    Bare(bare::Args),
}

/// What to measure, and how long.
#[derive(Debug, clap::Args)]
struct Args {
    /// Only these parts, separated by commas
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    only: Vec<Part>,
    /// Rounds of each rate; the median counts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Seconds of each round
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Connections that vote and read
    #[arg(long, value_name = "N", default_value_t = 256)]
    connections: usize,
    /// Viewers of one poll
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    viewers: usize,
    /// Ballots in the large poll
    #[arg(long, value_name = "BALLOTS", default_value_t = 5_000_000)]
    large: u64,
    /// Quotes that are searched
    #[arg(long, value_name = "QUOTES", default_value_t = 1_000_000)]
    quotes: usize,
    /// File for the figures as JSON
    #[arg(long, value_name = "FILE", default_value = "target/bench.json")]
    output: PathBuf,
}

/// A part of the measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// One process: its start, and what it holds while idle
    Start,
    /// One process: ballots accepted, and counted after the load
    Ballots,
    /// One process: the voting page
    Pages,
    /// One process: a page of quotes
    Quotes,
    /// One process: ballots into a large poll
    Large,
    /// One process: many viewers of one poll
    Viewers,
    /// Items read and written, in one process and through Redis with two replicas
    Items,
    /// At scale: each role's start, and what it holds while idle
    Roles,
    /// At scale: ballots accepted through Redis
    Intake,
    /// At scale: how fast workers count
    Drain,
    /// At scale: from an acknowledged ballot to a viewer's screen
    Screens,
    /// In one process and at scale: search in many quotes
    Search,
}

impl Args {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

fn main() -> ExitCode {
    let outcome = match Chore::parse() {
        Chore::Bench(args) => bench(&args),
        Chore::Soak(args) => in_runtime(soak::run(&args)),
        Chore::Bare(args) => in_runtime(bare::run(&args)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn in_runtime<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Measures, prints the table and writes the JSON. A missed target is reported, not an error.
fn bench(args: &Args) -> anyhow::Result<()> {
    if Command::new("wrk").arg("-v").output().is_err() {
        bail!("the load generator wrk is missing: apt-get install wrk");
    }
    process::raise_file_limit();
    let figures = in_runtime(measure(args))?;
    figures.print();
    std::fs::write(&args.output, figures.to_json()?).with_context(|| format!("cannot write {}", args.output.display()))
}

async fn measure(args: &Args) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    embedded::measure(args, &mut figures).await?;
    if args.wants(Part::Items) {
        items::measure(args, &mut figures).await?;
    }
    scaled::measure(args, &mut figures).await?;
    if args.wants(Part::Search) && args.quotes > 0 {
        search::measure(args, &mut figures).await?;
    }
    Ok(figures)
}
