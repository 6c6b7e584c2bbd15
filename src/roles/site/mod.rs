//! site: the front page, joining by code, signing in and up, one's account, the wall of quotes, and the studio in which
//! organisers work.
//!
//! Pages only: what their forms change, they ask of the roles polls, users and quotes.

mod account;
pub mod apidocs;
mod confirm;
mod front;
mod signin;
mod signup;
mod studio;
mod wall;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
use bytes::Bytes;

use crate::config::SignUp;
use crate::domain::clock::Clock;
use crate::http::actors::Actors;
use crate::http::finder::Finder;
use crate::http::ops::Counts;
use crate::http::origin::Origins;
use crate::http::pages::Pages;
use crate::http::voter::Voters;
use crate::store::Store;
use crate::store::words::QuoteCount;

/// What the role needs.
#[derive(Clone, Debug)]
pub struct Needs {
    /// Which polls there are.
    pub store: Store,
    /// What is counted where; without a queue the studio does not say how many ballots wait.
    pub counts: Counts,
    /// The time.
    pub clock: Clock,
    /// How the pages look.
    pub pages: Pages,
    /// Under which address people join.
    pub origins: Origins,
    /// Who may enter the studio.
    pub actors: Actors,
    /// What finds quotes.
    pub finder: Finder,
    /// How many there are.
    pub quote_count: QuoteCount,
    /// Who likes a quote.
    pub voters: Voters,
    /// Who may sign up.
    pub signup: SignUp,
    /// The API, described in `OpenAPI`, as JSON.
    pub description: Bytes,
}

impl FromRef<Needs> for Origins {
    fn from_ref(needs: &Needs) -> Self {
        needs.origins.clone()
    }
}

/// The role's routes, all but `/`: that is another role's on some hosts.
pub fn router(needs: Needs) -> Router {
    Router::new()
        .route("/join", get(front::join))
        .route("/signin", get(signin::page))
        .route("/signup", get(signup::page))
        .merge(apidocs::router())
        .merge(account::router())
        .merge(studio::router())
        .merge(wall::router())
        .with_state(needs)
}

/// `/`, where it is the site's.
pub fn home(needs: Needs) -> Router {
    Router::new().route("/", get(front::home)).with_state(needs)
}
