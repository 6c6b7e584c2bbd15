//! How much may be large at a time: each request has at most one value, but there are many requests, and slow ones.

use std::sync::Arc;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::error::{ApiError, Fate};

/// What is larger takes a place, in bytes.
const SMALL: usize = 64 << 10;
/// Large bodies that are read at a time: of 2 MiB each, and the value in it.
const BODIES: usize = 64;
/// Large values that are sent at a time: of 1 MiB each.
const VALUES: usize = 256;
/// Lists of all keys that are sent at a time: of each two pages are held, 1,000 keys of at most 512 bytes.
const LISTS: usize = 128;
/// What of a large value is handed to the connection at a time.
const PIECE: usize = 64 << 10;

/// The places for what is large. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Room {
    bodies: Arc<Semaphore>,
    values: Arc<Semaphore>,
    lists: Arc<Semaphore>,
}

impl Default for Room {
    fn default() -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { bodies: semaphore(BODIES), values: semaphore(VALUES), lists: semaphore(LISTS) }
    }
}

impl Room {
    /// A place for a body that is large, or does not say how large it is; to be held until its value is written.
    ///
    /// # Errors
    /// [`ApiError::ItemsAway`] where there is none.
    pub fn for_body(&self, headers: &HeaderMap) -> Result<Option<OwnedSemaphorePermit>, ApiError> {
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        place(&self.bodies, length.is_none_or(|length| length > SMALL))
    }

    /// A place for a list of all keys; to be held until its last page is sent.
    ///
    /// # Errors
    /// [`ApiError::ItemsAway`] where there is none.
    pub fn for_list(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        free(&self.lists)
    }

    /// A value as a body, which holds a place while a large one is sent.
    ///
    /// # Errors
    /// [`ApiError::ItemsAway`] where there is none.
    pub fn send(&self, value: Bytes) -> Result<Body, ApiError> {
        let Some(place) = place(&self.values, value.len() > SMALL)? else { return Ok(value.into()) };
        let pieces = stream::unfold((value, place), |(mut rest, place)| async move {
            let piece = rest.split_to(rest.len().min(PIECE));
            (!piece.is_empty()).then_some((Ok::<_, std::convert::Infallible>(piece), (rest, place)))
        });
        Ok(Body::from_stream(pieces))
    }
}

fn place(places: &Arc<Semaphore>, is_large: bool) -> Result<Option<OwnedSemaphorePermit>, ApiError> {
    if is_large { free(places).map(Some) } else { Ok(None) }
}

fn free(places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, ApiError> {
    let place = Arc::clone(places).try_acquire_owned();
    place.map_err(|_| ApiError::ItemsAway { fate: Fate::Refused, source: None })
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn large_values_are_sent_whole_a_bounded_number_at_a_time() {
        let (room, value) = (Room::default(), Bytes::from(vec![7; PIECE * 3 + 1]));
        let mut bodies: Vec<_> = (0..VALUES).map(|_| room.send(value.clone()).unwrap()).collect();
        assert!(matches!(room.send(value.clone()), Err(ApiError::ItemsAway { fate: Fate::Refused, source: None })));
        assert!(room.send(Bytes::from_static(b"small")).is_ok());
        assert_eq!(bodies.pop().unwrap().collect().await.unwrap().to_bytes(), value);
        assert!(room.send(value).is_ok(), "the place of one that was sent is free");
    }

    #[test]
    fn a_body_that_does_not_say_how_large_it_is_may_be_large() {
        let room = Room::default();
        let length = |length: &str| HeaderMap::from_iter([(CONTENT_LENGTH, length.parse().unwrap())]);
        assert!(room.for_body(&length("17")).unwrap().is_none());
        assert!(room.for_body(&length("100000")).unwrap().is_some());
        let held: Vec<_> = (0..BODIES).map(|_| room.for_body(&HeaderMap::new()).unwrap()).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(room.for_body(&HeaderMap::new()).is_err());
    }

    #[test]
    fn lists_have_places_of_their_own() {
        let room = Room::default();
        let held: Vec<_> = (0..LISTS).map(|_| room.for_list().unwrap()).collect();
        assert!(room.for_list().is_err() && room.for_body(&HeaderMap::new()).is_ok());
        drop(held);
        assert!(room.for_list().is_ok());
    }
}
