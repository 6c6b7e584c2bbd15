//! One turn of a partition: lock, read from the bookmark, fold, apply, commit.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Needs;
use super::announcer::Announcer;
use crate::domain::fold::{self, Plan};
use crate::domain::log::{Bookmark, EntryId, Record, Resume, Unreadable, resume};
use crate::domain::names::PollId;
use crate::queue::QueueError;
use crate::store::{Claim, StoreError};

/// Ballots in a batch, at most (an entry is never split).
const MAX_BATCH: u64 = 5000;

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

/// A partition of the log and how far it has been counted.
#[derive(Debug)]
pub struct Partition {
    needs: Arc<Needs>,
    announcer: Announcer,
    number: u16,
    last: EntryId,
    behind: bool,
    /// Ballots in the next batch: halved while batches fail, to find the one that cannot be applied.
    batch: u64,
}

impl Partition {
    /// A partition of which nothing is known yet.
    #[must_use]
    pub fn new(needs: Arc<Needs>, announcer: Announcer, number: u16) -> Self {
        Self { needs, announcer, number, last: EntryId(0), behind: false, batch: MAX_BATCH }
    }

    /// What the role was given.
    #[must_use]
    pub fn needs(&self) -> &Needs {
        &self.needs
    }

    /// Whether the last batch was a full one, so that the next should follow at once.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.behind
    }

    /// Waits until there is more than was counted.
    pub async fn wait(&self) {
        self.needs.queue.wait_beyond(self.number, self.last).await;
    }

    /// Counts the next batch. `true` where there was nothing left to count.
    ///
    /// # Errors
    /// Where the store or the queue is unavailable, or the log is ahead of this release: nothing was counted.
    pub async fn turn(&mut self) -> Result<bool, TurnError> {
        let needs = Arc::clone(&self.needs);
        let mut claim = needs.store.claim(self.number, needs.queue.partitions()).await?;
        let bookmark = claim.bookmark();
        let records = needs.queue.read(self.number, bookmark.entry, self.batch).await?;
        match resume(&bookmark, &records) {
            Resume::Onwards { skip } => {
                self.last = bookmark.entry;
                // The smallest batch is one entry: those without ballots must not hide the one that fails behind them.
                let most = if self.batch == 1 { 1 } else { usize::MAX };
                let fresh = &records[skip..];
                self.apply(claim, &fresh[..fresh.len().min(most)]).await
            }
            Resume::Gap { missed } => {
                needs.metrics.log_gaps.inc();
                tracing::error!(missed, "log.gap: the log was trimmed past the bookmark; these ballots are lost");
                let at = records.first().map_or(bookmark.position, |record| record.first);
                let onwards = Bookmark { entry: EntryId(0), fingerprint: 0, position: at, ..bookmark };
                // A marker may be among what is gone, and its poll would never be final.
                needs.queue.repeat_markers(needs.clock.now()).await?;
                claim.move_bookmark(onwards, missed).await?;
                claim.commit().await?;
                Ok(false)
            }
            Resume::Fork => {
                needs.metrics.log_forks.inc();
                tracing::error!(
                    entry = bookmark.entry.0,
                    "log.fork: the log has another history; reading all of it again"
                );
                // In this order: what is appended to an empty log in between is not taken for read.
                let end = needs.queue.end(self.number).await?;
                let first = needs.queue.read(self.number, EntryId(0), 1).await?;
                let position = first.first().map_or(end.position, |record| record.first);
                claim.move_bookmark(bookmark.next_epoch(position), 0).await?;
                claim.commit().await?;
                self.restore_gates().await?;
                Ok(false)
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

    async fn apply(&mut self, mut claim: Claim, records: &[Record]) -> Result<bool, TurnError> {
        let started = Instant::now();
        let now = self.needs.clock.now();
        if records.is_empty() {
            self.behind = false;
            self.needs.metrics.backlog_ballots.set(0);
            self.needs.metrics.set_backlog_age(Duration::ZERO);
            return Ok(true);
        }
        let mut polls: Vec<PollId> = fold::polls_in(records).collect();
        polls.sort_unstable();
        polls.dedup();
        let plan = fold::fold(claim.bookmark(), records, &claim.contests(&polls).await?)?;
        match claim.apply(&plan, now).await {
            Ok(changed) => {
                claim.commit().await?;
                self.done(&plan, records, started, &changed).await
            }
            Err(StoreError::Rejected(error)) => self.narrow_down(claim, records, &error).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn done(
        &mut self,
        plan: &Plan,
        records: &[Record],
        started: Instant,
        changed: &[PollId],
    ) -> Result<bool, TurnError> {
        self.last = plan.bookmark.entry;
        self.behind = plan.read >= self.batch;
        self.batch = (self.batch * 2).min(MAX_BATCH);
        self.announcer.announce(changed);
        let metrics = &self.needs.metrics;
        #[expect(clippy::cast_precision_loss, reason = "a batch has at most some thousand ballots")]
        metrics.apply_ballots.observe(plan.read as f64);
        metrics.apply_seconds.observe(started.elapsed().as_secs_f64());
        for letter in &plan.dead {
            tracing::error!(
                entry = letter.entry.0,
                ballots = letter.ballots,
                reason = letter.reason,
                "log.dead_letter"
            );
        }
        let end = self.needs.queue.end(self.number).await?;
        let left = end.position.saturating_sub(plan.bookmark.position);
        metrics.backlog_ballots.set(left.cast_signed());
        let oldest = records.iter().find_map(|record| record.content.as_ref().ok()).filter(|_| left > 0);
        let age = oldest.map_or(0, |entry| self.needs.clock.now().as_millisecond() - entry.at.as_millisecond());
        metrics.set_backlog_age(Duration::from_millis(u64::try_from(age).unwrap_or_default()));
        Ok(false)
    }

    /// The store refuses some ballot of these records: tries again with half as many, and gives up on a lone one.
    async fn narrow_down(&mut self, claim: Claim, records: &[Record], error: &sqlx::Error) -> Result<bool, TurnError> {
        let bookmark = claim.bookmark();
        drop(claim);
        let [only] = records else {
            let ballots: u64 = records.iter().map(|record| u64::from(record.ballots)).sum();
            self.batch = (ballots.min(self.batch) / 2).max(1);
            return Ok(false);
        };
        let plan = fold::give_up(bookmark, only, format!("the store refuses it: {error}"));
        let mut claim = self.needs.store.claim(self.number, self.needs.queue.partitions()).await?;
        let changed = claim.apply(&plan, self.needs.clock.now()).await?;
        claim.commit().await?;
        self.done(&plan, records, Instant::now(), &changed).await
    }
}
