//! Signing up: an account of one's own, as `SIGNUP` allows.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::Needs;
use super::openapi::Begun;
use crate::domain::credential::Holder;
use crate::domain::deed::Deed;
use crate::domain::password::check_chosen;
use crate::domain::user::{NewUser, User, UserId, UserRole, check_name};
use crate::http::body::{self, Asked, filled_in};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::language::Language;
use crate::http::signin::{landing, within};
use crate::http::signup::{Entrance, SignUpPage};

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SignUp, example = json!({ "id": "haddock", "name": "Captain Haddock", "password": "thundering typhoons" }))]
struct Wish {
    /// By what they will sign in.
    #[schema(value_type = UserId, required, nullable = false)]
    id: Option<String>,
    /// What people read; the id where absent.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// Not too easily guessed.
    #[schema(required, nullable = false, min_length = 8, max_length = 200)]
    password: Option<String>,
    /// The secret of an invitation.
    invite: Option<String>,
    /// Where a form wants to go: a path of this site.
    next: Option<String>,
}

/// `POST /sessions/signup`: makes an account and begins its first session.
#[utoipa::path(
    post,
    path = "/sessions/signup",
    operation_id = "sign_up",
    summary = "Sign up",
    description = "Makes an account of one's own, where the operator lets people, or with an invitation, and signs in.",
    request_body(content((Wish = "application/json"), (Wish = "application/x-www-form-urlencoded"))),
    responses(
        (status = 201, description = "The account is made, and signed in.", body = Begun,
            headers(("Set-Cookie" = String, description = "The session."))),
        (status = 303, description = "To a form: on to where it wanted to go."),
        (status = 400, description = "A field is not well filled in. To a form: the page again.",
            content((ErrorBody = "application/json"), (String = "text/html"))),
        (status = 403, description = "It takes an invitation. To a form: the page again.",
            content((ErrorBody = "application/json"), (String = "text/html"))),
        (status = 409, description = "The id is taken. To a form: the page again.",
            content((ErrorBody = "application/json"), (String = "text/html")))
    )
)]
pub async fn sign_up(
    State(needs): State<Needs>,
    language: Language,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let asked = Asked::read(&headers, body, body::ACCOUNT).await?;
    let wish: Wish = asked.parse()?;
    let entrance = needs.entrance(&wish).await?;
    let user = match needs.make_account(&wish, &entrance).await {
        Ok(user) => user,
        Err(error) if asked.is_form => return needs.ask_again(&wish, &entrance, error, language),
        Err(error) => return Err(error),
    };
    let page = landing(within(wish.next.as_deref()), user.role);
    let holder = Holder::User(user.id.clone());
    let welcome = needs.welcome((holder, None), &headers, |session| {
        if asked.is_form {
            return Redirect::to(page).into_response();
        }
        let body = json!({ "session": session.id, "user": user.id, "role": user.role, "ends_at": session.ends_at });
        (StatusCode::CREATED, Json(body)).into_response()
    });
    welcome.await
}

impl Needs {
    async fn entrance(&self, wish: &Wish) -> Result<Entrance, ApiError> {
        Entrance::find(self.signup, wish.invite.as_deref(), (&self.store, self.clock.now())).await
    }

    async fn make_account(&self, wish: &Wish, entrance: &Entrance) -> Result<User, ApiError> {
        if !matches!(entrance, Entrance::Open | Entrance::Invited(..)) {
            return Err(ApiError::SignUpClosed);
        }
        let id = UserId::parse(wish.id.as_deref().unwrap_or_default().trim())?;
        let name = filled_in(wish.name.clone()).map_or_else(|| Ok(id.to_string()), |name| check_name(&name))?;
        let password = wish.password.clone().unwrap_or_default();
        check_chosen(&password)?;
        if self.store.user(&id).await?.is_some() {
            return Err(ApiError::UserTaken);
        }
        let password = Some(self.passwords.hash(password).await?.as_str().to_owned());
        let user = User { id, name, role: UserRole::Organiser, made_at: self.clock.now() };
        self.add(NewUser { user, password }, entrance).await
    }

    /// Adds the account: by an invitation as what that says.
    async fn add(&self, new: NewUser, entrance: &Entrance) -> Result<User, ApiError> {
        let (who, at) = (new.user.id.to_string(), new.user.made_at);
        let store = self.store.on_record(Deed { at, subject: who.clone(), who, what: "user.signup".into() });
        match entrance {
            Entrance::Invited(secret, _) => {
                store.accept_invitation(&secret.hash(), &new).await?.ok_or(ApiError::SignUpClosed)
            }
            _ => store.insert_user(&new).await.map(|()| new.user).map_err(ApiError::from),
        }
    }

    /// The form again, with what was typed but the password, and what is wrong beside its field.
    fn ask_again(
        &self,
        wish: &Wish,
        entrance: &Entrance,
        error: ApiError,
        language: Language,
    ) -> Result<Response, ApiError> {
        // Somebody else used the invitation in the meantime.
        let is_used = matches!((entrance, &error), (Entrance::Invited(..), ApiError::SignUpClosed));
        let entrance = if is_used { &Entrance::Stale } else { entrance };
        let page = SignUpPage::new(entrance, self.signup, within(wish.next.as_deref()));
        let (id, name) = (wish.id.as_deref().unwrap_or_default(), wish.name.as_deref().unwrap_or_default());
        match page.again(id, name, &error) {
            Some(page) => Ok((error.status(), self.pages.show("signup.html", language, page)?).into_response()),
            None => Err(error),
        }
    }
}
