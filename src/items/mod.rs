//! Items: shared small keys and values, for whoever can reach them.
//!
//! A closed set of backends behind one enum; `tests/it/items_contract` holds them to the same meaning. What arrives
//! together travels together ([`gather`](crate::gather)): one read, or one write, for all that was asked since the last.

pub mod local;
pub mod redis;

use std::error::Error as StdError;
use std::sync::Arc;

use bytes::Bytes;

use self::local::LocalItems;
use self::redis::RedisItems;
use crate::domain::item::{ItemChange, ItemKey, ItemOutcome, ItemTotals};
use crate::gather::GatherError;

/// Reads, and writes, that may wait; more are turned away.
const WAITING: usize = 16_384;
/// Keys read at once, at most. Their values are in memory at once, each of up to a mebibyte.
const READ_BATCH: usize = 128;
/// Changes made at once, at most: Lua, which makes them in Redis, takes some thousands of arguments.
const WRITE_BATCH: usize = 512;
/// Bytes of keys and values after which a batch of changes is full.
const WRITE_WEIGHT: usize = 4 << 20;
/// Keys that are read at once; one more may be, to see whether there are more.
pub const PAGE: usize = 1000;

/// Why items did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ItemsError {
    /// Too much waits already: nothing happened.
    #[error("too much waits already")]
    Busy,
    /// As many items as may be: nothing changed.
    #[error("there are as many items as there may be (ITEMS_MAX_KEYS); delete some first")]
    TooManyKeys,
    /// As many bytes as may be: nothing changed.
    #[error("there is no room for this (ITEMS_MAX_BYTES); delete some items first")]
    TooManyBytes,
    /// Nothing happened; the same call may work later.
    #[error("items are not available: nothing changed")]
    Refused(#[source] Arc<dyn StdError + Send + Sync>),
    /// It may have happened. Doing it again is harmless.
    #[error("items did not confirm: it is unknown whether something changed")]
    Unknown(#[source] Arc<dyn StdError + Send + Sync>),
}

/// Whoever does the work has ended.
#[derive(Debug, thiserror::Error)]
#[error("the task behind it has ended")]
struct Gone;

impl ItemsError {
    fn refused(source: impl StdError + Send + Sync + 'static) -> Self {
        Self::Refused(Arc::new(source))
    }

    fn unknown(source: impl StdError + Send + Sync + 'static) -> Self {
        Self::Unknown(Arc::new(source))
    }

    /// What everybody in a batch is told, for one of them.
    fn shared(error: GatherError<Self>) -> Self {
        match error {
            GatherError::Busy => Self::Busy,
            GatherError::Gone => Self::unknown(Gone),
            GatherError::Failed(error) => Arc::unwrap_or_clone(error),
        }
    }
}

impl From<ItemOutcome> for Result<(), ItemsError> {
    fn from(outcome: ItemOutcome) -> Self {
        match outcome {
            ItemOutcome::Done => Ok(()),
            ItemOutcome::TooManyKeys => Err(ItemsError::TooManyKeys),
            ItemOutcome::TooManyBytes => Err(ItemsError::TooManyBytes),
        }
    }
}

/// How many reads were answered by whom, and how many replicas may answer just now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// Reads that the main answered; in one process, the store.
    pub main: u64,
    /// Reads that a replica answered.
    pub replica: u64,
    /// Replicas that certainly show a world young enough.
    pub fresh: u64,
}

/// Items of one of the known kinds. Cloning shares them.
#[derive(Clone, Debug)]
pub enum Items {
    /// Embedded: in the store.
    Local(LocalItems),
    /// Scaled: in Redis, read from its replicas.
    Redis(RedisItems),
}

impl Items {
    /// The value of an item; never older than this call.
    ///
    /// # Errors
    /// Where it cannot be found out just now.
    pub async fn get(&self, key: ItemKey) -> Result<Option<Bytes>, ItemsError> {
        match self {
            Self::Local(items) => items.get(key).await,
            Self::Redis(items) => items.get(key).await,
        }
    }

    /// Makes a change. Once this has returned, everybody reads it, by whichever process.
    ///
    /// # Errors
    /// Where there is no room for it, or it is not certain that it was made.
    pub async fn change(&self, change: ItemChange) -> Result<(), ItemsError> {
        match self {
            Self::Local(items) => items.change(change).await,
            Self::Redis(items) => items.change(change).await,
        }
    }

    /// Up to `limit` (one more than [`PAGE`] at most) keys with a prefix, sorted by their bytes; those after `after`, which may be
    /// empty. Keys that are there all the time are found exactly once by going on after the last of each page.
    ///
    /// # Errors
    /// Where they cannot be found out just now.
    pub async fn keys(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, ItemsError> {
        match self {
            Self::Local(items) => items.keys(prefix, after, limit.min(PAGE + 1)).await,
            Self::Redis(items) => items.keys(prefix, after, limit.min(PAGE + 1)).await,
        }
    }

    /// How many there are. Also shows that items are available.
    ///
    /// # Errors
    /// Where that cannot be found out just now.
    pub async fn totals(&self) -> Result<ItemTotals, ItemsError> {
        match self {
            Self::Local(items) => items.totals().await,
            Self::Redis(items) => items.totals().await,
        }
    }

    /// Who has answered reads so far.
    #[must_use]
    pub fn sources(&self) -> Sources {
        match self {
            Self::Local(_) => Sources::default(),
            Self::Redis(items) => items.sources(),
        }
    }
}
