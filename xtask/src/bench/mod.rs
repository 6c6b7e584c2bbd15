//! `cargo xtask bench`: speed as ratios to ceilings of the same run.
//!
//! These machines are shared and noisy, so an absolute figure proves nothing: every rate stands beside that of a bare
//! axum server that answers the same bytes under the same load generator, body and connections, measured in turn with
//! it. Rates are medians over several rounds; the spread of the ceiling over the rounds is the noise.

pub mod bare;
mod figures;
mod http;
mod load;
mod process;
mod viewers;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use self::figures::{Figures, Unit};
use self::load::{Load, Requests};
use self::process::Product;

/// What to measure, and how long.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Rounds of each rate; the median counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each round
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Connections that vote and read
    #[arg(long, default_value_t = 256)]
    connections: usize,
    /// Viewers of one poll; 0 leaves them out
    #[arg(long, default_value_t = 10_000)]
    viewers: usize,
    /// Ballots in the poll before the rate of a large poll is measured; 0 leaves it out
    #[arg(long, default_value_t = 5_000_000)]
    large: u64,
    /// File for the figures as JSON
    #[arg(long, default_value = "target/bench.json")]
    output: PathBuf,
}

/// Builds the release, measures, prints the table and writes the JSON.
///
/// # Errors
/// When something cannot be built, started or measured. A missed target is reported, not an error.
pub fn run(args: &Args) -> anyhow::Result<()> {
    if std::process::Command::new("wrk").arg("-v").output().is_err() {
        bail!("the load generator wrk is missing: apt-get install wrk");
    }
    process::build_release()?;
    process::raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let figures = runtime.block_on(measure(args))?;
    figures.print();
    std::fs::write(&args.output, figures.to_json()?).with_context(|| format!("cannot write {}", args.output.display()))
}

async fn measure(args: &Args) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    startup(&mut figures).await?;
    rates(args, &mut figures).await?;
    if args.viewers > 0 {
        viewers::measure(args.viewers, &mut figures).await?;
    }
    Ok(figures)
}

/// How soon a start is ready, and what it holds while nothing happens.
async fn startup(figures: &mut Figures) -> anyhow::Result<()> {
    let mut ready = Vec::new();
    let mut idle = Vec::new();
    for _ in 0..5 {
        let product = Product::start().await?;
        ready.push(product.ready_after.as_secs_f64() * 1000.0);
        tokio::time::sleep(Duration::from_secs(1)).await;
        idle.push(product.resident_bytes()? / 1e6);
    }
    figures.at_most("ready after start", Unit::Milliseconds, 150.0, &ready);
    figures.at_most("resident while idle", Unit::Megabytes, 30.0, &idle);
    Ok(())
}

async fn rates(args: &Args, figures: &mut Figures) -> anyhow::Result<()> {
    let product = Product::start().await?;
    let requests = Requests::prepare(&product).await?;
    let bare = process::Bare::start(&product).await?;
    let load = Load { connections: args.connections, seconds: args.seconds };
    compare_ballots(args, &load, &requests, &product, &bare, "ballots", 0.5, figures).await?;
    compare_pages(args, &load, &product, &bare, figures)?;
    if args.large > 0 {
        fill(args, &load, &product).await?;
        let name = "ballots into a large poll";
        compare_ballots(args, &load, &requests, &product, &bare, name, 0.45, figures).await?;
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "what is compared with what, by which load, under which name")]
async fn compare_ballots(
    args: &Args,
    load: &Load,
    requests: &Requests,
    product: &Product,
    bare: &process::Bare,
    name: &str,
    target: f64,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let (mut ceilings, mut rates, mut p99, mut longest, mut behind) = (vec![], vec![], vec![], vec![], vec![]);
    for round in 0..args.rounds {
        eprintln!("{name}: round {} of {}", round + 1, args.rounds);
        ceilings.push(load.post(&bare.address, requests)?.rate);
        let measured = load.post(&product.address, requests)?;
        let ended = Instant::now();
        let settled = product.settle().await?;
        behind.push(ended.elapsed().as_secs_f64() * 1000.0);
        if measured.errors > 0 || settled.difference != 0.0 {
            bail!("{} requests failed, and the conservation difference is {}", measured.errors, settled.difference);
        }
        rates.push(measured.rate);
        p99.push(measured.p99_ms);
        longest.push(measured.longest_ms);
    }
    figures.ratio(&format!("{name}: accepted, of bare POST"), target, &rates, &ceilings);
    figures.at_most(&format!("{name}: all counted after the load"), Unit::Milliseconds, 250.0, &behind);
    figures.at_most(&format!("{name}: 99th percentile"), Unit::Milliseconds, 15.0, &p99);
    figures.at_most(&format!("{name}: longest"), Unit::Milliseconds, 250.0, &longest);
    Ok(())
}

fn compare_pages(
    args: &Args,
    load: &Load,
    product: &Product,
    bare: &process::Bare,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let (mut ceilings, mut rates) = (vec![], vec![]);
    for round in 0..args.rounds {
        eprintln!("voting page: round {} of {}", round + 1, args.rounds);
        ceilings.push(load.get(&bare.address, "/vote/default")?.rate);
        rates.push(load.get(&product.address, "/vote/default")?.rate);
    }
    figures.ratio("voting page, of bare GET", 0.5, &rates, &ceilings);
    Ok(())
}

/// Votes until the poll has `large` ballots that stand.
async fn fill(args: &Args, load: &Load, product: &Product) -> anyhow::Result<()> {
    let seconds = 20;
    let load = Load { seconds, ..*load };
    loop {
        let ledger = product.settle().await?;
        eprintln!("filling: {} of {} ballots", ledger.counted, args.large);
        #[expect(clippy::cast_precision_loss, reason = "millions")]
        if ledger.counted >= args.large as f64 {
            return Ok(());
        }
        load.post(&product.address, &Requests::fresh_only())?;
    }
}
