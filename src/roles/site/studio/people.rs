//! Everybody's accounts, for administrators: a list, invitations, and a page for each account.

use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::Needs;
use super::super::account::known;
use super::super::confirm::Confirm;
use crate::domain::credential::Invitation;
use crate::domain::user::{User, UserId, UserRole};
use crate::http::error::ApiError;
use crate::http::guard::Known;
use crate::http::language::Language;
use crate::http::query::Parameters;

/// Accounts on one page.
const PAGE: u32 = 50;
/// What forms of these pages can have done: the texts are `done-…`.
const DONE: [&str; 2] = ["made", "changed"];

/// After which account the page begins.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    after: Option<String>,
}

/// What became of the form from which somebody comes back.
#[derive(Debug, Deserialize)]
pub struct Asked {
    done: Option<String>,
}

#[derive(Debug, Serialize)]
struct People {
    users: Vec<Line>,
    is_first: bool,
    /// What follows `after=` in the address of the next page.
    next: Option<String>,
    invitations: Vec<Invited>,
    roles: [&'static str; 3],
}

#[derive(Debug, Serialize)]
struct Line {
    id: String,
    name: String,
    role: UserRole,
    made_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct Invited {
    id: String,
    note: String,
    role: UserRole,
    ends_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct Person {
    user: Line,
    polls: u64,
    /// Whether it is the account of whoever looks.
    is_own: bool,
    roles: [&'static str; 3],
    done: Option<&'static str>,
}

/// `GET /studio/users`.
pub async fn list(
    State(needs): State<Needs>,
    Known(caller): Known,
    language: Language,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Response, ApiError> {
    let after = wanted.after.as_deref().map(UserId::parse).transpose()?;
    let mut users = needs.store.users(after.as_ref(), PAGE + 1).await?;
    let is_more = users.len() > PAGE as usize;
    users.truncate(PAGE as usize);
    let next = users.last().filter(|_| is_more).map(|last| last.id.in_query());
    let invitations = needs.store.invitations(needs.clock.now()).await?;
    let page = People {
        users: users.into_iter().map(Line::from).collect(),
        is_first: after.is_none(),
        next,
        invitations: invitations.into_iter().map(Invited::from).collect(),
        roles: UserRole::ALL.map(UserRole::word),
    };
    let page = needs.pages.show_to(&caller, "studio/users.html", language, page)?;
    // The browser may keep what was typed, for whoever goes back to it from an error.
    Ok(([(CACHE_CONTROL, "private, no-cache")], page).into_response())
}

/// `GET /studio/users/{id}`.
pub async fn person(
    State(needs): State<Needs>,
    Known(caller): Known,
    language: Language,
    Path(id): Path<String>,
    Parameters(asked): Parameters<Asked>,
) -> Result<Response, ApiError> {
    let user = needs.person(&id).await?;
    let page = Person {
        polls: needs.store.polls_of(&user.id).await?,
        is_own: caller.actor.user.as_ref() == Some(&user.id),
        user: user.into(),
        roles: UserRole::ALL.map(UserRole::word),
        done: known(&DONE, asked.done.as_deref()),
    };
    needs.pages.show_to(&caller, "studio/user.html", language, page)
}

/// `GET /studio/users/{id}/delete`: asks before the account is gone.
pub async fn confirm(
    State(needs): State<Needs>,
    Known(caller): Known,
    language: Language,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let user = needs.person(&id).await?;
    let page = Confirm {
        action: "user-delete",
        what: user.id.as_str(),
        count: needs.store.polls_of(&user.id).await?,
        form: format!("/users/{}/delete", user.id),
        back: format!("/studio/users/{}", user.id),
    };
    needs.pages.show_to(&caller, "confirm.html", language, page)
}

impl Needs {
    async fn person(&self, id: &str) -> Result<User, ApiError> {
        let id = UserId::parse(id).map_err(|_| ApiError::NotFound("account"))?;
        self.store.user(&id).await?.ok_or(ApiError::NotFound("account"))
    }
}

impl From<User> for Line {
    fn from(user: User) -> Self {
        Self { id: user.id.to_string(), name: user.name, role: user.role, made_at: user.made_at }
    }
}

impl From<Invitation> for Invited {
    fn from(invitation: Invitation) -> Self {
        Self { id: invitation.id, note: invitation.note, role: invitation.role, ends_at: invitation.ends_at }
    }
}
