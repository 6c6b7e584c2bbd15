//! One's sessions: what is signed in, and ending it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Needs;
use crate::http::actors::Caller;
use crate::http::body::{self, Kind};
use crate::http::error::ApiError;
use crate::http::guard::Known;

/// What stands for all sessions but the one that asks.
const OTHERS: &str = "others";

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session, example = json!({
    "id": "0123456789abcdef", "agent": "Mozilla/5.0", "began_at": "2026-05-04T09:30:00Z",
    "seen_at": "2026-05-04T09:40:00Z", "ends_at": "2026-06-03T09:30:00Z", "current": true
}))]
struct View {
    id: String,
    /// What the browser calls itself.
    agent: String,
    began_at: Timestamp,
    /// When it was last used, to about ten minutes.
    seen_at: Timestamp,
    ends_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
}

/// `GET /sessions`.
#[utoipa::path(
    get,
    path = "/sessions",
    operation_id = "list_sessions",
    summary = "One's sessions",
    description = "Where one is signed in.",
    responses((status = 200, description = "The sessions.", body = [View]))
)]
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
#[utoipa::path(
    post,
    path = "/sessions/end",
    operation_id = "sign_out",
    summary = "Sign out",
    description = "Ends the session whose cookie comes along, if one does.",
    responses(
        (status = 204, description = "Signed out."),
        (status = 303, description = "To a form: on to the front page.")
    )
)]
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
#[utoipa::path(
    delete,
    path = "/sessions/{id}",
    operation_id = "end_session",
    summary = "End a session",
    description = "One of one's own, from wherever; `others`: all but the one that asks.",
    params(("id" = String, Path, description = "The session's id, or `others`.", example = "0123456789abcdef")),
    responses((status = 204, description = "It is over."))
)]
pub async fn end(
    State(needs): State<Needs>,
    Known(caller): Known,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    needs.end(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /sessions/{id}/end`: the same by a form.
#[utoipa::path(
    post,
    path = "/sessions/{id}/end",
    operation_id = "end_session_by_form",
    summary = "End a session, by a form",
    description = "For forms, which know no DELETE.",
    params(("id" = String, Path, description = "The session's id, or `others`.", example = "0123456789abcdef")),
    responses((status = 303, description = "On to one's account."))
)]
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
