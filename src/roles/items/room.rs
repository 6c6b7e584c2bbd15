//! How many large bodies are read at a time, and long lists sent: there are many requests, and slow ones. What is sent as a
//! whole is bounded for all roles alike (`http/sending.rs`).

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::error::{ApiError, Fate};

/// A body that is larger takes a place, in bytes.
const SMALL: usize = 64 << 10;
/// Large bodies that are read at a time: of 2 MiB each, and the value in it.
const BODIES: usize = 64;
/// Lists of all keys that are sent at a time: of each at most two pieces are held, 250 keys of at most 512 bytes, which JSON may
/// double.
const LISTS: usize = 512;

/// The places for what is large. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Room {
    bodies: Arc<Semaphore>,
    lists: Arc<Semaphore>,
}

impl Default for Room {
    fn default() -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { bodies: semaphore(BODIES), lists: semaphore(LISTS) }
    }
}

impl Room {
    /// A place for a body that is large, or does not say how large it is; to be held until its value is written.
    ///
    /// # Errors
    /// [`ApiError::ItemsAway`] where there is none.
    pub fn for_body(&self, headers: &HeaderMap) -> Result<Option<OwnedSemaphorePermit>, ApiError> {
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if length.is_some_and(|length| length <= SMALL) {
            return Ok(None);
        }
        let place = Arc::clone(&self.bodies).try_acquire_owned();
        place.map(Some).map_err(|_| ApiError::ItemsAway { fate: Fate::Refused, source: None })
    }

    /// A place for a list of all keys; to be held until its last piece is sent.
    ///
    /// # Errors
    /// [`ApiError::Busy`] where there is none.
    pub fn for_list(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.lists).try_acquire_owned().map_err(|_| ApiError::Busy(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
