//! What the screens of a room show: the newest and the best liked quotes, encoded once and shared by all who look.
//!
//! While anybody looks, one task reads the store: once a second, and soon after a change that was made in this process.
//! Where what it finds is not what it found before, everybody is sent it. Who is slow skips to the newest and costs no
//! memory. The more look, the longer it waits, so that a crowd of them does not take the machine from the others.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::events;
use crate::domain::clock::Entropy;
use crate::http::error::ApiError;
use crate::http::metrics::Metrics;
use crate::store::words::{Order, QuoteCount};
use crate::store::{Store, StoreError};

/// How many of the newest and of the best liked are shown.
const SHOWN: u32 = 30;
/// How often the store is read without a change here.
const REREAD: Duration = Duration::from_secs(1);
/// What each viewer adds to the time from one reading to the next: writing to one costs about 10 µs.
const PER_VIEWER: Duration = Duration::from_micros(20);

/// What viewers are sent last; nothing before the store was read for the first of them.
pub type Frame = Option<Bytes>;

/// The wall of this process. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Wall {
    frames: watch::Receiver<Frame>,
    places: Arc<Semaphore>,
    news: Arc<Notify>,
    draining: CancellationToken,
    entropy: Entropy,
    metrics: Metrics,
}

/// Somebody who looks, in their place.
#[derive(Debug)]
pub struct Viewer {
    /// What they are sent. It ends when this process goes down.
    pub frames: watch::Receiver<Frame>,
    metrics: Metrics,
    _place: OwnedSemaphorePermit,
}

/// What keeps the wall up to date.
struct Painter {
    store: Store,
    frames: watch::Sender<Frame>,
    places: Arc<Semaphore>,
    most: usize,
    news: Arc<Notify>,
    /// The least time from one reading to the next.
    pace: Duration,
    count: QuoteCount,
}

impl Wall {
    /// A wall for at most `max_viewers` viewers, read from `store` at most once in `pace`, which is a second or less.
    #[must_use]
    pub fn start(store: Store, pace: Duration, entropy: Entropy, metrics: Metrics, max_viewers: usize) -> Self {
        let (sender, frames) = watch::channel(None);
        let (places, news) = (Arc::new(Semaphore::new(max_viewers)), Arc::new(Notify::new()));
        let draining = CancellationToken::new();
        let painter = Painter {
            count: QuoteCount::new(store.clone()),
            store,
            frames: sender,
            places: Arc::clone(&places),
            most: max_viewers,
            news: Arc::clone(&news),
            pace,
        };
        tokio::spawn(draining.clone().run_until_cancelled_owned(painter.paint()));
        Self { frames, places, news, draining, entropy, metrics }
    }

    /// Says that a quote was changed here.
    pub fn changed(&self) {
        self.news.notify_one();
    }

    /// A viewer.
    ///
    /// # Errors
    /// [`ApiError::Busy`] where there are as many as may be.
    pub fn watch(&self) -> Result<Viewer, ApiError> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| ApiError::Busy(None))?;
        self.news.notify_one();
        self.metrics.viewers.inc();
        Ok(Viewer { frames: self.frames.clone(), metrics: self.metrics.clone(), _place: place })
    }

    /// Ends all streams, and each new one at its beginning.
    pub fn drain(&self) {
        self.draining.cancel();
    }

    /// A number of milliseconds after which a viewer that lost its stream should come back: spread out, so that they
    /// do not all come at once.
    #[must_use]
    pub fn retry_after(&self) -> u64 {
        1000 + self.entropy.below(4000)
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.metrics.viewers.dec();
    }
}

impl Painter {
    async fn paint(self) {
        loop {
            let viewers = self.viewers();
            if viewers == 0 {
                // Whoever comes first is not to see what was there before.
                self.frames.send_replace(None);
                self.news.notified().await;
                continue;
            }
            // While the store is away, they see what it said last.
            if let Ok(frame) = self.read().await {
                self.show(frame);
            }
            tokio::time::sleep(self.pace.max(PER_VIEWER.saturating_mul(viewers))).await;
            let _ = tokio::time::timeout(REREAD.saturating_sub(self.pace), self.news.notified()).await;
        }
    }

    fn viewers(&self) -> u32 {
        u32::try_from(self.most - self.places.available_permits()).unwrap_or(u32::MAX)
    }

    async fn read(&self) -> Result<Bytes, StoreError> {
        let newest = self.store.quotes(Order::Newest(None), SHOWN, false).await?;
        let top = self.store.quotes(Order::Liked(None), SHOWN, false).await?;
        Ok(events::encode(self.count.total().await?, &newest, &top))
    }

    fn show(&self, frame: Bytes) {
        self.frames.send_if_modified(|shown| {
            let is_new = shown.as_ref() != Some(&frame);
            *shown = Some(frame);
            is_new
        });
    }
}
