//! search: finding quotes by their words (`/search`), as clients of old know it, and more.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;

use crate::domain::folding::Search;
use crate::http::error::ApiError;
use crate::http::query::Parameters;
use crate::store::Store;

/// What the role needs.
#[derive(Clone, Debug)]
pub struct Needs {
    /// Where quotes are looked for.
    pub store: Store,
}

/// What is looked for.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    keyword: Option<String>,
}

/// The role's routes.
pub fn router(needs: Needs) -> Router {
    Router::new().route("/search", get(find)).with_state(needs)
}

/// `GET /search`.
async fn find(State(needs): State<Needs>, Parameters(wanted): Parameters<Wanted>) -> Result<Response, ApiError> {
    let search = Search::parse(wanted.keyword.as_deref().unwrap_or_default());
    let search = search.map_err(|_| ApiError::BadRequest("Mot-clé requis".into()))?;
    let found = needs.store.candidates(&search).await?;
    Ok(Json(found.len()).into_response())
}
