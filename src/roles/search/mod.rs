//! search: finding quotes by their words (`/search`), as clients of old know it, and more.

use axum::extract::State;
use axum::http::header::LINK;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::folding::{InvalidSearch, Search};
use crate::domain::quote::{Quote, QuoteId};
use crate::domain::ranking::Place;
use crate::domain::user::UserId;
use crate::http::error::ApiError;
use crate::http::finder::{Finder, Part};
use crate::http::query::Parameters;

/// What the role needs.
#[derive(Clone, Debug)]
pub struct Needs {
    /// What finds quotes.
    pub finder: Finder,
}

/// What is looked for.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    keyword: Option<String>,
    limit: Option<u32>,
    /// The place of the last one seen.
    after: Option<String>,
    /// `full` for all that is known of them.
    format: Option<String>,
}

/// A quote that was found.
#[derive(Debug, Serialize)]
struct View<'a> {
    id: QuoteId,
    user_id: Option<&'a UserId>,
    quote: &'a str,
    created_at: Timestamp,
    upvotes: u64,
    /// With it as `after`, the answer goes on after this one.
    cursor: String,
}

/// The role's routes.
pub fn router(needs: Needs) -> Router {
    Router::new().route("/search", get(find)).with_state(needs)
}

/// `GET /search`.
async fn find(State(needs): State<Needs>, Parameters(wanted): Parameters<Wanted>) -> Result<Response, ApiError> {
    let full = match wanted.format.as_deref() {
        None => false,
        Some("full") => true,
        Some(_) => return Err(ApiError::BadRequest("format: full".into())),
    };
    let keyword = wanted.keyword.as_deref().unwrap_or_default();
    let search = Search::parse(keyword).map_err(|error| match error {
        // As the system of old says it; its clients look for it.
        InvalidSearch::Empty => ApiError::BadRequest("Mot-clé requis".into()),
        InvalidSearch::TooLong => error.into(),
    })?;
    let part = Part::new(wanted.limit, wanted.after.as_deref())?;
    let found = needs.finder.find(&search, part).await?;
    let mut response = if full {
        Json(found.quotes.iter().map(|(place, quote)| View::new(*place, quote)).collect::<Vec<_>>()).into_response()
    } else {
        Json(found.quotes.iter().map(|(_, quote)| quote.text.as_str()).collect::<Vec<_>>()).into_response()
    };
    let next = found.link("/search", ("keyword", keyword), part, full);
    next.map(|next| response.headers_mut().insert(LINK, next));
    Ok(response)
}

impl<'a> View<'a> {
    fn new(place: Place, quote: &'a Quote) -> Self {
        Self {
            id: quote.id,
            user_id: quote.author.as_ref(),
            quote: &quote.text,
            created_at: quote.made_at,
            upvotes: quote.upvotes,
            cursor: place.to_string(),
        }
    }
}
