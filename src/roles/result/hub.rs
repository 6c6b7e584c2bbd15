//! One watch a poll: the newest snapshot, encoded once and shared by all its viewers.
//!
//! A channel lives while it has viewers. It sends at most one snapshot in an interval that grows with the number of
//! viewers, so that a crowd of them does not take the machine from the voters. A viewer that is slow skips to the
//! newest frame and costs no memory. Once a second each channel reads the store again, for what the bus may have lost.
//! Where it hears of an older version than it has shown, it asks the primary: is that one behind, too, the store was
//! restored from a backup, and the viewers start anew.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::events;
use crate::domain::clock::{Clock, Entropy};
use crate::domain::names::PollId;
use crate::domain::snapshot::{Audience, Snapshot};
use crate::http::error::ApiError;
use crate::http::metrics::Metrics;
use crate::live::{Event, Live, Subscription};
use crate::store::Store;

/// The least time from one frame to the next for a handful of viewers: screens show sixty a second.
const MIN_INTERVAL: Duration = Duration::from_millis(16);
/// What each viewer adds to it: writing to one costs about 10 µs, and this leaves most of a core to others.
const INTERVAL_PER_VIEWER: Duration = Duration::from_micros(20);
/// How often a channel reads the store without having been told to.
const REREAD: Duration = Duration::from_secs(1);
/// How often a viewer hears something even if nothing happens, so that proxies keep the stream.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What viewers of a poll are sent.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What it shows.
    pub snapshot: Arc<Snapshot>,
    /// The event for everyone.
    pub public: Bytes,
    /// The event for holders of the key; the same bytes where nothing is hidden.
    pub organiser: Bytes,
    /// Rises when the store has gone back to an older version than was shown.
    pub restorations: u64,
    /// Rises when only a sign of life was due.
    pub heartbeats: u64,
    /// Why the stream ends here, if it does.
    pub ending: Option<Ending>,
}

/// Why a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The poll was deleted.
    Deleted,
    /// This process goes down; the viewer comes back by itself and finds another.
    Draining,
}

/// All channels of this process. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Hub {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Store,
    clock: Clock,
    entropy: Entropy,
    metrics: Metrics,
    places: Arc<Semaphore>,
    channels: Mutex<HashMap<PollId, Weak<Channel>>>,
    draining: CancellationToken,
}

#[derive(Debug)]
struct Channel {
    poll: PollId,
    frames: watch::Sender<Arc<Frame>>,
    /// The newest snapshot the bus brought; may be older than the frame's.
    told: watch::Sender<Option<Arc<Snapshot>>>,
    viewers: AtomicUsize,
}

/// A place among the viewers of this process, for as long as a clone of it lives.
#[derive(Clone, Debug)]
pub struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
}

/// A viewer's end of a channel, and its place.
#[derive(Debug)]
pub struct Viewer {
    /// The poll as the store had it when the viewer came, or newer.
    pub first: Arc<Frame>,
    /// The frames after that.
    pub frames: watch::Receiver<Arc<Frame>>,
    channel: Arc<Channel>,
    metrics: Metrics,
    _place: Place,
}

impl Hub {
    /// A hub for at most `max_viewers` viewers that follows `live`.
    #[must_use]
    pub fn follow(
        store: Store,
        live: &Live,
        (clock, entropy): (Clock, Entropy),
        metrics: Metrics,
        max_viewers: usize,
    ) -> Self {
        let places = Arc::new(Semaphore::new(max_viewers));
        let (channels, draining) = (Mutex::default(), CancellationToken::new());
        let shared = Arc::new(Shared { store, clock, entropy, metrics, places, channels, draining });
        tokio::spawn(listen(Arc::downgrade(&shared), live.subscribe()));
        Self { shared }
    }

