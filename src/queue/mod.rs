//! The queue: it decides, durably and in order, which ballots are accepted.
//!
//! A closed set of backends behind one enum; `tests/it/queue_contract` holds them to the same meaning.

pub mod format;
pub mod local;
pub mod redis;
pub mod turn;

use std::error::Error as StdError;

use jiff::Timestamp;

use crate::domain::ballot::Ballot;
use crate::domain::gate::Gate;
use crate::domain::log::{Bookmark, EntryId, LogEnd, Record};
use crate::domain::names::PollId;

/// What the queue answers to one ballot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is durable and will be counted.
    Accepted,
    /// Its poll is not open yet; when it opens by itself, where that is known.
    NotOpen(Option<Timestamp>),
    /// Its poll is closed; since when, where that is known.
    Closed(Option<Timestamp>),
    /// The voter chose otherwise before, or by another attempt, and the poll does not allow a change.
    AlreadyVoted,
    /// Too many accepted ballots wait to be counted where it would go: it was not recorded.
    Full,
    /// The queue holds no gate for the poll: install it from the store and ask again.
    Unknown,
}

/// Why the queue did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Nothing happened; the same call may work later.
    #[error("the queue is not available: nothing was recorded")]
    Refused(#[source] Box<dyn StdError + Send + Sync>),
    /// It may have happened: never repeat an append after this.
    #[error("the queue did not confirm: it is unknown whether it was recorded")]
    Unknown(#[source] Box<dyn StdError + Send + Sync>),
}

impl QueueError {
    /// Nothing happened, because of `source`.
    pub fn refused(source: impl StdError + Send + Sync + 'static) -> Self {
        Self::Refused(Box::new(source))
    }

    /// It may have happened; `source` kept the confirmation away.
    pub fn unknown(source: impl StdError + Send + Sync + 'static) -> Self {
        Self::Unknown(Box::new(source))
    }
}

/// A queue of one of the known kinds.
#[derive(Clone, Debug)]
pub enum Queue {
    /// Embedded: one partition, in a file of SQLite of its own.
    Local(local::LocalQueue),
    /// Scaled: partitions of streams in Redis.
    Redis(redis::RedisQueue),
}

impl Queue {
    /// How many partitions the log has; fixed.
    #[must_use]
    pub fn partitions(&self) -> u16 {
        match self {
            Self::Local(_) => 1,
            Self::Redis(queue) => queue.partitions(),
        }
    }

    /// Decides on each ballot of a batch, in order, and appends the accepted ones: one atomic, durable step.
    /// The answers are in the order of the ballots.
    ///
    /// # Errors
    /// For the batch as a whole: none of it was accepted, or it is unknown whether it was.
    pub async fn append(&self, ballots: &[Ballot], now: Timestamp) -> Result<Vec<Answer>, QueueError> {
        match self {
            Self::Local(queue) => queue.append(ballots, now).await,
            Self::Redis(queue) => queue.append(ballots, now).await,
        }
    }

    /// Installs a gate as the store knows it; an older one than the queue has changes nothing, and one that closes
    /// is latched with its markers, as by [`Queue::close_gate`].
    ///
    /// # Errors
    /// Where the queue is unavailable; installing again is harmless.
    pub async fn install(&self, poll: PollId, wanted: &Gate, now: Timestamp) -> Result<(), QueueError> {
        match self {
            Self::Local(queue) => queue.install(poll, wanted, now).await,
            Self::Redis(queue) => queue.install(poll, wanted, now).await,
        }
    }

    /// Latches the gate of a generation and appends its marker to every partition, in one atomic step. Harmless where
    /// it is latched already, or the gate is of another generation.
    ///
    /// # Errors
    /// Where the queue is unavailable; closing again is harmless.
    pub async fn close_gate(&self, poll: PollId, generation: u32, now: Timestamp) -> Result<(), QueueError> {
        match self {
            Self::Local(queue) => queue.close_gate(poll, generation, now).await,
            Self::Redis(queue) => queue.close_gate(poll, generation, now).await,
        }
    }

    /// Appends the markers of all latched gates once more, for a reader that has missed some: markers may repeat.
    ///
    /// # Errors
    /// Where the queue is unavailable; repeating again is harmless.
    pub async fn repeat_markers(&self, now: Timestamp) -> Result<(), QueueError> {
        match self {
            Self::Local(queue) => queue.repeat_markers(now).await,
            Self::Redis(queue) => queue.repeat_markers(now).await,
        }
    }

    /// The gate of a poll.
    ///
    /// # Errors
    /// Where the queue is unavailable.
    pub async fn gate(&self, poll: PollId) -> Result<Option<Gate>, QueueError> {
        match self {
            Self::Local(queue) => queue.gate(poll).await,
            Self::Redis(queue) => queue.gate(poll).await,
        }
    }

    /// Forgets a deleted poll: its gate and what its voters chose.
    ///
    /// # Errors
    /// Where the queue is unavailable; forgetting again is harmless.
    pub async fn forget(&self, poll: PollId) -> Result<(), QueueError> {
        match self {
            Self::Local(queue) => queue.forget(poll).await,
            Self::Redis(queue) => queue.forget(poll).await,
        }
    }

    /// Entries of a partition: `from` itself, if it is there, and those after it until they hold `ballots` ballots. An
    /// entry is never split.
    ///
    /// # Errors
    /// Where the queue is unavailable.
    pub async fn read(&self, partition: u16, from: EntryId, ballots: u64) -> Result<Vec<Record>, QueueError> {
        match self {
            Self::Local(queue) => queue.read(partition, from, ballots).await,
            Self::Redis(queue) => queue.read(partition, from, ballots).await,
        }
    }

    /// How far each partition reaches.
    ///
    /// # Errors
    /// Where the queue is unavailable.
    pub async fn ends(&self) -> Result<Vec<LogEnd>, QueueError> {
        match self {
            Self::Local(queue) => Ok(vec![queue.end().await?]),
            Self::Redis(queue) => queue.ends().await,
        }
    }

    /// Waits until some partition has entries beyond these ends. May return early, or late where the log was replaced
    /// by an older copy: look again after a second.
    pub async fn wait_beyond(&self, ends: &[LogEnd]) {
        match self {
            Self::Local(queue) => queue.wait_beyond(ends).await,
            Self::Redis(queue) => queue.wait_beyond(ends).await,
        }
    }

    /// Tells the queue how far a partition was counted: a bounded queue measures from there what waits.
    ///
    /// # Errors
    /// Where the queue is unavailable; the next call makes up for it.
    pub async fn counted(&self, partition: u16, position: u64) -> Result<(), QueueError> {
        match self {
            // Its bound is the disk.
            Self::Local(_) => Ok(()),
            Self::Redis(queue) => queue.counted(partition, position).await,
        }
    }

    /// Drops entries that lie more than `retain` ballots before the entry at `bookmark`, which itself always stays.
    /// Returns how many entries went; call again while it is more than zero. Nothing goes where another entry is there:
    /// what lies before it may be of another history, and not read yet.
    ///
    /// # Errors
    /// Where the queue is unavailable.
    pub async fn trim(&self, partition: u16, bookmark: &Bookmark, retain: u64) -> Result<u64, QueueError> {
        match self {
            Self::Local(queue) => queue.trim(partition, bookmark, retain).await,
            Self::Redis(queue) => queue.trim(partition, bookmark, retain).await,
        }
    }

    /// Forgets, in a small step, what voters chose in rounds that were reset. `true` while there may be more.
    ///
    /// # Errors
    /// Where the queue is unavailable.
    pub async fn sweep(&self) -> Result<bool, QueueError> {
        match self {
            Self::Local(queue) => queue.sweep().await,
            Self::Redis(queue) => queue.sweep().await,
        }
    }

    /// Proves that an append could be made durable now.
    ///
    /// # Errors
    /// Where it could not.
    pub async fn probe(&self, now: Timestamp) -> Result<(), QueueError> {
        match self {
            Self::Local(queue) => queue.probe(now).await,
            Self::Redis(queue) => queue.probe(now).await,
        }
    }

    /// Closes the queue in an orderly way.
    pub async fn shut_down(&self) {
        if let Self::Local(queue) = self {
            queue.shut_down().await;
        }
    }
}
