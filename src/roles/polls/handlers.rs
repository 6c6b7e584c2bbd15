//! The requests of organisers.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, Path, State};
use axum::http::header::{AUTHORIZATION, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::view::PollView;
use super::{Needs, page};
use crate::domain::change::PollChange;
use crate::domain::new_poll::NewPoll;
use crate::domain::poll::{Poll, Status};
use crate::domain::snapshot::Audience;
use crate::http::body::{self, Kind};
use crate::http::error::ApiError;
use crate::http::origin::Peer;
use crate::http::pages::wants_page;

/// The longest delay of a closing, in seconds: a year.
const MAX_DELAY: u32 = 366 * 24 * 3600;

/// The body of an action that takes no settings: nothing, or an empty object.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoBody {}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CloseBody {
    /// Close in so many seconds; at once where absent.
    #[serde(rename = "in")]
    delay: Option<u32>,
}

/// What can be posted to `/polls/{poll}/{action}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Open,
    Close,
    Reset,
    Duplicate,
    Delete,
}

impl Action {
    fn parse(text: &str) -> Result<Self, ApiError> {
        match text {
            "open" => Ok(Self::Open),
            "close" => Ok(Self::Close),
            "reset" => Ok(Self::Reset),
            "duplicate" => Ok(Self::Duplicate),
            // What a form, which knows no DELETE, posts to.
            "delete" => Ok(Self::Delete),
            _ => Err(ApiError::NotFound("address")),
        }
    }
}

/// `GET /polls`.
pub async fn list(State(needs): State<Needs>, headers: HeaderMap) -> Result<Response, ApiError> {
    let organiser = needs.key.audience(&headers) == Audience::Organiser;
    let now = needs.clock.now();
    let polls = needs.store.polls().await?;
    let listed = polls.iter().filter(|poll| organiser || poll.status_at(now) != Status::Draft);
    Ok(Json(listed.map(|poll| PollView::new(poll, now)).collect::<Vec<_>>()).into_response())
}

/// `GET /polls/{poll}`: JSON for clients, the organiser's page for browsers.
pub async fn show(
    State(needs): State<Needs>,
    Path(name): Path<String>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let poll = needs.find(&name).await?;
    if wants_page(&headers) {
        return page::organiser(&needs, &poll, &headers, peer);
    }
    Ok(Json(PollView::new(&poll, needs.clock.now())).into_response())
}

/// `POST /polls`: from JSON, or from the form of the front page.
pub async fn create(
    State(needs): State<Needs>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    needs.origins.check(&headers, Some(peer))?;
    let asked = Asked::read(&needs, &headers, body).await?;
    let wish: NewPoll = match &asked {
        Asked::Json(bytes) => body::json(bytes)?,
        Asked::Form(fields) => page::wish(fields),
    };
    let poll = needs.create(&wish).await?;
    Ok(asked.answer(&needs, StatusCode::CREATED, &poll))
}

/// `PATCH /polls/{poll}`.
pub async fn change(
    State(needs): State<Needs>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    needs.key.require(&headers)?;
    if body::kind(&headers) != Kind::Json {
        return Err(ApiError::UnsupportedMediaType("application/json"));
    }
    let bytes = body::read(body, body::POLL).await?;
    let change: PollChange = body::json(&bytes)?;
    let poll = needs.patch(&name, &change).await?;
    Ok(Json(PollView::new(&poll, needs.clock.now())).into_response())
}

/// `DELETE /polls/{poll}`.
pub async fn delete(
    State(needs): State<Needs>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    needs.key.require(&headers)?;
    needs.delete(&name).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /polls/{poll}/open`, `/close`, `/reset`, `/duplicate`; and `/delete`, for forms.
pub async fn act(
    State(needs): State<Needs>,
    Path((name, action)): Path<(String, String)>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let action = Action::parse(&action)?;
    needs.origins.check(&headers, Some(peer))?;
    let asked = Asked::read(&needs, &headers, body).await?;
    if action != Action::Close {
        asked.no_settings()?;
    }
    let (status, poll) = match action {
        Action::Open => (StatusCode::OK, needs.open(&name).await?),
        Action::Close => (StatusCode::OK, close(&needs, &name, asked.delay()?).await?),
        Action::Reset => (StatusCode::OK, needs.reset(&name).await?),
        Action::Duplicate => (StatusCode::CREATED, needs.duplicate(&name).await?),
        Action::Delete => {
            needs.delete(&name).await?;
            return Ok(Redirect::to("/").into_response());
        }
    };
    Ok(asked.answer(&needs, status, &poll))
}

async fn close(needs: &Needs, name: &str, delay: Option<u32>) -> Result<Poll, ApiError> {
    match delay.filter(|delay| *delay > 0) {
        None => needs.change_by(name, Poll::closed).await,
        Some(delay) if delay > MAX_DELAY => Err(ApiError::BadRequest(format!("in: at most {MAX_DELAY} seconds"))),
        Some(delay) => {
            let delay = Duration::from_secs(u64::from(delay));
            needs.change_by(name, |poll, now| poll.closing_at(now + delay, now)).await
        }
    }
}

/// A request to change something, by somebody who has shown the key: in a header, or in a field of a form.
enum Asked {
    Json(bytes::Bytes),
    Form(Vec<(String, String)>),
}

impl Asked {
    async fn read(needs: &Needs, headers: &HeaderMap, body: Body) -> Result<Self, ApiError> {
        match body::kind(headers) {
            Kind::Form => {
                let fields = body::form(&body::read(body, body::POLL).await?)?;
                let key = fields.iter().find(|(name, _)| name == "key").map_or("", |(_, key)| key.trim());
                if !headers.contains_key(AUTHORIZATION) && needs.key.is(key) {
                    return Ok(Self::Form(fields));
                }
                needs.key.require(headers)?;
                Ok(Self::Form(fields))
            }
            kind => {
                needs.key.require(headers)?;
                let bytes = body::read(body, body::POLL).await?;
                if kind == Kind::Json || bytes.is_empty() {
                    Ok(Self::Json(bytes))
                } else {
                    Err(ApiError::UnsupportedMediaType("application/json"))
                }
            }
        }
    }

    fn no_settings(&self) -> Result<(), ApiError> {
        match self {
            Self::Json(bytes) if !bytes.is_empty() => body::json::<NoBody>(bytes).map(|NoBody {}| ()),
            _ => Ok(()),
        }
    }

    fn delay(&self) -> Result<Option<u32>, ApiError> {
        match self {
            Self::Json(bytes) if bytes.is_empty() => Ok(None),
            Self::Json(bytes) => Ok(body::json::<CloseBody>(bytes)?.delay),
            Self::Form(fields) => {
                let field = fields.iter().find(|(name, value)| name == "in" && !value.trim().is_empty());
                let parsed = field.map(|(_, value)| value.trim().parse::<u32>()).transpose();
                parsed.map_err(|_| ApiError::BadRequest("in: a whole number of seconds".into()))
            }
        }
    }

    /// The poll as JSON for a client; for a form, on to the poll's page.
    fn answer(&self, needs: &Needs, status: StatusCode, poll: &Poll) -> Response {
        let address = format!("/polls/{}", poll.slug);
        match self {
            Self::Form(_) => Redirect::to(&address).into_response(),
            Self::Json(_) => {
                let view = Json(PollView::new(poll, needs.clock.now()));
                if status == StatusCode::CREATED {
                    return (status, [(LOCATION, address)], view).into_response();
                }
                (status, view).into_response()
            }
        }
    }
}