    /// How the poll of this name stands, read from the store.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] where there is no such poll; otherwise where the store is unavailable.
    pub async fn snapshot(&self, name: &str) -> Result<Arc<Snapshot>, ApiError> {
        let poll = self.shared.store.poll_named(name).await?.ok_or(ApiError::NotFound("poll"))?;
        let snapshot = self.shared.store.snapshot(poll.id, self.shared.clock.now()).await?;
        Ok(Arc::new(snapshot.ok_or(ApiError::NotFound("poll"))?))
    }

    /// A place among the viewers of this process.
    ///
    /// # Errors
    /// [`ApiError::Busy`] where all are taken.
    pub fn place(&self) -> Result<Place, ApiError> {
        let permit = self.shared.places.clone().try_acquire_owned().map_err(|_| ApiError::Busy(None))?;
        Ok(Place { _permit: Arc::new(permit) })
    }

    /// A viewer, in a place of theirs, of the poll of this snapshot, who has seen it before at the version in `seen`.
    ///
    /// # Errors
    /// Where the store is unavailable, or the poll is gone.
    pub async fn watch(
        &self,
        place: Place,
        mut snapshot: Arc<Snapshot>,
        audience: Audience,
        seen: Option<(PollId, u64)>,
    ) -> Result<Viewer, ApiError> {
        if seen.is_some_and(|(poll, version)| poll == snapshot.poll.id && version > snapshot.version(audience)) {
            // A replica that is behind must not make a viewer forget what it saw on another.
            let newest = self.shared.store.primary().snapshot(snapshot.poll.id, self.shared.clock.now()).await?;
            snapshot = Arc::new(newest.ok_or(ApiError::NotFound("poll"))?);
        }
        let channel = self.channel(&snapshot);
        channel.viewers.fetch_add(1, Ordering::Relaxed);
        // After the channel is listed: either this sees that the process drains, or draining sees the channel.
        if self.shared.draining.is_cancelled() {
            channel.end(Ending::Draining);
        }
        self.shared.metrics.viewers.inc();
        let frames = channel.frames.subscribe();
        let mut first = frames.borrow().clone();
        if first.version() < snapshot.poll.versions.shown {
            first = Arc::new(Frame {
                ending: first.ending,
                restorations: first.restorations,
                heartbeats: first.heartbeats,
                ..Frame::new(snapshot)
            });
        }
        Ok(Viewer { first, frames, channel, metrics: self.shared.metrics.clone(), _place: place })
    }

    /// Ends all streams and takes no new viewers.
    pub fn drain(&self) {
        self.shared.draining.cancel();
        let channels: Vec<_> = self.shared.lock().values().filter_map(Weak::upgrade).collect();
        for channel in channels {
            channel.end(Ending::Draining);
        }
    }

    /// Cancelled when this process ends all streams.
    #[must_use]
    pub fn draining(&self) -> CancellationToken {
        self.shared.draining.clone()
    }

    /// A number of milliseconds after which a viewer that lost its stream should come back: spread out, so that they
    /// do not all come at once.
    #[must_use]
    pub fn retry_after(&self) -> u64 {
        1000 + self.shared.entropy.below(4000)
    }

    fn channel(&self, snapshot: &Arc<Snapshot>) -> Arc<Channel> {
        let mut channels = self.shared.lock();
        if let Some(channel) = channels.get(&snapshot.poll.id).and_then(Weak::upgrade) {
            return channel;
        }
        channels.retain(|_, channel| channel.strong_count() > 0);
        let channel = Arc::new(Channel {
            poll: snapshot.poll.id,
            frames: watch::Sender::new(Arc::new(Frame::new(Arc::clone(snapshot)))),
            told: watch::Sender::new(None),
            viewers: AtomicUsize::new(0),
        });
        channels.insert(channel.poll, Arc::downgrade(&channel));
        tokio::spawn(run(Arc::downgrade(&channel), Arc::downgrade(&self.shared), channel.told.subscribe()));
        channel
    }
}

