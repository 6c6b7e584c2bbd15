//! Millions of ballots through every role: what each process holds in memory while they pass.

use std::time::{Duration, Instant};

use anyhow::ensure;
use hemicycle_stack::process::Process;
use hemicycle_stack::role::Role;
use hemicycle_stack::whole::{ADMIN_KEY, Stack};

use super::http;
use super::load::{Load, Requests};
use super::process::{resident_bytes, settle};
use super::scaled::{address, start};

/// How many ballots, and how they come.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ballots to pass, at least
    #[arg(long, value_name = "BALLOTS", default_value_t = 10_000_000)]
    ballots: u64,
    /// Connections that vote
    #[arg(long, value_name = "N", default_value_t = 256)]
    connections: usize,
    /// Seconds of voting before the workers may catch up and memory is looked at
    #[arg(long, value_name = "SECONDS", default_value_t = 15)]
    seconds: u64,
}

const MIB: f64 = 1024.0 * 1024.0;

/// Lets them pass, prints a line a step, and says what memory did.
///
/// # Errors
/// Where a ballot is not accepted or not counted, or a role's memory grows.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    super::process::raise_file_limit();
    let stack = start(&["vote", "worker", "result", "polls", "site"])?;
    let (vote, worker) = (address(&stack, "vote"), address(&stack, "worker"));
    let load = Load { connections: args.connections, seconds: args.seconds };
    let roles: Vec<&str> = stack.roles.iter().map(Role::roles).collect();
    let columns = roles.iter().map(|role| format!("{role:>9}")).collect::<Vec<_>>().concat();
    println!("{:>12} {:>10} {:>10}{columns}{:>9}   (MiB)", "COUNTED", "ACCEPTED/s", "BEHIND ms", "redis");
    let (mut steps, mut counted) = (Vec::new(), 0.0);
    #[expect(clippy::cast_precision_loss, reason = "millions")]
    while counted < args.ballots as f64 {
        let measured = load.post(&vote, &Requests::fresh_only())?;
        ensure!(measured.errors == 0, "{} requests failed", measured.errors);
        let ended = Instant::now();
        let ledger = settle(&worker, ADMIN_KEY).await?;
        ensure!(ledger.difference == 0.0, "the conservation difference is {}", ledger.difference);
        let behind = ended.elapsed().as_secs_f64() * 1000.0;
        counted = ledger.counted;
        let memory = memory(&stack)?;
        let shown = memory.iter().map(|bytes| format!("{:>9.1}", bytes / MIB)).collect::<Vec<_>>().concat();
        println!("{counted:>12} {:>10.0} {behind:>10.0}{shown}", measured.rate);
        steps.push(memory);
    }
    let early = &steps[steps.len() / 5];
    let late = &steps[steps.len() - 1];
    for (role, (early, late)) in roles.iter().zip(early.iter().zip(late)) {
        println!("{role}: {:.1} MiB after a fifth, {:.1} MiB at the end", early / MIB, late / MIB);
        ensure!(late - early < 4.0 * MIB, "the memory of {role} grows");
    }
    println!("results.json: {:.2} ms (median of 100)", results_ms(&address(&stack, "result")).await?);
    Ok(())
}

/// What each role and Redis hold.
fn memory(stack: &Stack) -> anyhow::Result<Vec<f64>> {
    let roles = stack.roles.iter().map(Role::process);
    let all: Vec<&Process> = roles.chain([stack.redis.process()]).collect();
    all.into_iter().map(|process| resident_bytes(process.pid()?)).collect()
}

/// How long the results take, each on a connection of its own.
async fn results_ms(address: &str) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for _ in 0..100 {
        let started = Instant::now();
        let answer = http::send(address, "GET", "/results/default.json", "", "").await?;
        ensure!(answer.status == 200, "no results: {}", answer.head);
        times.push(started.elapsed());
    }
    times.sort_unstable();
    Ok(times.get(50).copied().unwrap_or(Duration::MAX).as_secs_f64() * 1000.0)
}
