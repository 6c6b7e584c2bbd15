//! polls: makes and changes polls, as JSON for clients and by the forms of the studio.

mod actions;
mod codes;
mod forms;
mod handlers;
mod making;
pub mod openapi;
mod sheet;
mod view;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{delete, get, post};

use crate::domain::clock::{Clock, Entropy};
use crate::http::actors::Actors;
use crate::http::origin::Origins;
use crate::http::pages::Pages;
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
    /// Under which address people vote.
    pub origins: Origins,
    /// How sheets of codes look.
    pub pages: Pages,
    /// The time.
    pub clock: Clock,
    /// Ids and codes.
    pub entropy: Entropy,
}

impl FromRef<Needs> for Origins {
    fn from_ref(needs: &Needs) -> Self {
        needs.origins.clone()
    }
}

/// The role's routes.
pub fn router(needs: Needs) -> Router {
    Router::new()
        .route("/polls", get(handlers::list).post(handlers::create))
        .route("/polls/{poll}", get(handlers::show).patch(handlers::change).delete(handlers::delete))
        .route("/polls/{poll}/{action}", post(handlers::act))
        .route("/polls/{poll}/codes", get(codes::count).post(codes::make))
        .route("/polls/{poll}/codes/{batch}", delete(codes::void))
        .route("/polls/{poll}/codes/{batch}/void", post(codes::void_by_form))
        .with_state(needs)
}
