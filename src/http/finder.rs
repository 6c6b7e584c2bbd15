//! Finding quotes by their words, for the roles that do: within bounds, however common a word is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::HeaderValue;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::error::ApiError;
use crate::domain::folding::{InvalidSearch, Search};
use crate::domain::ranking::{Place, Ranking};
use crate::store::Store;
use crate::store::words::{Bounds, Found};

/// Searches that run at a time, where the store has more readers than that: others need one, too.
const TOGETHER: usize = 3;
/// How long a search may wait for its turns.
const PATIENCE: Duration = Duration::from_secs(2);
/// For so long what was too common, or took too long, is taken to be so still.
const REMEMBERED: Duration = Duration::from_mins(1);
/// So many such searches are remembered.
const COMMON: usize = 1000;
/// Quotes in one answer, at most.
pub const PAGE: u32 = 1000;

/// Finds quotes. Cloning shares the turns.
#[derive(Clone, Debug)]
pub struct Finder {
    store: Store,
    turns: Arc<Semaphore>,
    common_turns: Arc<Semaphore>,
    /// Searches for what is too common to be ranked all, or takes too long, and when that was seen.
    common: Arc<Mutex<HashMap<Search, Instant>>>,
    bounds: Bounds,
    patience: Duration,
}

/// Which part of an answer is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    after: Option<Place>,
    limit: u32,
}

impl Part {
    /// Of a request's parameters `limit` and `after`.
    ///
    /// # Errors
    /// Where `after` is no place in an answer.
    pub fn new(limit: Option<u32>, after: Option<&str>) -> Result<Self, ApiError> {
        let after = after.map(str::parse).transpose();
        let after =
            after.map_err(|error: crate::domain::ranking::InvalidPlace| ApiError::BadRequest(error.to_string()))?;
        Ok(Self { after, limit: limit.unwrap_or(PAGE).clamp(1, PAGE) })
    }
}

impl Finder {
    /// Over the store as viewers see it.
    #[must_use]
    pub fn new(store: &Store) -> Self {
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits.max(1)));
        let together = TOGETHER.min(store.readers() - 1);
        Self {
            store: store.for_viewers(),
            turns: semaphore(together),
            // Of words known to be common, each takes some tens of milliseconds of a reader: one is left for rare ones,
            // if there are several.
            common_turns: semaphore(together - 1),
            common: Arc::default(),
            bounds: Bounds::default(),
            patience: PATIENCE,
        }
    }

    /// Part of what a search finds.
    ///
    /// # Errors
    /// Where the store is unavailable, or many search for common words.
    pub async fn find(&self, search: &Search, part: Part) -> Result<Found, ApiError> {
        let ranking = Ranking::new(part.after, part.limit as usize);
        let deadline = Instant::now() + self.patience;
        if !self.is_common(search)
            && let Some(found) = self.find_few(search, &ranking, deadline).await?
        {
            return Ok(found);
        }
        self.find_common(search, ranking, deadline).await
    }

    async fn find_few(&self, search: &Search, ranking: &Ranking, deadline: Instant) -> Result<Option<Found>, ApiError> {
        let turn = turn(&self.turns, deadline).await?;
        let (finder, search, ranking) = (self.clone(), search.clone(), ranking.clone());
        to_its_end(async move {
            let _turn = turn;
            Ok(finder.store.find_few(&search, ranking, finder.bounds.few).await?)
        })
        .await
    }

    async fn find_common(&self, search: &Search, ranking: Ranking, deadline: Instant) -> Result<Found, ApiError> {
        let turns = (turn(&self.common_turns, deadline).await?, turn(&self.turns, deadline).await?);
        let (finder, search) = (self.clone(), search.clone());
        to_its_end(async move {
            let _turns = turns;
            if !finder.is_common(&search)
                && let Some(found) = finder.store.find_many(&search, ranking.clone(), finder.bounds).await?
            {
                return Ok(found);
            }
            finder.remember(&search);
            Ok(finder.store.find_liked(&search, ranking, finder.bounds).await?)
        })
        .await
    }

    fn is_common(&self, search: &Search) -> bool {
        let common = self.common.lock().unwrap_or_else(PoisonError::into_inner);
        common.get(search).is_some_and(|seen| seen.elapsed() < REMEMBERED)
    }

    /// Notes that a search is for what is too common, unless that is known.
    fn remember(&self, search: &Search) {
        let mut common = self.common.lock().unwrap_or_else(PoisonError::into_inner);
        if common.len() >= COMMON {
            common.retain(|_, seen| seen.elapsed() < REMEMBERED);
        }
        if common.len() < COMMON || common.contains_key(search) {
            let seen = common.entry(search.clone()).or_insert_with(Instant::now);
            if seen.elapsed() >= REMEMBERED {
                *seen = Instant::now();
            }
        }
    }
}

