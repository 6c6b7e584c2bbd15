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
use utoipa::ToSchema;

use super::openapi::VoteForm;
use super::voter::{CodeState, Standing, Wish};
use super::{Cast, Vote, page};
use crate::domain::names::Choice;
use crate::domain::poll::Status;
use crate::http::body;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::language::Language;
use crate::http::openapi::given::IdempotencyKey;
use crate::http::origin::Peer;
use crate::http::voter::Identified;

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Ballot, example = json!({ "choice": "a" }))]
struct BallotBody {
    /// The key of an option.
    #[schema(required, nullable = false, pattern = "^[a-z]{1,2}$")]
    choice: Option<String>,
    /// In a poll by code, where no cookie brings it.
    code: Option<String>,
    /// Who votes, where the holder of a token to vote names them: a number, a seat.
    #[schema(min_length = 1, max_length = 200)]
    voter: Option<String>,
}

/// How a poll and a voter's ballot in it stand, for the voting page.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BallotState, example = json!({
    "poll": "drinks", "generation": 1, "status": "open", "opens_at": "2026-05-04T09:30:00Z", "closes_at": null,
    "choice": "a", "at": "2026-05-04T09:31:00Z"
}))]
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

/// A ballot that was accepted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Accepted, example = json!({ "poll": "drinks", "choice": "a", "ballot": "5b1f0c9d2e473f0b" }))]
struct Accepted<'a> {
    /// The poll's slug.
    poll: &'a str,
    /// The key of the option.
    choice: String,
    /// The receipt: the same for each retry and change of this voter in this poll.
    ballot: String,
}

/// `POST /ballots/{poll}`: a ballot as JSON, whatever the content type says.
#[utoipa::path(
    post,
    path = "/ballots/{poll}",
    operation_id = "cast_ballot",
    summary = "Cast a ballot",
    description = "Accepted means durable, and counted exactly once. The voter is known by the cookie `voter_id`, by an `Idempotency-Key`, \
        by an account or a code, as the poll says; whoever shows nothing is a new voter. The same ballot may be sent again: \
        after `fate: unknown`, that is what to do.",
    params(IdempotencyKey),
    request_body(content = BallotBody, description = "JSON, whatever the content type says."),
    responses(
        (status = 202, description = "It is accepted.", body = Accepted,
            headers(("Set-Cookie" = String, description = "Who a new voter is, for a retry or another vote."))),
        (status = 401, description = "In this poll accounts vote, or `voter` takes a token.", body = ErrorBody),
        (status = 403, description = "The code is missing or not good, or the token is not to vote with.", body = ErrorBody),
        (status = 409, description = "The poll is not open, or the voter has chosen otherwise before, or the code was used.", body = ErrorBody)
    )
)]
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
#[utoipa::path(
    get,
    path = "/ballots/{poll}",
    operation_id = "show_ballot",
    summary = "What was counted of a voter",
    description = "Whether the poll is open, and the choice that was counted of the voter whom cookie, `Idempotency-Key` or account name.",
    params(IdempotencyKey),
    responses(
        (status = 200, description = "How the poll and the voter stand.", body = PollState),
        (status = 403, description = "The token is not to vote with.", body = ErrorBody)
    )
)]
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
#[utoipa::path(
    post,
    path = "/vote/{poll}",
    operation_id = "cast_ballot_by_form",
    summary = "Cast a ballot, by a form",
    description = "The form of the voting page, as browsers and clients of old send it.",
    request_body(content = VoteForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It is accepted: the page that says so.", body = String, content_type = "text/html"),
        (status = 401, description = "In this poll accounts vote.", body = ErrorBody),
        (status = 403, description = "The code is missing or not good, or another site sent the form.",
            content((ErrorBody = "application/json"), (String = "text/html"))),
        (status = 409, description = "The poll is not open, or the voter has chosen otherwise before, or the code was used.", body = ErrorBody)
    )
)]
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
