//! Signing in to the studio with the admin key, and out of it.

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};

use super::Needs;
use crate::http::body;
use crate::http::error::ApiError;
use crate::http::language::Language;
use crate::http::origin::Peer;
use crate::http::query::Parameters;

/// Where to go after signing in, unless somewhere else was wanted.
const STUDIO: &str = "/studio";

#[derive(Debug, Serialize)]
struct Page<'a> {
    next: &'a str,
    wrong: bool,
    /// What a switch of language must keep of the address.
    query: String,
}

impl<'a> Page<'a> {
    fn new(next: &'a str, wrong: bool) -> Self {
        Self { next, wrong, query: format!("next={next}") }
    }
}

/// Where somebody wanted to go who had to sign in first.
#[derive(Debug, Deserialize)]
pub struct Asked {
    next: Option<String>,
}

/// `GET /signin`.
pub async fn page(
    State(needs): State<Needs>,
    language: Language,
    Parameters(asked): Parameters<Asked>,
) -> Result<Response, ApiError> {
    let next = within(asked.next.as_deref());
    needs.pages.show("signin.html", language, Page::new(next, false))
}

/// `POST /signin`: the admin key begins a session.
pub async fn sign_in(
    State(needs): State<Needs>,
    Extension(peer): Extension<Peer>,
    language: Language,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    needs.origins.check(&headers, Some(peer))?;
    needs.sign_ins.admit(needs.origins.client(&headers, peer))?;
    let fields = body::form(&body::read(body, body::KEY).await?)?;
    let next = within(fields.get("next").map(str::trim));
    if !needs.organisers.key.is(fields.get("key").unwrap_or_default().trim()) {
        let page = needs.pages.show("signin.html", language, Page::new(next, true))?;
        return Ok((StatusCode::UNAUTHORIZED, page).into_response());
    }
    let mut response = Redirect::to(next).into_response();
    needs.organisers.sessions.begin(&mut response);
    Ok(response)
}

/// `POST /signout`.
pub async fn sign_out(
    State(needs): State<Needs>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    needs.origins.check(&headers, Some(peer))?;
    let mut response = Redirect::to("/").into_response();
    needs.organisers.sessions.end(&mut response);
    Ok(response)
}

/// An address within the studio: a link must not lead through our sign-in to another site.
fn within(next: Option<&str>) -> &str {
    let plain = |path: &&str| {
        path.strip_prefix(STUDIO).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            && path.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'/' | b'-' | b'.'))
    };
    next.filter(plain).unwrap_or(STUDIO)
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn signing_in_leads_into_the_studio_and_nowhere_else() {
        assert_eq!(within(Some("/studio/polls/drinks")), "/studio/polls/drinks");
        for elsewhere in ["https://example.org", "//example.org", "/studio.example.org", "/studio/\\example.org", "/"] {
            assert_eq!(within(Some(elsewhere)), "/studio", "{elsewhere}");
        }
        assert_eq!(within(None), "/studio");
    }
}
