//! The requests of voters.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::voter::{CodeState, Standing, Wish};
use super::{Cast, Vote, page};
use crate::domain::names::Choice;
use crate::domain::poll::Status;
use crate::http::body;
use crate::http::error::ApiError;
use crate::http::language::Language;
use crate::http::origin::Peer;
use crate::http::voter::Identified;

#[derive(Debug, Deserialize)]
struct BallotBody {
    choice: Option<String>,
    /// In a poll by code, where no cookie brings it.
    code: Option<String>,
    /// Who votes, where the holder of a token to vote names them: a number, a seat.
    voter: Option<String>,
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
    /// In a poll by code: whether a vote was counted with the code whose cookie came along. Never which.
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<bool>,
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
    let (parts, body) = request.into_parts();
    let mut voter = match vote.needs.voters.client(&parts.headers) {
        Ok(voter) => voter,
        Err(error) => return error.into_response(),
    };
    let mut response = match vote.cast_json(&slug, &mut voter, &parts, body).await {
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
    let mut voter = vote.needs.voters.client(&headers)?;
    let (choice, used) = match vote.standing(&poll, &headers, &mut voter, false).await? {
        Standing::Voter(choice) => (choice, None),
        Standing::Stranger => (None, None),
        Standing::Code(state) => (None, Some(state == CodeState::Used)),
    };
    let (poll, opens_at, closes_at) = (poll.slug.as_str(), poll.opens_at, poll.closes_at);
    Ok(Json(PollState { poll, generation, status, opens_at, closes_at, choice, used, at }).into_response())
}

/// `POST /vote/{poll}`: the form of the voting page.
pub async fn post_form(
    State(vote): State<Arc<Vote>>,
    Path(slug): Path<String>,
    language: Language,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut voter = vote.needs.voters.browser(&parts.headers);
    let page = match vote.cast_form(&slug, &mut voter, &parts, body).await {
        Ok(cast) => page::after_voting(&vote, &cast, language),
        Err(error @ ApiError::CodeUnknown) => {
            page::wrong_code(&vote, &slug, language).await.map(|page| (error.status(), page).into_response())
        }
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
    let (parts, _) = request.into_parts();
    let mut voter = vote.needs.voters.browser(&parts.headers);
    let page = page::before_voting(&vote, &slug, &parts, &mut voter, language).await;
    let mut response = page.unwrap_or_else(IntoResponse::into_response);
    voter.remember(&mut response);
    response
}

impl Vote {
    async fn cast_json(
        &self,
        slug: &str,
        browser: &mut Identified,
        parts: &Parts,
        body: Body,
    ) -> Result<Cast, ApiError> {
        let ballot: BallotBody = body::json(&body::read(body, body::BALLOT).await?)?;
        let (choice, code, named) = (ballot.choice.as_deref(), ballot.code.as_deref(), ballot.voter.as_deref());
        self.cast(slug, Wish { headers: &parts.headers, peer: peer(parts), browser, choice, code, named }).await
    }

    async fn cast_form(
        &self,
        slug: &str,
        browser: &mut Identified,
        parts: &Parts,
        body: Body,
    ) -> Result<Cast, ApiError> {
        let fields = body::form(&body::read(body, body::BALLOT).await?)?;
        let (choice, code) = (fields.get("vote"), fields.get("code"));
        self.cast(slug, Wish { headers: &parts.headers, peer: peer(parts), browser, choice, code, named: None }).await
    }
}

fn peer(parts: &Parts) -> Option<Peer> {
    parts.extensions.get::<Peer>().copied()
}

fn accepted(cast: &Cast) -> Accepted<'_> {
    Accepted { poll: cast.poll.slug.as_str(), choice: cast.choice.to_string(), ballot: cast.receipt.to_string() }
}
