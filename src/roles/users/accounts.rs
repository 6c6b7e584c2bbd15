//! Accounts: `/users` as the clients of old know it, and more.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::LINK;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::Needs;
use super::openapi::{Listed, Said, given_role};
use crate::domain::password::check_given;
use crate::domain::rights::{Need, Proof};
use crate::domain::user::{NewUser, User, UserChange, UserId, UserRole, check_name};
use crate::http::actors::Caller;
use crate::http::body::{self, Asked, filled_in};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::guard::Known;
use crate::http::openapi::given::given_id;
use crate::http::query::Parameters;

/// Accounts in one answer: where nothing is said, and at most.
const PAGE: u32 = 1000;

/// Which accounts are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// At most so many in one answer.
    #[param(default = 1000, format = "uint32")]
    limit: Option<u32>,
    /// Only those after this id.
    #[param(example = "tintin")]
    after: Option<String>,
    /// `full` for all that is known of them.
    #[param(pattern = "^full$")]
    format: Option<String>,
}

/// An account, as clients of old know it.
#[derive(Debug, Serialize)]
struct Brief<'a> {
    id: &'a UserId,
    name: &'a str,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User, example = json!({
    "id": "tintin", "name": "Tintin", "role": "organiser", "created_at": "2026-05-04T09:30:00Z"
}))]
pub struct View<'a> {
    id: &'a UserId,
    name: &'a str,
    role: UserRole,
    created_at: Timestamp,
}

impl<'a> View<'a> {
    pub(super) fn new(user: &'a User) -> Self {
        Self { id: &user.id, name: &user.name, role: user.role, created_at: user.made_at }
    }
}

/// A wish for an account.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewUser, example = json!({
    "id": "tintin", "name": "Tintin", "password": "correct horse battery", "role": "organiser"
}))]
struct Wish {
    /// By what they sign in.
    #[serde(default, deserialize_with = "body::text_or_number")]
    #[schema(schema_with = given_id, required)]
    id: Option<String>,
    /// What people read.
    #[schema(required, nullable = false, min_length = 1, max_length = 100)]
    name: Option<String>,
    /// At most 200 characters; nobody can sign in without one.
    #[schema(max_length = 200)]
    password: Option<String>,
    /// A member where absent.
    #[schema(schema_with = given_role)]
    role: Option<String>,
}

/// What is to be changed of an account.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = UserChange, example = json!({ "name": "Tintin of Moulinsart" }))]
struct Change {
    /// What people read.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// Another password, for administrators.
    #[schema(max_length = 200)]
    password: Option<String>,
    /// Another role, for administrators.
    #[schema(schema_with = given_role)]
    role: Option<String>,
}

/// `GET /users`.
#[utoipa::path(
    get,
    path = "/users",
    operation_id = "list_users",
    summary = "All accounts",
    description = "In the order of their ids, in pages. Never with passwords.",
    params(Wanted),
    responses((status = 200, description = "The accounts: by default only id and name.", body = [Listed],
        headers(("Link" = String, description = "`rel=\"next\"`: the next page, where there is one.")))),
)]
pub async fn list(State(needs): State<Needs>, Parameters(wanted): Parameters<Wanted>) -> Result<Response, ApiError> {
    let after = wanted.after.as_deref().map(UserId::parse).transpose()?;
    let limit = wanted.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let full = match wanted.format.as_deref() {
        None => false,
        Some("full") => true,
        Some(_) => return Err(ApiError::BadRequest("format: full".into())),
    };
    let users = needs.store.users(after.as_ref(), limit).await?;
    let answer = if full {
        Json(users.iter().map(View::new).collect::<Vec<_>>()).into_response()
    } else {
        Json(users.iter().map(|user| Brief { id: &user.id, name: &user.name }).collect::<Vec<_>>()).into_response()
    };
    let more = users.last().filter(|_| users.len() == limit as usize);
    Ok(match more {
        Some(last) => ([(LINK, next_page(last, limit, full))], answer).into_response(),
        None => answer,
    })
}

