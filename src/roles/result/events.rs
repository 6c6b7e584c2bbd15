//! The event stream (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
//!
//! ```text
//! retry: 3274                      once, at the start: jittered milliseconds
//!
//! id: <poll id>.<version>          a snapshot, as `/results/{poll}.json` shows it
//! event: snapshot
//! data: {…}
//!
//! event: reset                     the viewer had seen a later version than there is: forget it. A snapshot follows
//! data: {}
//!
//! :                                a sign of life
//!
//! event: gone                      the poll was deleted, and the stream ends
//! data: {}
//! ```

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, Stream};

use super::hub::{Ending, Frame, Hub, Viewer};
use crate::domain::names::PollId;
use crate::domain::poll::Poll;
use crate::domain::snapshot::{Audience, Snapshot};
use crate::http::actors::Actors;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");
const GONE: Bytes = Bytes::from_static(b"event: gone\ndata: {}\n\n");
const RESET: &[u8] = b"event: reset\ndata: {}\n\n";

/// The event that shows `snapshot` to `audience`.
#[must_use]
pub fn encode(snapshot: &Snapshot, audience: Audience) -> Bytes {
    let view = snapshot.view(audience);
    // The view has no map keys but strings and no numbers but integers: it always has a JSON form.
    let data = serde_json::to_string(&view).unwrap_or_default();
    Bytes::from(format!("id: {}.{}\nevent: snapshot\ndata: {data}\n\n", view.id, view.version))
}

/// What lets an organiser see hidden totals, for as long as it does.
#[derive(Debug)]
pub struct Pass {
    actors: Actors,
    /// What they showed.
    shown: HeaderMap,
}

impl Pass {
    /// What somebody showed with these headers.
    pub fn new(actors: Actors, headers: &HeaderMap) -> Self {
        let shown = [AUTHORIZATION, COOKIE].into_iter().flat_map(|name| {
            headers.get_all(&name).iter().map(move |value| (name.clone(), value.clone())).collect::<Vec<_>>()
        });
        Self { actors, shown: shown.collect() }
    }

    /// Whether it is still good for this poll; it is while nobody can tell.
    async fn is_good(&self, poll: &Poll) -> bool {
        match self.actors.know(&self.shown).await {
            Ok(caller) => caller.is_some_and(|caller| caller.actor.sees(poll)),
            Err(_) => true,
        }
    }
}

/// The stream of `viewer`, resuming after what was seen; with a pass, an organiser's.
pub fn respond(hub: &Hub, viewer: Viewer, pass: Option<Pass>, seen: Option<(PollId, u64)>) -> Response {
    let watching = Watching::start(viewer, pass, seen, hub.retry_after());
    let mut response = Body::from_stream(stream(watching)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // Keeps nginx-like proxies from collecting events before passing them on.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

/// What a viewer says that it has seen: by the `Last-Event-ID` of a browser that comes back by itself, else by `seen` in
/// the address, of one that opens the stream beside a page that shows something already.
#[must_use]
pub fn last_seen(headers: &HeaderMap, seen: Option<&str>) -> Option<(PollId, u64)> {
    let header = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    let (poll, version) = header.or(seen)?.split_once('.')?;
    Some((poll.parse().ok()?, version.parse().ok()?))
}

struct Watching {
    viewer: Viewer,
    audience: Audience,
    pass: Option<Pass>,
    /// The version sent last.
    seen: u64,
    /// How often the store had gone back.
    restorations: u64,
    /// The signs of life seen so far.
    heartbeats: u64,
    start: Option<Bytes>,
}

fn stream(watching: Watching) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(Some(watching), |watching| async {
        let mut watching = watching?;
        if let Some(start) = watching.start.take() {
            return Some((Ok(start), Some(watching)));
        }
        loop {
            watching.viewer.frames.changed().await.ok()?;
            let frame = Arc::clone(&watching.viewer.frames.borrow_and_update());
            match frame.ending {
                Some(Ending::Deleted) => return Some((Ok(GONE), None)),
                Some(Ending::Draining) => return None,
                None => {
                    if let Some(pass) = &watching.pass
                        && !pass.is_good(&frame.snapshot.poll).await
                    {
                        return None;
                    }
                    if let Some(event) = watching.next(&frame) {
                        return Some((Ok(event), Some(watching)));
                    }
                }
            }
        }
    })
}

impl Watching {
    fn start(mut viewer: Viewer, pass: Option<Pass>, last_seen: Option<(PollId, u64)>, retry: u64) -> Self {
        let audience = if pass.is_some() { Audience::Organiser } else { Audience::Public };
        let version = viewer.first.snapshot.version(audience);
        let last_seen = last_seen.filter(|(poll, _)| *poll == viewer.first.snapshot.poll.id);
        let mut start = format!("retry: {retry}\n\n").into_bytes();
        if last_seen.is_some_and(|(_, seen)| seen > version) {
            start.extend_from_slice(RESET);
        }
        if last_seen.is_none_or(|(_, seen)| seen != version) {
            start.extend_from_slice(event_for(&viewer.first, audience));
        }
        if viewer.first.ending.is_some() {
            viewer.frames.mark_changed();
        }
        let Frame { restorations, heartbeats, .. } = *viewer.first;
        Self { viewer, audience, pass, seen: version, restorations, heartbeats, start: Some(Bytes::from(start)) }
    }

    /// What this viewer is sent for a frame: the snapshot if it is news, a sign of life if one is due, else nothing.
    /// Where totals are hidden, a sign of life with each vote would let anyone count them.
    fn next(&mut self, frame: &Frame) -> Option<Bytes> {
        let version = frame.snapshot.version(self.audience);
        let due = frame.heartbeats != self.heartbeats;
        self.heartbeats = frame.heartbeats;
        if frame.restorations != self.restorations {
            (self.restorations, self.seen) = (frame.restorations, version);
            return Some([RESET, event_for(frame, self.audience)].concat().into());
        }
        if version <= self.seen {
            return due.then_some(HEARTBEAT);
        }
        self.seen = version;
        Some(event_for(frame, self.audience).clone())
    }
}

fn event_for(frame: &Frame, audience: Audience) -> &Bytes {
    match audience {
        Audience::Public => &frame.public,
        Audience::Organiser => &frame.organiser,
    }
}
