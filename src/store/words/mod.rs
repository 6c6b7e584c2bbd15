//! Quotes and their search. What both dialects say alike is written once: `quotes.rs` beside this one is compiled into
//! each backend. How a backend finds texts is its own: `sqlite/search.rs`, `postgres/search.rs`.

mod count;

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

pub use self::count::QuoteCount;
use super::{Store, StoreError, postgres, sqlite};
use crate::domain::ballot::VoterKey;
use crate::domain::folding::Search;
use crate::domain::quote::{Hidden, NewQuote, Quote, QuoteId};
use crate::domain::ranking::{Page, Place, Ranking};

/// How far a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most texts that are ranked at once, each read with its quote.
    pub few: u32,
    /// The most texts that are ranked, whatever they are liked.
    pub most: u32,
    /// Where more have the keys, as many of the best liked quotes are looked at; of equals the oldest.
    pub liked: u32,
    /// So many of them are looked at first; then four times as many, until the page is full of what cannot be bettered.
    pub first: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { few: 1000, most: 20_000, liked: 50_000, first: 2000 }
    }
}

/// Rows between two pauses: as many are ranked in less than a millisecond.
const ROWS: u32 = 256;

/// One page of what a search finds, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The quotes, each with its place. One that was deleted or hidden meanwhile is missing.
    pub quotes: Vec<(Place, Quote)>,
    /// The place after which the next page begins, if there is one.
    pub next: Option<Place>,
}

impl Found {
    /// Of the quotes of a page, in any order.
    fn new(page: Page, quotes: impl IntoIterator<Item = Quote>) -> Self {
        let next = page.places.last().copied().filter(|_| page.more);
        let mut quotes: HashMap<_, _> = quotes.into_iter().map(|quote| (quote.id, quote)).collect();
        let quotes = page.places.into_iter().filter_map(|place| Some((place, quotes.remove(&place.id)?)));
        Self { quotes: quotes.collect(), next }
    }
}

/// What was found among some of the best liked quotes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Liked {
    /// What matches.
    pub found: Vec<Place>,
    /// The last that was looked at.
    pub last: Option<(u64, QuoteId)>,
}

/// Lets others run while many rows are ranked, however fast they come.
#[derive(Debug, Default)]
pub(crate) struct Pause(u32);

impl Pause {
    pub async fn after_row(&mut self) {
        self.0 += 1;
        if self.0.is_multiple_of(ROWS) {
            tokio::task::yield_now().await;
        }
    }
}

/// Which quotes are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// The oldest first, those after this one.
    After(Option<QuoteId>),
    /// The newest first, those before this one.
    Newest(Option<QuoteId>),
    /// The best liked first, of equals the oldest; those after one of so many upvotes.
    Liked(Option<(u64, QuoteId)>),
}

/// Quotes being added, all or none: nothing is there before [`Load::commit`], and dropping it undoes all.
#[derive(Debug)]
pub enum Load {
    /// In SQLite.
    Sqlite(sqlite::quotes::Load),
    /// In PostgreSQL.
    Postgres(postgres::quotes::Load),
}

/// All of these fail where the store is unavailable; what else can be wrong is said with each. `all`: also those that
/// are hidden.
#[expect(clippy::missing_errors_doc, reason = "said once for all of them, above")]
impl Store {
    /// Adds a quote, and returns it with its number. It is its author's where there is such an account.
    pub async fn insert_quote(&self, new: &NewQuote) -> Result<Quote, StoreError> {
        ask!(self.insert_quote(new))
    }

    /// How many [loads](Store::load_quotes) get on side by side: SQLite has one that writes.
    #[must_use]
    pub fn loads_at_once(&self) -> usize {
        match self {
            Self::Sqlite(_) => 1,
            Self::Postgres(_) => (self.readers() - 1).min(3),
        }
    }

