//! Tells the live bus how changed polls stand, coalesced: a poll that changed often meanwhile is read and told once.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::domain::clock::Clock;
use crate::domain::names::PollId;
use crate::live::{Event, Live};
use crate::store::Store;

/// The least time from one announcement of a poll to the next.
const INTERVAL: Duration = Duration::from_millis(16);

/// Collects what changed. Cloning shares it; the telling ends once all clones are gone.
#[derive(Clone, Debug)]
pub struct Announcer {
    changed: Arc<Changed>,
}

#[derive(Debug, Default)]
struct Changed {
    polls: Mutex<BTreeSet<PollId>>,
    news: Notify,
}

impl Announcer {
    /// Starts telling.
    #[must_use]
    pub fn start(store: Store, live: Live, clock: Clock) -> Self {
        let changed = Arc::<Changed>::default();
        tokio::spawn(tell(Arc::clone(&changed), store, live, clock));
        Self { changed }
    }

    /// These polls changed.
    pub fn announce(&self, polls: &[PollId]) {
        if !polls.is_empty() {
            self.changed.polls.lock().unwrap_or_else(PoisonError::into_inner).extend(polls);
            self.changed.news.notify_one();
        }
    }
}

async fn tell(changed: Arc<Changed>, store: Store, live: Live, clock: Clock) {
    // The task's own reference is the last one once every announcer is gone.
    while Arc::strong_count(&changed) > 1 {
        // A timeout, so that the end is noticed without news.
        let _ = tokio::time::timeout(Duration::from_secs(1), changed.news.notified()).await;
        let polls = std::mem::take(&mut *changed.polls.lock().unwrap_or_else(PoisonError::into_inner));
        for poll in polls {
            match store.snapshot(poll, clock.now()).await {
                Ok(Some(snapshot)) => live.publish(Event::Changed(Arc::new(snapshot))),
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, "announcer.unavailable"),
            }
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
