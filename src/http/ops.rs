//! Operations: is it alive, should it get requests, and the metrics.
//!
//! On a listener of their own (`OPS_LISTEN`) the metrics are open. On the public one they ask for the key while some
//! poll hides its results: a count of accepted ballots is a result.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::actors::{self, AdminKey};
use super::error::{ApiError, ErrorBody};
use super::health::Health;
use super::metrics::Metrics;
use super::openapi::Chapter;
use crate::domain::ledger::Ledger;
use crate::queue::Queue;
use crate::store::Store;

/// What the operations need.
#[derive(Clone, Debug)]
pub struct Ops {
    /// The process's health.
    pub health: Health,
    /// Its metrics.
    pub metrics: Metrics,
    /// What is counted where, once it is known.
    pub counts: Arc<OnceLock<Counts>>,
    /// The key that opens the metrics; `None` on a listener of their own.
    pub guard: Option<AdminKey>,
}

/// Where the numbers of the ledger are.
#[derive(Clone, Debug)]
pub struct Counts {
    /// The terms of conservation, and whether they may be shown.
    pub store: Store,
    /// Pending ballots; absent in a process that does not count.
    pub queue: Option<Queue>,
}

/// `/livez`, `/readyz` and `/metrics`.
pub fn router(ops: Ops) -> Router {
    Router::new()
        .route("/livez", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(ops)
}

/// What every listener says of itself.
#[must_use]
pub fn chapter() -> Chapter {
    #[derive(OpenApi)]
    #[openapi(paths(alive, ready, metrics))]
    struct Operations;

    let about = "Whether a process is alive and ready, and what it counts. With OPS_LISTEN they are on an address of their own.";
    Chapter { role: "operations", about, operations: Operations::openapi() }
}

/// How a process is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "ready": true, "troubles": {} }))]
struct Readiness {
    /// Whether it should get requests.
    ready: bool,
    /// What keeps it from that, by component.
    troubles: BTreeMap<&'static str, String>,
}

#[utoipa::path(
    get,
    path = "/livez",
    operation_id = "livez",
    summary = "Whether the process is alive",
    description = "Touches nothing else.",
    responses((status = 200, description = "It is.", body = String, example = "alive\n"))
)]
async fn alive() -> &'static str {
    "alive\n"
}

#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "readyz",
    summary = "Whether the process should get requests",
    responses(
        (status = 200, description = "It should.", body = Readiness),
        (status = 503, description = "It should not: it is starting, going down, or cut off from what it needs.", body = Readiness)
    )
)]
async fn ready(State(ops): State<Ops>) -> Response {
    let troubles = ops.health.troubles();
    let status = if troubles.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready: troubles.is_empty(), troubles })).into_response()
}

#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    summary = "The metrics, for Prometheus",
    description = "In OpenMetrics. At the address of the site they take the admin key while some poll hides its result.",
    responses(
        (status = 200, description = "The metrics.", body = String, content_type = "application/openmetrics-text"),
        (status = 401, description = "Some poll hides its result, and the admin key is missing.", body = ErrorBody)
    )
)]
async fn metrics(State(ops): State<Ops>, headers: HeaderMap) -> Result<Response, ApiError> {
    if let Some(key) = &ops.guard
        && ops.hides_results().await
        && !key.is(actors::shown(&headers).unwrap_or_default())
    {
        return Err(ApiError::Unauthorized);
    }
    if let Some(counts) = ops.counts.get().filter(|counts| counts.queue.is_some()) {
        match counts.ledger().await {
            Ok(ledger) => ops.metrics.set_ledger(ledger),
            // Metrics matter most when something is broken: show the others, and the terms as they last were.
            Err(error) => tracing::debug!(%error, "metrics.ledger_unavailable"),
        }
    }
    let page = ops.metrics.encode().map_err(|error| ApiError::Internal(Box::new(error)))?;
    Ok(([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], page).into_response())
}

impl Ops {
    /// Whether it is unknown, or known, that some results are not for everyone.
    async fn hides_results(&self) -> bool {
        match self.counts.get() {
            Some(counts) => counts.store.hides_results().await.unwrap_or(true),
            None => true,
        }
    }
}

impl Counts {
    /// The terms of conservation; without a queue, `pending` is not known and stays 0.
    ///
    /// # Errors
    /// Where the store or the queue is unavailable.
    pub async fn ledger(&self) -> Result<Ledger, ApiError> {
        let ledger = self.store.ledger().await?;
        Ok(Ledger { pending: self.pending().await?.unwrap_or_default(), ..ledger })
    }

    /// How many accepted ballots wait to be counted; `None` without a queue.
    ///
    /// # Errors
    /// Where the store or the queue is unavailable.
    pub async fn pending(&self) -> Result<Option<u64>, ApiError> {
        let Some(queue) = &self.queue else { return Ok(None) };
        let mut pending = 0;
        for (partition, end) in (0..).zip(queue.ends().await?) {
            pending += self.store.bookmark(partition).await?.unread(&end);
        }
        Ok(Some(pending))
    }
}
