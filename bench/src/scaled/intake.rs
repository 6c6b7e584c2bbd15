//! Ballots accepted through Redis, beside the bare server.

use anyhow::ensure;
use hemicycle_stack::role::Role;
use hemicycle_stack::whole::ADMIN_KEY;

use super::{address, start};
use crate::Args;
use crate::figures::{Figures, Unit};
use crate::load::{Load, Requests};
use crate::process::{Bare, binary, settle};

/// Loads one process with the role vote. Nobody counts meanwhile: at scale, workers have machines of their own.
///
/// # Errors
/// Where a ballot is not accepted, or one that was accepted is not counted in the end.
pub async fn measure(args: &Args, figures: &mut Figures) -> anyhow::Result<()> {
    let stack = start(&["vote", "polls"])?;
    let vote = address(&stack, "vote");
    let requests = Requests::prepare(&vote).await?;
    let bare = Bare::start(&vote).await?;
    let load = Load { connections: args.connections, seconds: args.seconds };
    let (mut ceilings, mut rates, mut p99, mut longest) = (vec![], vec![], vec![], vec![]);
    for round in 1..=args.rounds {
        eprintln!("ballots through Redis: round {round} of {}", args.rounds);
        ceilings.push(load.post(&bare.address, &requests)?.rate);
        let measured = load.post(&vote, &requests)?;
        ensure!(measured.errors == 0, "{} requests failed", measured.errors);
        rates.push(measured.rate);
        p99.push(measured.p99_ms);
        longest.push(measured.longest_ms);
    }
    eprintln!("ballots through Redis: counting them");
    let worker = Role::start(&binary()?, "worker", &stack.environment)?;
    let ledger = settle(&worker.address().to_string(), ADMIN_KEY).await?;
    ensure!(ledger.difference == 0.0, "the conservation difference is {}", ledger.difference);
    figures.ratio("ballots through Redis: accepted, of bare POST", 0.55, &rates, &ceilings);
    figures.at_most("ballots through Redis: 99th percentile", Unit::Milliseconds, 15.0, &p99);
    figures.at_most("ballots through Redis: longest", Unit::Milliseconds, 250.0, &longest);
    Ok(())
}
