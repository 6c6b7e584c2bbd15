//! The store: polls, the ballots that stand, tallies and bookmarks, durable and transactional.
//!
//! A closed set of backends behind one enum. Every method has the same meaning on each; `tests/it/store_contract`
//! holds them to it. All SQL of the product lives under this folder.

/// Asks whichever backend it is.
macro_rules! ask {
    ($store:ident.$method:ident($($argument:expr),*)) => {
        match $store {
            Store::Sqlite(store) => store.$method($($argument),*).await,
            Store::Postgres(store) => store.$method($($argument),*).await,
        }
    };
}

pub mod letters;
mod people;
pub mod postgres;
pub mod sqlite;
mod values;
pub mod words;

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::postgres::PgDatabaseError;

use crate::domain::ballot::VoterKey;
use crate::domain::fold::{Contests, Plan};
use crate::domain::ledger::Ledger;
use crate::domain::log::{Bookmark, LogEnd};
use crate::domain::names::{Choice, PollId};
use crate::domain::poll::Poll;
use crate::domain::snapshot::Snapshot;
use crate::domain::turnout::{STEP, Series};

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another poll has this slug, or this join code.
    #[error("another poll has this slug")]
    NameTaken,
    /// Another account has this id.
    #[error("another account has this id")]
    UserTaken,
    /// The poll would have more voting codes than it may.
    #[error("the poll would have more voting codes than it may")]
    TooManyCodes,
    /// The poll was changed or deleted since it was read: read it again.
    #[error("the poll was changed by someone else in the meantime")]
    Changed,
    /// The store cannot be reached, or cannot read or write just now; the same call may work later.
    #[error("the store is not available")]
    Unavailable(#[source] sqlx::Error),
    /// Looking this up would take so long that the store gave up on it.
    #[error("the store gave up on what took too long")]
    TooSlow(#[source] sqlx::Error),
    /// The store refuses this very data; the same call will never work.
    #[error("the store refuses this data")]
    Rejected(#[source] sqlx::Error),
    /// What is stored is not what this release writes.
    #[error("the store holds something unexpected: {0}")]
    Damaged(&'static str),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let rejected = match &error {
            sqlx::Error::Database(database) => match database.try_downcast_ref::<PgDatabaseError>() {
                Some(error) => postgres::connect::is_about_data(error),
                None => sqlite::connect::is_about_data(database.as_ref()),
            },
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::TypeNotFound { .. } => true,
            _ => false,
        };
        if rejected { Self::Rejected(error) } else { Self::Unavailable(error) }
    }
}

/// A store of one of the known kinds.
#[derive(Clone, Debug)]
pub enum Store {
    /// Embedded: one file of SQLite.
    Sqlite(sqlite::Sqlite),
    /// A server of PostgreSQL, with or without replicas.
    Postgres(postgres::Postgres),
}

/// A partition locked for applying a batch: nobody else applies to it until [`Claim::commit`], and dropping it undoes
/// what was applied.
#[derive(Debug)]
pub enum Claim {
    /// In SQLite.
    Sqlite(sqlite::apply::Claim),
    /// In PostgreSQL.
    Postgres(postgres::apply::Claim),
}

impl Store {
    /// The same store for those who only look: the reads that viewers need come from a replica that is up and at most
    /// about a second behind, where there is one, else from the primary.
    #[must_use]
    pub fn for_viewers(&self) -> Self {
        match self {
            Self::Sqlite(_) => self.clone(),
            Self::Postgres(store) => Self::Postgres(store.for_viewers()),
        }
    }

    /// How many look something up at the same time; two at least.
    #[must_use]
    pub fn readers(&self) -> usize {
        let connections = match self {
            Self::Sqlite(store) => store.readers(),
            Self::Postgres(store) => store.readers(),
        };
        connections.max(2) as usize
    }

    /// The same store as the primary knows it: never behind what anybody has seen of it.
    #[must_use]
    pub fn primary(&self) -> Self {
        match self {
            Self::Sqlite(_) => self.clone(),
            Self::Postgres(store) => Self::Postgres(store.primary()),
        }
    }

    /// Adds a poll.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`] where its slug or code is in use, as either.
    pub async fn insert_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        ask!(self.insert_poll(poll))
    }

    /// Replaces a poll, if its revision is still the one given in it, and returns it with its new versions. A new
    /// generation is recorded; a new round empties the tallies and discards what was counted.
    ///
    /// # Errors
    /// [`StoreError::Changed`] where the revision is another, or the poll is gone.
    pub async fn update_poll(&self, poll: &Poll, now: Timestamp) -> Result<Poll, StoreError> {
        ask!(self.update_poll(poll, now))
    }

    /// Deletes a poll, if its revision is still the one given, and discards what was counted.
    ///
    /// # Errors
    /// [`StoreError::Changed`] where the revision is another, or the poll is gone.
    pub async fn delete_poll(&self, poll: &Poll) -> Result<(), StoreError> {
        ask!(self.delete_poll(poll))
    }

    /// The poll with this id.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn poll(&self, id: PollId) -> Result<Option<Poll>, StoreError> {
        ask!(self.poll(id))
    }

    /// The poll with this slug, else with this join code (in any case).
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn poll_named(&self, name: &str) -> Result<Option<Poll>, StoreError> {
        ask!(self.poll_named(name))
    }

    /// All polls: the default poll first, then the newest first.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn polls(&self) -> Result<Vec<Poll>, StoreError> {
        ask!(self.polls())
    }

    /// Polls on which something may be left to do: all that are not final. Drafts are among them: one that was scheduled,
    /// or open before a reset, may have left a gate behind that still opens.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn unsettled_polls(&self) -> Result<Vec<Poll>, StoreError> {
        ask!(self.unsettled_polls())
    }

    /// Whether some poll that was ever open hides its votes from the public now.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn hides_results(&self) -> Result<bool, StoreError> {
        ask!(self.hides_results())
    }

    /// The poll with its votes, read together.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn snapshot(&self, id: PollId, now: Timestamp) -> Result<Option<Snapshot>, StoreError> {
        ask!(self.snapshot(id, now))
    }

    /// All votes of each poll that has any.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn totals(&self) -> Result<BTreeMap<PollId, u64>, StoreError> {
        ask!(self.totals())
    }

    /// The turnout of a poll's round since `from`, else since its first ballot, in the narrowest steps of which there
    /// are at most `points` (two or more). All steps are whole: the first may begin before `from`. Ballots that were
    /// counted by a release that kept no turnout are missing.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn turnout(
        &self,
        poll: PollId,
        round: u32,
        from: Option<Timestamp>,
        points: u32,
    ) -> Result<Series, StoreError> {
        let from = STEP.start_of(from.unwrap_or(Timestamp::MIN));
        ask!(self.turnout(poll, round, from, points))
    }

    /// What a voter chose in a poll's round, as far as it has been counted.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn choice(&self, poll: PollId, round: u32, voter: VoterKey) -> Result<Option<Choice>, StoreError> {
        ask!(self.choice(poll, round, voter))
    }

    /// The terms of conservation, read at one moment; `pending` is the caller's to fill in.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn ledger(&self) -> Result<Ledger, StoreError> {
        ask!(self.ledger())
    }

    /// How far a partition was read, without locking it.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn bookmark(&self, partition: u16) -> Result<Bookmark, StoreError> {
        ask!(self.bookmark(partition))
    }

    /// Locks, for applying, the partition that is furthest behind its end among `ends`, of those that nobody else has
    /// locked; `None` where there is none behind. `partitions`: how many there are in all.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn claim(&self, ends: &BTreeMap<u16, LogEnd>, partitions: u16) -> Result<Option<Claim>, StoreError> {
        Ok(match self {
            Self::Sqlite(store) => store.claim(ends, partitions).await?.map(Claim::Sqlite),
            Self::Postgres(store) => store.claim(ends, partitions).await?.map(Claim::Postgres),
        })
    }

    /// Sweeps away up to some thousand ballots, or steps of turnout, of rounds that no longer count. `true` while there
    /// is more to sweep.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn sweep(&self) -> Result<bool, StoreError> {
        ask!(self.sweep())
    }

    /// Compares the tallies with the fold of the ballots that stand: the polls where they differ. Reads everything.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn verify(&self) -> Result<Vec<PollId>, StoreError> {
        ask!(self.verify())
    }

    /// Closes the store in an orderly way.
    pub async fn close(&self) {
        ask!(self.close());
    }
}

