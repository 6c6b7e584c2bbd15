//! How many quotes the public sees, counted now and then: counting a million of them takes a while.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::store::{Store, StoreError};

/// Counting may take this part of the time.
const PART: u32 = 20;
/// What takes less is done each time.
const SHORT: Duration = Duration::from_millis(2);
/// Never is it older than this.
const OLDEST: Duration = Duration::from_secs(5);

/// The number of quotes. Cloning shares what was counted.
#[derive(Clone, Debug)]
pub struct QuoteCount {
    store: Store,
    last: Arc<Mutex<Option<Counted>>>,
}

#[derive(Clone, Copy, Debug)]
struct Counted {
    total: u64,
    at: Instant,
    took: Duration,
}

impl QuoteCount {
    /// Of the quotes in `store`.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, last: Arc::default() }
    }

    /// How many there are, or were when counting them takes long: at most twenty times as long ago, and five seconds.
    /// Whoever asks while that is done waits for it rather than counting, too.
    ///
    /// # Errors
    /// Where the store is unavailable.
    pub async fn total(&self) -> Result<u64, StoreError> {
        let last = self.last.lock().await;
        if let Some(counted) = last.filter(Counted::is_fresh) {
            return Ok(counted.total);
        }
        let is_long = last.is_some_and(|counted| counted.took >= SHORT);
        let held = is_long.then_some(last);
        let at = Instant::now();
        let total = self.store.quote_count().await?;
        let mut last = match held {
            Some(last) => last,
            None => self.last.lock().await,
        };
        *last = Some(Counted { total, at, took: at.elapsed() });
        Ok(total)
    }
}

impl Counted {
    fn is_fresh(&self) -> bool {
        self.took >= SHORT && self.at.elapsed() < (self.took * PART).min(OLDEST)
    }
}
