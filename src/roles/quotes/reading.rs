//! Reading quotes.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::Needs;
use super::view::{Brief, View};
use crate::http::error::ApiError;
use crate::http::query::Parameters;
use crate::store::words::Order;

/// Quotes in one answer: where nothing is said, and at most.
const PAGE: u32 = 1000;

/// Which quotes are asked for.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    limit: Option<u32>,
    /// `full` for all that is known of them.
    format: Option<String>,
}

/// `GET /quotes`.
pub async fn list(State(needs): State<Needs>, Parameters(wanted): Parameters<Wanted>) -> Result<Response, ApiError> {
    let limit = wanted.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let quotes = needs.store.quotes(Order::After(None), limit, false).await?;
    Ok(match wanted.format.as_deref() {
        Some("full") => Json(quotes.iter().map(View::new).collect::<Vec<_>>()).into_response(),
        _ => Json(quotes.iter().map(Brief::new).collect::<Vec<_>>()).into_response(),
    })
}
