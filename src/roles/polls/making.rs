//! A batch of voting codes in the making, chunk by chunk, so that a million take no more memory than a few thousand.
//!
//! What is stored is stored before it is shown. The codes are good only once the last was handed over: until then, and
//! if whoever asked for them goes away, they are worthless.

use std::collections::HashSet;

use axum::body::{Body, Bytes};
use futures_util::stream::try_unfold;

use super::Needs;
use crate::domain::clock::Entropy;
use crate::domain::code::{CodeHash, VotingCode};
use crate::domain::names::PollId;
use crate::domain::poll::Poll;
use crate::http::error::chain;
use crate::store::{Store, StoreError};

/// Codes in one chunk, at most.
const CHUNK: u32 = 4096;
/// Tries at a batch's number that somebody else takes, or at codes of which the poll has one.
const TRIES: u32 = 8;

/// A batch that is not good yet, and never will be if it is dropped.
#[derive(Debug)]
pub struct Making {
    store: Store,
    /// The same store, which puts on record that codes were made.
    recording: Store,
    entropy: Entropy,
    poll: PollId,
    /// The batch's number in its poll.
    pub number: u32,
    left: u32,
    is_complete: bool,
}

impl Making {
    /// Begins a batch of `count` codes. `recording`: the store that puts on record that they were made.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn begin(needs: &Needs, recording: Store, poll: &Poll, count: u32) -> Result<Self, StoreError> {
        let (store, now) = (needs.store.clone(), needs.clock.now());
        let mut number = store.begin_batch(poll.id, count, now).await;
        for _ in 1..TRIES {
            if !matches!(number, Err(StoreError::Changed)) {
                break;
            }
            number = store.begin_batch(poll.id, count, now).await;
        }
        let (number, entropy) = (number?, needs.entropy.clone());
        Ok(Self { store, recording, entropy, poll: poll.id, number, left: count, is_complete: false })
    }

    /// Makes and stores the next codes; none once all are made.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn next(&mut self) -> Result<Vec<VotingCode>, StoreError> {
        let count = self.left.min(CHUNK);
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut tries = 1;
        loop {
            let codes = draw(&self.entropy, count);
            match self.store.add_codes(self.poll, self.number, &sorted(&codes, self.poll)).await {
                Ok(()) => {
                    self.left -= count;
                    return Ok(codes);
                }
                // The poll has one of them, by a chance that hardly anybody lives to see.
                Err(StoreError::Rejected(_)) if tries < TRIES => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Makes the batch good.
    async fn complete(mut self) -> Result<(), StoreError> {
        self.is_complete = self.recording.complete_batch(self.poll, self.number).await?;
        if self.is_complete { Ok(()) } else { Err(StoreError::Changed) }
    }

    /// The whole batch as a body: `first`, then the other chunks as `print` has them. It ends well only if the batch is
    /// good; else it breaks off.
    pub fn into_body(self, first: Bytes, print: impl Fn(&[VotingCode]) -> Bytes + Send + 'static) -> Body {
        Body::from_stream(try_unfold((self, print, Some(first)), async |(mut making, print, ready)| {
            if let Some(ready) = ready {
                return Ok(Some((ready, (making, print, None))));
            }
            // Asked for more: what came before was taken.
            let next = making.next().await.inspect_err(failed)?;
            if next.is_empty() {
                making.complete().await.inspect_err(failed)?;
                return Ok::<_, StoreError>(None);
            }
            let lines = print(&next);
            Ok(Some((lines, (making, print, None))))
        }))
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.is_complete {
            return;
        }
        let (store, poll, number) = (self.store.clone(), self.poll, self.number);
        runtime.spawn(async move {
            if let Err(error) = store.void_batch(poll, number).await {
                // It is not good as it is, and swept away in the end.
                tracing::warn!(error = chain(&error), "codes.not_voided");
            }
        });
    }
}

fn failed(error: &StoreError) {
    tracing::error!(error = chain(error), "codes.not_made");
}

/// So many codes, no two the same.
fn draw(entropy: &Entropy, count: u32) -> Vec<VotingCode> {
    let count = count as usize;
    let (mut codes, mut drawn) = (Vec::with_capacity(count), HashSet::with_capacity(count));
    while codes.len() < count {
        let code = VotingCode::random(entropy);
        if drawn.insert(code) {
            codes.push(code);
        }
    }
    codes
}

/// What is stored of codes, in an order that says nothing of the one in which they are handed out.
fn sorted(codes: &[VotingCode], poll: PollId) -> Vec<CodeHash> {
    let mut hashes: Vec<CodeHash> = codes.iter().map(|code| code.hash(poll)).collect();
    hashes.sort_unstable();
    hashes
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::domain::clock::from_millis;
    use crate::domain::deed::Deed;
    use crate::store::sqlite::Sqlite;

    fn making(store: &Store, number: u32, count: u32) -> Making {
        let deed = Deed { at: from_millis(0), who: String::new(), what: String::new(), subject: String::new() };
        Making {
            store: store.clone(),
            recording: store.on_record(deed),
            // Each batch draws the same numbers from the start.
            entropy: Entropy::counting(),
            poll: PollId::from_u64(1).unwrap(),
            number,
            left: count,
            is_complete: false,
        }
    }

    #[tokio::test]
    async fn a_batch_that_is_dropped_is_void_at_once() {
        let folder = TempDir::new().unwrap();
        let store = Store::Sqlite(Sqlite::open(&folder.path().join("store.db")).await.unwrap());
        let number = store.begin_batch(PollId::from_u64(1).unwrap(), 2, from_millis(0)).await.unwrap();
        let mut making = making(&store, number, 2);
        making.next().await.unwrap();
        drop(making);
        // What is swept away this early is void.
        while !store.sweep_codes(from_millis(0)).await.unwrap() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_code_that_the_poll_has_already_is_not_made_again() {
        let folder = TempDir::new().unwrap();
        let store = Store::Sqlite(Sqlite::open(&folder.path().join("store.db")).await.unwrap());
        let poll = PollId::from_u64(1).unwrap();
        let mut all = HashSet::new();
        for count in [3, 5] {
            let number = store.begin_batch(poll, count, from_millis(0)).await.unwrap();
            let mut making = making(&store, number, count);
            let codes = making.next().await.unwrap();
            assert_eq!(codes.len(), count as usize);
            assert!(codes.iter().all(|code| all.insert(*code)), "made twice");
            assert!(making.next().await.unwrap().is_empty());
            making.complete().await.unwrap();
        }
        let hashes = sorted(&all.into_iter().collect::<Vec<_>>(), poll);
        assert_eq!(store.good_codes(poll, &hashes).await.unwrap().len(), 8);
    }
}
