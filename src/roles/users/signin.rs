//! Signing in, with a password or the admin key, and changing one's password.
//!
//! Attempts are limited by account, whether it exists or not, and by failures from one address; what succeeds from one
//! address is not, for many people may share it. An account that does not exist costs as much work as a wrong password.

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::Needs;
use super::accounts::back_to_account;
use super::openapi::Begun;
use crate::domain::credential::{Holder, Session};
use crate::domain::password::{PasswordHash, check_chosen};
use crate::domain::user::{User, UserChange, UserId, UserRole};
use crate::http::actors::Caller;
use crate::http::body::{self, Asked};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::guard::{Known, Limits, too_many};
use crate::http::language::Language;
use crate::http::origin::Peer;
use crate::http::signin::{SignInPage, Wrong, landing, within};
use crate::rate::{Key, Taken};

/// The longest id that is looked at, in bytes: past it there is no account anyway.
const LONGEST_ID: usize = 256;

/// What somebody shows to sign in.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SignIn, example = json!({ "id": "tintin", "password": "correct horse battery" }))]
struct Shown {
    /// Whose account.
    id: Option<String>,
    /// Its password.
    password: Option<String>,
    /// The admin key, instead of both.
    key: Option<String>,
    /// Where a form wants to go: a path of this site.
    next: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "current": "correct horse battery", "password": "staple correct horse" }))]
struct NewPassword {
    /// The present one.
    current: String,
    /// The new one.
    #[schema(min_length = 8, max_length = 200)]
    password: String,
}

/// Whoever has shown who they are, and the hash of the password by which.
struct Recognised {
    holder: Holder,
    password: Option<String>,
    role: UserRole,
}

impl Shown {
    fn key(&self) -> Option<&str> {
        self.key.as_deref().map(str::trim).filter(|key| !key.is_empty())
    }

    /// What was wrong with it, where it was.
    fn wrong(&self) -> Wrong {
        if self.key().is_some() { Wrong::Key } else { Wrong::Password }
    }
}

/// `POST /sessions`: begins a session.
#[utoipa::path(
    post,
    path = "/sessions",
    operation_id = "sign_in",
    summary = "Sign in",
    description = "With id and password, or with the admin key. The session is in the cookie that the answer sets.",
    request_body(content((Shown = "application/json"), (Shown = "application/x-www-form-urlencoded"))),
    responses(
        (status = 201, description = "Signed in.", body = Begun,
            headers(("Set-Cookie" = String, description = "The session."))),
        (status = 303, description = "To a form: on to where it wanted to go."),
        (status = 401, description = "The id or the password, or the key, is wrong. To a form: the page again.",
            content((ErrorBody = "application/json"), (String = "text/html")))
    )
)]
pub async fn sign_in(
    State(needs): State<Needs>,
    Extension(peer): Extension<Peer>,
    language: Language,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let asked = Asked::read(&headers, body, body::ACCOUNT).await?;
    let shown: Shown = asked.parse()?;
    let next = within(shown.next.as_deref().map(str::trim));
    let address = Limits::address("sign-in from", &needs.origins, &headers, Some(peer));
    match needs.recognise(&shown, &address).await {
        Ok(known) if asked.is_form => {
            let page = landing(next, known.role);
            needs.welcome((known.holder, known.password), &headers, |_| Redirect::to(page).into_response()).await
        }
        Ok(known) => needs.welcome((known.holder, known.password), &headers, began).await,
        Err(ApiError::WrongPassword) if asked.is_form => {
            let page =
                SignInPage::new(next, needs.signup).again(shown.wrong(), shown.id.as_deref().unwrap_or_default());
            Ok((StatusCode::UNAUTHORIZED, needs.pages.show("signin.html", language, page)?).into_response())
        }
        Err(error) => Err(error),
    }
}

/// `POST /sessions/password`: one's own password.
#[utoipa::path(
    post,
    path = "/sessions/password",
    operation_id = "change_password",
    summary = "Change one's password",
    description = "Ends all other sessions. Tokens stay.",
    request_body(content((NewPassword = "application/json"), (NewPassword = "application/x-www-form-urlencoded"))),
    responses(
        (status = 204, description = "It is changed."),
        (status = 303, description = "To a form: back to one's account, which says what became of it."),
        (status = 404, description = "Who came with the admin key has no account.", body = ErrorBody)
    )
)]
pub async fn change_password(
    State(needs): State<Needs>,
    Known(caller): Known,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let asked = Asked::read(&headers, body, body::ACCOUNT).await?;
    let changed = needs.set_password(&caller, asked.parse()?).await;
    if asked.is_form {
        return back_to_account(changed, "password");
    }
    changed.map(|()| StatusCode::NO_CONTENT.into_response())
}

