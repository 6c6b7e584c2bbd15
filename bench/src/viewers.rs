//! Viewers of one poll: how long from an acknowledged ballot to the last screen, and what a viewer costs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::crowd::Crowd;
use super::figures::{Figures, Unit};
use super::process::Product;

/// Who votes meanwhile.
const CROWD: Crowd = Crowd { connections: 16, rate: 1000.0, duration: Duration::from_secs(15) };

/// Viewers of the default poll, each at a connection of its own; gone with the value.
#[derive(Debug)]
pub struct Viewers {
    count: usize,
    arrivals: Arc<Arrivals>,
    /// From when their times count.
    pub started: Instant,
    _watching: JoinSet<anyhow::Result<()>>,
}

/// When each total reached its viewers: the time of the last one, and how many it has reached.
#[derive(Debug, Default)]
struct Arrivals {
    by_total: Mutex<BTreeMap<u64, (Duration, usize)>>,
    connected: AtomicUsize,
}

/// Measures with so many viewers.
///
/// # Errors
/// When they cannot all connect.
pub async fn measure(count: usize, figures: &mut Figures) -> anyhow::Result<()> {
    let product = Product::start().await?;
    let before = product.resident_bytes()?;
    let viewers = Viewers::connect(&product.address, count).await?;
    let connected = product.resident_bytes()?;
    eprintln!("{count} viewers: watching {CROWD:?}");
    let acknowledged = CROWD.vote(&product.address, viewers.started).await?;
    let latencies = viewers.latencies(&acknowledged, 0).await?;
    let after = product.resident_bytes()?.max(connected);
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    let each = (after - before) / count as f64 / 1000.0;
    eprintln!("{} ballots; 99th percentile to the last viewer {:.0} ms", latencies.len(), percentile(&latencies, 99));
    let median = percentile(&latencies, 50);
    figures.at_most("acknowledged to last viewer, median", Unit::Milliseconds, 300.0, &[median]);
    figures.at_most("memory of a viewer", Unit::Kilobytes, 20.0, &[each]);
    Ok(())
}

/// A percentile of sorted values.
#[must_use]
pub fn percentile(sorted: &[f64], share: usize) -> f64 {
    sorted.get(sorted.len() * share / 100).copied().unwrap_or(f64::NAN)
}

impl Viewers {
    /// Connects so many, and waits until each has its first snapshot.
    ///
    /// # Errors
    /// When they cannot all connect.
    pub async fn connect(address: &str, count: usize) -> anyhow::Result<Self> {
        let (arrivals, started) = (Arc::new(Arrivals::default()), Instant::now());
        let mut watching = JoinSet::new();
        for viewer in 0..count {
            watching.spawn(watch(address.to_owned(), Arc::clone(&arrivals), started));
            if viewer % 100 == 99 {
                arrivals.wait_for(viewer + 1).await?;
            }
        }
        arrivals.wait_for(count).await?;
        Ok(Self { count, arrivals, started, _watching: watching })
    }

    /// For each ballot, in order of size, the milliseconds from its acknowledgement until the last viewer had a
    /// snapshot with it. `before` ballots were counted before the first of these.
    ///
    /// # Errors
    /// When there was no snapshot, or some ballot never reached them.
    pub async fn latencies(&self, acknowledged: &[Duration], before: u64) -> anyhow::Result<Vec<f64>> {
        self.arrivals.wait_for_total(before + acknowledged.len() as u64, self.count).await?;
        let by_total = self.arrivals.lock();
        // A slow viewer may skip a snapshot: then a later one is its first with this ballot.
        let complete: Vec<(u64, Duration)> = by_total
            .iter()
            .filter(|(_, (_, seen))| *seen >= self.count)
            .map(|(total, (last, _))| (*total, *last))
            .collect();
        let mut latencies = Vec::new();
        for (ballots, at) in (before + 1..).zip(acknowledged) {
            let place = complete.partition_point(|(total, _)| *total < ballots);
            let (_, last) = complete.get(place).context("a ballot reached no screen")?;
            latencies.push(last.saturating_sub(*at).as_secs_f64() * 1000.0);
        }
        latencies.sort_by(f64::total_cmp);
        eprintln!("{} of {} snapshots reached every viewer", complete.len(), by_total.len());
        Ok(latencies)
    }
}

impl Arrivals {
    async fn wait_for(&self, viewers: usize) -> anyhow::Result<()> {
        for _ in 0..3000 {
            if self.connected.load(Ordering::Relaxed) >= viewers {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("only {} of {viewers} viewers got their first snapshot", self.connected.load(Ordering::Relaxed))
    }

    async fn wait_for_total(&self, total: u64, viewers: usize) -> anyhow::Result<()> {
        for _ in 0..1000 {
            if self.lock().get(&total).is_some_and(|(_, seen)| *seen >= viewers) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("no snapshot with all {total} ballots reached every viewer")
    }

    fn note(&self, total: u64, at: Duration) {
        let mut by_total = self.lock();
        let entry = by_total.entry(total).or_default();
        *entry = (at, entry.1 + 1);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, (Duration, usize)>> {
        self.by_total.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
