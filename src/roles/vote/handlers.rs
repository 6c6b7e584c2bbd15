//! The requests of voters.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::polls::GLANCE;
use super::{Cast, Vote, page};
use crate::domain::names::Choice;
use crate::domain::poll::{Poll, Status};
use crate::domain::voter::Voter;
use crate::http::body;
use crate::http::error::ApiError;
use crate::http::language::Language;
use crate::store::StoreError;

#[derive(Debug, Deserialize)]
struct BallotBody {
    choice: Option<String>,
}

/// How a poll and a voter's ballot in it stand, for the voting page.
#[derive(Debug, Serialize)]
struct PollState<'a> {
    poll: &'a str,
    generation: u32,
    status: Status,
    opens_at: Option<Timestamp>,
    closes_at: Option<Timestamp>,
    /// What was counted of this voter; `null` where that is nothing yet, or cannot be seen just now.
    choice: Option<Choice>,
    /// The time of this server, for countdowns.
    at: Timestamp,
}

#[derive(Debug, Serialize)]
struct Accepted<'a> {
    poll: &'a str,
    choice: String,
    ballot: String,
}

/// `POST /ballots/{poll}`: a ballot as JSON, whatever the content type says.
pub async fn post_ballot(State(vote): State<Arc<Vote>>, Path(slug): Path<String>, request: Request) -> Response {
    let voter = match vote.needs.voters.client(request.headers()) {
        Ok(voter) => voter,
        Err(error) => return error.into_response(),
    };
    let mut response = match vote.cast_json(&slug, &voter.voter, request).await {
        Ok(cast) => (StatusCode::ACCEPTED, Json(accepted(&cast))).into_response(),
        Err(error) => error.into_response(),
    };
    voter.remember(&mut response);
    response
}

/// `GET /ballots/{poll}`: whether the poll is open, and what was counted of the voter, by cookie or `Idempotency-Key`.
pub async fn get_state(
    State(vote): State<Arc<Vote>>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let poll = vote.polls.get(&slug).await?.ok_or(ApiError::NotFound("poll"))?;
    let at = vote.needs.clock.now();
    let (status, generation) = (poll.status_at(at), poll.generation);
    let choice = match vote.needs.voters.client(&headers)?.returning() {
        Some(voter) if status != Status::Draft => vote.counted_choice(&poll, voter).await?,
        _ => None,
    };
    let (poll, opens_at, closes_at) = (poll.slug.as_str(), poll.opens_at, poll.closes_at);
    Ok(Json(PollState { poll, generation, status, opens_at, closes_at, choice, at }).into_response())
}

/// `POST /vote/{poll}`: the form of the voting page.
pub async fn post_form(
    State(vote): State<Arc<Vote>>,
    Path(slug): Path<String>,
    language: Language,
    request: Request,
) -> Response {
    let voter = vote.needs.voters.browser(request.headers());
    let page = match vote.cast_form(&slug, &voter.voter, request).await {
        Ok(cast) => page::after_voting(&vote, &cast, language),
        Err(error) => Err(error),
    };
    let mut response = page.unwrap_or_else(IntoResponse::into_response);
    voter.remember(&mut response);
    response
}

/// `GET /vote/{poll}`: the page to vote on.
pub async fn get_page(
    State(vote): State<Arc<Vote>>,
    Path(slug): Path<String>,
    language: Language,
    request: Request,
) -> Response {
    if let Some(elsewhere) = vote.moved(&request) {
        return elsewhere;
    }
    let voter = vote.needs.voters.browser(request.headers());
    let page = page::before_voting(&vote, &slug, voter.returning(), language).await;
    let mut response = page.unwrap_or_else(IntoResponse::into_response);
    voter.remember(&mut response);
    response
}

impl Vote {
    async fn cast_json(&self, slug: &str, voter: &Voter, request: Request) -> Result<Cast, ApiError> {
        let ballot: BallotBody = body::json(&self.read(request).await?)?;
        self.cast(slug, voter, ballot.choice.as_deref()).await
    }

    async fn cast_form(&self, slug: &str, voter: &Voter, request: Request) -> Result<Cast, ApiError> {
        let fields = body::form(&self.read(request).await?)?;
        self.cast(slug, voter, fields.get("vote")).await
    }

    /// What was counted of this voter. Voting goes on while the store is away, and so do its pages: it is not seen then.
    pub(super) async fn counted_choice(&self, poll: &Poll, voter: &Voter) -> Result<Option<Choice>, ApiError> {
        let (key, _) = voter.key(poll.id);
        let choice = Box::pin(self.needs.store.choice(poll.id, poll.round, key));
        match tokio::time::timeout(GLANCE, choice).await {
            Err(_) | Ok(Err(StoreError::Unavailable(_))) => Ok(None),
            Ok(choice) => Ok(choice?),
        }
    }

    /// The body.
    async fn read(&self, request: Request) -> Result<Bytes, ApiError> {
        body::read(request.into_body(), body::BALLOT).await
    }
}

fn accepted(cast: &Cast) -> Accepted<'_> {
    Accepted { poll: cast.poll.slug.as_str(), choice: cast.choice.to_string(), ballot: cast.receipt.to_string() }
}
