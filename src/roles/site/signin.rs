//! The page to sign in.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::Needs;
use crate::http::error::ApiError;
use crate::http::language::Language;
use crate::http::query::Parameters;
use crate::http::signin::{SignInPage, within};

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
    needs.pages.show("signin.html", language, SignInPage::new(within(asked.next.as_deref()), false, ""))
}
