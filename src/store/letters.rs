//! Dead letters as they are kept, and trying them again.

use bytes::Bytes;
use jiff::Timestamp;

use super::{Claim, Store, StoreError};
use crate::domain::fold::{self, Plan};
use crate::domain::log::{Bookmark, Entry, EntryId, Record, Unreadable};
use crate::domain::names::PollId;

/// A dead letter as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLetter {
    /// Its number: the later, the higher.
    pub id: i64,
    /// The partition of the log.
    pub partition: u16,
    /// The epoch of the log's history in which it was read.
    pub epoch: u16,
    /// The entry.
    pub entry: EntryId,
    /// The entry's fingerprint.
    pub fingerprint: u64,
    /// The position of the entry's first ballot.
    pub position: u64,
    /// How many ballots could not be counted.
    pub ballots: u64,
    /// Whether these are all ballots of the entry; else the others were counted.
    pub whole: bool,
    /// Why.
    pub reason: String,
    /// The whole entry, encoded.
    pub body: Bytes,
    /// When it was put aside.
    pub at: Timestamp,
}

/// What became of a dead letter that was tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retried {
    /// It is a dead letter no more: its ballots stand where they would have stood. With the polls that changed visibly.
    Applied(Vec<PollId>),
    /// Somebody has applied or dropped it meanwhile.
    Gone,
    /// It stays: the other ballots of its entry were counted, and this release still has no place for these.
    InPart,
    /// It stays: this release cannot read it either.
    Unreadable(Unreadable),
}

impl Store {
    /// Dead letters with a higher number than `after`, at most `limit` of them, in order.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn dead_letters(&self, after: i64, limit: u32) -> Result<Vec<StoredLetter>, StoreError> {
        ask!(self.dead_letters(after, limit))
    }

    /// Forgets a dead letter; `false` where there is none of this number. The ledger goes on counting its ballots as
    /// dead, for they are lost now.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn drop_dead_letter(&self, id: i64) -> Result<bool, StoreError> {
        ask!(self.drop_dead_letter(id))
    }

    /// Applies a dead letter after all, in one transaction: its ballots leave the dead and go where the fold of `entry`,
    /// the letter's body as decoded now, has them go. They keep their place in the order of the log, so a later ballot
    /// of the same voter still stands; the bookmark stays. `partitions`: how many there are in all.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] where the store still refuses it, [`StoreError::Changed`] where a poll was reset or
    /// deleted at the same moment: nothing was changed.
    pub async fn retry_dead_letter(
        &self,
        letter: &StoredLetter,
        entry: Result<Entry, Unreadable>,
        partitions: u16,
        now: Timestamp,
    ) -> Result<Retried, StoreError> {
        if !letter.whole {
            return Ok(Retried::InPart);
        }
        if let Err(unreadable) = entry {
            return Ok(Retried::Unreadable(unreadable));
        }
        let claim = match self {
            Self::Sqlite(store) => store.exhume(letter, partitions).await?.map(Claim::Sqlite),
            Self::Postgres(store) => store.exhume(letter, partitions).await?.map(Claim::Postgres),
        };
        let Some(mut claim) = claim else { return Ok(Retried::Gone) };
        let records = [letter.record(entry)];
        let polls: Vec<PollId> = fold::polls_in(&records).collect();
        let contests = claim.contests(&polls).await?;
        let then = Bookmark { epoch: letter.epoch, position: letter.position, ..Bookmark::default() };
        let plan = match fold::fold(then, &records, &contests) {
            Ok(plan) => Plan { bookmark: claim.bookmark(), ..plan },
            Err(unreadable) => return Ok(Retried::Unreadable(unreadable)),
        };
        let changed = claim.apply(&plan, now).await?;
        claim.commit().await?;
        Ok(Retried::Applied(changed))
    }
}

impl StoredLetter {
    fn record(&self, content: Result<Entry, Unreadable>) -> Record {
        Record {
            id: self.entry,
            first: self.position,
            ballots: u32::try_from(self.ballots).unwrap_or(u32::MAX),
            fingerprint: self.fingerprint,
            body: self.body.clone(),
            content,
        }
    }
}