impl Shared {
    /// What the primary says; nothing where it cannot be asked.
    async fn newest(&self, poll: PollId) -> Option<Arc<Snapshot>> {
        self.store.primary().snapshot(poll, self.clock.now()).await.ok().flatten().map(Arc::new)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PollId, Weak<Channel>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Channel {
    /// Replaces the snapshot; an ending that not every viewer has heard of stays.
    fn show(&self, snapshot: Arc<Snapshot>) {
        let new = Frame::new(snapshot);
        self.frames.send_modify(|frame| {
            let gone_back = new.version() < frame.version();
            *frame = Arc::new(Frame {
                restorations: frame.restorations + u64::from(gone_back),
                heartbeats: frame.heartbeats,
                ending: frame.ending,
                ..new
            });
        });
    }

    fn end(&self, ending: Ending) {
        self.frames.send_modify(|frame| Arc::make_mut(frame).ending = Some(ending));
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.channel.viewers.fetch_sub(1, Ordering::Relaxed);
        self.metrics.viewers.dec();
    }
}

impl Frame {
    fn new(snapshot: Arc<Snapshot>) -> Self {
        let public = events::encode(&snapshot, Audience::Public);
        let hidden = !snapshot.shows_votes(Audience::Public);
        let organiser = if hidden { events::encode(&snapshot, Audience::Organiser) } else { public.clone() };
        Self { snapshot, public, organiser, restorations: 0, heartbeats: 0, ending: None }
    }

    /// Rises with every change, but for a restoration of the store.
    pub(super) fn version(&self) -> u64 {
        self.snapshot.poll.versions.shown
    }
}

/// Hands what the bus says to the channels it concerns.
async fn listen(shared: Weak<Shared>, mut subscription: Subscription) {
    while let Some(event) = subscription.next().await {
        let Some(shared) = shared.upgrade() else { return };
        let channel = |id: &PollId| shared.lock().get(id).and_then(Weak::upgrade);
        match event {
            Event::Changed(snapshot) => {
                if let Some(channel) = channel(&snapshot.poll.id) {
                    channel.told.send_replace(Some(snapshot));
                }
            }
            Event::Deleted(id) => {
                if let Some(channel) = channel(&id) {
                    channel.end(Ending::Deleted);
                }
            }
            // Each channel reads the store again within the second.
            Event::Missed => {}
        }
    }
}

/// Sends a channel's frames while it has viewers.
async fn run(channel: Weak<Channel>, shared: Weak<Shared>, mut told: watch::Receiver<Option<Arc<Snapshot>>>) {
    let mut last_sent = Instant::now();
    loop {
        let news = tokio::time::timeout(REREAD, told.changed()).await;
        let (Some(channel), Some(shared)) = (channel.upgrade(), shared.upgrade()) else { return };
        let snapshot = match news {
            Ok(Ok(())) => told.borrow_and_update().clone(),
            Ok(Err(_)) => return,
            Err(_) => match shared.store.snapshot(channel.poll, shared.clock.now()).await {
                Ok(Some(snapshot)) => Some(Arc::new(snapshot)),
                Ok(None) => return channel.end(Ending::Deleted),
                Err(_) => None,
            },
        };
        let shown = channel.frames.borrow().version();
        let snapshot = match snapshot {
            // Overtaken on its way, or from a replica that is behind; or else the store was restored.
            Some(snapshot) if snapshot.poll.versions.shown < shown => shared.newest(channel.poll).await,
            snapshot => snapshot,
        };
        if let Some(snapshot) = snapshot.filter(|snapshot| snapshot.poll.versions.shown != shown) {
            if snapshot.shows_votes(Audience::Public) {
                last_sent = Instant::now();
            }
            channel.show(snapshot);
        } else if last_sent.elapsed() >= HEARTBEAT {
            channel.frames.send_modify(|frame| Arc::make_mut(frame).heartbeats += 1);
            last_sent = Instant::now();
        }
        let viewers = u32::try_from(channel.viewers.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        drop((channel, shared));
        tokio::time::sleep(MIN_INTERVAL.max(INTERVAL_PER_VIEWER.saturating_mul(viewers))).await;
    }
}
