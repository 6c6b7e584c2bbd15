//! An event on its way between processes: JSON with a version.
//!
//! ```text
//! {"v":1,"changed":{"poll":{…},"votes":[…],"at":…}}       times in milliseconds since the epoch
//! {"v":1,"deleted":"0123456789ab"}
//! ```
//!
//! A reader that does not know the version takes the event for one it missed, and reads the store.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Event;
use crate::domain::clock::from_millis;
use crate::domain::names::{JoinCode, PollId, Slug};
use crate::domain::poll::{OneVotePer, Poll, Status, Versions, Visibility};
use crate::domain::snapshot::Snapshot;
use crate::domain::user::UserId;

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Message {
    v: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<Changed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Changed {
    poll: PollMessage,
    votes: Vec<u64>,
    at: i64,
}

#[derive(Serialize, Deserialize)]
struct PollMessage {
    id: String,
    slug: String,
    code: String,
    title: String,
    labels: Vec<String>,
    status: Status,
    generation: u32,
    round: u32,
    opens_at: Option<i64>,
    closes_at: Option<i64>,
    allow_change: bool,
    results: Visibility,
    is_final: bool,
    created_at: i64,
    shown: u64,
    text: u64,
    revision: u64,
    is_default: bool,
    owner: Option<String>,
    /// Absent in what a release from before accounts sends: then the store must say.
    one_vote_per: Option<OneVotePer>,
}

/// The bytes of an event; `None` for one that is only about this process.
#[must_use]
pub fn encode(event: &Event) -> Option<Vec<u8>> {
    let (changed, deleted) = match event {
        Event::Changed(snapshot) => (Some(Changed::from(&**snapshot)), None),
        Event::Deleted(poll) => (None, Some(poll.to_string())),
        Event::Missed => return None,
    };
    serde_json::to_vec(&Message { v: VERSION, changed, deleted }).ok()
}

/// The event that these bytes are.
#[must_use]
pub fn decode(bytes: &[u8]) -> Event {
    serde_json::from_slice(bytes).ok().and_then(event).unwrap_or(Event::Missed)
}

fn event(message: Message) -> Option<Event> {
    if message.v != VERSION {
        return None;
    }
    match (message.changed, message.deleted) {
        (Some(changed), None) => Some(Event::Changed(Arc::new(changed.snapshot()?))),
        (None, Some(poll)) => Some(Event::Deleted(poll.parse().ok()?)),
        _ => None,
    }
}

impl From<&Snapshot> for Changed {
    fn from(snapshot: &Snapshot) -> Self {
        let poll = &snapshot.poll;
        let millis = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond);
        let Versions { shown, text, revision } = poll.versions;
        let poll = PollMessage {
            id: poll.id.to_string(),
            slug: poll.slug.to_string(),
            code: poll.code.to_string(),
            title: poll.title.clone(),
            labels: poll.labels.clone(),
            status: poll.status,
            generation: poll.generation,
            round: poll.round,
            opens_at: millis(poll.opens_at),
            closes_at: millis(poll.closes_at),
            allow_change: poll.allow_change,
            results: poll.results,
            is_final: poll.is_final,
            created_at: poll.created_at.as_millisecond(),
            shown,
            text,
            revision,
            is_default: poll.is_default,
            owner: poll.owner.as_ref().map(ToString::to_string),
            one_vote_per: Some(poll.one_vote_per),
        };
        Self { poll, votes: snapshot.votes.clone(), at: snapshot.at.as_millisecond() }
    }
}

impl Changed {
    fn snapshot(self) -> Option<Snapshot> {
        let Self { poll, votes, at } = self;
        let id: PollId = poll.id.parse().ok()?;
        let poll = Poll {
            id,
            slug: Slug::parse(&poll.slug).ok()?,
            code: JoinCode::parse(&poll.code)?,
            title: poll.title,
            labels: poll.labels,
            status: poll.status,
            generation: poll.generation,
            round: poll.round,
            opens_at: poll.opens_at.map(from_millis),
            closes_at: poll.closes_at.map(from_millis),
            allow_change: poll.allow_change,
            results: poll.results,
            is_final: poll.is_final,
            created_at: from_millis(poll.created_at),
            versions: Versions { shown: poll.shown, text: poll.text, revision: poll.revision },
            is_default: poll.is_default,
            owner: poll.owner.and_then(|owner| UserId::parse(&owner).ok()),
            one_vote_per: poll.one_vote_per?,
        };
        Some(Snapshot { poll: Arc::new(poll), votes, at: from_millis(at) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::poll::tests::draft;

    #[test]
    fn a_change_arrives_as_it_was() {
        let poll = Poll {
            closes_at: Some(from_millis(7)),
            is_default: true,
            owner: UserId::parse("ann").ok(),
            one_vote_per: OneVotePer::Code,
            ..draft()
        };
        let sent = Arc::new(Snapshot { poll: Arc::new(poll), votes: vec![3, 4], at: from_millis(9) });
        let Event::Changed(received) = decode(&encode(&Event::Changed(Arc::clone(&sent))).unwrap()) else {
            panic!("another event");
        };
        assert_eq!(received, sent);
    }

    #[test]
    fn a_deletion_arrives_as_it_was() {
        let id = PollId::from_u64(77).unwrap();
        let received = decode(&encode(&Event::Deleted(id)).unwrap());
        assert!(matches!(received, Event::Deleted(of) if of == id), "{received:?}");
    }

    #[test]
    fn what_cannot_be_read_is_an_event_missed() {
        for bytes in [&b""[..], b"{}", b"\xff", br#"{"v":2,"deleted":"00000000004d"}"#, br#"{"v":1,"deleted":"x"}"#] {
            assert!(matches!(decode(bytes), Event::Missed), "{bytes:?}");
        }
    }
}
