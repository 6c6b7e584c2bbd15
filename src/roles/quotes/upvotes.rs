//! Liking a quote, and no longer: one upvote a voter, who is the account of whoever is signed in, else the browser.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Quotes;
use super::asked::Wish;
use super::openapi::{BackForm, Which};
use crate::domain::quote::QuoteId;
use crate::domain::rights::Need;
use crate::domain::voter::{Voter, upvote_key};
use crate::http::error::ApiError;
use crate::http::guard::Known;
use crate::http::openapi::given::IdempotencyKey;
use crate::http::voter::Identified;

/// What a voter is told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Upvote, example = json!({ "upvotes": 8, "upvoted": true }))]
struct Told {
    /// How many like the quote.
    upvotes: u64,
    /// Whether this voter is one of them.
    upvoted: bool,
}

/// `POST /quotes/{id}/upvotes`, also by a form.
#[utoipa::path(
    post,
    path = "/quotes/{id}/upvotes",
    operation_id = "upvote_quote",
    summary = "Like a quote",
    description = "Once a voter: the account of whoever is signed in, else the browser, or whoever the `Idempotency-Key` names. Again does no more.",
    params(Which, IdempotencyKey),
    request_body(content = BackForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It counts.", body = Told),
        (status = 303, description = "To a form: back to where it was.")
    )
)]
pub async fn add(
    State(quotes): State<Quotes>,
    known: Option<Known>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wish = async { Wish::read(&headers, body).await };
    let likes = async |quotes: &Quotes, voter: &Voter| {
        let wish = wish.await?;
        Ok(wish.answer(Json(quotes.like(&id, voter, true).await?)))
    };
    quotes.as_voter(known, &headers, likes).await
}

/// `DELETE /quotes/{id}/upvotes`.
#[utoipa::path(
    delete,
    path = "/quotes/{id}/upvotes",
    operation_id = "take_back_upvote",
    summary = "Like a quote no longer",
    description = "As the same voter. Again does no more.",
    params(Which, IdempotencyKey),
    responses(
        (status = 200, description = "It counts no longer.", body = Told)
    )
)]
pub async fn take_back(
    State(quotes): State<Quotes>,
    known: Option<Known>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let dislikes =
        async |quotes: &Quotes, voter: &Voter| Ok(Json(quotes.like(&id, voter, false).await?).into_response());
    quotes.as_voter(known, &headers, dislikes).await
}

/// `POST /quotes/{id}/upvotes/delete`: the same by a form.
#[utoipa::path(
    post,
    path = "/quotes/{id}/upvotes/delete",
    operation_id = "take_back_upvote_by_form",
    summary = "Like a quote no longer, by a form",
    description = "For forms, which know no DELETE.",
    params(Which, IdempotencyKey),
    request_body(content = BackForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "Back to where the form was.")
    )
)]
pub async fn take_back_by_form(
    State(quotes): State<Quotes>,
    known: Option<Known>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wish = async { Wish::read(&headers, body).await };
    let dislikes = async |quotes: &Quotes, voter: &Voter| {
        let wish = wish.await?;
        quotes.like(&id, voter, false).await?;
        Ok(wish.lead_back())
    };
    quotes.as_voter(known, &headers, dislikes).await
}

impl Quotes {
    /// Does something as the voter who asks, and hands a new one their cookie, whatever the answer is.
    async fn as_voter(
        &self,
        known: Option<Known>,
        headers: &HeaderMap,
        act: impl AsyncFnOnce(&Self, &Voter) -> Result<Response, ApiError>,
    ) -> Result<Response, ApiError> {
        let voter = self.voter(known, headers)?;
        let mut response = act(self, &voter.voter).await.unwrap_or_else(IntoResponse::into_response);
        voter.remember(&mut response);
        Ok(response)
    }

    fn voter(&self, known: Option<Known>, headers: &HeaderMap) -> Result<Identified, ApiError> {
        let Some(Known(caller)) = known else { return self.needs.voters.client(headers) };
        caller.require(Need::Author)?;
        match &caller.actor.user {
            Some(user) => Ok(Identified::account(user.clone())),
            None => self.needs.voters.client(headers),
        }
    }

    async fn like(&self, id: &str, voter: &Voter, likes: bool) -> Result<Told, ApiError> {
        let id = id.parse::<QuoteId>().map_err(|_| ApiError::NoQuote)?;
        let upvotes = self.needs.store.upvote(id, upvote_key(voter, id), likes).await?.ok_or(ApiError::NoQuote)?;
        self.needs.wall.changed();
        Ok(Told { upvotes, upvoted: likes })
    }
}
