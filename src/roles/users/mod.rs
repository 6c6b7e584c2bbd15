//! users: accounts, invitations and the audit trail (`/users`); signing in and up, sessions and API tokens
//! (`/sessions`). As JSON for programs, and by the forms of our pages.

mod accounts;
mod audit;
mod invitations;
pub mod load;
pub mod openapi;
mod sessions;
mod signin;
mod signup;
mod tokens;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{delete, get, post};

use crate::config::SignUp;
use crate::domain::clock::{Clock, Entropy};
use crate::http::actors::{Actors, Caller};
use crate::http::guard::Limits;
use crate::http::origin::Origins;
use crate::http::pages::Pages;
use crate::http::passwords::Passwords;
use crate::store::Store;

/// What the role needs.
#[derive(Clone, Debug)]
pub struct Needs {
    /// Where accounts are kept.
    pub store: Store,
    /// Who asks.
    pub actors: Actors,
    /// How passwords are hashed.
    pub passwords: Passwords,
    /// How often somebody may try to sign in.
    pub limits: Limits,
    /// Who may sign up.
    pub signup: SignUp,
    /// Under which address people come.
    pub origins: Origins,
    /// How pages look.
    pub pages: Pages,
    /// The time.
    pub clock: Clock,
    /// Secrets and ids.
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
        .route("/users", get(accounts::list).post(accounts::create))
        .route("/users/audit", get(audit::list))
        .route("/users/invitations", get(invitations::list).post(invitations::create))
        .route("/users/invitations/{id}", delete(invitations::take_back))
        .route("/users/invitations/{id}/delete", post(invitations::take_back_by_form))
        .route("/users/{id}", get(accounts::show).patch(accounts::change).delete(accounts::delete))
        .route("/users/{id}/edit", post(accounts::edit_by_form))
        .route("/users/{id}/delete", post(accounts::delete_by_form))
        .route("/sessions", get(sessions::list).post(signin::sign_in))
        .route("/sessions/signup", post(signup::sign_up))
        .route("/sessions/end", post(sessions::sign_out))
        .route("/sessions/password", post(signin::change_password))
        .route("/sessions/tokens", get(tokens::list).post(tokens::create))
        .route("/sessions/tokens/{id}", delete(tokens::delete))
        .route("/sessions/tokens/{id}/delete", post(tokens::delete_by_form))
        .route("/sessions/{id}", delete(sessions::end))
        .route("/sessions/{id}/end", post(sessions::end_by_form))
        .with_state(needs)
}

impl Needs {
    /// The store, which puts on record what `caller` does.
    fn recorded(&self, caller: &Caller, what: &str, subject: &str) -> Store {
        self.store.on_record(caller.deed(what, subject, self.clock.now()))
    }
}
