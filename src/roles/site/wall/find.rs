//! Finding quotes by their words, for pages.

use super::super::Needs;
use crate::domain::folding::{InvalidSearch, Search, fold};
use crate::domain::quote::Quote;
use crate::http::error::ApiError;
use crate::http::finder::Part;

/// Quotes that are found on one page, at most.
const PAGE: u32 = 50;
/// The newest hidden quotes that are looked through.
const HIDDEN: u32 = 1000;

/// A page of quotes.
#[derive(Debug, Default)]
pub struct Found {
    /// Of a search the best matches first, of equals the best liked.
    pub quotes: Vec<Quote>,
    /// What follows `after=` in the address of the next page.
    pub next: Option<String>,
    /// Why nothing was looked for: `empty` or `too-long`.
    pub refused: Option<&'static str>,
}

impl Needs {
    /// The quotes on the wall that have these words, behind a place.
    pub(in super::super) async fn find_quotes(&self, words: &str, after: Option<&str>) -> Result<Found, ApiError> {
        let part = Part::new(Some(PAGE), after)?;
        let search = match Search::parse(words) {
            Ok(search) => search,
            Err(InvalidSearch::Empty) => return Ok(Found { refused: Some("empty"), ..Found::default() }),
            Err(InvalidSearch::TooLong) => return Ok(Found { refused: Some("too-long"), ..Found::default() }),
        };
        let found = self.finder.find(&search, part).await?;
        let next = found.next.map(|place| place.to_string());
        Ok(Found { quotes: found.quotes.into_iter().map(|(_, quote)| quote).collect(), next, refused: None })
    }

    /// The hidden ones that have these words, of the newest.
    pub(in super::super) async fn find_hidden_quotes(&self, words: &str) -> Result<Vec<Quote>, ApiError> {
        let Ok(search) = Search::parse(words) else { return Ok(Vec::new()) };
        let mut hidden = self.store.hidden_quotes(None, HIDDEN).await?;
        hidden.retain(|quote| search.rank(&fold(&quote.text)).is_some());
        hidden.truncate(PAGE as usize);
        Ok(hidden)
    }
}
