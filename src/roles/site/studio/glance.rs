//! All polls at a glance, and whether the count keeps up.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::super::Needs;
use crate::domain::names::PollId;
use crate::domain::poll::Poll;
use crate::domain::user::UserRole;
use crate::http::actors::Caller;
use crate::http::error::ApiError;
use crate::http::guard::Known;
use crate::http::language::Language;

#[derive(Debug, Serialize)]
struct Glance {
    health: Health,
    polls: Vec<Line>,
}

/// Whether the count keeps up, over everybody's polls; but for administrators only whether there is a queue.
#[derive(Debug, Serialize)]
struct Health {
    /// Accepted ballots that are not counted yet; `null` in a process that cannot know.
    waiting: Option<u64>,
    /// Dead letters.
    dead: Option<u64>,
    counted: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Line {
    id: PollId,
    slug: String,
    code: String,
    title: String,
    state: &'static str,
    total: u64,
    /// Whose it is, for administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
}

/// `GET /studio`.
pub async fn page(State(needs): State<Needs>, Known(caller): Known, language: Language) -> Result<Response, ApiError> {
    needs.pages.show_to(&caller, "studio/polls.html", language, needs.glance(&caller).await?)
}

/// `GET /studio/glance`: what the page shows, for its script.
pub async fn data(State(needs): State<Needs>, Known(caller): Known) -> Result<Response, ApiError> {
    Ok(Json(needs.glance(&caller).await?).into_response())
}

impl Needs {
    async fn glance(&self, caller: &Caller) -> Result<Glance, ApiError> {
        let (polls, totals) = (self.store.polls().await?, self.store.totals().await?);
        let ledger = self.store.ledger().await?;
        // The studio goes on while the queue is away: it needs only the store.
        let waiting = self.counts.pending().await.ok().flatten();
        let is_admin = caller.actor.role == UserRole::Admin;
        let health =
            Health { waiting, dead: is_admin.then_some(ledger.dead), counted: is_admin.then_some(ledger.counted) };
        let now = self.clock.now();
        let line = |poll: Poll| Line {
            id: poll.id,
            slug: poll.slug.to_string(),
            code: poll.code.to_string(),
            state: poll.state_at(now),
            total: totals.get(&poll.id).copied().unwrap_or_default(),
            owner: poll.owner.filter(|_| is_admin).map(|owner| owner.to_string()),
            title: poll.title,
        };
        Ok(Glance { health, polls: polls.into_iter().filter(|poll| caller.actor.sees(poll)).map(line).collect() })
    }
}
