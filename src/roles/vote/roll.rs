//! The electoral roll: whether a code is good. Whatever was asked since the last look-up is the next one.
//!
//! There is no timer, as in the intake: alone, a code is looked up at once; in a crowd, thousands by one statement a
//! poll. The channel is bounded; past the bound the answer is "busy", at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::domain::code::CodeHash;
use crate::domain::names::PollId;
use crate::http::error::{ApiError, Fate};
use crate::store::{Store, StoreError};

/// Codes that may wait to be looked up.
pub const CAPACITY: usize = 16_384;
/// Codes in one look-up, at most: 64 KB of hashes.
const MAX_BATCH: usize = 4096;
/// How long a look-up may take before whoever asked is told that it failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why nobody knows whether a code is good. A ballot that came with it was not taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RollError {
    /// Too many wait already.
    #[error("too many codes wait to be looked up")]
    Busy,
    /// No answer in time.
    #[error("voting codes cannot be looked up in time")]
    Slow,
    /// The store failed.
    #[error("voting codes cannot be looked up")]
    Failed(#[source] Arc<StoreError>),
}

impl From<RollError> for ApiError {
    fn from(error: RollError) -> Self {
        match error {
            RollError::Busy => Self::Busy(Some(Fate::Refused)),
            RollError::Slow | RollError::Failed(_) => {
                Self::Unavailable { fate: Some(Fate::Refused), source: Some(Box::new(error)) }
            }
        }
    }
}

/// The way to the roll. Cloning shares it; it is closed when the last of them is dropped.
#[derive(Clone, Debug)]
pub struct Roll {
    sender: mpsc::Sender<Question>,
}

#[derive(Debug)]
struct Question {
    poll: PollId,
    code: CodeHash,
    answer: oneshot::Sender<Result<bool, RollError>>,
}

impl Roll {
    /// Opens the roll that is in `store`, and lets `capacity` codes wait.
    #[must_use]
    pub fn open(store: Store, capacity: usize) -> Self {
        let (sender, questions) = mpsc::channel(capacity.max(1));
        tokio::spawn(answer_all(store, questions));
        Self { sender }
    }

    /// Whether a code is good in a poll.
    ///
    /// # Errors
    /// Where that cannot be found out just now.
    pub async fn has(&self, poll: PollId, code: CodeHash) -> Result<bool, RollError> {
        let (answer, found) = oneshot::channel();
        match self.sender.try_send(Question { poll, code, answer }) {
            Ok(()) => found.await.unwrap_or(Err(RollError::Slow)),
            Err(mpsc::error::TrySendError::Full(_)) => Err(RollError::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(RollError::Slow),
        }
    }
}

/// Answers until nobody can ask any more.
async fn answer_all(store: Store, mut questions: mpsc::Receiver<Question>) {
    let mut batch = Vec::new();
    while questions.recv_many(&mut batch, MAX_BATCH).await > 0 {
        let (mut polls, deadline) = (HashMap::<PollId, Vec<Question>>::new(), Instant::now() + PATIENCE);
        for question in batch.drain(..) {
            polls.entry(question.poll).or_default().push(question);
        }
        for (poll, questions) in polls {
            answer(&store, poll, questions, deadline).await;
        }
    }
}

/// Answers what was asked of one poll.
async fn answer(store: &Store, poll: PollId, questions: Vec<Question>, deadline: Instant) {
    let codes: Vec<CodeHash> = questions.iter().map(|question| question.code).collect();
    let good = match tokio::time::timeout_at(deadline, store.good_codes(poll, &codes)).await {
        Ok(good) => good.map_err(|error| RollError::Failed(Arc::new(error))),
        Err(_) => Err(RollError::Slow),
    };
    for Question { code, answer, .. } in questions {
        // Whoever has gone away does not hear it.
        let _ = answer.send(good.as_ref().map(|good| good.contains(&code)).map_err(Clone::clone));
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use tempfile::TempDir;

    use super::*;
    use crate::domain::clock::{Entropy, from_millis};
    use crate::domain::code::VotingCode;
    use crate::store::sqlite::Sqlite;

    async fn store(folder: &TempDir) -> Store {
        Store::Sqlite(Sqlite::open(&folder.path().join("store.db")).await.unwrap())
    }

    fn poll(number: u64) -> PollId {
        PollId::from_u64(number).unwrap()
    }

    #[tokio::test]
    async fn each_code_is_answered_for_its_own_poll() {
        let folder = TempDir::new().unwrap();
        let store = store(&folder).await;
        let codes: Vec<_> = (0..1000).map(|_| VotingCode::random(&Entropy::System)).collect();
        let batch = store.begin_batch(poll(1), 500, from_millis(0)).await.unwrap();
        let mut hashes: Vec<_> = codes[..500].iter().map(|code| code.hash(poll(1))).collect();
        hashes.sort_unstable();
        store.add_codes(poll(1), batch, &hashes).await.unwrap();
        store.complete_batch(poll(1), batch).await.unwrap();
        let roll = Roll::open(store, CAPACITY);
        let asked = |of| codes.iter().map(move |code| (poll(of), code.hash(poll(of))));
        let asked = asked(1).chain(asked(2)).map(async |(poll, code)| roll.has(poll, code).await.unwrap());
        let good = join_all(asked).await;
        assert!(good[..500].iter().all(|good| *good));
        assert!(good[500..].iter().all(|good| !*good), "neither a code that was not made nor another poll's");
    }

    #[tokio::test]
    async fn past_its_bound_the_roll_is_busy_at_once() {
        let folder = TempDir::new().unwrap();
        let roll = Roll::open(store(&folder).await, 2);
        let code = CodeHash([1; 16]);
        let asked = join_all((0..5).map(|_| roll.has(poll(1), code))).await;
        assert!(asked[..2].iter().all(|good| matches!(good, Ok(false))), "{asked:?}");
        assert!(asked[2..].iter().all(|good| matches!(good, Err(RollError::Busy))), "{asked:?}");
    }

    #[tokio::test]
    async fn without_the_store_nobody_knows_and_no_ballot_was_taken() {
        let folder = TempDir::new().unwrap();
        let store = store(&folder).await;
        let roll = Roll::open(store.clone(), CAPACITY);
        store.close().await;
        let error = roll.has(poll(1), CodeHash([1; 16])).await.unwrap_err();
        assert!(matches!(error, RollError::Failed(_)), "{error:?}");
        let refused = ApiError::from(error);
        assert!(matches!(refused, ApiError::Unavailable { fate: Some(Fate::Refused), source: Some(_) }), "{refused:?}");
    }

    #[tokio::test]
    async fn the_roll_is_closed_with_its_last_handle() {
        let folder = TempDir::new().unwrap();
        let (sender, questions) = mpsc::channel(1);
        let reader = tokio::spawn(answer_all(store(&folder).await, questions));
        let roll = Roll { sender };
        drop((roll.clone(), roll));
        reader.await.unwrap();
    }
}
