//! The studio: an organiser's polls at a glance, a page for each, and all quotes; for administrators also accounts and
//! the audit trail.

mod audit;
mod edit;
mod glance;
mod people;
mod poll;
mod quotes;
mod share;

use axum::Router;
use axum::routing::get;

use super::Needs;
use crate::domain::poll::Poll;
use crate::domain::snapshot::Snapshot;
use crate::http::actors::Caller;
use crate::http::error::ApiError;

/// The studio's routes: for organisers.
pub fn router() -> Router<Needs> {
    Router::new()
        .route("/studio", get(glance::page))
        .route("/studio/glance", get(glance::data))
        .route("/studio/new", get(edit::new))
        .route("/studio/quotes", get(quotes::list))
        .route("/studio/users", get(people::list))
        .route("/studio/users/{id}", get(people::person))
        .route("/studio/users/{id}/delete", get(people::confirm))
        .route("/studio/audit", get(audit::page))
        .route("/studio/polls/{poll}", get(poll::page))
        .route("/studio/polls/{poll}/edit", get(edit::edit))
        .route("/studio/polls/{poll}/sheet", get(share::sheet))
        .route("/studio/polls/{poll}/qr.svg", get(share::qr_file))
        .route("/studio/polls/{poll}/{action}", get(poll::confirm))
}

impl Needs {
    /// The poll of this name, if it is this organiser's.
    async fn find(&self, caller: &Caller, name: &str) -> Result<Poll, ApiError> {
        let poll = self.store.poll_named(name).await?;
        poll.filter(|poll| caller.actor.sees(poll)).ok_or(ApiError::NotFound("poll"))
    }

    async fn snapshot(&self, caller: &Caller, name: &str) -> Result<Snapshot, ApiError> {
        let poll = self.find(caller, name).await?;
        self.store.snapshot(poll.id, self.clock.now()).await?.ok_or(ApiError::NotFound("poll"))
    }
}
