//! search: finding quotes by their words (`/search`), as clients of old know it, and more.

pub mod openapi;

use axum::extract::State;
use axum::http::header::LINK;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::folding::{InvalidSearch, Search};
use crate::domain::quote::{Quote, QuoteId};
use crate::domain::ranking::Place;
use crate::domain::user::UserId;
use crate::http::error::ApiError;
use crate::http::finder::{self, Finder, Part};
use crate::http::query::Parameters;

/// What the role needs.
#[derive(Clone, Debug)]
pub struct Needs {
    /// What finds quotes.
    pub finder: Finder,
}

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Words that quotes must have, at most 16.
    #[param(required, nullable = false, min_length = 1, max_length = 200, example = "typhoon")]
    keyword: Option<String>,
    /// At most so many in one answer.
    #[param(default = 1000, format = "uint32")]
    limit: Option<u32>,
    /// The place of the last one seen, as its `cursor` and the `Link` have it.
    #[param(pattern = "^[0-9][.][0-9]+[.][1-9][0-9]{0,15}$")]
    after: Option<String>,
    /// `full` for all that is known of them.
    #[param(pattern = "^full$")]
    format: Option<String>,
}

/// A quote that was found: its text, or all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = FoundText, example = "Thundering typhoons!")]
enum Told<'a> {
    Text(&'a str),
    Full(View<'a>),
}

/// A quote that was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FoundQuote, example = json!({
    "id": 1, "user_id": "tintin", "quote": "Thundering typhoons!", "created_at": "2026-05-04T09:30:00Z", "upvotes": 7,
    "cursor": "0.7.1"
}))]
struct View<'a> {
    id: QuoteId,
    /// Who posted it; nobody where it came from a file, or the account is gone.
    #[schema(required)]
    user_id: Option<&'a UserId>,
    /// What it says.
    #[schema(min_length = 1, max_length = 1000)]
    quote: &'a str,
    created_at: Timestamp,
    /// How many like it.
    upvotes: u64,
    /// With it as `after`, the answer goes on after this one.
    cursor: String,
}

/// The role's routes.
pub fn router(needs: Needs) -> Router {
    Router::new().route("/search", get(find)).with_state(needs)
}

/// `GET /search`.
#[utoipa::path(
    get,
    path = "/search",
    operation_id = "search_quotes",
    summary = "Find quotes by their words",
    description = "Whatever their capitals and accents. Whole words come before parts, then the most liked, then the oldest.",
    params(Wanted),
    responses(
        (status = 200, description = "Their texts; with `format=full` all that is known of them.", body = [Told],
            headers(("Link" = String, description = "`rel=\"next\"`: the next page, where there is one.")))
    )
)]
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
    let told = found
        .quotes
        .iter()
        .map(|(place, quote)| if full { Told::Full(View::new(*place, quote)) } else { Told::Text(&quote.text) });
    let mut response = Json(told.collect::<Vec<_>>()).into_response();
    let next = finder::link("/search", ("keyword", keyword), found.next, part, full);
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