/// `POST /users`.
#[utoipa::path(
    post,
    path = "/users",
    operation_id = "create_user",
    summary = "Make an account",
    description = "Without a password nobody can sign in to it yet. Only an administrator in person makes another.",
    request_body(content((Wish = "application/json"), (Wish = "application/x-www-form-urlencoded"))),
    responses(
        (status = 201, description = "It is made.", body = Said),
        (status = 303, description = "To a form: on to the account's page in the studio."),
        (status = 409, description = "The id is taken.", body = ErrorBody)
    )
)]
pub async fn create(
    State(needs): State<Needs>,
    Known(caller): Known,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let asked = Asked::read_leniently(&headers, body, body::ACCOUNT).await?;
    let wish: Wish = asked.parse()?;
    let (Some(id), Some(name)) = (filled_in(wish.id), filled_in(wish.name)) else {
        // As the system of old says it; its clients look for it.
        return Err(ApiError::BadRequest("ID et nom sont requis".into()));
    };
    let (id, name) = (UserId::parse(id.trim())?, check_name(&name)?);
    let role = filled_in(wish.role).map_or(Ok(UserRole::Member), |role| role.parse())?;
    if role == UserRole::Admin {
        // An administrator of its own making could do what no token may.
        caller.require(Need::InPerson)?;
    }
    if needs.store.user(&id).await?.is_some() {
        return Err(ApiError::UserTaken);
    }
    let password = needs.hashed(filled_in(wish.password)).await?;
    let user = User { id, name, role, made_at: needs.clock.now() };
    let (made, store) = (user.id.clone(), needs.recorded(&caller, "user.create", user.id.as_str()));
    store.insert_user(&NewUser { user, password }).await?;
    if asked.is_form {
        return Ok(Redirect::to(&format!("/studio/users/{made}?done=made")).into_response());
    }
    Ok((StatusCode::CREATED, Json(json!({ "message": "Utilisateur ajouté" }))).into_response())
}

/// `GET /users/{id}`; `me` is whoever asks.
#[utoipa::path(
    get,
    path = "/users/{id}",
    operation_id = "show_user",
    summary = "One account",
    description = "One's own; for administrators anybody's.",
    params(("id" = String, Path, description = "The account's id; `me` for one's own.", example = "tintin")),
    responses((status = 200, description = "The account.", body = View))
)]
pub async fn show(
    State(needs): State<Needs>,
    Known(caller): Known,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let id = whom(&caller, &id, true)?;
    let user = needs.store.user(&id).await?.ok_or(ApiError::NotFound("account"))?;
    Ok(Json(View::new(&user)).into_response())
}

/// `PATCH /users/{id}`.
#[utoipa::path(
    patch,
    path = "/users/{id}",
    operation_id = "change_user",
    summary = "Change an account",
    description = "One's own name; for administrators also roles, and passwords of others, which ends their sessions and tokens.",
    params(("id" = String, Path, description = "The account's id; `me` for one's own.", example = "tintin")),
    request_body = Change,
    responses((status = 200, description = "The account as it is now.", body = View))
)]
pub async fn change(
    State(needs): State<Needs>,
    Known(caller): Known,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let id = whom(&caller, &id, false)?;
    let asked = Asked::read(&headers, body, body::ACCOUNT).await?;
    let user = needs.change(&caller, &id, asked.parse()?).await?;
    Ok(Json(View::new(&user)).into_response())
}

/// `POST /users/{id}/edit`: the same by a form.
#[utoipa::path(
    post,
    path = "/users/{id}/edit",
    operation_id = "change_user_by_form",
    summary = "Change an account, by a form",
    description = "For forms, which know no PATCH.",
    params(("id" = String, Path, description = "The account's id; `me` for one's own.", example = "tintin")),
    request_body(content((Change = "application/x-www-form-urlencoded"), (Change = "application/json"))),
    responses((status = 303, description = "On to a page that says what became of it."))
)]
pub async fn edit_by_form(
    State(needs): State<Needs>,
    Known(caller): Known,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let id = whom(&caller, &id, false)?;
    let asked = Asked::read(&headers, body, body::ACCOUNT).await?;
    let changed = needs.change(&caller, &id, asked.parse()?).await;
    if caller.actor.user.as_ref() == Some(&id) {
        return back_to_account(changed.map(drop), "name");
    }
    Ok(Redirect::to(&format!("/studio/users/{}?done=changed", changed?.id)).into_response())
}

