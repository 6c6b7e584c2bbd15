//! Large answers: how much of them is held at a time for those who read slowly.

use std::sync::Arc;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use futures_util::{StreamExt, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::ApiError;

/// Answers up to this long, in bytes, are sent as they are; of longer ones as much is handed to the connection at a time.
const PIECE: usize = 64 << 10;
/// So many pieces of answers are held at a time: 256 MiB.
const PIECES: usize = 4096;

/// The room for large answers.
#[derive(Debug)]
pub struct Sending {
    pieces: Arc<Semaphore>,
}

impl Default for Sending {
    fn default() -> Self {
        Self { pieces: Arc::new(Semaphore::new(PIECES)) }
    }
}

/// An answer on its way.
struct Held {
    body: BodyDataStream,
    rest: Bytes,
    _room: OwnedSemaphorePermit,
}

impl Sending {
    /// An answer that takes the room it needs until it is sent, if it is large; streams take none.
    ///
    /// # Errors
    /// [`ApiError::Busy`] where there is no room.
    pub fn hold(&self, response: Response) -> Result<Response, ApiError> {
        let length = response.body().size_hint().exact().and_then(|length| usize::try_from(length).ok());
        let Some(length) = length.filter(|length| *length > PIECE) else { return Ok(response) };
        let pieces = u32::try_from(length.div_ceil(PIECE).min(PIECES)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.pieces).try_acquire_many_owned(pieces).map_err(|_| ApiError::Busy(None))?;
        let (mut head, body) = response.into_parts();
        head.headers.entry(CONTENT_LENGTH).or_insert(HeaderValue::from(length));
        let answer = Held { body: body.into_data_stream(), rest: Bytes::new(), _room: room };
        Ok(Response::from_parts(head, Body::from_stream(stream::unfold(answer, next))))
    }
}

async fn next(mut held: Held) -> Option<(Result<Bytes, axum::Error>, Held)> {
    while held.rest.is_empty() {
        match held.body.next().await? {
            Ok(more) => held.rest = more,
            failed => return Some((failed, held)),
        }
    }
    let piece = held.rest.split_to(held.rest.len().min(PIECE));
    Some((Ok(piece), held))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::response::IntoResponse;
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn large_answers_are_sent_whole_as_much_of_them_as_there_is_room_for() {
        let (sending, answer) = (Sending::default(), Bytes::from(vec![7; PIECE * 100 + 1]));
        let send = || sending.hold(answer.clone().into_response());
        let mut held: Vec<_> = (0..PIECES / 101).map(|_| send().unwrap()).collect();
        assert!(matches!(send(), Err(ApiError::Busy(None))));
        assert!(sending.hold("small".into_response()).is_ok());
        let first = held.pop().unwrap();
        assert_eq!(first.headers()[CONTENT_LENGTH], answer.len().to_string());
        assert_eq!(first.into_body().collect().await.unwrap().to_bytes(), answer);
        assert!(send().is_ok(), "the room of one that was sent is free");
    }

    #[tokio::test]
    async fn what_is_larger_than_all_the_room_is_sent_alone() {
        let sending = Sending::default();
        let send = || sending.hold(Bytes::from(vec![7; PIECE * PIECES + 1]).into_response());
        let only = send().unwrap();
        assert!(send().is_err());
        drop(only);
        assert!(send().is_ok());
    }

    #[test]
    fn streams_take_no_room() {
        let sending = Sending { pieces: Arc::new(Semaphore::new(0)) };
        let endless = stream::pending::<Result<Bytes, Infallible>>();
        assert!(sending.hold(Body::from_stream(endless).into_response()).is_ok());
    }
}
