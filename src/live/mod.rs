//! The live bus: tells every interested role what changed in a poll, as soon as it is committed.
//!
//! Delivery is best effort; who must not miss anything reads the store again (see `roles::result`).

mod format;
pub mod redis;

use std::sync::Arc;

use tokio::sync::broadcast;

use crate::domain::names::PollId;
use crate::domain::snapshot::Snapshot;

/// Events a subscriber may be behind before it is told that it missed some.
const CAPACITY: usize = 256;

/// Something that happened to a poll.
#[derive(Clone, Debug)]
pub enum Event {
    /// It changed; this is how it stands.
    Changed(Arc<Snapshot>),
    /// It was deleted.
    Deleted(PollId),
    /// The subscriber was too slow and missed events: read again what matters.
    Missed,
}

/// A live bus of one of the known kinds. Cloning shares it.
#[derive(Clone, Debug)]
pub enum Live {
    /// Embedded: within this process.
    Local(broadcast::Sender<Event>),
    /// Scaled: between processes, over Redis.
    Redis(redis::RedisLive),
}

/// One listener on the bus.
#[derive(Debug)]
pub struct Subscription(broadcast::Receiver<Event>);

impl Live {
    /// A bus within this process.
    #[must_use]
    pub fn local() -> Self {
        Self::Local(broadcast::Sender::new(CAPACITY))
    }

    /// Tells all subscribers; never waits for a slow one.
    pub fn publish(&self, event: Event) {
        match self {
            // An error only says that nobody listens.
            Self::Local(sender) => drop(sender.send(event)),
            Self::Redis(bus) => bus.publish(&event),
        }
    }

    /// Listens from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        Subscription(match self {
            Self::Local(sender) => sender.subscribe(),
            Self::Redis(bus) => bus.subscribe(),
        })
    }
}

impl Subscription {
    /// The next event; `None` once the bus is gone.
    pub async fn next(&mut self) -> Option<Event> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Event::Missed),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
