//! One's API tokens. A token is shown once, when it is made.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Needs;
use super::accounts::back_to_account;
use super::openapi::TokenForm;
use crate::domain::credential::{MAX_LABEL, Secret, TOKEN_PREFIX, Token, public_id};
use crate::domain::rights::{InvalidScope, Need, Scope, Scopes};
use crate::domain::user::{InvalidUser, UserRole, check_name};
use crate::http::actors::Caller;
use crate::http::body::{self, Asked};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::guard::Known;
use crate::http::language::Language;
use crate::http::origin::Base;

/// For how many days a token is good where nothing is said, and at most.
const DAYS: u32 = 90;
const MAX_DAYS: u32 = 3660;

/// A wish for a token.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewToken, example = json!({ "name": "the wall in the hall", "scopes": ["read"], "days": 30 }))]
struct Wish {
    /// What its owner calls it.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it may be used for.
    #[schema(value_type = Vec<Scope>, min_items = 1)]
    scopes: Vec<String>,
    /// For how many days it is good; 90 where absent.
    #[schema(minimum = 1, maximum = 3660)]
    days: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token, example = json!({
    "id": "0123456789abcdef", "name": "the wall in the hall", "scopes": ["read"], "created_at": "2026-05-04T09:30:00Z",
    "seen_at": null, "ends_at": "2026-06-03T09:30:00Z", "token": "hemi_…"
}))]
struct View<'a> {
    id: &'a str,
    name: &'a str,
    #[schema(value_type = Vec<Scope>)]
    scopes: Vec<&'static str>,
    created_at: Timestamp,
    seen_at: Option<Timestamp>,
    ends_at: Timestamp,
    /// The token itself, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// The page that shows a token, once.
#[derive(Debug, Serialize)]
struct Made<'a> {
    #[serde(flatten)]
    view: View<'a>,
    /// Whether it can be tried by looking, else by voting.
    may_read: bool,
    try_at: String,
    is_answer: bool,
}

impl<'a> View<'a> {
    fn new(token: &'a Token, secret: Option<&Secret>) -> Self {
        Self {
            id: &token.id,
            name: &token.name,
            scopes: token.scopes.each().map(Scope::word).collect(),
            created_at: token.made_at,
            seen_at: token.seen_at,
            ends_at: token.ends_at,
            token: secret.map(|secret| format!("{TOKEN_PREFIX}{}", secret.text())),
        }
    }
}

/// `GET /sessions/tokens`.
#[utoipa::path(
    get,
    path = "/sessions/tokens",
    operation_id = "list_tokens",
    summary = "One's API tokens",
    responses((status = 200, description = "The tokens, without their secrets.", body = [View]))
)]
pub async fn list(State(needs): State<Needs>, Known(caller): Known) -> Result<Response, ApiError> {
    let tokens = needs.store.tokens(&caller.holder, needs.clock.now()).await?;
    Ok(Json(tokens.iter().map(|token| View::new(token, None)).collect::<Vec<_>>()).into_response())
}

/// `POST /sessions/tokens`.
#[utoipa::path(
    post,
    path = "/sessions/tokens",
    operation_id = "create_token",
    summary = "Make an API token",
    description = "It is shown this once. It may do what its scopes say, and never more than its holder.",
    request_body(content((Wish = "application/json"), (TokenForm = "application/x-www-form-urlencoded"))),
    responses(
        (status = 201, description = "The token.", body = View),
        (status = 200, description = "To a form: a page that shows it.", body = String, content_type = "text/html"),
        (status = 303, description = "To a form: back to one's account, which says what was wrong."),
        (status = 409, description = "This account has too many.", body = ErrorBody)
    )
)]
pub async fn create(
    State(needs): State<Needs>,
    Known(caller): Known,
    language: Language,
    base: Base,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let asked = Asked::read(&headers, body, body::ACCOUNT).await?;
    if asked.is_form {
        return needs.make_by_form(&caller, &asked, (language, base)).await;
    }
    let (token, secret) = needs.make(&caller, &asked.parse()?).await?;
    Ok((StatusCode::CREATED, Json(View::new(&token, Some(&secret)))).into_response())
}

