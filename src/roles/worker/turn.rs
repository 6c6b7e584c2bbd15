//! One turn: lock the partition that is furthest behind, read from its bookmark, fold, apply, commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Needs;
use super::announcer::Announcer;
use crate::domain::fold::{self, Plan};
use crate::domain::log::{Bookmark, EntryId, LogEnd, Record, Resume, Unreadable, resume};
use crate::domain::names::PollId;
use crate::queue::QueueError;
use crate::store::{Claim, StoreError};

/// Ballots in a batch, at most (an entry is never split).
const MAX_BATCH: u64 = 5000;
/// How long a round may take: where some partitions are far behind, the others are not left alone for longer.
const ROUND: Duration = Duration::from_millis(250);
/// How long a partition that failed is left alone, so that it does not keep this worker from the others.
const STANDSTILL: Duration = Duration::from_secs(1);

/// Why a turn did not happen.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// The store failed.
    #[error("cannot count")]
    Store(#[from] StoreError),
    /// The queue failed.
    #[error("cannot read the log")]
    Queue(#[from] QueueError),
    /// The log is ahead of this release.
    #[error("cannot read on")]
    Unreadable(#[from] Unreadable),
}

/// What a turn did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing: there is nothing to count that another worker is not counting already.
    Idle,
    /// It counted in a partition, or has to take the turn again: the next should follow at once.
    More,
    /// Nothing: every partition had its turn, and what came there since may become more first.
    Round,
}

/// Takes turns at all partitions.
#[derive(Debug)]
pub struct Counter {
    needs: Arc<Needs>,
    announcer: Announcer,
    /// How far the log reached when this round began.
    ends: Vec<LogEnd>,
    /// Partitions that had their turn in this round: all that was in them was counted.
    served: BTreeSet<u16>,
    /// When this round began.
    began: Instant,
    /// Partitions that failed and were not counted since, by whomever.
    failing: BTreeSet<u16>,
    /// Ballots in a partition's next batch, where it is not the most: halved while batches fail, to find the one that
    /// cannot be applied.
    narrowed: BTreeMap<u16, u64>,
    /// Partitions that stand still, and until when.
    standing: BTreeMap<u16, Instant>,
}

impl Counter {
    /// A counter that knows nothing yet.
    #[must_use]
    pub fn new(needs: Arc<Needs>, announcer: Announcer) -> Self {
        let (ends, served, failing, narrowed, standing) = Default::default();
        Self { needs, announcer, ends, served, began: Instant::now(), failing, narrowed, standing }
    }

    /// What the role was given.
    #[must_use]
    pub fn needs(&self) -> &Needs {
        &self.needs
    }

    /// Whether no partition stands still, as far as this worker knows.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.failing.is_empty()
    }

    /// Waits until there is more than the last turn saw.
    pub async fn wait(&self) {
        self.needs.queue.wait_beyond(&self.ends).await;
    }

    /// Counts the next batch.
    ///
    /// # Errors
    /// Where the store or the queue is unavailable, or a partition is ahead of this release: nothing was counted.
    pub async fn turn(&mut self) -> Result<Turn, TurnError> {
        let needs = Arc::clone(&self.needs);
        if self.served.is_empty() || self.began.elapsed() > ROUND {
            self.served.clear();
            self.began = Instant::now();
            self.ends = needs.queue.ends().await?;
        }
        self.standing.retain(|_, until| *until > Instant::now());
        let all = (0..).zip(self.ends.iter().copied());
        let due = |partition: &u16| !self.standing.contains_key(partition) && !self.served.contains(partition);
        let candidates: BTreeMap<u16, LogEnd> = all.filter(|(partition, _)| due(partition)).collect();
        let claim =
            if candidates.is_empty() { None } else { needs.store.claim(&candidates, needs.queue.partitions()).await? };
        let Some(claim) = claim else {
            if self.standing.is_empty() {
                // Whatever failed here is not behind any more: another worker has counted it.
                self.failing.clear();
            }
            let round = !std::mem::take(&mut self.served).is_empty();
            return Ok(if round { Turn::Round } else { Turn::Idle });
        };
        let partition = claim.partition();
        let turn = self.count(claim).await;
        if turn.is_err() {
            self.standing.insert(partition, Instant::now() + STANDSTILL);
            self.failing.insert(partition);
        } else {
            self.failing.remove(&partition);
        }
        turn
    }

    async fn count(&mut self, mut claim: Claim) -> Result<Turn, TurnError> {
        let needs = Arc::clone(&self.needs);
        let (partition, bookmark) = (claim.partition(), claim.bookmark());
        let batch = self.narrowed.get(&partition).copied().unwrap_or(MAX_BATCH);
        let records = needs.queue.read(partition, bookmark.entry, batch).await?;
        match resume(&bookmark, &records) {
            Resume::Onwards { skip } => {
                // The smallest batch is one entry: those without ballots must not hide the one that fails behind them.
                let most = if batch == 1 { 1 } else { usize::MAX };
                let fresh = &records[skip..];
                self.apply(claim, &fresh[..fresh.len().min(most)], batch).await
            }
            Resume::Gap { missed } => {
                needs.metrics.log_gaps.inc();
                tracing::error!(
                    partition,
                    missed,
                    "log.gap: the log was trimmed past the bookmark; these ballots are lost"
                );
                let at = records.first().map_or(bookmark.position, |record| record.first);
                let onwards = Bookmark { entry: EntryId(0), fingerprint: 0, position: at, ..bookmark };
                // A marker may be among what is gone, and its poll would never be final.
                needs.queue.repeat_markers(needs.clock.now()).await?;
                claim.move_bookmark(onwards, missed).await?;
                claim.commit().await?;
                Ok(Turn::More)
            }
            Resume::Fork => {
                needs.metrics.log_forks.inc();
                tracing::error!(
                    partition,
                    entry = bookmark.entry.0,
                    "log.fork: the log has another history; reading all of it again"
                );
                // In this order: what is appended to an empty log in between is not taken for read.
                let end = needs.queue.ends().await?.get(usize::from(partition)).copied().unwrap_or_default();
                let first = needs.queue.read(partition, EntryId(0), 1).await?;
                let position = first.first().map_or(end.position, |record| record.first);
                // As after a gap: entries that held nothing but markers leave no other trace when they are trimmed.
                needs.queue.repeat_markers(needs.clock.now()).await?;
                // Before the commit: whoever notices this fork again, should this fail, does all of it again.
                self.restore_gates().await?;
                claim.move_bookmark(bookmark.next_epoch(position), 0).await?;
                claim.commit().await?;
                Ok(Turn::More)
            }
        }
    }

    /// With the log's tail, gates may have lost their last settings: polls that are final must not accept again, and
    /// the keeper does not look after them.
    async fn restore_gates(&self) -> Result<(), TurnError> {
        for poll in self.needs.store.polls().await? {
            self.needs.queue.install(poll.id, &poll.gate(), self.needs.clock.now()).await?;
        }
        Ok(())
    }

    async fn apply(&mut self, mut claim: Claim, records: &[Record], batch: u64) -> Result<Turn, TurnError> {
        let started = Instant::now();
        let (partition, now) = (claim.partition(), self.needs.clock.now());
        if records.is_empty() {
            self.served.insert(partition);
            return Ok(Turn::More);
        }
        let mut polls: Vec<PollId> = fold::polls_in(records).collect();
        polls.sort_unstable();
        polls.dedup();
        let plan = fold::fold(claim.bookmark(), records, &claim.contests(&polls).await?)?;
        if plan.dead.iter().any(|letter| letter.whole) {
            // There may have been a marker in what nobody can read, and its poll would never be final.
            self.needs.queue.repeat_markers(now).await?;
        }
        match claim.apply(&plan, now).await {
            Ok(changed) => {
                claim.commit().await?;
                self.done(partition, &plan, started, &changed);
                // The queue's bound is advisory: it is set right with the next batch.
                let _ = self.needs.queue.counted(partition, plan.bookmark.position).await;
                if plan.read < batch {
                    self.served.insert(partition);
                }
                Ok(Turn::More)
            }
            // A poll was reset or deleted just now: the next turn folds by what holds since.
            Err(StoreError::Changed) => {
                claim.undo().await?;
                Ok(Turn::More)
            }
            Err(StoreError::Rejected(error)) => self.narrow_down(claim, records, batch, &error).await,
            Err(error) => Err(error.into()),
        }
    }

    fn done(&mut self, partition: u16, plan: &Plan, started: Instant, changed: &[PollId]) {
        if let Some(batch) = self.narrowed.remove(&partition).filter(|batch| batch * 2 < MAX_BATCH) {
            self.narrowed.insert(partition, batch * 2);
        }
        self.announcer.announce(changed);
        let metrics = &self.needs.metrics;
        #[expect(clippy::cast_precision_loss, reason = "a batch has at most some thousand ballots")]
        metrics.apply_ballots.observe(plan.read as f64);
        metrics.apply_seconds.observe(started.elapsed().as_secs_f64());
        for letter in &plan.dead {
            tracing::error!(
                partition,
                entry = letter.entry.0,
                ballots = letter.ballots,
                reason = letter.reason,
                "log.dead_letter"
            );
        }
    }

    /// The store refuses some ballot of these records: tries again with half as many, and gives up on a lone one.
    async fn narrow_down(
        &mut self,
        claim: Claim,
        records: &[Record],
        batch: u64,
        error: &sqlx::Error,
    ) -> Result<Turn, TurnError> {
        let (partition, bookmark) = (claim.partition(), claim.bookmark());
        claim.undo().await?;
        let [only] = records else {
            let ballots: u64 = records.iter().map(|record| u64::from(record.ballots)).sum();
            self.narrowed.insert(partition, (ballots.min(batch) / 2).max(1));
            return Ok(Turn::More);
        };
        let end = LogEnd { entry: only.id, fingerprint: only.fingerprint, position: only.end() };
        let again = self.needs.store.claim(&[(partition, end)].into(), self.needs.queue.partitions()).await?;
        // Another worker has taken it meanwhile: it will find the same, or has done so.
        let Some(mut claim) = again.filter(|claim| claim.bookmark() == bookmark) else { return Ok(Turn::More) };
        let plan = fold::give_up(bookmark, only, format!("the store refuses it: {error}"));
        let changed = claim.apply(&plan, self.needs.clock.now()).await?;
        claim.commit().await?;
        self.done(partition, &plan, Instant::now(), &changed);
        Ok(Turn::More)
    }
}
