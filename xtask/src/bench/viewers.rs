//! Many viewers of one poll: how long from an acknowledged ballot to the last screen, and what a viewer costs.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::figures::{Figures, Unit};
use super::process::Product;

/// Connections that vote meanwhile, each as fast as it is answered but no faster than this.
const VOTERS: usize = 16;
const PAUSE: Duration = Duration::from_millis(16);
const DURATION: Duration = Duration::from_secs(15);

/// When each total reached its viewers: the time of the last one, and how many it has reached.
#[derive(Debug, Default)]
struct Arrivals {
    by_total: Mutex<std::collections::BTreeMap<u64, (Duration, usize)>>,
    connected: AtomicUsize,
}

/// Measures with so many viewers.
///
/// # Errors
/// When they cannot all connect.
pub async fn measure(viewers: usize, figures: &mut Figures) -> anyhow::Result<()> {
    let product = Product::start().await?;
    let before = product.resident_bytes()?;
    let (arrivals, started) = (Arc::new(Arrivals::default()), Instant::now());
    let mut watching = JoinSet::new();
    for viewer in 0..viewers {
        watching.spawn(watch(product.address.clone(), Arc::clone(&arrivals), started));
        if viewer % 100 == 99 {
            wait_for(&arrivals, viewer + 1).await?;
        }
    }
    wait_for(&arrivals, viewers).await?;
    let connected = product.resident_bytes()?;
    eprintln!("{viewers} viewers: watching {VOTERS} voters for {} s", DURATION.as_secs());
    let acknowledged = vote(&product.address, started).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let after = product.resident_bytes()?.max(connected);
    watching.abort_all();
    let latencies = latencies(&arrivals, &acknowledged, viewers)?;
    let at = |share: usize| latencies.get(latencies.len() * share / 100).copied().unwrap_or(f64::NAN);
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    let each = (after - before) / viewers as f64 / 1000.0;
    eprintln!("{} ballots; 99th percentile to the last viewer {:.0} ms", acknowledged.len(), at(99));
    figures.at_most("acknowledged to last viewer, median", Unit::Milliseconds, 300.0, &[at(50)]);
    figures.at_most("memory of a viewer", Unit::Kilobytes, 20.0, &[each]);
    Ok(())
}

async fn wait_for(arrivals: &Arrivals, viewers: usize) -> anyhow::Result<()> {
    for _ in 0..3000 {
        if arrivals.connected.load(Ordering::Relaxed) >= viewers {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("only {} of {viewers} viewers got their first snapshot", arrivals.connected.load(Ordering::Relaxed))
}

/// One viewer: notes when each total arrives.
async fn watch(address: String, arrivals: Arc<Arrivals>, started: Instant) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(&address).await?;
    let request = format!("GET /results/default/events HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let (mut read, mut kept, mut first) = ([0; 2048], 0, true);
    loop {
        let count = stream.read(&mut read[kept..]).await?;
        if count == 0 {
            return Ok(());
        }
        kept += count;
        // An event may be cut by a read: what follows the last complete line is kept for the next one.
        if let Some(total) = last_total(&read[..kept]) {
            arrivals.note(total, started.elapsed());
            if std::mem::take(&mut first) {
                arrivals.connected.fetch_add(1, Ordering::Relaxed);
            }
            kept = 0;
        } else if kept == read.len() {
            kept = 0;
        }
    }
}

/// The total in the last complete event of these bytes.
fn last_total(bytes: &[u8]) -> Option<u64> {
    const FIELD: &[u8] = b"\"total\":";
    let found = bytes.windows(FIELD.len()).rposition(|window| window == FIELD)?;
    let digits = &bytes[found + FIELD.len()..];
    let end = digits.iter().position(|digit| !digit.is_ascii_digit())?;
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

impl Arrivals {
    fn note(&self, total: u64, at: Duration) {
        let mut by_total = self.by_total.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = by_total.entry(total).or_default();
        *entry = (at, entry.1 + 1);
    }
}

/// Votes as new voters; returns when each ballot was acknowledged.
async fn vote(address: &str, started: Instant) -> anyhow::Result<Vec<Duration>> {
    let (count, acknowledged) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(Vec::new())));
    let until = Instant::now() + DURATION;
    let mut voters = JoinSet::new();
    for _ in 0..VOTERS {
        let (address, count, acknowledged) = (address.to_owned(), Arc::clone(&count), Arc::clone(&acknowledged));
        voters.spawn(async move {
            let mut stream = TcpStream::connect(&address).await?;
            let body = r#"{"choice":"a"}"#;
            let length = body.len();
            let head = format!("POST /ballots/default HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n");
            let mut answer = [0; 2048];
            while Instant::now() < until {
                stream.write_all(format!("{head}{body}").as_bytes()).await?;
                let read = stream.read(&mut answer).await?;
                if !answer[..read].starts_with(b"HTTP/1.1 202") {
                    bail!("not accepted: {}", String::from_utf8_lossy(&answer[..read]));
                }
                count.fetch_add(1, Ordering::Relaxed);
                acknowledged.lock().unwrap_or_else(PoisonError::into_inner).push(started.elapsed());
                tokio::time::sleep(PAUSE).await;
            }
            Ok(())
        });
    }
    while let Some(voter) = voters.join_next().await {
        voter??;
    }
    let mut acknowledged = acknowledged.lock().map(|times| times.clone()).unwrap_or_default();
    acknowledged.sort_unstable();
    Ok(acknowledged)
}

/// For each ballot, the milliseconds from its acknowledgement until the last viewer had a snapshot with it.
fn latencies(arrivals: &Arrivals, acknowledged: &[Duration], viewers: usize) -> anyhow::Result<Vec<f64>> {
    let by_total = arrivals.by_total.lock().unwrap_or_else(PoisonError::into_inner);
    // A slow viewer may skip a snapshot: then a later one is its first with this ballot.
    let complete: Vec<(u64, Duration)> =
        by_total.iter().filter(|(_, (_, seen))| *seen >= viewers).map(|(total, (last, _))| (*total, *last)).collect();
    let mut latencies = Vec::new();
    for (ballots, at) in (1_u64..).zip(acknowledged) {
        let place = complete.partition_point(|(total, _)| *total < ballots);
        if let Some((_, last)) = complete.get(place) {
            latencies.push(last.saturating_sub(*at).as_secs_f64() * 1000.0);
        }
    }
    latencies.sort_by(f64::total_cmp);
    eprintln!("{} of {} snapshots reached every viewer", complete.len(), by_total.len());
    latencies.first().context("no snapshot reached every viewer")?;
    Ok(latencies)
}
