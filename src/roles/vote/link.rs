//! The link of a voting code: hands the code to the browser and leads to the voting page, out of whose address the code
//! stays.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};

use super::Vote;
use crate::domain::code::VotingCode;
use crate::domain::names::{JoinCode, Slug};
use crate::domain::poll::OneVotePer;
use crate::http::error::ApiError;
use crate::http::origin::Peer;

/// What the voting page's address says of a code that is not good.
pub const WRONG: &str = "code=wrong";

/// `GET /vote/{poll}/{code}`.
pub async fn follow(
    State(vote): State<Arc<Vote>>,
    Path((name, code)): Path<(String, String)>,
    request: Request,
) -> Response {
    let mut response = if let Some(elsewhere) = vote.moved(&request) {
        elsewhere
    } else {
        let (parts, _) = request.into_parts();
        let peer = parts.extensions.get::<Peer>().copied();
        vote.follow(&name, &code, &parts.headers, peer).await.unwrap_or_else(IntoResponse::into_response)
    };
    let headers = response.headers_mut();
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Vote {
    async fn follow(
        &self,
        name: &str,
        code: &str,
        headers: &HeaderMap,
        peer: Option<Peer>,
    ) -> Result<Response, ApiError> {
        let Some(code) = VotingCode::parse(code) else { return wrong(name) };
        let poll = self.polls.get(name).await?.ok_or(ApiError::NotFound("poll"))?;
        let by_code = poll.one_vote_per == OneVotePer::Code;
        if by_code && !self.is_good(&poll, code, Some(self.guesser(headers, peer))).await? {
            return wrong(poll.slug.as_str());
        }
        let mut response = Redirect::to(&format!("/vote/{}", poll.slug)).into_response();
        if by_code {
            self.needs.slips.hand_over(code, poll.id, headers, &mut response);
        }
        Ok(response)
    }
}

/// On to the page, which says that the code is wrong and asks for another. The name comes from outside: only what can be
/// one is led to.
fn wrong(name: &str) -> Result<Response, ApiError> {
    let slug = Slug::parse(name).ok().map(|slug| slug.to_string());
    let name = slug.or_else(|| JoinCode::parse(name).map(|code| code.to_string()));
    let name = name.ok_or(ApiError::NotFound("poll"))?;
    Ok(Redirect::to(&format!("/vote/{name}?{WRONG}")).into_response())
}
