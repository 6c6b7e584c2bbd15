//! The front page, and joining a poll by its code.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};

use super::Needs;
use crate::domain::names::JoinCode;
use crate::domain::poll::Status;
use crate::http::error::ApiError;
use crate::http::language::Language;
use crate::http::query::Parameters;

/// Closed polls on the front page, at most: the newest.
const CLOSED: usize = 20;

#[derive(Debug, Default, Serialize)]
struct Home {
    open: Vec<Listed>,
    closed: Vec<Listed>,
}

#[derive(Debug, Serialize)]
struct Listed {
    slug: String,
    code: String,
    title: String,
}

#[derive(Debug, Serialize)]
struct Join {
    given: Option<String>,
    unknown: bool,
    /// What a switch of language must keep of the address.
    query: Option<String>,
}

/// What the form to join asks.
#[derive(Debug, Deserialize)]
pub struct Asked {
    code: Option<String>,
}

/// `GET /`: a field for a code, the polls that are open, and those that were.
pub async fn home(State(needs): State<Needs>, language: Language) -> Result<Response, ApiError> {
    let now = needs.clock.now();
    let mut page = Home::default();
    for poll in needs.store.polls().await? {
        let list = match poll.status_at(now) {
            Status::Draft => continue,
            Status::Open => &mut page.open,
            Status::Closed if page.closed.len() >= CLOSED => continue,
            Status::Closed => &mut page.closed,
        };
        list.push(Listed { slug: poll.slug.to_string(), code: poll.code.to_string(), title: poll.title });
    }
    needs.pages.show("home.html", language, &page)
}

/// `GET /join?code=…`: on to the voting page of the poll with this code, else the form again.
pub async fn join(
    State(needs): State<Needs>,
    language: Language,
    Parameters(asked): Parameters<Asked>,
) -> Result<Response, ApiError> {
    let given = asked.code.map(|code| code.trim().to_owned()).filter(|code| !code.is_empty());
    if let Some(code) = given.as_deref().and_then(JoinCode::parse)
        && let Some(poll) = needs.store.poll_named(code.as_str()).await?
    {
        return Ok(Redirect::to(&format!("/vote/{}", poll.slug)).into_response());
    }
    let unknown = given.is_some();
    let query = given.as_deref().and_then(|code| serde_urlencoded::to_string([("code", code)]).ok());
    needs.pages.show("join.html", language, Join { given, unknown, query })
}
