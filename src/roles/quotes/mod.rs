//! quotes: posting, reading, liking and hiding quotes (`/quotes`). As JSON for programs, and by the forms of our pages.

mod asked;
mod events;
pub mod load;
mod moderating;
pub mod openapi;
mod pages;
mod posting;
mod reading;
mod upvotes;
mod view;
pub mod wall;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use self::pages::Pages;
use self::wall::Wall;
use crate::domain::clock::Clock;
use crate::domain::quote::{Quote, QuoteId};
use crate::http::actors::Caller;
use crate::http::error::ApiError;
use crate::http::finder::Finder;
use crate::http::voter::Voters;
use crate::store::Store;

/// What the role needs.
#[derive(Clone, Debug)]
pub struct Needs {
    /// Where quotes are kept.
    pub store: Store,
    /// What finds them.
    pub finder: Finder,
    /// Who likes a quote.
    pub voters: Voters,
    /// What the screens of a room show.
    pub wall: Wall,
    /// The time.
    pub clock: Clock,
}

/// The state of the role's routes: cloned for each request.
#[derive(Clone, Debug)]
struct Quotes {
    needs: Arc<Needs>,
    pages: Pages,
}

/// The role's routes.
pub fn router(needs: Needs) -> Router {
    let pages = Pages::of(needs.store.clone());
    Router::new()
        .route("/quotes", get(reading::list).post(posting::create))
        .route("/quotes/events", get(events::watch))
        .route("/quotes/{id}", get(reading::show).patch(posting::change).delete(posting::delete))
        .route("/quotes/{id}/edit", post(posting::change_by_form))
        .route("/quotes/{id}/delete", post(posting::delete_by_form))
        .route("/quotes/{id}/hide", post(moderating::hide))
        .route("/quotes/{id}/restore", post(moderating::restore))
        .route("/quotes/{id}/upvotes", post(upvotes::add).delete(upvotes::take_back))
        .route("/quotes/{id}/upvotes/delete", post(upvotes::take_back_by_form))
        .with_state(Quotes { needs: Arc::new(needs), pages })
}

impl Quotes {
    /// The quote that an address names.
    async fn named(&self, id: &str) -> Result<Quote, ApiError> {
        let id = id.parse::<QuoteId>().map_err(|_| ApiError::NoQuote)?;
        self.needs.store.quote(id).await?.ok_or(ApiError::NoQuote)
    }

    /// The same, if it is theirs to change. That there is one they may not see is not told.
    async fn to_edit(&self, caller: &Caller, id: &str) -> Result<Quote, ApiError> {
        let quote = self.named(id).await?;
        if caller.actor.edits(&quote) {
            return Ok(quote);
        }
        Err(if caller.actor.sees_quote(&quote) { ApiError::NotYourQuote } else { ApiError::NoQuote })
    }

    /// The store, which puts on record what `caller` does to a quote.
    fn recorded(&self, caller: &Caller, what: &str, id: QuoteId) -> Store {
        self.needs.store.on_record(caller.deed(what, &id.to_string(), self.needs.clock.now()))
    }

    /// The same, where the quote is somebody else's.
    fn recorded_of_others(&self, caller: &Caller, what: &str, quote: &Quote) -> Store {
        if quote.is_of(caller.actor.user.as_ref()) {
            return self.needs.store.clone();
        }
        self.recorded(caller, what, quote.id)
    }
}
