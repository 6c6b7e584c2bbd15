//! result: shows how polls stand, as a page, JSON, CSV, a stream of events, and over Socket.IO.

pub mod course;
mod csv;
mod events;
mod handlers;
pub mod hub;
pub mod openapi;
mod page;
mod picture;
mod seats;
mod socket;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;

use self::course::Courses;
use self::hub::Hub;
use crate::http::actors::Actors;
use crate::http::origin::Origins;
use crate::http::pages::Pages;

/// What the role needs.
#[derive(Clone, Debug)]
pub struct Needs {
    /// Where snapshots come from.
    pub hub: Hub,
    /// How votes came in over time.
    pub courses: Courses,
    /// Who may see hidden totals.
    pub actors: Actors,
    /// How the page looks.
    pub pages: Pages,
    /// Under which address people join.
    pub origins: Origins,
    /// The slug of the poll that Socket.IO clients see.
    pub default_poll: &'static str,
}

impl FromRef<Needs> for Origins {
    fn from_ref(needs: &Needs) -> Self {
        needs.origins.clone()
    }
}

/// The role's routes.
pub fn router(needs: Needs) -> Router {
    let sockets = socket::router(&needs.hub, needs.default_poll);
    Router::new()
        .route("/results/{poll}", get(handlers::get_results))
        .route("/results/{poll}/events", get(handlers::get_events))
        .with_state(needs)
        .merge(sockets)
}
