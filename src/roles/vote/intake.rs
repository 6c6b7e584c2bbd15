//! The intake: group commit. Whatever has arrived since the last append is the next batch.
//!
//! There is no timer: under light load a ballot is appended at once, under heavy load batches grow by themselves. The
//! channel is bounded; past the bound the answer is "busy", at once.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::ballot::Ballot;
use crate::domain::clock::Clock;
use crate::http::error::{Fate, chain};
use crate::http::health::Health;
use crate::http::metrics::Metrics;
use crate::queue::{Answer, Queue, QueueError};

/// Ballots in one append, at most: 70 KB of log.
const MAX_BATCH: usize = 4096;
/// How long an append may take before its voters are told that nobody knows. One timer a batch: one a request costs.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often a queue that failed is tried, so that it is found healthy even while nobody is sent here.
const PROBE_INTERVAL: Duration = Duration::from_millis(500);

const COMPONENT: &str = "intake";

/// What the intake says to one ballot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The queue decided.
    Answered(Answer),
    /// Too many ballots wait already; this one was not taken.
    Busy,
    /// The queue failed, or did not answer in time.
    Failed(Fate),
}

/// The way to the queue. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Intake {
    sender: mpsc::Sender<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    ballot: Ballot,
    verdict: oneshot::Sender<Verdict>,
}

/// The one task that appends.
#[derive(Debug)]
pub struct Appender {
    queue: Queue,
    clock: Clock,
    metrics: Metrics,
    health: Health,
    receiver: mpsc::Receiver<Waiting>,
}

/// An intake that lets `capacity` ballots wait, and its appender, to be run by the caller.
#[must_use]
pub fn intake(queue: Queue, clock: Clock, metrics: Metrics, health: Health, capacity: usize) -> (Intake, Appender) {
    let (sender, receiver) = mpsc::channel(capacity.max(1));
    (Intake { sender }, Appender { queue, clock, metrics, health, receiver })
}

impl Intake {
    /// Hands in a ballot and waits for the verdict.
    pub async fn submit(&self, ballot: Ballot) -> Verdict {
        let (verdict, answer) = oneshot::channel();
        match self.sender.try_send(Waiting { ballot, verdict }) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return Verdict::Busy,
            Err(mpsc::error::TrySendError::Closed(_)) => return Verdict::Failed(Fate::Refused),
        }
        answer.await.unwrap_or(Verdict::Failed(Fate::Unknown))
    }
}

impl Appender {
    /// Appends until `shutdown`, and until everything handed in before it has its verdict.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut batch = Vec::with_capacity(MAX_BATCH);
        let mut healthy = true;
        loop {
            tokio::select! {
                biased;
                received = self.receiver.recv_many(&mut batch, MAX_BATCH) => {
                    if received == 0 {
                        return;
                    }
                    self.receive_more(&mut batch).await;
                    healthy = self.append(&mut batch).await;
                }
                () = tokio::time::sleep(PROBE_INTERVAL), if !healthy => {
                    healthy = self.note(self.queue.probe(self.clock.now()).await).is_ok();
                }
                // What was sent before the channel closed is still received; then `recv_many` answers 0.
                () = shutdown.cancelled(), if !self.receiver.is_closed() => self.receiver.close(),
            }
        }
    }

    /// Lets the requests that are ready to run hand in their ballots first: without waiting for anybody, batches
    /// become several times larger under load, and each costs the same.
    async fn receive_more(&mut self, batch: &mut Vec<Waiting>) {
        tokio::task::yield_now().await;
        while batch.len() < MAX_BATCH
            && let Ok(waiting) = self.receiver.try_recv()
        {
            batch.push(waiting);
        }
    }

    async fn append(&self, batch: &mut Vec<Waiting>) -> bool {
        let started = Instant::now();
        let ballots: Vec<Ballot> = batch.iter().map(|waiting| waiting.ballot).collect();
        let appending = tokio::time::timeout(PATIENCE, self.queue.append(&ballots, self.clock.now()));
        let answers = match appending.await {
            Ok(answers) => self.note(answers),
            Err(_) => Err(self.failed("the queue does not answer", Fate::Unknown)),
        };
        #[expect(clippy::cast_precision_loss, reason = "a batch has at most some thousand ballots")]
        self.metrics.append_ballots.observe(ballots.len() as f64);
        self.metrics.append_seconds.observe(started.elapsed().as_secs_f64());
        // Whoever has gone away does not hear the verdict; the ballot counts all the same.
        match &answers {
            Ok(answers) => {
                for (waiting, answer) in batch.drain(..).zip(answers) {
                    let _ = waiting.verdict.send(Verdict::Answered(*answer));
                }
            }
            Err(verdict) => {
                for waiting in batch.drain(..) {
                    let _ = waiting.verdict.send(*verdict);
                }
            }
        }
        !matches!(answers, Err(Verdict::Failed(_)))
    }

    /// Reports how the queue is, and logs it when that changes.
    fn note<T>(&self, result: Result<T, QueueError>) -> Result<T, Verdict> {
        match result {
            Ok(done) => {
                if self.health.report(COMPONENT, Ok(())) {
                    tracing::info!("intake.recovered");
                }
                Ok(done)
            }
            Err(error @ QueueError::Refused(_)) => Err(self.failed(&chain(&error), Fate::Refused)),
            Err(error @ QueueError::Unknown(_)) => Err(self.failed(&chain(&error), Fate::Unknown)),
        }
    }

    fn failed(&self, why: &str, fate: Fate) -> Verdict {
        if self.health.report(COMPONENT, Err(why.to_owned())) {
            tracing::error!(error = why, "intake.failed");
        }
        Verdict::Failed(fate)
    }
}