/// Waits for a turn, but not for ever.
async fn turn(turns: &Arc<Semaphore>, deadline: Instant) -> Result<OwnedSemaphorePermit, ApiError> {
    let turn = timeout_at(deadline, Arc::clone(turns).acquire_owned()).await;
    turn.ok().and_then(Result::ok).ok_or(ApiError::Busy(None))
}

/// Searches on although whoever asked has gone away: so does the store, and until it is done the turn is not free.
async fn to_its_end<T: Send + 'static>(
    search: impl Future<Output = Result<T, ApiError>> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::spawn(search).await.map_err(|error| ApiError::Internal(Box::new(error)))?
}

/// The link to the next page of an address, where there is one. `query` is what the search was given, as `name=value`;
/// `full`: whether all that is known of quotes was asked for.
#[must_use]
pub fn link(
    path: &str,
    (name, keyword): (&str, &str),
    next: Option<Place>,
    part: Part,
    full: bool,
) -> Option<HeaderValue> {
    let keyword = utf8_percent_encode(keyword, NON_ALPHANUMERIC);
    let format = if full { "&format=full" } else { "" };
    let next = next?;
    let link = format!("<{path}?{name}={keyword}&after={next}&limit={}{format}>; rel=\"next\"", part.limit);
    HeaderValue::try_from(link).ok()
}

impl From<InvalidSearch> for ApiError {
    fn from(error: InvalidSearch) -> Self {
        Self::BadRequest(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use tempfile::TempDir;

    use super::*;
    use crate::domain::quote::NewQuote;
    use crate::store::sqlite::Sqlite;

    /// A finder for which what is in more than two of these texts is common.
    async fn finder(texts: &[&str]) -> (TempDir, Finder) {
        let folder = TempDir::new().unwrap();
        let store = Store::Sqlite(Sqlite::open(&folder.path().join("store.sqlite")).await.unwrap());
        let new = |text: &&str| NewQuote { author: None, text: (*text).into(), made_at: Timestamp::UNIX_EPOCH };
        let mut load = store.load_quotes().await.unwrap();
        load.add(&texts.iter().map(new).collect::<Vec<_>>()).await.unwrap();
        load.commit().await.unwrap();
        let bounds = Bounds { few: 1, most: 2, ..Bounds::default() };
        (folder, Finder { bounds, patience: Duration::from_millis(10), ..Finder::new(&store) })
    }

    async fn found(finder: &Finder, keyword: &str) -> Result<usize, ApiError> {
        let part = Part::new(None, None).unwrap();
        Ok(finder.find(&Search::parse(keyword).unwrap(), part).await?.quotes.len())
    }

    #[tokio::test]
    async fn what_is_too_common_is_remembered_and_leaves_the_others_a_turn() {
        let (_folder, finder) = finder(&["a bird", "a bird", "a bird, a cat", "a dog"]).await;
        assert_eq!(found(&finder, "bird").await.unwrap(), 3);
        let is_common = |keyword| finder.is_common(&Search::parse(keyword).unwrap());
        assert!(is_common("bird") && !is_common("cat") && !is_common("bird cat"));
        let _common = finder.common_turns.acquire_many(2).await.unwrap();
        assert_eq!(found(&finder, "cat").await.unwrap(), 1);
        assert!(matches!(found(&finder, "bird").await, Err(ApiError::Busy(None))));
    }

    #[tokio::test]
    async fn whoever_waits_too_long_is_told_so() {
        let (_folder, finder) = finder(&["a bird"]).await;
        let turns = finder.turns.acquire_many(3).await.unwrap();
        assert!(matches!(found(&finder, "bird").await, Err(ApiError::Busy(None))));
        drop(turns);
        assert_eq!(found(&finder, "bird").await.unwrap(), 1);
    }
}
