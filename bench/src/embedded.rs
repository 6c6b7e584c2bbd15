//! The product in one process, over its embedded store.

use std::time::{Duration, Instant};

use anyhow::bail;

use super::figures::{Figures, Unit};
use super::load::{Load, Requests};
use super::process::{Bare, Product, QUOTES};
use super::{Args, Part, viewers};

/// Measures what is wanted of it.
///
/// # Errors
/// When something cannot be started or measured.
pub async fn measure(args: &Args, figures: &mut Figures) -> anyhow::Result<()> {
    if args.wants(Part::Start) {
        startup(figures).await?;
    }
    if [Part::Ballots, Part::Pages, Part::Quotes, Part::Large].into_iter().any(|part| args.wants(part)) {
        rates(args, figures).await?;
    }
    if args.wants(Part::Viewers) && args.viewers > 0 {
        viewers::measure(args.viewers, figures).await?;
    }
    Ok(())
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
    let requests = Requests::prepare(&product.address).await?;
    product.post_quotes().await?;
    let bare = Bare::start(&product.address).await?;
    let load = Load { connections: args.connections, seconds: args.seconds };
    if args.wants(Part::Ballots) {
        compare_ballots(args, &load, &requests, &product, &bare, "ballots", 0.5, figures).await?;
    }
    if args.wants(Part::Pages) {
        compare_pages(args, &load, &product, &bare, ("voting page", "/vote/default"), figures)?;
    }
    if args.wants(Part::Quotes) {
        // A minute's limit is a million requests at most: five rounds have to stay below it.
        let load = Load { seconds: load.seconds.min(2), ..load };
        compare_pages(args, &load, &product, &bare, ("page of quotes", QUOTES), figures)?;
    }
    if args.wants(Part::Large) && args.large > 0 {
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
    bare: &Bare,
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
    bare: &Bare,
    (name, path): (&str, &str),
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let (mut ceilings, mut rates) = (vec![], vec![]);
    for round in 0..args.rounds {
        eprintln!("{name}: round {} of {}", round + 1, args.rounds);
        ceilings.push(load.get(&bare.address, path)?.rate);
        let measured = load.get(&product.address, path)?;
        if measured.errors > 0 {
            bail!("{} requests failed", measured.errors);
        }
        rates.push(measured.rate);
    }
    figures.ratio(&format!("{name}, of bare GET"), 0.5, &rates, &ceilings);
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
