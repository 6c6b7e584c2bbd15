//! The page to sign in.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::Needs;
use crate::http::error::ApiError;
use crate::http::language::Language;
use crate::http::query::Parameters;
use crate::http::signin::{SignInPage, landing, within};

/// Where somebody wanted to go who had to sign in first.
#[derive(Debug, Deserialize)]
pub struct Asked {
    next: Option<String>,
}

/// `GET /signin`. Whoever is signed in to an account is led on.
pub async fn page(
    State(needs): State<Needs>,
    language: Language,
    headers: HeaderMap,
    Parameters(asked): Parameters<Asked>,
) -> Result<Response, ApiError> {
    let next = within(asked.next.as_deref());
    match needs.actors.know(&headers).await? {
        Some(caller) if caller.actor.user.is_some() => {
            Ok(Redirect::to(landing(next, caller.actor.role)).into_response())
        }
        _ => needs.pages.show("signin.html", language, SignInPage::new(next, needs.signup)),
    }
}
