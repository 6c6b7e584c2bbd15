//! One's sessions: what is signed in, and ending it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Serialize;

use super::Needs;
use crate::http::actors::Caller;
use crate::http::body::{self, Kind};
use crate::http::error::ApiError;
use crate::http::guard::Known;

/// What stands for all sessions but the one that asks.
const OTHERS: &str = "others";

#[derive(Debug, Serialize)]
struct View {
    id: String,
    agent: String,
    began_at: Timestamp,
    seen_at: Timestamp,
    ends_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
}

/// `GET /sessions`.
pub async fn list(State(needs): State<Needs>, Known(caller): Known) -> Result<Response, ApiError> {
    let sessions = needs.store.sessions(&caller.holder, needs.clock.now()).await?;
    let views = sessions.into_iter().map(|session| View {
        current: caller.session.as_ref() == Some(&session.id),
        id: session.id,
        agent: session.agent,
        began_at: session.began_at,
        seen_at: session.seen_at,
        ends_at: session.ends_at,
    });
    Ok(Json(views.collect::<Vec<_>>()).into_response())
}

/// `POST /sessions/end`: signs this browser out.
pub async fn sign_out(State(needs): State<Needs>, headers: HeaderMap) -> Result<Response, ApiError> {
    needs.end_sessions_of(&headers).await?;
    let mut response = match body::kind(&headers) {
        Kind::Form => Redirect::to("/").into_response(),
        _ => StatusCode::NO_CONTENT.into_response(),
    };
    needs.actors.cookie.take_back(&mut response);
    Ok(response)
}

/// `DELETE /sessions/{id}`; `others` for all but the one that asks.
pub async fn end(
    State(needs): State<Needs>,
    Known(caller): Known,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    needs.end(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /sessions/{id}/end`: the same by a form.
pub async fn end_by_form(
    State(needs): State<Needs>,
    Known(caller): Known,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    needs.end(&caller, &id).await?;
    Ok(Redirect::to("/account#sessions").into_response())
}

impl Needs {
    async fn end(&self, caller: &Caller, id: &str) -> Result<(), ApiError> {
        let found = if id == OTHERS {
            let current = caller.session.as_deref().unwrap_or_default();
            self.store.end_other_sessions(&caller.holder, current).await?;
            true
        } else {
            self.store.end_session(&caller.holder, id).await?
        };
        self.actors.forget();
        if found { Ok(()) } else { Err(ApiError::NotFound("session")) }
    }
}
