//! Operations: is it alive, should it get requests, and the metrics.
//!
//! On a listener of their own (`OPS_LISTEN`) the metrics are open. On the public one they ask for the key while some
//! poll hides its results: a count of accepted ballots is a result.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::auth::AdminKey;
use super::error::ApiError;
use super::health::Health;
use super::metrics::Metrics;
use crate::queue::Queue;
use crate::store::Store;

/// What the operations need.
#[derive(Clone, Debug)]
pub struct Ops {
    /// The process's health.
    pub health: Health,
    /// Its metrics.
    pub metrics: Metrics,
    /// Where the terms of conservation are.
    pub store: Store,
    /// Where pending ballots are.
    pub queue: Queue,
    /// The key that opens the metrics; `None` on a listener of their own.
    pub guard: Option<AdminKey>,
}

/// `/livez`, `/readyz` and `/metrics`.
pub fn router(ops: Ops) -> Router {
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(ops)
}

async fn ready(State(ops): State<Ops>) -> Response {
    let troubles = ops.health.troubles();
    let status = if troubles.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": troubles.is_empty(), "troubles": troubles }))).into_response()
}

async fn metrics(State(ops): State<Ops>, headers: HeaderMap) -> Result<Response, ApiError> {
    if let Some(key) = &ops.guard
        && ops.store.hides_results().await.unwrap_or(true)
    {
        key.require(&headers)?;
    }
    if let Err(error) = ops.refresh_ledger().await {
        // Metrics matter most when something is broken: show the others, and the terms as they last were.
        tracing::debug!(%error, "metrics.ledger_unavailable");
    }
    let page = ops.metrics.encode().map_err(|error| ApiError::Internal(Box::new(error)))?;
    Ok(([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], page).into_response())
}

impl Ops {
    async fn refresh_ledger(&self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut ledger = self.store.ledger().await?;
        for (partition, end) in (0..).zip(self.queue.ends().await?) {
            let bookmark = self.store.bookmark(partition).await?;
            ledger.pending += end.position.saturating_sub(bookmark.position);
        }
        self.metrics.set_ledger(ledger);
        Ok(())
    }
}
