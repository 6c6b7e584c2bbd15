//! One's API tokens. A token is shown once, when it is made.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Needs;
use crate::domain::credential::{MAX_LABEL, Secret, TOKEN_PREFIX, Token, public_id};
use crate::domain::rights::{InvalidScope, Need, Scope, Scopes};
use crate::domain::user::{InvalidUser, UserRole, check_name};
use crate::http::actors::Caller;
use crate::http::body::{self, Asked};
use crate::http::error::ApiError;
use crate::http::guard::Known;
use crate::http::language::Language;

/// For how many days a token is good where nothing is said, and at most.
const DAYS: u32 = 90;
const MAX_DAYS: u32 = 3660;

/// A wish for a token.
#[derive(Debug, Deserialize)]
struct Wish {
    name: String,
    scopes: Vec<String>,
    days: Option<u32>,
}

#[derive(Debug, Serialize)]
struct View<'a> {
    id: &'a str,
    name: &'a str,
    scopes: Vec<&'static str>,
    created_at: Timestamp,
    seen_at: Option<Timestamp>,
    ends_at: Timestamp,
    /// The token itself, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
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
pub async fn list(State(needs): State<Needs>, Known(caller): Known) -> Result<Response, ApiError> {
    let tokens = needs.store.tokens(&caller.holder, needs.clock.now()).await?;
    Ok(Json(tokens.iter().map(|token| View::new(token, None)).collect::<Vec<_>>()).into_response())
}

/// `POST /sessions/tokens`.
pub async fn create(
    State(needs): State<Needs>,
    Known(caller): Known,
    language: Language,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let asked = Asked::read(&headers, body, body::ACCOUNT).await?;
    let wish = if asked.is_form { Wish::from_form(&asked)? } else { asked.parse()? };
    let (token, secret) = needs.make(&caller, &wish).await?;
    let view = View::new(&token, Some(&secret));
    if asked.is_form {
        return needs.pages.show("account/token.html", language, view);
    }
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// `DELETE /sessions/tokens/{id}`.
pub async fn delete(
    State(needs): State<Needs>,
    Known(caller): Known,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    needs.drop_token(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /sessions/tokens/{id}/delete`: the same by a form.
pub async fn delete_by_form(
    State(needs): State<Needs>,
    Known(caller): Known,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    needs.drop_token(&caller, &id).await?;
    Ok(Redirect::to("/account").into_response())
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
    for scope in scopes.each() {
        match scope {
            Scope::Organise if caller.actor.role < UserRole::Organiser => {
                return Err(ApiError::Forbidden(Need::Organiser));
            }
            Scope::Admin if caller.actor.role < UserRole::Admin => return Err(ApiError::Forbidden(Need::Admin)),
            _ => {}
        }
    }
    Ok(())
}

fn wrong_days() -> ApiError {
    ApiError::BadRequest(format!("days: 1 to {MAX_DAYS}"))
}
