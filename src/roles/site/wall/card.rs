//! A quote as pages show it to whoever looks.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::Serialize;

use super::super::Needs;
use crate::domain::quote::{Hidden, Quote, QuoteId};
use crate::domain::rights::{Actor, Need};
use crate::domain::voter::{Voter, upvote_key};
use crate::http::error::ApiError;

/// From how many characters, or lines, on a quote is shown in part at first.
const LONG: (usize, usize) = (400, 8);

/// A quote as a page shows it.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "a template asks each of them")]
pub struct Card {
    id: u64,
    text: String,
    author: Option<String>,
    made_at: Timestamp,
    edited: bool,
    upvotes: u64,
    /// Whether whoever looks has an upvote of theirs beside it.
    upvoted: bool,
    /// Whether they may change and delete it.
    may_edit: bool,
    /// Whether they may hide it.
    may_hide: bool,
    /// Who hid it, and when.
    hidden: Option<Hidden>,
    is_long: bool,
}

impl Card {
    fn new(quote: Quote, actor: Option<&Actor>, liked: &HashSet<QuoteId>) -> Self {
        Self {
            may_edit: actor.is_some_and(|actor| actor.edits(&quote)),
            may_hide: actor.is_some_and(|actor| actor.meets(Need::Organiser)),
            upvoted: liked.contains(&quote.id),
            is_long: quote.text.chars().count() > LONG.0 || quote.text.lines().count() > LONG.1,
            id: quote.id.get(),
            author: quote.author.map(|author| author.to_string()),
            made_at: quote.made_at,
            edited: quote.edited_at.is_some(),
            upvotes: quote.upvotes,
            hidden: quote.hidden,
            text: quote.text,
        }
    }

    /// What scripts make cards of: one of no quote, with everything that whoever looks may do.
    pub fn blank(actor: Option<&Actor>) -> Self {
        Self {
            id: 0,
            text: String::new(),
            author: None,
            made_at: Timestamp::UNIX_EPOCH,
            edited: false,
            upvotes: 0,
            upvoted: false,
            may_edit: actor.is_some(),
            may_hide: actor.is_some_and(|actor| actor.meets(Need::Organiser)),
            hidden: None,
            is_long: false,
        }
    }
}

impl Needs {
    /// Quotes for somebody to look at, who likes them as this voter, if they are known by one.
    pub(in super::super) async fn cards(
        &self,
        quotes: Vec<Quote>,
        actor: Option<&Actor>,
        voter: Option<&Voter>,
    ) -> Result<Vec<Card>, ApiError> {
        let keys = |voter| quotes.iter().map(|quote| (quote.id, upvote_key(voter, quote.id))).collect::<Vec<_>>();
        let liked = match voter.map(keys) {
            Some(keys) => self.store.upvoted(&keys).await?,
            None => HashSet::new(),
        };
        Ok(quotes.into_iter().map(|quote| Card::new(quote, actor, &liked)).collect())
    }
}
