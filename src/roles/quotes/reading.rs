//! Reading quotes.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Quotes;
use super::openapi::{Listed, Which};
use super::pages::{Page, Sheet};
use super::view::View;
use crate::domain::folding::Search;
use crate::domain::quote::QuoteId;
use crate::domain::ranking::liked_place;
use crate::domain::rights::Need;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::finder::{self, Part};
use crate::http::guard::Known;
use crate::http::query::Parameters;
use crate::store::words::Order;

/// Quotes in one answer: where nothing is said, and at most.
const PAGE: u32 = 1000;

/// Which quotes are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Words that they must have, at most 16; then the best matches come first, and `after` is a place in that order. Goes
    /// without `order` and `hidden`.
    #[param(min_length = 1, max_length = 200, example = "typhoon")]
    q: Option<String>,
    /// At most so many in one answer.
    #[param(default = 1000, format = "uint32")]
    limit: Option<u32>,
    /// `new` or `top`; the oldest first otherwise.
    #[param(pattern = "^(new|top)$")]
    order: Option<String>,
    /// The last one seen; of `top` with how many liked it, as `<upvotes>.<id>`; of `q` with its rank, as
    /// `<rank>.<upvotes>.<id>`. Follow the `Link` rather than making it up.
    #[param(pattern = "^([0-9]+[.]){0,2}[1-9][0-9]{0,15}$")]
    after: Option<String>,
    /// `full` for all that is known of them.
    #[param(pattern = "^full$")]
    format: Option<String>,
    /// Whether those that are hidden are asked for as well, by organisers.
    hidden: Option<bool>,
}

/// `GET /quotes`.
#[utoipa::path(
    get,
    path = "/quotes",
    operation_id = "list_quotes",
    summary = "Quotes, in pages",
    description = "The oldest first, or by `order`, or the best matches of `q`.",
    params(Wanted),
    responses(
        (status = 200, description = "The quotes: by default only id, user_id and quote.", body = [Listed],
            headers(("Link" = String, description = "`rel=\"next\"`: the next page, where there may be one."))),
        (status = 401, description = "`hidden=true`, by nobody who is known.", body = ErrorBody),
        (status = 403, description = "`hidden=true`, by somebody who is no organiser.", body = ErrorBody)
    )
)]
pub async fn list(
    State(quotes): State<Quotes>,
    known: Option<Known>,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Response, ApiError> {
    if let Some(keyword) = &wanted.q {
        return found(&quotes, &wanted, keyword).await;
    }
    let all = wanted.hidden == Some(true);
    if all {
        let Known(caller) = known.ok_or(ApiError::Unauthorized)?;
        if !caller.actor.sees_hidden_quotes() {
            return Err(ApiError::Forbidden(Need::Organiser));
        }
    }
    let limit = wanted.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let page = Page { order: wanted.order()?, limit, full: wanted.is_full()?, all };
    Ok(quotes.pages.sheet(page).await?.into_response())
}

/// `GET /quotes?q=`.
async fn found(quotes: &Quotes, wanted: &Wanted, keyword: &str) -> Result<Response, ApiError> {
    if wanted.order.is_some() || wanted.hidden.is_some() {
        return Err(ApiError::BadRequest("q: goes without order and hidden".into()));
    }
    let (part, full) = (Part::new(wanted.limit, wanted.after.as_deref())?, wanted.is_full()?);
    let found = quotes.needs.finder.find(&Search::parse(keyword)?, part).await?;
    let next = finder::link("/quotes", ("q", keyword), found.next, part, full);
    let found: Vec<_> = found.quotes.into_iter().map(|(_, quote)| quote).collect();
    Ok(Sheet::new(&found, full, next).into_response())
}

/// `GET /quotes/{id}`.
#[utoipa::path(
    get,
    path = "/quotes/{id}",
    operation_id = "show_quote",
    summary = "One quote",
    description = "One that is hidden is there only for organisers, and for whoever posted it.",
    params(Which),
    responses(
        (status = 200, description = "The quote.", body = View)
    )
)]
pub async fn show(
    State(quotes): State<Quotes>,
    known: Option<Known>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let quote = quotes.named(&id).await?;
    let is_seen = known.map_or(quote.hidden.is_none(), |Known(caller)| caller.actor.sees_quote(&quote));
    if is_seen { Ok(Json(View::new(&quote)).into_response()) } else { Err(ApiError::NoQuote) }
}

impl Wanted {
    fn is_full(&self) -> Result<bool, ApiError> {
        match self.format.as_deref() {
            None => Ok(false),
            Some("full") => Ok(true),
            Some(_) => Err(ApiError::BadRequest("format: full".into())),
        }
    }

    fn order(&self) -> Result<Order, ApiError> {
        let after = self.after.as_deref();
        match self.order.as_deref() {
            None => Ok(Order::After(after.map(number).transpose()?)),
            Some("new") => Ok(Order::Newest(after.map(number).transpose()?)),
            Some("top") => Ok(Order::Liked(after.map(place).transpose()?)),
            Some(_) => Err(ApiError::BadRequest("order: new or top".into())),
        }
    }
}

fn number(after: &str) -> Result<QuoteId, ApiError> {
    after.parse().map_err(|_| ApiError::BadRequest("after: the number of a quote".into()))
}

fn place(after: &str) -> Result<(u64, QuoteId), ApiError> {
    liked_place(after).ok_or_else(|| ApiError::BadRequest("after: upvotes and number of a quote, as 12.345".into()))
}