/// `DELETE /users/{id}`.
#[utoipa::path(
    delete,
    path = "/users/{id}",
    operation_id = "delete_user",
    summary = "Delete an account",
    description = "With its sessions and tokens. Its polls stay, with the administrators.",
    params(("id" = String, Path, description = "The account's id; `me` for one's own.", example = "tintin")),
    responses((status = 204, description = "It is deleted."))
)]
pub async fn delete(
    State(needs): State<Needs>,
    Known(caller): Known,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    needs.delete(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /users/{id}/delete`: the same by a form.
#[utoipa::path(
    post,
    path = "/users/{id}/delete",
    operation_id = "delete_user_by_form",
    summary = "Delete an account, by a form",
    description = "For forms, which know no DELETE.",
    params(("id" = String, Path, description = "The account's id; `me` for one's own.", example = "tintin")),
    responses((status = 303, description = "On to a page."))
)]
pub async fn delete_by_form(
    State(needs): State<Needs>,
    Known(caller): Known,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let gone = needs.delete(&caller, &id).await?;
    let own = caller.actor.user.as_ref() == Some(&gone);
    Ok(Redirect::to(if own { "/" } else { "/studio/users" }).into_response())
}

impl Needs {
    /// The hash of a password that somebody gives to somebody else.
    async fn hashed(&self, password: Option<String>) -> Result<Option<String>, ApiError> {
        let Some(password) = password else { return Ok(None) };
        check_given(&password)?;
        Ok(Some(self.passwords.hash(password).await?.as_str().to_owned()))
    }

    async fn change(&self, caller: &Caller, id: &UserId, change: Change) -> Result<User, ApiError> {
        let role = filled_in(change.role).map(|role| role.parse()).transpose()?;
        let password = filled_in(change.password);
        if role.is_some() || password.is_some() {
            // One's own password is changed by whoever knows the old one: POST /sessions/password.
            caller.require(Need::Admin)?;
        }
        if password.is_some() || role == Some(UserRole::Admin) {
            // No token changes a password or makes an administrator, not an admin's either.
            caller.require(Need::InPerson)?;
        }
        if password.is_some() && caller.actor.user.as_ref() == Some(id) {
            return Err(ApiError::OwnPassword);
        }
        let deed = if password.is_some() { "user.password" } else { "user.change" };
        let change = UserChange {
            name: change.name.map(|name| check_name(&name)).transpose()?,
            role,
            password: self.hashed(password).await?,
            // Whoever is given another password may have lost more than that.
            end_tokens: true,
        };
        let store = self.recorded(caller, deed, id.as_str());
        let changed = store.change_user(id, &change, caller.session.as_deref()).await?;
        self.actors.forget();
        changed.ok_or(ApiError::NotFound("account"))
    }

    async fn delete(&self, caller: &Caller, id: &str) -> Result<UserId, ApiError> {
        let id = whom(caller, id, false)?;
        // With an account deleted, a token could make it anew with a password of its choice.
        caller.require(Need::InPerson)?;
        let deleted = self.recorded(caller, "user.delete", id.as_str()).delete_user(&id).await?;
        self.actors.forget();
        if deleted { Ok(id) } else { Err(ApiError::NotFound("account")) }
    }
}

/// Whose account an address names, if it may be this caller's business: their own, in person if it is not only to look,
/// or for an administrator anybody's.
fn whom(caller: &Caller, id: &str, only_to_look: bool) -> Result<UserId, ApiError> {
    let own = caller.actor.user.as_ref();
    let id = match id {
        "me" => own.cloned().ok_or(ApiError::NotFound("account"))?,
        id => UserId::parse(id).map_err(|_| ApiError::NotFound("account"))?,
    };
    let in_person = only_to_look || !matches!(caller.actor.proof, Proof::Token(_));
    if !(own == Some(&id) && in_person) {
        caller.require(Need::Admin)?;
    }
    Ok(id)
}

/// Leads whoever sent a form of the account's page back there, to its part `part`, which says what became of it.
pub(super) fn back_to_account(done: Result<(), ApiError>, part: &str) -> Result<Response, ApiError> {
    let said = match done {
        Ok(()) => format!("done={part}"),
        Err(
            error @ (ApiError::WrongPassword | ApiError::Password(_) | ApiError::Account(_) | ApiError::TooManyTokens),
        ) => format!("failed={}", error.key()),
        Err(error) => return Err(error),
    };
    Ok(Redirect::to(&format!("/account?{said}#{part}")).into_response())
}

fn next_page(last: &User, limit: u32, full: bool) -> String {
    let after = last.id.in_query();
    let format = if full { "&format=full" } else { "" };
    format!("</users?after={after}&limit={limit}{format}>; rel=\"next\"")
}
