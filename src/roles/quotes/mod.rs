//! quotes: posting, reading, liking and hiding quotes (`/quotes`). As JSON for programs, and by the forms of our pages.

mod reading;
mod view;

use axum::Router;
use axum::routing::get;

use crate::domain::clock::Clock;
use crate::http::actors::Actors;
use crate::http::origin::Origins;
use crate::http::voter::Voters;
use crate::store::Store;

/// What the role needs.
#[derive(Clone, Debug)]
pub struct Needs {
    /// Where quotes are kept.
    pub store: Store,
    /// Who asks.
    pub actors: Actors,
    /// Who likes a quote.
    pub voters: Voters,
    /// Under which address people come.
    pub origins: Origins,
    /// The time.
    pub clock: Clock,
}

/// The role's routes.
pub fn router(needs: Needs) -> Router {
    Router::new().route("/quotes", get(reading::list)).with_state(needs)
}
