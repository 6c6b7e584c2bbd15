//! The page to sign up.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::Needs;
use crate::http::error::ApiError;
use crate::http::language::Language;
use crate::http::query::Parameters;
use crate::http::signin::within;
use crate::http::signup::{Entrance, SignUpPage};

/// With what somebody comes to sign up.
#[derive(Debug, Deserialize)]
pub struct Asked {
    /// The secret of an invitation.
    invite: Option<String>,
    /// Where they wanted to go.
    next: Option<String>,
}

/// `GET /signup`.
pub async fn page(
    State(needs): State<Needs>,
    language: Language,
    Parameters(asked): Parameters<Asked>,
) -> Result<Response, ApiError> {
    let entrance = Entrance::find(needs.signup, asked.invite.as_deref(), (&needs.store, needs.clock.now())).await?;
    let page = SignUpPage::new(&entrance, needs.signup, within(asked.next.as_deref()));
    needs.pages.show("signup.html", language, page)
}
