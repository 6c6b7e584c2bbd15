//! Signing up: an account of one's own, as `SIGNUP` allows.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;

use super::Needs;
use super::accounts::filled_in;
use crate::config::SignUp;
use crate::domain::credential::{Holder, Secret};
use crate::domain::deed::Deed;
use crate::domain::password::check_chosen;
use crate::domain::user::{NewUser, User, UserId, UserRole, check_name};
use crate::http::body::{self, Asked};
use crate::http::error::ApiError;

#[derive(Debug, Deserialize)]
struct Wish {
    id: Option<String>,
    name: Option<String>,
    password: Option<String>,
    /// The secret of an invitation.
    invite: Option<String>,
}

/// `POST /sessions/signup`: makes an account and begins its first session.
pub async fn sign_up(State(needs): State<Needs>, headers: HeaderMap, body: Body) -> Result<Response, ApiError> {
    let asked = Asked::read(&headers, body, body::ACCOUNT).await?;
    let wish: Wish = asked.parse()?;
    let invitation = needs.invitation(wish.invite.as_deref()).await?;
    let id = UserId::parse(wish.id.as_deref().unwrap_or_default().trim())?;
    let name = filled_in(wish.name).map_or_else(|| Ok(id.to_string()), |name| check_name(&name))?;
    let password = wish.password.unwrap_or_default();
    check_chosen(&password)?;
    if needs.store.user(&id).await?.is_some() {
        return Err(ApiError::UserTaken);
    }
    let password = Some(needs.passwords.hash(password).await?.as_str().to_owned());
    let user = User { id, name, role: UserRole::Organiser, made_at: needs.clock.now() };
    let user = needs.add(NewUser { user, password }, invitation.as_ref()).await?;
    let page = if user.role >= UserRole::Organiser { "/studio" } else { "/account" };
    let is_form = asked.is_form;
    needs
        .welcome(Holder::User(user.id.clone()), &headers, |session| {
            if is_form {
                return Redirect::to(page).into_response();
            }
            let body = json!({ "session": session.id, "user": user.id, "role": user.role, "ends_at": session.ends_at });
            (StatusCode::CREATED, Json(body)).into_response()
        })
        .await
}

impl Needs {
    /// The secret of the invitation that lets somebody in; none where everybody may.
    async fn invitation(&self, shown: Option<&str>) -> Result<Option<Secret>, ApiError> {
        if self.signup == SignUp::Off {
            return Err(ApiError::SignUpClosed);
        }
        let Some(shown) = shown.filter(|shown| !shown.is_empty()) else {
            return if self.signup == SignUp::Open { Ok(None) } else { Err(ApiError::SignUpClosed) };
        };
        let secret = Secret::parse(shown).ok_or(ApiError::SignUpClosed)?;
        let known = self.store.invitation(&secret.hash(), self.clock.now()).await?;
        known.map(|_| Some(secret)).ok_or(ApiError::SignUpClosed)
    }

    /// Adds the account: by an invitation as what that says.
    async fn add(&self, new: NewUser, invitation: Option<&Secret>) -> Result<User, ApiError> {
        let (who, at) = (new.user.id.to_string(), new.user.made_at);
        let store = self.store.on_record(Deed { at, subject: who.clone(), who, what: "user.signup".into() });
        match invitation {
            Some(secret) => store.accept_invitation(&secret.hash(), &new).await?.ok_or(ApiError::SignUpClosed),
            None => store.insert_user(&new).await.map(|()| new.user).map_err(ApiError::from),
        }
    }
}
