//! Invitations: a link by which one person may sign up, as what it says.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Needs;
use super::openapi::given_role;
use crate::domain::credential::{Invitation, MAX_LABEL, Secret, public_id};
use crate::domain::rights::Need;
use crate::domain::user::{UserRole, check_name};
use crate::http::actors::Caller;
use crate::http::body::{self, Asked, filled_in};
use crate::http::error::ApiError;
use crate::http::guard::Known;
use crate::http::language::Language;
use crate::http::origin::Base;
use crate::http::qr;

/// For how long an invitation is good.
const LIFETIME: SignedDuration = SignedDuration::from_hours(14 * 24);

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewInvitation, example = json!({ "role": "organiser", "note": "for Nestor" }))]
struct Wish {
    /// What whoever accepts it becomes; an organiser where absent.
    #[schema(schema_with = given_role)]
    role: Option<String>,
    /// For whom it is.
    #[schema(max_length = 100)]
    note: Option<String>,
}

/// An invitation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation, example = json!({
    "id": "0123456789abcdef", "role": "organiser", "note": "for Nestor", "created_at": "2026-05-04T09:30:00Z",
    "ends_at": "2026-05-18T09:30:00Z"
}))]
struct View<'a> {
    id: &'a str,
    role: UserRole,
    note: &'a str,
    created_at: Timestamp,
    ends_at: Timestamp,
    /// The link, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

/// The page that shows the link, once.
#[derive(Debug, Serialize)]
struct Invited<'a> {
    #[serde(flatten)]
    view: View<'a>,
    qr: Option<String>,
    is_answer: bool,
}

impl<'a> View<'a> {
    fn new(invitation: &'a Invitation, link: Option<String>) -> Self {
        let Invitation { id, role, note, made_at, ends_at } = invitation;
        Self { id, role: *role, note, created_at: *made_at, ends_at: *ends_at, link }
    }
}

/// `GET /users/invitations`.
#[utoipa::path(
    get,
    path = "/users/invitations",
    operation_id = "list_invitations",
    summary = "Invitations that are good",
    description = "Those that were neither used nor taken back, and are not over.",
    responses((status = 200, description = "The invitations, without their links.", body = [View]))
)]
pub async fn list(State(needs): State<Needs>) -> Result<Response, ApiError> {
    let invitations = needs.store.invitations(needs.clock.now()).await?;
    Ok(Json(invitations.iter().map(|one| View::new(one, None)).collect::<Vec<_>>()).into_response())
}

/// `POST /users/invitations`.
#[utoipa::path(
    post,
    path = "/users/invitations",
    operation_id = "create_invitation",
    summary = "Invite somebody",
    description = "Makes a link by which one person may sign up within 14 days. It is shown this once.",
    request_body(content((Wish = "application/json"), (Wish = "application/x-www-form-urlencoded"))),
    responses(
        (status = 201, description = "The invitation, with its link.", body = View),
        (status = 200, description = "To a form: a page that shows the link.", body = String, content_type = "text/html")
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
    let (invitation, secret) = needs.invite(&caller, asked.parse()?).await?;
    let view = View::new(&invitation, Some(base.sign_up(&secret)));
    if asked.is_form {
        let page = Invited { qr: view.link.as_deref().and_then(qr::data), view, is_answer: true };
        return needs.pages.show_to(&caller, "studio/invited.html", language, page);
    }
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// `DELETE /users/invitations/{id}`.
#[utoipa::path(
    delete,
    path = "/users/invitations/{id}",
    operation_id = "delete_invitation",
    summary = "Take an invitation back",
    params(("id" = String, Path, description = "The invitation's id.", example = "0123456789abcdef")),
    responses((status = 204, description = "Its link is worthless."))
)]
pub async fn take_back(
    State(needs): State<Needs>,
    Known(caller): Known,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    needs.uninvite(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /users/invitations/{id}/delete`: the same by a form.
#[utoipa::path(
    post,
    path = "/users/invitations/{id}/delete",
    operation_id = "delete_invitation_by_form",
    summary = "Take an invitation back, by a form",
    description = "For forms, which know no DELETE.",
    params(("id" = String, Path, description = "The invitation's id.", example = "0123456789abcdef")),
    responses((status = 303, description = "On to the page of accounts."))
)]
pub async fn take_back_by_form(
    State(needs): State<Needs>,
    Known(caller): Known,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    needs.uninvite(&caller, &id).await?;
    Ok(Redirect::to("/studio/users#invitations").into_response())
}

impl Needs {
    async fn invite(&self, caller: &Caller, wish: Wish) -> Result<(Invitation, Secret), ApiError> {
        let role = filled_in(wish.role).map_or(Ok(UserRole::Organiser), |role| role.parse())?;
        if role == UserRole::Admin {
            caller.require(Need::InPerson)?;
        }
        let note = filled_in(wish.note).map(|note| check_name(&note)).transpose().map_err(|_| {
            ApiError::BadRequest(format!("note: at most {MAX_LABEL} characters, none of them control characters"))
        })?;
        let (made_at, secret) = (self.clock.now(), Secret::random(&self.entropy));
        let invitation = Invitation {
            id: public_id(&self.entropy),
            role,
            note: note.unwrap_or_default(),
            made_at,
            ends_at: made_at + LIFETIME,
        };
        let store = self.recorded(caller, "invitation.create", &invitation.id);
        store.insert_invitation(&invitation, &secret.hash()).await?;
        Ok((invitation, secret))
    }

    async fn uninvite(&self, caller: &Caller, id: &str) -> Result<(), ApiError> {
        let found = self.recorded(caller, "invitation.delete", id).delete_invitation(id).await?;
        if found { Ok(()) } else { Err(ApiError::NotFound("invitation")) }
    }
}
