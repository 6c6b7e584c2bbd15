//! The polls that voters ask for, in memory: followed over the live bus, read again after a second. While the store is
//! away, what was known of a poll is believed: its gate is not in the store, and voting goes on.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::domain::names::PollId;
use crate::domain::poll::Poll;
use crate::http::language::Language;
use crate::live::{Event, Live};
use crate::store::{Store, StoreError};

/// How long a poll is believed without a word from the bus or the store.
const FRESH: Duration = Duration::from_secs(1);
/// How long those who know enough to go on wait for the store.
pub const GLANCE: Duration = Duration::from_millis(500);
/// How many names are kept; past it the cache starts over.
const CAPACITY: usize = 4096;

/// Polls by the name they were asked by. Cloning shares it.
#[derive(Clone, Debug)]
pub struct PollCache {
    store: Store,
    known: Arc<RwLock<HashMap<String, Known>>>,
}

#[derive(Clone, Debug)]
struct Known {
    cached: Arc<Cached>,
    /// When the store or the bus said so, or the store could not be asked.
    heard_at: Instant,
}

/// A page in each language, once it was made.
pub type PageForAll = [OnceLock<Bytes>; Language::ALL.len()];

/// A poll and what is derived from it.
#[derive(Debug)]
pub struct Cached {
    /// The poll.
    pub poll: Arc<Poll>,
    /// Its voting page while it is open, in each language, as a voter sees it who has not voted; where one votes by code,
    /// as a visitor without one sees it.
    pub open_page: PageForAll,
    /// The same, as whoever brings a code sees it, where one votes by code.
    pub open_page_with_code: PageForAll,
}

impl PollCache {
    /// A cache that follows `live` until the cache or the bus is gone.
    pub fn follow(store: Store, live: &Live) -> Self {
        let cache = Self { store, known: Arc::default() };
        let (known, mut subscription) = (Arc::downgrade(&cache.known), live.subscribe());
        tokio::spawn(async move {
            while let Some(event) = subscription.next().await {
                let Some(known) = Weak::upgrade(&known) else { return };
                note(&mut known.write().unwrap_or_else(PoisonError::into_inner), &event);
            }
        });
        cache
    }

    /// The poll with this slug or join code.
    pub async fn get(&self, name: &str) -> Result<Option<Arc<Poll>>, StoreError> {
        Ok(self.cached(name).await?.map(|cached| Arc::clone(&cached.poll)))
    }

    /// The same, with what is derived from it.
    pub async fn cached(&self, name: &str) -> Result<Option<Arc<Cached>>, StoreError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        // Boxed: the state of a query would otherwise be part of, and allocated for, every request.
        let Some(known) = known else { return Box::pin(self.read(name)).await };
        if known.heard_at.elapsed() < FRESH {
            return Ok(Some(known.cached));
        }
        // One asks; the others go on with what is known, and so does everybody while the store is away.
        self.believe(name);
        match tokio::time::timeout(GLANCE, Box::pin(self.read(name))).await {
            Err(_) | Ok(Err(StoreError::Unavailable(_))) => Ok(Some(known.cached)),
            Ok(answer) => answer,
        }
    }

    /// Takes what is known of a poll for fresh.
    fn believe(&self, name: &str) {
        if let Some(known) = self.known.write().unwrap_or_else(PoisonError::into_inner).get_mut(name) {
            known.heard_at = Instant::now();
        }
    }

    async fn read(&self, name: &str) -> Result<Option<Arc<Cached>>, StoreError> {
        let began = Instant::now();
        let poll = self.store.poll_named(name).await?;
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let Some(poll) = poll else {
            all.remove(name);
            return Ok(None);
        };
        if all.len() >= CAPACITY {
            all.clear();
        }
        // What was heard meanwhile may be newer than what was read. What was known before is not: where it says that it
        // is, the store was restored from a backup.
        let as_new = |known: &&Known| {
            let (before, now) = (known.cached.poll.versions.revision, poll.versions.revision);
            known.cached.poll.id == poll.id && (before == now || (before > now && known.heard_at >= began))
        };
        let unchanged = all.get(name).filter(as_new);
        let cached = unchanged.map_or_else(|| Arc::new(Cached::new(Arc::new(poll))), |known| Arc::clone(&known.cached));
        all.insert(name.to_owned(), Known { cached: Arc::clone(&cached), heard_at: Instant::now() });
        Ok(Some(cached))
    }
}

impl Cached {
    fn new(poll: Arc<Poll>) -> Self {
        Self { poll, open_page: PageForAll::default(), open_page_with_code: PageForAll::default() }
    }
}

fn note(known: &mut HashMap<String, Known>, event: &Event) {
    let about = |id: PollId| move |known: &&mut Known| known.cached.poll.id == id;
    match event {
        Event::Changed(snapshot) => {
            let newer = |known: &&mut Known| known.cached.poll.versions.revision < snapshot.poll.versions.revision;
            for known in known.values_mut().filter(about(snapshot.poll.id)).filter(newer) {
                known.cached = Arc::new(Cached::new(Arc::clone(&snapshot.poll)));
                known.heard_at = Instant::now();
            }
        }
        Event::Deleted(id) => known.retain(|_, known| known.cached.poll.id != *id),
        Event::Missed => known.clear(),
    }
}
