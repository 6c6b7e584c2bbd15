//! The wall's event stream (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
//!
//! ```text
//! retry: 3274                      once, at the start: jittered milliseconds
//!
//! event: quotes                    what there is now, at the start and whenever it has changed
//! data: {"total":n,"newest":[…],"top":[…]}    quotes as GET /quotes?format=full has them
//!
//! :                                a sign of life
//! ```

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use serde::Serialize;

use super::Quotes;
use super::view::View;
use super::wall::Viewer;
use crate::domain::quote::Quote;
use crate::http::error::ApiError;

/// How often a viewer hears something even if nothing happens, so that proxies keep the stream.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What the wall shows.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    total: u64,
    newest: Vec<View<'a>>,
    top: Vec<View<'a>>,
}

/// The event that shows these quotes, of `total` that there are.
pub fn encode(total: u64, newest: &[Quote], top: &[Quote]) -> Bytes {
    let shown = Shown { total, newest: View::all(newest), top: View::all(top) };
    // There are neither map keys nor numbers but integers: it always has a JSON form.
    let data = serde_json::to_string(&shown).unwrap_or_default();
    Bytes::from(format!("event: quotes\ndata: {data}\n\n"))
}

/// `GET /quotes/events`.
#[utoipa::path(
    get,
    path = "/quotes/events",
    operation_id = "follow_quotes",
    summary = "The wall of quotes, live",
    description = "Server-sent events: `quotes` at the start and with each change, with how many there are (`total`), and the newest and the most liked (`newest`, `top`) as `/quotes?format=full` has them. It does not end by itself.",
    responses(
        (status = 200, description = "The stream.", body = String, content_type = "text/event-stream",
            example = "retry: 3274\n\nevent: quotes\ndata: {\"total\":2,\"newest\":[…],\"top\":[…]}\n\n")
    )
)]
pub async fn watch(State(quotes): State<Quotes>) -> Result<Response, ApiError> {
    let wall = &quotes.needs.wall;
    let start = Bytes::from(format!("retry: {}\n\n", wall.retry_after()));
    let events = stream::once(async { start }).chain(events(wall.watch()?));
    let mut response = Body::from_stream(events.map(Ok::<_, Infallible>)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // Keeps nginx-like proxies from collecting events before passing them on.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

fn events(mut viewer: Viewer) -> impl Stream<Item = Bytes> {
    // What is there already is news to whoever comes.
    viewer.frames.mark_changed();
    stream::unfold(viewer, |mut viewer| async {
        loop {
            match tokio::time::timeout(HEARTBEAT, viewer.frames.changed()).await {
                Ok(Ok(())) => {
                    let frame = viewer.frames.borrow_and_update().clone();
                    if let Some(frame) = frame {
                        return Some((frame, viewer));
                    }
                }
                Ok(Err(_)) => return None,
                Err(_) => return Some((Bytes::from_static(b":\n\n"), viewer)),
            }
        }
    })
}
