//! From an acknowledged ballot to a viewer's screen, through vote, Redis, worker, PostgreSQL, Redis and result.

use std::time::Duration;

use super::{address, settled, start};
use crate::Args;
use crate::crowd::Crowd;
use crate::figures::{Figures, Unit};
use crate::load::{Load, Requests};
use crate::viewers::{Viewers, percentile};

const VIEWERS: usize = 10;

/// Votes at a tenth of the rate at which the same system accepts ballots when it is pushed.
///
/// # Errors
/// Where a ballot is not accepted, or is never seen.
pub async fn measure(args: &Args, figures: &mut Figures) -> anyhow::Result<()> {
    let stack = start(&["vote", "worker", "result", "polls"])?;
    let (vote, result) = (address(&stack, "vote"), address(&stack, "result"));
    let load = Load { connections: args.connections, seconds: args.seconds };
    let peak = load.post(&vote, &Requests::fresh_only())?.rate;
    let (mut medians, mut late) = (vec![], vec![]);
    for round in 1..=args.rounds {
        let counted = settled(&stack).await?.counted;
        let viewers = Viewers::connect(&result, VIEWERS).await?;
        let rate = peak / 10.0;
        let crowd = Crowd { connections: 64, rate, duration: Duration::from_secs(args.seconds) };
        eprintln!("acknowledged to screen: round {round} of {}, at {rate:.0} ballots a second", args.rounds);
        let acknowledged = crowd.vote(&vote, viewers.started).await?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of ballots")]
        let latencies = viewers.latencies(&acknowledged, counted as u64).await?;
        medians.push(percentile(&latencies, 50));
        late.push(percentile(&latencies, 99));
    }
    figures.at_most("acknowledged to screen: median", Unit::Milliseconds, 50.0, &medians);
    figures.at_most("acknowledged to screen: 99th percentile", Unit::Milliseconds, 250.0, &late);
    Ok(())
}
