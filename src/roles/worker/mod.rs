//! worker: counts what was accepted, tells the live bus, and keeps polls on time.

pub mod announcer;
pub mod backlog;
pub mod janitor;
pub mod keeper;
pub mod turn;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::announcer::Announcer;
use self::turn::{Counter, Turn, TurnError};
use crate::domain::backoff::Backoff;
use crate::domain::clock::{Clock, Entropy};
use crate::http::error::chain;
use crate::http::health::Health;
use crate::http::metrics::Metrics;
use crate::live::Live;
use crate::queue::Queue;
use crate::store::Store;

/// The least pause between two rounds: what a viewer may notice of it is nothing.
const MIN_PAUSE: Duration = Duration::from_millis(8);
/// The longest pause between two rounds while nothing fails, in a process that does everything.
const MAX_REST: Duration = Duration::from_millis(100);
/// How much longer than a round took the pause after it is there. A batch's cost is mostly that of the pages it touches,
/// and twice the ballots touch far fewer than twice the pages: under load, resting leaves more to those who vote.
const REST_FACTOR: u32 = 3;
/// How long an idle worker waits for news before it looks for itself.
const RECHECK: Duration = Duration::from_secs(1);
/// The pauses after failures in a row: at first, and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(16), Duration::from_secs(2));

const COMPONENT: &str = "worker";

/// What the role needs.
#[derive(Clone, Debug)]
pub struct Needs {
    /// Where ballots are counted.
    pub store: Store,
    /// Where they come from.
    pub queue: Queue,
    /// Who hears of changes.
    pub live: Live,
    /// The time.
    pub clock: Clock,
    /// What is measured.
    pub metrics: Metrics,
    /// Where trouble is reported.
    pub health: Health,
    /// How many ballots the log keeps before the bookmark, for a database that comes back older.
    pub retain: u64,
    /// Whether this process is the whole product: then it counts what is left in the log before it goes down, for
    /// nobody else would, and rests longer, for those who vote need the same processors.
    pub alone: bool,
}

/// Runs the role until `shutdown`; then counts what is left in the log, where nobody else would, and returns.
pub async fn run(needs: Needs, shutdown: CancellationToken) {
    let needs = Arc::new(needs);
    let announcer = Announcer::start(needs.store.clone(), needs.live.clone(), needs.clock.clone());
    let tasks = TaskTracker::new();
    tasks.spawn(keeper::run(Arc::clone(&needs), shutdown.clone()));
    tasks.spawn(janitor::run(Arc::clone(&needs), shutdown.clone()));
    tasks.spawn(backlog::run(Arc::clone(&needs), shutdown.clone()));
    tasks.spawn(count(Counter::new(needs, announcer), shutdown));
    tasks.close();
    tasks.wait().await;
}

/// Counts batch after batch, round after round.
async fn count(mut counter: Counter, shutdown: CancellationToken) {
    let (mut backoff, mut started) = (Backoff::new(RETRY.0, RETRY.1, Entropy::System), Instant::now());
    loop {
        let turn = counter.turn().await;
        if turn.is_ok() {
            backoff.reset();
        }
        if turn.is_err() || counter.is_well() {
            counter.needs().report(turn.as_ref().map(|_| ()));
        }
        if shutdown.is_cancelled() && !counter.needs().alone {
            return;
        }
        match turn {
            Ok(Turn::More) => continue,
            Ok(Turn::Round) => tokio::time::sleep(counter.needs().rest_after(started.elapsed())).await,
            Ok(Turn::Idle) => {
                if wait_for_more(&counter, &shutdown).await.is_break() {
                    return;
                }
                if !counter.needs().alone {
                    // What has come may be in a partition that another worker has, and more comes at once.
                    tokio::time::sleep(MIN_PAUSE).await;
                }
            }
            Err(_) if shutdown.is_cancelled() => return,
            Err(_) => tokio::time::sleep(backoff.pause()).await,
        }
        started = Instant::now();
    }
}

async fn wait_for_more(counter: &Counter, shutdown: &CancellationToken) -> std::ops::ControlFlow<()> {
    tokio::select! {
        biased;
        // The end of the patience is for what no news comes of: a partition that another worker gave back uncounted,
        // a log that is another one now.
        _ = tokio::time::timeout(RECHECK, counter.wait()) => std::ops::ControlFlow::Continue(()),
        () = shutdown.cancelled() => std::ops::ControlFlow::Break(()),
    }
}

impl Needs {
    /// At scale a moment is enough: counting takes nothing from those who vote.
    fn rest_after(&self, round: Duration) -> Duration {
        if self.alone { (round * REST_FACTOR).clamp(MIN_PAUSE, MAX_REST) } else { MIN_PAUSE }
    }

    /// Reports how counting goes, and logs it when that changes.
    fn report(&self, state: Result<(), &TurnError>) {
        match state {
            Ok(()) => {
                if self.health.report(COMPONENT, Ok(())) {
                    tracing::info!("worker.recovered");
                }
            }
            Err(error) => {
                let why = chain(error);
                if self.health.report(COMPONENT, Err(why.clone())) {
                    tracing::error!(error = %why, "worker.failed");
                }
            }
        }
    }
}