impl Claim {
    /// Which partition was locked.
    #[must_use]
    pub fn partition(&self) -> u16 {
        match self {
            Self::Sqlite(claim) => claim.partition(),
            Self::Postgres(claim) => claim.partition(),
        }
    }

    /// Where the partition's reader stands.
    #[must_use]
    pub fn bookmark(&self) -> Bookmark {
        match self {
            Self::Sqlite(claim) => claim.bookmark(),
            Self::Postgres(claim) => claim.bookmark(),
        }
    }

    /// What the fold must know of these polls; deleted ones are absent.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn contests(&mut self, polls: &[PollId]) -> Result<Contests, StoreError> {
        match self {
            Self::Sqlite(claim) => claim.contests(polls).await,
            Self::Postgres(claim) => claim.contests(polls).await,
        }
    }

    /// Applies a plan: ballots, tallies, turnout, versions, dead letters, markers and the bookmark. Returns the polls
    /// that changed visibly.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] where something cannot be stored, [`StoreError::Changed`] where a poll was reset or deleted
    /// since its contest was read: nothing of the plan is stored, and the claim is spent.
    pub async fn apply(&mut self, plan: &Plan, now: Timestamp) -> Result<Vec<PollId>, StoreError> {
        match self {
            Self::Sqlite(claim) => claim.apply(plan, now).await,
            Self::Postgres(claim) => claim.apply(plan, now).await,
        }
    }

    /// Moves the bookmark without applying anything: a new epoch, or past a gap.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn move_bookmark(&mut self, bookmark: Bookmark, missed: u64) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(claim) => claim.move_bookmark(bookmark, missed).await,
            Self::Postgres(claim) => claim.move_bookmark(bookmark, missed).await,
        }
    }

    /// Undoes what was applied, and lets go of the partition before it returns; a claim that is dropped does so soon.
    ///
    /// # Errors
    /// Where the store is unavailable: nothing was applied.
    pub async fn undo(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(claim) => claim.undo().await,
            Self::Postgres(claim) => claim.undo().await,
        }
    }

    /// Makes all of it durable.
    ///
    /// # Errors
    /// Where the store is unavailable: nothing was applied.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(claim) => claim.commit().await,
            Self::Postgres(claim) => claim.commit().await,
        }
    }
}
