//! The requests of voters.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::{Cast, Vote, page};
use crate::domain::voter::Voter;
use crate::http::body;
use crate::http::error::ApiError;
use crate::http::origin::Peer;

#[derive(Debug, Deserialize)]
struct BallotBody {
    choice: Option<String>,
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

/// `POST /vote/{poll}`: the form of the voting page.
pub async fn post_form(State(vote): State<Arc<Vote>>, Path(slug): Path<String>, request: Request) -> Response {
    let voter = vote.needs.voters.browser(request.headers());
    let page = match vote.cast_form(&slug, &voter.voter, request).await {
        Ok(cast) => page::after_voting(&vote, &cast),
        Err(error) => Err(error),
    };
    let mut response = page.unwrap_or_else(IntoResponse::into_response);
    voter.remember(&mut response);
    response
}

/// `GET /vote/{poll}`: the page to vote on.
pub async fn get_page(State(vote): State<Arc<Vote>>, Path(slug): Path<String>, request: Request) -> Response {
    if let Some(elsewhere) = vote.moved(&request) {
        return elsewhere;
    }
    let voter = vote.needs.voters.browser(request.headers());
    let page = page::before_voting(&vote, &slug, voter.returning()).await;
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
        let choice = fields.iter().find(|(name, _)| name == "vote").map(|(_, value)| value.as_str());
        self.cast(slug, voter, choice).await
    }

    /// The body, if no other site sent the browser here.
    async fn read(&self, request: Request) -> Result<Bytes, ApiError> {
        let peer = request.extensions().get::<Peer>().copied();
        self.needs.origins.check(request.headers(), peer)?;
        body::read(request.into_body(), body::BALLOT).await
    }
}

fn accepted(cast: &Cast) -> Accepted<'_> {
    Accepted { poll: cast.poll.slug.as_str(), choice: cast.choice.to_string(), ballot: cast.receipt.to_string() }
}
