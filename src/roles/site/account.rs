//! One's account: who one is, where one is signed in, and the tokens of one's programs.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Needs;
use super::confirm::Confirm;
use crate::domain::agent::browser_and_system;
use crate::domain::credential::{Session, Token};
use crate::domain::rights::Scope;
use crate::domain::user::{User, UserRole};
use crate::http::actors::Caller;
use crate::http::error::ApiError;
use crate::http::guard::Known;
use crate::http::language::Language;
use crate::http::query::Parameters;

/// What forms of this page can have done, and what can have been wrong with them: the texts are `done-…` and `failed-…`.
const DONE: [&str; 2] = ["name", "password"];
const FAILED: [&str; 6] =
    ["user-name", "wrong-password", "password-short", "password-long", "token", "too-many-tokens"];

/// What became of the form from which somebody comes back.
#[derive(Debug, Deserialize)]
pub struct Asked {
    done: Option<String>,
    failed: Option<String>,
}

#[derive(Debug, Serialize)]
struct Page {
    /// None for whoever came with the admin key.
    user: Option<Who>,
    role: UserRole,
    sessions: Vec<SessionLine>,
    tokens: Vec<TokenLine>,
    /// What a token of theirs can be for.
    scopes: Vec<&'static str>,
    done: Option<&'static str>,
    failed: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Who {
    id: String,
    name: String,
    made_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct SessionLine {
    id: String,
    /// What the browser calls itself.
    agent: String,
    browser: Option<&'static str>,
    system: Option<&'static str>,
    began_at: Timestamp,
    seen_at: Timestamp,
    is_current: bool,
}

#[derive(Debug, Serialize)]
struct TokenLine {
    id: String,
    name: String,
    scopes: Vec<&'static str>,
    seen_at: Option<Timestamp>,
    ends_at: Timestamp,
}

/// The routes of one's account.
pub fn router() -> Router<Needs> {
    Router::new().route("/account", get(page)).route("/account/delete", get(confirm))
}

/// `GET /account`.
pub async fn page(
    State(needs): State<Needs>,
    Known(caller): Known,
    language: Language,
    Parameters(asked): Parameters<Asked>,
) -> Result<Response, ApiError> {
    let now = needs.clock.now();
    let sessions = needs.store.sessions(&caller.holder, now).await?;
    let tokens = needs.store.tokens(&caller.holder, now).await?;
    let role = caller.actor.role;
    let page = Page {
        user: needs.account(&caller).await?.map(Who::from),
        role,
        sessions: sessions.into_iter().map(|session| SessionLine::new(session, &caller)).collect(),
        tokens: tokens.into_iter().map(TokenLine::from).collect(),
        scopes: Scope::ALL.into_iter().filter(|scope| scope.least_role() <= role).map(Scope::word).collect(),
        done: known(&DONE, asked.done.as_deref()),
        failed: known(&FAILED, asked.failed.as_deref()),
    };
    needs.pages.show_to(&caller, "account/account.html", language, page)
}

/// `GET /account/delete`: asks before the account is gone.
pub async fn confirm(
    State(needs): State<Needs>,
    Known(caller): Known,
    language: Language,
) -> Result<Response, ApiError> {
    let user = needs.account(&caller).await?.ok_or(ApiError::NotFound("account"))?;
    let page = Confirm {
        action: "account-delete",
        what: user.id.as_str(),
        count: needs.store.polls_of(&user.id).await?,
        form: "/users/me/delete".into(),
        back: "/account".into(),
    };
    needs.pages.show_to(&caller, "confirm.html", language, page)
}

impl Needs {
    async fn account(&self, caller: &Caller) -> Result<Option<User>, ApiError> {
        match &caller.actor.user {
            Some(id) => Ok(self.store.user(id).await?),
            None => Ok(None),
        }
    }
}

impl From<User> for Who {
    fn from(user: User) -> Self {
        Self { id: user.id.to_string(), name: user.name, made_at: user.made_at }
    }
}

impl SessionLine {
    fn new(session: Session, caller: &Caller) -> Self {
        let known = browser_and_system(&session.agent);
        Self {
            is_current: caller.session.as_ref() == Some(&session.id),
            browser: known.map(|(browser, _)| browser),
            system: known.map(|(_, system)| system),
            id: session.id,
            agent: session.agent,
            began_at: session.began_at,
            seen_at: session.seen_at,
        }
    }
}

impl From<Token> for TokenLine {
    fn from(token: Token) -> Self {
        let scopes = token.scopes.each().map(Scope::word).collect();
        Self { id: token.id, name: token.name, scopes, seen_at: token.seen_at, ends_at: token.ends_at }
    }
}

/// The one of these words that an address names: nobody else's words are put into a page's mouth.
pub(super) fn known(words: &[&'static str], said: Option<&str>) -> Option<&'static str> {
    words.iter().copied().find(|word| Some(*word) == said)
}
