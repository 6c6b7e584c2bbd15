//! Quotes and their search. What both dialects say alike is written once: `quotes.rs` beside this one is compiled into
//! each backend. How a backend finds texts is its own: `sqlite/search.rs`, `postgres/search.rs`.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{Store, StoreError, postgres, sqlite};
use crate::domain::ballot::VoterKey;
use crate::domain::folding::Search;
use crate::domain::quote::{Hidden, NewQuote, Quote, QuoteId};

/// The most matches that are ranked: 20,000 texts are about 2 MB.
pub const MAX_RANKED: u32 = 20_000;
/// Where more match, as many of the best liked quotes are looked at.
pub const MAX_LIKED: u32 = 50_000;

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

/// A quote that may match a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which.
    pub id: QuoteId,
    /// How many like it.
    pub upvotes: u64,
    /// Its text, [folded](crate::domain::folding::fold).
    pub folded: String,
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
        match self {
            Self::Sqlite(store) => store.insert_quote(new).await,
            Self::Postgres(store) => store.insert_quote(new).await,
        }
    }

    /// Adds quotes, in order, in one transaction.
    pub async fn insert_quotes(&self, new: &[NewQuote]) -> Result<(), StoreError> {
        let mut load = self.load_quotes().await?;
        load.add(new).await?;
        load.commit().await
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
        match self {
            Self::Sqlite(store) => store.quote(id).await,
            Self::Postgres(store) => store.quote(id).await,
        }
    }

    /// At most `limit` quotes. May be a moment old, where the store is [for viewers](Store::for_viewers).
    pub async fn quotes(&self, order: Order, limit: u32, all: bool) -> Result<Vec<Quote>, StoreError> {
        match self {
            Self::Sqlite(store) => store.quotes(order, limit, all).await,
            Self::Postgres(store) => store.quotes(order, limit, all).await,
        }
    }

    /// Those of these quotes that there are, in this order. May be a moment old, where the store is for viewers.
    pub async fn quotes_of(&self, ids: &[QuoteId], all: bool) -> Result<Vec<Quote>, StoreError> {
        let mut quotes = match self {
            Self::Sqlite(store) => store.quotes_of(ids, all).await?,
            Self::Postgres(store) => store.quotes_of(ids, all).await?,
        };
        let place = |quote: &Quote| ids.iter().position(|id| *id == quote.id);
        quotes.sort_by_cached_key(place);
        Ok(quotes)
    }

    /// At most `limit` quotes that are hidden, the newest first, those before this one. May be a moment old, where the
    /// store is for viewers.
    pub async fn hidden_quotes(&self, before: Option<QuoteId>, limit: u32) -> Result<Vec<Quote>, StoreError> {
        match self {
            Self::Sqlite(store) => store.hidden_quotes(before, limit).await,
            Self::Postgres(store) => store.hidden_quotes(before, limit).await,
        }
    }

    /// Changes what a quote says, and returns it as it is then; `None` where there is none.
    pub async fn change_quote(&self, id: QuoteId, text: &str, now: Timestamp) -> Result<Option<Quote>, StoreError> {
        match self {
            Self::Sqlite(store) => store.change_quote(id, text, now).await,
            Self::Postgres(store) => store.change_quote(id, text, now).await,
        }
    }

    /// Hides a quote from the public, or shows it again, and returns it as it is then; `None` where there is none. One
    /// that is hidden stays hidden by whom it was.
    pub async fn hide_quote(&self, id: QuoteId, hidden: Option<&Hidden>) -> Result<Option<Quote>, StoreError> {
        match self {
            Self::Sqlite(store) => store.hide_quote(id, hidden).await,
            Self::Postgres(store) => store.hide_quote(id, hidden).await,
        }
    }

    /// Deletes a quote with its upvotes; `false` where there is none.
    pub async fn delete_quote(&self, id: QuoteId) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(store) => store.delete_quote(id).await,
            Self::Postgres(store) => store.delete_quote(id).await,
        }
    }

    /// Adds a voter's upvote to a quote, or takes it back; the same again changes nothing. Returns how many like it
    /// then; `None` where there is no such quote, or it is hidden.
    pub async fn upvote(&self, id: QuoteId, voter: VoterKey, likes: bool) -> Result<Option<u64>, StoreError> {
        match self {
            Self::Sqlite(store) => store.upvote(id, voter, likes).await,
            Self::Postgres(store) => store.upvote(id, voter, likes).await,
        }
    }

    /// Which of these quotes have an upvote of the voter beside them.
    pub async fn upvoted(&self, keys: &[(QuoteId, VoterKey)]) -> Result<HashSet<QuoteId>, StoreError> {
        match self {
            Self::Sqlite(store) => store.upvoted(keys).await,
            Self::Postgres(store) => store.upvoted(keys).await,
        }
    }

    /// How many quotes the public sees.
    pub async fn quote_count(&self) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(store) => store.quote_count().await,
            Self::Postgres(store) => store.quote_count().await,
        }
    }

    /// The quotes that may match, in any order: at least all that do, where those are at most [`MAX_RANKED`]; else at
    /// least all that do of the [`MAX_LIKED`] best liked, of equals the oldest. Hidden ones are not among them. May be a
    /// moment old, where the store is for viewers.
    pub async fn candidates(&self, search: &Search) -> Result<Vec<Candidate>, StoreError> {
        match self {
            Self::Sqlite(store) => store.candidates(search, MAX_RANKED, MAX_LIKED).await,
            Self::Postgres(store) => store.candidates(search, MAX_RANKED, MAX_LIKED).await,
        }
    }
}

impl Load {
    /// Adds quotes, in order.
    ///
    /// # Errors
    /// Where the store is unavailable: nothing is added, and the load is spent.
    pub async fn add(&mut self, new: &[NewQuote]) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(load) => load.add(new).await,
            Self::Postgres(load) => load.add(new).await,
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
