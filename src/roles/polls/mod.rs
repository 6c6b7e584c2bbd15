//! polls: makes and changes polls, as JSON for clients and by the forms of the studio.

mod actions;
mod forms;
mod handlers;
mod view;

use axum::Router;
use axum::routing::{get, post};

use crate::domain::clock::{Clock, Entropy};
use crate::http::actors::Actors;
use crate::live::Live;
use crate::queue::Queue;
use crate::store::Store;

/// What the role needs.
#[derive(Clone, Debug)]
pub struct Needs {
    /// Where polls are kept.
    pub store: Store,
    /// Where their gates are.
    pub queue: Queue,
    /// Who hears of changes.
    pub live: Live,
    /// Who may change them.
    pub actors: Actors,
    /// The time.
    pub clock: Clock,
    /// Ids and codes.
    pub entropy: Entropy,
}

/// The role's routes.
pub fn router(needs: Needs) -> Router {
    Router::new()
        .route("/polls", get(handlers::list).post(handlers::create))
        .route("/polls/{poll}", get(handlers::show).patch(handlers::change).delete(handlers::delete))
        .route("/polls/{poll}/{action}", post(handlers::act))
        .with_state(needs)
}