/// `DELETE /sessions/tokens/{id}`.
#[utoipa::path(
    delete,
    path = "/sessions/tokens/{id}",
    operation_id = "delete_token",
    summary = "Delete an API token",
    description = "It is worthless everywhere within a second.",
    params(("id" = String, Path, description = "The token's id.", example = "0123456789abcdef")),
    responses((status = 204, description = "It is deleted."))
)]
pub async fn delete(
    State(needs): State<Needs>,
    Known(caller): Known,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    needs.drop_token(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /sessions/tokens/{id}/delete`: the same by a form.
#[utoipa::path(
    post,
    path = "/sessions/tokens/{id}/delete",
    operation_id = "delete_token_by_form",
    summary = "Delete an API token, by a form",
    description = "For forms, which know no DELETE.",
    params(("id" = String, Path, description = "The token's id.", example = "0123456789abcdef")),
    responses((status = 303, description = "On to one's account."))
)]
pub async fn delete_by_form(
    State(needs): State<Needs>,
    Known(caller): Known,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    needs.drop_token(&caller, &id).await?;
    Ok(Redirect::to("/account#tokens").into_response())
}

impl Wish {
    /// A form has a box for each scope.
    fn from_form(asked: &Asked) -> Result<Self, ApiError> {
        let fields = asked.fields()?;
        let days = fields.get("days").map(str::trim).filter(|days| !days.is_empty());
        let days = days.map(str::parse).transpose().map_err(|_| wrong_days())?;
        let scopes = fields.0.iter().filter(|(name, _)| name == "scope").map(|(_, scope)| scope.clone()).collect();
        Ok(Self { name: fields.get("name").unwrap_or_default().to_owned(), scopes, days })
    }

    fn scopes(&self) -> Result<Scopes, InvalidScope> {
        let scopes: Scopes = self.scopes.iter().map(|scope| scope.parse::<Scope>()).collect::<Result<_, _>>()?;
        if scopes.is_empty() { Err(InvalidScope) } else { Ok(scopes) }
    }
}

impl Needs {
    async fn make_by_form(
        &self,
        caller: &Caller,
        asked: &Asked,
        (language, base): (Language, Base),
    ) -> Result<Response, ApiError> {
        let made = match Wish::from_form(asked) {
            Ok(wish) => self.make(caller, &wish).await,
            Err(error) => Err(error),
        };
        let (token, secret) = match made {
            Ok(made) => made,
            // Browsers hold people to the bounds of each field, but not to a tick at least.
            Err(ApiError::BadRequest(_)) => return Ok(Redirect::to("/account?failed=token#tokens").into_response()),
            Err(error) => return back_to_account(Err(error), "tokens"),
        };
        let may_read = token.scopes.allow(Scope::Read);
        let try_at = base.whole(if may_read { "/polls" } else { "/ballots/POLL" });
        let page = Made { view: View::new(&token, Some(&secret)), may_read, try_at, is_answer: true };
        self.pages.show_to(caller, "account/token.html", language, page)
    }

    async fn make(&self, caller: &Caller, wish: &Wish) -> Result<(Token, Secret), ApiError> {
        let scopes = wish.scopes().map_err(|error| ApiError::BadRequest(error.to_string()))?;
        within_role(caller, scopes)?;
        let name = check_name(&wish.name).map_err(|_: InvalidUser| {
            ApiError::BadRequest(format!("name: 1 to {MAX_LABEL} characters, none of them control characters"))
        })?;
        let days =
            Some(wish.days.unwrap_or(DAYS)).filter(|days| (1..=MAX_DAYS).contains(days)).ok_or_else(wrong_days)?;
        let (now, secret) = (self.clock.now(), Secret::random(&self.entropy));
        let token = Token {
            id: public_id(&self.entropy),
            holder: caller.holder.clone(),
            name,
            scopes,
            made_at: now,
            seen_at: None,
            ends_at: now + SignedDuration::from_hours(24 * i64::from(days)),
        };
        let store = self.recorded(caller, "token.create", &token.id);
        if store.insert_token(&token, &secret.hash()).await? {
            Ok((token, secret))
        } else {
            Err(ApiError::TooManyTokens)
        }
    }

    async fn drop_token(&self, caller: &Caller, id: &str) -> Result<(), ApiError> {
        let found = self.recorded(caller, "token.delete", id).delete_token(&caller.holder, id).await?;
        self.actors.forget();
        if found { Ok(()) } else { Err(ApiError::NotFound("token")) }
    }
}

/// A token for what its holder may not do would only surprise them.
fn within_role(caller: &Caller, scopes: Scopes) -> Result<(), ApiError> {
    match scopes.each().map(Scope::least_role).max() {
        Some(UserRole::Admin) if caller.actor.role < UserRole::Admin => Err(ApiError::Forbidden(Need::Admin)),
        Some(least) if caller.actor.role < least => Err(ApiError::Forbidden(Need::Organiser)),
        _ => Ok(()),
    }
}

fn wrong_days() -> ApiError {
    ApiError::BadRequest(format!("days: 1 to {MAX_DAYS}"))
}
