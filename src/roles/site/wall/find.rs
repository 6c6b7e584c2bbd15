//! Finding quotes by their words.

use std::cmp::Reverse;

use super::super::Needs;
use crate::domain::folding::{Search, fold};
use crate::domain::quote::{Quote, QuoteId};
use crate::http::error::ApiError;

/// Quotes that are found on one page, at most: the best matches.
pub const MOST: usize = 50;
/// The newest hidden quotes that are looked through.
const HIDDEN: u32 = 1000;

/// What a search finds.
#[derive(Debug, Default)]
pub struct Found {
    /// The best matches first, of equals the best liked.
    pub quotes: Vec<Quote>,
    /// How many match.
    pub count: usize,
}

impl Needs {
    /// The quotes on the wall that have these words; nothing where there are none, or too many, to look for.
    pub(in super::super) async fn find_quotes(&self, words: &str) -> Result<Found, ApiError> {
        let Ok(search) = Search::parse(words) else { return Ok(Found::default()) };
        let candidates = self.store.candidates(&search).await?;
        let rank = |folded: &str| search.rank(folded);
        let mut matches: Vec<_> =
            candidates.iter().filter_map(|one| Some((rank(&one.folded)?, Reverse(one.upvotes), one.id))).collect();
        let count = matches.len();
        matches.sort_unstable();
        let ids: Vec<QuoteId> = matches.into_iter().take(MOST).map(|(_, _, id)| id).collect();
        Ok(Found { quotes: self.store.quotes_of(&ids, false).await?, count })
    }

    /// The hidden ones that have these words, of the newest.
    pub(in super::super) async fn find_hidden_quotes(&self, words: &str) -> Result<Vec<Quote>, ApiError> {
        let Ok(search) = Search::parse(words) else { return Ok(Vec::new()) };
        let mut hidden = self.store.hidden_quotes(None, HIDDEN).await?;
        hidden.retain(|quote| search.rank(&fold(&quote.text)).is_some());
        hidden.truncate(MOST);
        Ok(hidden)
    }
}