impl Needs {
    async fn set_password(&self, caller: &Caller, wish: NewPassword) -> Result<(), ApiError> {
        let NewPassword { current, password } = wish;
        let id = caller.actor.user.clone().ok_or(ApiError::NotFound("account"))?;
        // Counted apart from signing in: strangers who try that must not keep the owner from changing it.
        self.check_password("password of", id.as_str(), current).await?;
        check_chosen(&password)?;
        let password = Some(self.passwords.hash(password).await?.as_str().to_owned());
        let change = UserChange { password, ..UserChange::default() };
        let store = self.recorded(caller, "user.password", id.as_str());
        store.change_user(&id, &change, caller.session.as_deref()).await?;
        self.actors.forget();
        Ok(())
    }

    /// Whoever this is, and what they are here, unless too much has failed from their address.
    async fn recognise(&self, shown: &Shown, address: &Key) -> Result<Recognised, ApiError> {
        if let Some(key) = shown.key() {
            let holder = self.check_key(key, address).await?;
            return Ok(Recognised { holder, password: None, role: UserRole::Admin });
        }
        let (user, password) = self.check_from(address, shown).await?;
        Ok(Recognised { holder: Holder::User(user.id), password: Some(password), role: user.role })
    }

    /// Each attempt counts until it has succeeded, as with an account: keys are compared so fast that any number of guesses
    /// could be made before the first has failed.
    async fn check_key(&self, key: &str, address: &Key) -> Result<Holder, ApiError> {
        let failures = self.limits.failures;
        admitted(self.limits.take(address, failures).await)?;
        if !self.actors.key.is(key) {
            return Err(ApiError::WrongPassword);
        }
        self.limits.rate.give_back(address, failures).await;
        Ok(self.actors.key_holder())
    }

    /// A crowd behind one address may sign in at once, so only what has failed counts. It is looked at again once the
    /// password was checked: of many guesses made at once, the sender learns no more than of so many one by one.
    async fn check_from(&self, address: &Key, shown: &Shown) -> Result<(User, String), ApiError> {
        let failures = self.limits.failures;
        admitted(self.limits.peek(address, failures).await)?;
        let id = shown.id.as_deref().unwrap_or_default().trim();
        let known = self.check_password("sign-in to", id, shown.password.clone().unwrap_or_default()).await;
        match known {
            Ok(_) => admitted(self.limits.peek(address, failures).await)?,
            Err(ApiError::WrongPassword) => admitted(self.limits.take(address, failures).await)?,
            Err(_) => {}
        }
        known
    }

    /// The account with this id, if this is its password. Every attempt counts until it turns out not to have failed, so
    /// that many at once are no more than many.
    async fn check_password(&self, kind: &'static str, id: &str, password: String) -> Result<(User, String), ApiError> {
        let bytes = id.as_bytes();
        let key = Key::new(kind, bytes[..bytes.len().min(LONGEST_ID)].to_ascii_lowercase().as_slice());
        admitted(self.limits.take(&key, self.limits.failures).await)?;
        let known = self.with_password(id, password).await;
        // Neither does it count where nobody could tell: we were too busy, or the store was away.
        if !matches!(known, Err(ApiError::WrongPassword)) {
            self.limits.rate.give_back(&key, self.limits.failures).await;
        }
        known
    }

    async fn with_password(&self, id: &str, password: String) -> Result<(User, String), ApiError> {
        let known = match UserId::parse(id) {
            Ok(id) => self.store.credentials(&id).await?,
            Err(_) => None,
        };
        let (user, stored) = known.map_or((None, None), |(user, password)| (Some(user), password));
        let is_right = self.passwords.verify(password, stored.clone().and_then(PasswordHash::parse)).await?;
        user.filter(|_| is_right).zip(stored).ok_or(ApiError::WrongPassword)
    }

    /// Begins a session of `holder`, if `password`, hashed, is still theirs, and ends the one that this browser had: a
    /// cookie that was planted there before is worth nothing after.
    pub(super) async fn welcome(
        &self,
        (holder, password): (Holder, Option<String>),
        headers: &HeaderMap,
        answer: impl FnOnce(&Session) -> Response,
    ) -> Result<Response, ApiError> {
        self.end_sessions_of(headers).await?;
        let cookie = &self.actors.cookie;
        let (secret, session) =
            cookie.begin((&self.store, &self.clock, &self.entropy), (holder, password.as_deref()), headers).await?;
        let mut response = answer(&session);
        cookie.hand_over(&secret, &mut response);
        Ok(response)
    }

    /// Ends the sessions whose cookies came along.
    pub(super) async fn end_sessions_of(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let secrets: Vec<_> = self.actors.cookie.secrets(headers).collect();
        for secret in secrets {
            if let Some(shown) = self.store.session(&secret.hash(), self.clock.now()).await? {
                self.store.end_session(&shown.credential.holder, &shown.credential.id).await?;
                self.actors.forget();
            }
        }
        Ok(())
    }
}

fn admitted(taken: Taken) -> Result<(), ApiError> {
    if taken.allowed { Ok(()) } else { Err(too_many(taken)) }
}

/// What a program is told of its session; the secret is in the cookie.
fn began(session: &Session) -> Response {
    let user = session.holder.user().map(UserId::as_str);
    let body = json!({ "session": session.id, "user": user, "ends_at": session.ends_at });
    (StatusCode::CREATED, Json(body)).into_response()
}
