//! The live bus between processes: Pub/Sub of Redis, on the channel `<prefix>1:live`, events as in `live::format`.
//!
//! Pub/Sub keeps nothing: what is published while a subscriber is away is lost to it. After every new connection it is
//! told that it missed events. All of it is best effort, and nothing here ever waits for Redis but two tasks.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{broadcast, mpsc};

use super::{CAPACITY, Event, format};
use crate::config::RedisUrl;
use crate::domain::backoff::Backoff;
use crate::domain::clock::Entropy;
use crate::link::{Link, LinkError};

/// How long a publication may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two attempts to subscribe: at first, and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// How often a subscriber that hears nothing asks whether the connection lives, and whether anybody listens.
const SILENCE: Duration = Duration::from_secs(1);

/// A bus over Redis. Cloning shares it; its tasks end once all clones are gone.
#[derive(Clone, Debug)]
pub struct RedisLive {
    outgoing: mpsc::Sender<Vec<u8>>,
    incoming: broadcast::Sender<Event>,
}

impl RedisLive {
    /// A bus that connects by itself.
    #[must_use]
    pub fn start(url: RedisUrl, prefix: &str) -> Self {
        let (link, channel) = (Link::new(url, PATIENCE), format!("{prefix}1:live"));
        let (outgoing, queue) = mpsc::channel(CAPACITY);
        let incoming = broadcast::Sender::new(CAPACITY);
        tokio::spawn(publish(link.clone(), channel.clone(), queue));
        tokio::spawn(subscribe(link, channel, incoming.downgrade()));
        Self { outgoing, incoming }
    }

    pub(super) fn publish(&self, event: &Event) {
        if let Some(message) = format::encode(event) {
            // A full queue says that Redis is away: whoever listens reads the store again anyway.
            let _ = self.outgoing.try_send(message);
        }
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.incoming.subscribe()
    }
}

async fn publish(link: Link, channel: String, mut queue: mpsc::Receiver<Vec<u8>>) {
    let mut messages = Vec::new();
    while queue.recv_many(&mut messages, CAPACITY).await > 0 {
        let mut pipe = redis::pipe();
        for message in messages.drain(..) {
            pipe.publish(&channel, message).ignore();
        }
        if let Err(error) = link.run(async |redis| pipe.query_async::<()>(redis).await).await {
            tracing::debug!(%error, "live.not_published");
        }
    }
}

async fn subscribe(link: Link, channel: String, incoming: broadcast::WeakSender<Event>) {
    let mut backoff = Backoff::new(RETRY.0, RETRY.1, Entropy::System);
    loop {
        let Some(sender) = incoming.upgrade() else { return };
        drop(sender);
        match listen(&link, &channel, &incoming, &mut backoff).await {
            Ok(()) => return,
            Err(error) => tracing::debug!(%error, "live.disconnected"),
        }
        tokio::time::sleep(backoff.pause()).await;
    }
}

/// Hands on what is heard until nobody listens here any more.
async fn listen(
    link: &Link,
    channel: &str,
    incoming: &broadcast::WeakSender<Event>,
    backoff: &mut Backoff,
) -> Result<(), LinkError> {
    let (mut sink, mut stream) = link.subscriber().await?.split();
    tokio::time::timeout(PATIENCE, sink.subscribe(channel)).await.unwrap_or_else(|_| Err(silent()))?;
    backoff.reset();
    let tell = |event| incoming.upgrade().map(|sender| sender.send(event));
    if tell(Event::Missed).is_none() {
        return Ok(());
    }
    loop {
        match tokio::time::timeout(SILENCE, stream.next()).await {
            Ok(Some(message)) => {
                if tell(format::decode(message.get_payload_bytes())).is_none() {
                    return Ok(());
                }
            }
            Ok(None) => return Err(silent().into()),
            Err(_) if incoming.strong_count() == 0 => return Ok(()),
            // Subscribing again changes nothing, and asks for an answer.
            Err(_) => {
                tokio::time::timeout(PATIENCE, sink.subscribe(channel)).await.unwrap_or_else(|_| Err(silent()))?;
            }
        }
    }
}

fn silent() -> redis::RedisError {
    std::io::Error::from(std::io::ErrorKind::ConnectionAborted).into()
}
