//! Finding quotes by their words, for the roles that do: within bounds, however common a word is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::HeaderValue;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use super::error::ApiError;
use crate::domain::folding::{InvalidSearch, Search};
use crate::domain::quote::Quote;
use crate::domain::ranking::{Page, Place, Ranking};
use crate::store::words::Bounds;
use crate::store::{Store, StoreError};

/// Searches for common words that run at a time, each some 100 ms of one reader of the store; others need readers, too.
const TOGETHER: usize = 2;
/// How long such a search may wait for its turn.
const PATIENCE: Duration = Duration::from_secs(2);
/// For so long a word that was too common is taken to be so still.
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
    /// Searches for what is too common to be ranked all, and when that was seen.
    common: Arc<Mutex<HashMap<Search, Instant>>>,
    bounds: Bounds,
}

/// What was found, in order.
#[derive(Clone, Debug)]
pub struct Found {
    /// The quotes of one page, each with its place.
    pub quotes: Vec<(Place, Quote)>,
    /// Where the next page begins, if there is one.
    pub next: Option<Place>,
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
        let turns = Arc::new(Semaphore::new(TOGETHER));
        Self { store: store.for_viewers(), turns, common: Arc::default(), bounds: Bounds::default() }
    }

    /// Part of what a search finds.
    ///
    /// # Errors
    /// Where the store is unavailable, or many look for common words.
    pub async fn find(&self, search: &Search, part: Part) -> Result<Found, ApiError> {
        let ranking = Ranking::new(part.after, part.limit as usize);
        let page = if self.is_common(search) { None } else { self.find_few(search, &ranking).await? };
        let page = match page {
            Some(page) => page,
            None => self.find_many(search, ranking).await?,
        };
        Ok(self.read(page).await?)
    }

    async fn find_few(&self, search: &Search, ranking: &Ranking) -> Result<Option<Page>, StoreError> {
        self.store.find_few(search, ranking.clone(), self.bounds.few).await
    }

    async fn find_many(&self, search: &Search, ranking: Ranking) -> Result<Page, ApiError> {
        let _turn = self.turn().await?;
        if !self.is_common(search)
            && let Some(page) = self.store.find_many(search, ranking.clone(), self.bounds).await?
        {
            return Ok(page);
        }
        self.remember(search);
        Ok(self.store.find_liked(search, ranking, self.bounds).await?)
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

    async fn turn(&self) -> Result<SemaphorePermit<'_>, ApiError> {
        let turn = timeout(PATIENCE, self.turns.acquire()).await;
        turn.ok().and_then(Result::ok).ok_or(ApiError::Busy(None))
    }

    /// The quotes of a page. One that was deleted or hidden meanwhile is missing.
    async fn read(&self, page: Page) -> Result<Found, StoreError> {
        let Page { places, more } = page;
        let ids: Vec<_> = places.iter().map(|place| place.id).collect();
        let mut quotes = self.store.quotes_of(&ids, false).await?.into_iter().peekable();
        let next = places.last().copied().filter(|_| more);
        let quotes =
            places.into_iter().filter_map(|place| Some((place, quotes.next_if(|quote| quote.id == place.id)?)));
        Ok(Found { quotes: quotes.collect(), next })
    }
}

impl Found {
    /// The link to the next page of an address, where there is one. `query` is what the search was given, as
    /// `name=value`; `full`: whether all that is known of quotes was asked for.
    #[must_use]
    pub fn link(&self, path: &str, (name, keyword): (&str, &str), part: Part, full: bool) -> Option<HeaderValue> {
        let keyword = utf8_percent_encode(keyword, NON_ALPHANUMERIC);
        let format = if full { "&format=full" } else { "" };
        let next = self.next?;
        let link = format!("<{path}?{name}={keyword}&after={next}&limit={}{format}>; rel=\"next\"", part.limit);
        HeaderValue::try_from(link).ok()
    }
}

impl From<InvalidSearch> for ApiError {
    fn from(error: InvalidSearch) -> Self {
        Self::BadRequest(error.to_string())
    }
}
