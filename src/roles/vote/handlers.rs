//! The requests of voters.

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
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
pub async fn post_ballot(
    State(vote): State<Vote>,
    Path(slug): Path<String>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let voter = match vote.needs.voters.client(&headers) {
        Ok(voter) => voter,
        Err(error) => return error.into_response(),
    };
    let cast = vote.cast_json(&slug, &voter.voter, &headers, peer, body).await;
    let mut response = match cast {
        Ok(cast) => (StatusCode::ACCEPTED, Json(accepted(&cast))).into_response(),
        Err(error) => error.into_response(),
    };
    voter.remember(&mut response);
    response
}

/// `POST /vote/{poll}`: the form of the voting page.
pub async fn post_form(
    State(vote): State<Vote>,
    Path(slug): Path<String>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let voter = vote.needs.voters.browser(&headers);
    let page = match vote.cast_form(&slug, &voter.voter, &headers, peer, body).await {
        Ok(cast) => page::after_voting(&vote, &cast),
        Err(error) => Err(error),
    };
    let mut response = page.unwrap_or_else(IntoResponse::into_response);
    voter.remember(&mut response);
    response
}

/// `GET /vote/{poll}`: the page to vote on.
pub async fn get_page(State(vote): State<Vote>, Path(slug): Path<String>, headers: HeaderMap) -> Response {
    let voter = vote.needs.voters.browser(&headers);
    let page = page::before_voting(&vote, &slug, voter.returning()).await;
    let mut response = page.unwrap_or_else(IntoResponse::into_response);
    voter.remember(&mut response);
    response
}

impl Vote {
    async fn cast_json(
        &self,
        slug: &str,
        voter: &Voter,
        headers: &HeaderMap,
        peer: Peer,
        body: Body,
    ) -> Result<Cast, ApiError> {
        self.needs.origins.check(headers, Some(peer))?;
        let bytes = body::read(body, body::BALLOT).await?;
        let ballot: BallotBody = body::json(&bytes)?;
        self.cast(slug, voter, ballot.choice.as_deref()).await
    }

    async fn cast_form(
        &self,
        slug: &str,
        voter: &Voter,
        headers: &HeaderMap,
        peer: Peer,
        body: Body,
    ) -> Result<Cast, ApiError> {
        self.needs.origins.check(headers, Some(peer))?;
        let bytes = body::read(body, body::BALLOT).await?;
        let fields = body::form(&bytes)?;
        let choice = fields.iter().find(|(name, _)| name == "vote").map(|(_, value)| value.as_str());
        self.cast(slug, voter, choice).await
    }
}

fn accepted(cast: &Cast) -> Accepted<'_> {
    Accepted { poll: cast.poll.slug.as_str(), choice: cast.choice.to_string(), ballot: cast.receipt.to_string() }
}