    /// Finishes what was put off while many quotes were added, so that searches need not wait for it.
    pub async fn settle_quotes(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(store) => store.settle_quotes().await,
        }
    }

    /// Begins to add many quotes, all or none.
    pub async fn load_quotes(&self) -> Result<Load, StoreError> {
        Ok(match self {
            Self::Sqlite(store) => Load::Sqlite(store.load_quotes().await?),
            Self::Postgres(store) => Load::Postgres(store.load_quotes().await?),
        })
    }

    /// The same for a file that is loaded once: `None` where one was, or where there are quotes; then the file's time is
    /// over. Of any number of processes that try at the same time, the others wait for the first.
    pub async fn load_quotes_once(&self, at: Timestamp) -> Result<Option<Load>, StoreError> {
        Ok(match self {
            Self::Sqlite(store) => store.load_quotes_once(at).await?.map(Load::Sqlite),
            Self::Postgres(store) => store.load_quotes_once(at).await?.map(Load::Postgres),
        })
    }

    /// The quote of this number, hidden or not.
    pub async fn quote(&self, id: QuoteId) -> Result<Option<Quote>, StoreError> {
        ask!(self.quote(id))
    }

    /// At most `limit` quotes. May be a moment old, where the store is [for viewers](Store::for_viewers).
    pub async fn quotes(&self, order: Order, limit: u32, all: bool) -> Result<Vec<Quote>, StoreError> {
        ask!(self.quotes(order, limit, all))
    }

    /// Those of these quotes that there are, in this order. May be a moment old, where the store is for viewers.
    pub async fn quotes_of(&self, ids: &[QuoteId], all: bool) -> Result<Vec<Quote>, StoreError> {
        let mut quotes = ask!(self.quotes_of(ids, all))?;
        let places: HashMap<_, _> = ids.iter().zip(0..).map(|(id, place): (_, usize)| (*id, place)).collect();
        quotes.sort_by_key(|quote| places.get(&quote.id).copied());
        Ok(quotes)
    }

    /// At most `limit` quotes that are hidden, the newest first, those before this one. May be a moment old, where the
    /// store is for viewers.
    pub async fn hidden_quotes(&self, before: Option<QuoteId>, limit: u32) -> Result<Vec<Quote>, StoreError> {
        ask!(self.hidden_quotes(before, limit))
    }

    /// Changes what a quote says, and returns it as it is then; `None` where there is none.
    pub async fn change_quote(&self, id: QuoteId, text: &str, now: Timestamp) -> Result<Option<Quote>, StoreError> {
        ask!(self.change_quote(id, text, now))
    }

    /// Hides a quote from the public, or shows it again, and returns it as it is then; `None` where there is none. One
    /// that is hidden stays hidden by whom it was.
    pub async fn hide_quote(&self, id: QuoteId, hidden: Option<&Hidden>) -> Result<Option<Quote>, StoreError> {
        ask!(self.hide_quote(id, hidden))
    }

    /// Deletes a quote with its upvotes; `false` where there is none.
    pub async fn delete_quote(&self, id: QuoteId) -> Result<bool, StoreError> {
        ask!(self.delete_quote(id))
    }

    /// Adds a voter's upvote to a quote, or takes it back; the same again changes nothing. Returns how many like it
    /// then; `None` where there is no such quote, or it is hidden.
    pub async fn upvote(&self, id: QuoteId, voter: VoterKey, likes: bool) -> Result<Option<u64>, StoreError> {
        ask!(self.upvote(id, voter, likes))
    }

    /// Which of these quotes have an upvote of the voter beside them.
    pub async fn upvoted(&self, keys: &[(QuoteId, VoterKey)]) -> Result<HashSet<QuoteId>, StoreError> {
        ask!(self.upvoted(keys))
    }

    /// How many quotes the public sees.
    pub async fn quote_count(&self) -> Result<u64, StoreError> {
        ask!(self.quote_count())
    }

    /// The page of a search, where at most `most` quotes have the keys of it; `None` where more do, or where they took too
    /// long to find. Hidden quotes are not found. May be a moment old, where the store is for viewers.
    pub async fn find_few(&self, search: &Search, mut page: Ranking, most: u32) -> Result<Option<Found>, StoreError> {
        let Some(found) = ask!(self.quotes_with(search, most))? else { return Ok(None) };
        page.add(found.iter().map(|(place, _)| *place));
        Ok(Some(Found::new(page.into_page(), found.into_iter().map(|(_, quote)| quote))))
    }

    /// The same in steps, for as many as `bounds.most`: they are counted, then ranked, and the quotes of the page read.
    pub async fn find_many(
        &self,
        search: &Search,
        mut page: Ranking,
        bounds: Bounds,
    ) -> Result<Option<Found>, StoreError> {
        if ask!(self.has_more(search, bounds.most))? {
            return Ok(None);
        }
        let Some(found) = ask!(self.places_with(search, bounds.most))? else { return Ok(None) };
        page.add(found);
        Ok(Some(self.read(page.into_page()).await?))
    }

    /// The page of a search, of what matches among the `bounds.liked` best liked, of equals the oldest.
    pub async fn find_liked(&self, search: &Search, mut page: Ranking, bounds: Bounds) -> Result<Found, StoreError> {
        let (mut left, mut many, mut after) = (bounds.liked, bounds.first, None);
        while left > 0 && !page.is_settled() {
            many = many.min(left);
            let Liked { found, last } = match ask!(self.liked(search, after, many)) {
                // What was looked at before is the most liked.
                Err(StoreError::TooSlow(_)) if after.is_some() => break,
                liked => liked?,
            };
            page.add(found);
            if last.is_none() {
                break;
            }
            (left, many, after) = (left - many, many.saturating_mul(4), last);
        }
        self.read(page.into_page()).await
    }

    async fn read(&self, page: Page) -> Result<Found, StoreError> {
        let ids: Vec<_> = page.places.iter().map(|place| place.id).collect();
        let quotes = ask!(self.quotes_of(&ids, false))?;
        Ok(Found::new(page, quotes))
    }
}

impl Load {
    /// Adds quotes, in order.
    ///
    /// # Errors
    /// Where the store is unavailable: nothing is added, and the load is spent.
    pub async fn add(&mut self, new: &[NewQuote]) -> Result<(), StoreError> {
        let ids = self.number(new.len()).await?;
        self.add_as(&ids, new).await
    }

    /// Numbers for so many quotes, which are to be added next. Of two loads the one that is given numbers first has the
    /// lower ones, whichever adds its quotes first.
    ///
    /// # Errors
    /// As [`Load::add`].
    pub async fn number(&mut self, count: usize) -> Result<Vec<QuoteId>, StoreError> {
        match self {
            Self::Sqlite(load) => load.number(count).await,
            Self::Postgres(load) => load.number(count).await,
        }
    }

    /// Adds quotes with the numbers they were given.
    ///
    /// # Errors
    /// As [`Load::add`].
    pub async fn add_as(&mut self, ids: &[QuoteId], new: &[NewQuote]) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(load) => load.add_as(ids, new).await,
            Self::Postgres(load) => load.add_as(ids, new).await,
        }
    }

    /// Makes all of it durable.
    ///
    /// # Errors
    /// Where the store is unavailable: nothing is added.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(load) => load.commit().await,
            Self::Postgres(load) => load.commit().await,
        }
    }
}
