//! The studio: an organiser's polls at a glance, and a page for each.

mod edit;
mod glance;
mod poll;
mod share;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use super::Needs;
use crate::domain::poll::Poll;
use crate::domain::snapshot::Snapshot;
use crate::http::error::ApiError;

/// The studio's routes: for organisers; others are sent to sign in.
pub fn router(needs: &Needs) -> Router<Needs> {
    Router::new()
        .route("/studio", get(glance::page))
        .route("/studio/glance", get(glance::data))
        .route("/studio/new", get(edit::new))
        .route("/studio/polls/{poll}", get(poll::page))
        .route("/studio/polls/{poll}/edit", get(edit::edit))
        .route("/studio/polls/{poll}/sheet", get(share::sheet))
        .route("/studio/polls/{poll}/qr.svg", get(share::qr_file))
        .route("/studio/polls/{poll}/{action}", get(poll::confirm))
        .route_layer(from_fn_with_state(needs.clone(), organisers_only))
}

async fn organisers_only(State(needs): State<Needs>, request: Request, next: Next) -> Response {
    if !needs.organisers.know(request.headers()) {
        return Redirect::to(&format!("/signin?next={}", request.uri().path())).into_response();
    }
    next.run(request).await
}

impl Needs {
    async fn find(&self, name: &str) -> Result<Poll, ApiError> {
        self.store.poll_named(name).await?.ok_or(ApiError::NotFound("poll"))
    }

    async fn snapshot(&self, name: &str) -> Result<Snapshot, ApiError> {
        let poll = self.find(name).await?;
        self.store.snapshot(poll.id, self.clock.now()).await?.ok_or(ApiError::NotFound("poll"))
    }
}
