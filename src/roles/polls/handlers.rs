//! The requests of organisers.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Needs;
use super::forms::Form;
use super::openapi::{ActionForm, PollForm};
use super::view::PollView;
use crate::domain::change::PollChange;
use crate::domain::names::PollId;
use crate::domain::new_poll::NewPoll;
use crate::domain::poll::{Poll, Status};
use crate::http::actors::Caller;
use crate::http::body::{self, Kind};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::guard::Known;

/// The longest delay of a closing, in seconds: a year.
const MAX_DELAY: u32 = 366 * 24 * 3600;

/// The body of an action that takes no settings: nothing, or an empty object.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoBody {}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Closing, example = json!({ "in": 30 }))]
struct CloseBody {
    /// Close in so many seconds; at once where absent. At most a year.
    #[serde(rename = "in")]
    #[schema(maximum = 31_622_400)]
    delay: Option<u32>,
}

/// What can be posted to `/polls/{poll}/{action}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
enum Action {
    Open,
    Close,
    Reset,
    Duplicate,
    /// By a form, which knows no PATCH: all that its fields say.
    Edit,
    /// By a form: who sees totals.
    Show,
    /// By a form, which knows no DELETE.
    Delete,
}

impl Action {
    fn parse(text: &str) -> Result<Self, ApiError> {
        match text {
            "open" => Ok(Self::Open),
            "close" => Ok(Self::Close),
            "reset" => Ok(Self::Reset),
            "duplicate" => Ok(Self::Duplicate),
            "edit" => Ok(Self::Edit),
            "show" => Ok(Self::Show),
            "delete" => Ok(Self::Delete),
            _ => Err(ApiError::NotFound("address")),
        }
    }

    /// What the audit trail calls it.
    fn deed(self) -> &'static str {
        match self {
            Self::Open => "poll.open",
            Self::Close => "poll.close",
            Self::Reset => "poll.reset",
            Self::Duplicate => "poll.duplicate",
            Self::Edit => "poll.change",
            Self::Show => "poll.show",
            Self::Delete => "poll.delete",
        }
    }
}

/// `GET /polls`.
#[utoipa::path(
    get,
    path = "/polls",
    operation_id = "list_polls",
    summary = "All polls",
    description = "Open and closed ones for everybody; drafts only for whoever may run them.",
    responses((status = 200, description = "The polls.", body = [PollView]))
)]
pub async fn list(State(needs): State<Needs>, headers: HeaderMap) -> Result<Response, ApiError> {
    let caller = needs.actors.know(&headers).await?;
    let now = needs.clock.now();
    let polls = needs.store.polls().await?;
    let sees = |poll: &&Poll| caller.as_ref().is_some_and(|caller| caller.actor.sees(poll));
    let listed = polls.iter().filter(|poll| poll.status_at(now) != Status::Draft || sees(poll));
    Ok(Json(listed.map(|poll| PollView::new(poll, now)).collect::<Vec<_>>()).into_response())
}

/// `GET /polls/{poll}`.
#[utoipa::path(
    get,
    path = "/polls/{poll}",
    operation_id = "show_poll",
    summary = "One poll",
    description = "Its question, options, rules and state. A draft is there only for whoever may run it.",
    responses((status = 200, description = "The poll.", body = PollView))
)]
pub async fn show(
    State(needs): State<Needs>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let poll = needs.find(&name).await?;
    if poll.status_at(needs.clock.now()) == Status::Draft {
        // What is being prepared is nobody else's business, not even that it is there.
        let caller = needs.actors.know(&headers).await?;
        caller.filter(|caller| caller.actor.sees(&poll)).ok_or(ApiError::NotFound("poll"))?;
    }
    Ok(Json(PollView::new(&poll, needs.clock.now())).into_response())
}

/// `POST /polls`: from JSON, or from the form of the studio.
#[utoipa::path(
    post,
    path = "/polls",
    operation_id = "create_poll",
    summary = "Make a poll",
    description = "A draft, or open at once. It belongs to whoever makes it. Where no slug is wished for, one is made from the title.",
    request_body(content((NewPoll = "application/json"), (PollForm = "application/x-www-form-urlencoded"))),
    responses(
        (status = 201, description = "The poll that was made.", body = PollView,
            headers(("Location" = String, description = "The path of the poll."))),
        (status = 303, description = "To a form: on to the poll's page in the studio."),
        (status = 409, description = "The slug is taken, or this organiser has too many polls.", body = ErrorBody)
    )
)]
pub async fn create(
    State(needs): State<Needs>,
    Known(caller): Known,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let asked = Asked::read(&headers, body).await?;
    let wish: NewPoll = match &asked {
        Asked::Json(asked) => asked.parse()?,
        Asked::Form(form) => form.wish()?,
    };
    let poll = needs.create(&caller, "poll.create", &wish).await?;
    Ok(asked.answer(&needs, StatusCode::CREATED, &poll))
}

/// `PATCH /polls/{poll}`.
#[utoipa::path(
    patch,
    path = "/polls/{poll}",
    operation_id = "change_poll",
    summary = "Change a poll",
    description = "Changes what the body names, and leaves the rest. Texts are fixed once the first ballot was accepted. A time given as null is removed.",
    request_body = PollChange,
    responses(
        (status = 200, description = "The poll as it is now.", body = PollView),
        (status = 409, description = "The state of the poll does not allow it.", body = ErrorBody)
    )
)]
pub async fn change(
    State(needs): State<Needs>,
    Path(name): Path<String>,
    Known(caller): Known,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let poll = needs.own(&caller, &name).await?;
    if body::kind(&headers) != Kind::Json {
        return Err(ApiError::UnsupportedMediaType("application/json"));
    }
    let bytes = body::read(body, body::POLL).await?;
    let change: PollChange = body::json(&bytes)?;
    let poll = needs.of(&caller, "poll.change", &poll).patch(poll.id, &change).await?;
    Ok(Json(PollView::new(&poll, needs.clock.now())).into_response())
}

/// `DELETE /polls/{poll}`.
#[utoipa::path(
    delete,
    path = "/polls/{poll}",
    operation_id = "delete_poll",
    summary = "Delete a poll",
    description = "With its ballots, result and voting codes, for good. Drafts, and polls that are closed and counted to the end.",
    responses(
        (status = 204, description = "It is deleted."),
        (status = 409, description = "It is open, or its last ballots are being counted.", body = ErrorBody)
    )
)]
pub async fn delete(
    State(needs): State<Needs>,
    Path(name): Path<String>,
    Known(caller): Known,
) -> Result<Response, ApiError> {
    let poll = needs.own(&caller, &name).await?;
    needs.of(&caller, "poll.delete", &poll).delete(poll.id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /polls/{poll}/open`, `/close`, `/reset`, `/duplicate`; and `/edit`, `/show` and `/delete`, for forms.
#[utoipa::path(
    post,
    path = "/polls/{poll}/{action}",
    operation_id = "act_on_poll",
    summary = "Open, close, reset or duplicate a poll",
    description = "`open`: begins, or goes on after it was closed. `close`: at once, or with a body in so many seconds; whatever was accepted is counted. \
        `reset`: empties the result. `duplicate`: a new draft with the same texts and rules. \
        `edit`, `show` and `delete` are for forms of the studio, which know neither PATCH nor DELETE.",
    params(("action" = inline(Action), Path, description = "What to do.", example = "close")),
    request_body(
        content((CloseBody = "application/json"), (ActionForm = "application/x-www-form-urlencoded")),
        description = "Only `close` takes settings; all other actions nothing, or an empty object."
    ),
    responses(
        (status = 200, description = "The poll as it is now.", body = PollView),
        (status = 201, description = "`duplicate`: the new draft.", body = PollView,
            headers(("Location" = String, description = "The path of the new poll."))),
        (status = 204, description = "`delete`: it is deleted."),
        (status = 303, description = "To a form: on to a page of the studio."),
        (status = 409, description = "The state of the poll does not allow it.", body = ErrorBody)
    )
)]
pub async fn act(
    State(needs): State<Needs>,
    Path((name, action)): Path<(String, String)>,
    Known(caller): Known,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let poll = needs.own(&caller, &name).await?;
    let action = Action::parse(&action)?;
    let asked = Asked::read(&headers, body).await?;
    if action != Action::Close {
        asked.no_settings()?;
    }
    let (needs, id) = (needs.of(&caller, action.deed(), &poll), poll.id);
    let (status, poll) = match action {
        Action::Open => (StatusCode::OK, needs.open(id).await?),
        Action::Close => (StatusCode::OK, close(&needs, id, asked.delay()?).await?),
        Action::Reset => (StatusCode::OK, needs.reset(id).await?),
        Action::Duplicate => (StatusCode::CREATED, needs.duplicate(&caller, poll).await?),
        Action::Edit => {
            let form = asked.form()?;
            // All of the form is taken for what is wanted, also what somebody else has changed since it was shown.
            if form.revision()? != poll.versions.revision {
                return Err(ApiError::Outdated);
            }
            (StatusCode::OK, needs.patch(id, &form.change(&poll)?).await?)
        }
        Action::Show => {
            let results = Some(asked.form()?.results()?);
            (StatusCode::OK, needs.patch(id, &PollChange { results, ..PollChange::default() }).await?)
        }
        Action::Delete => {
            needs.delete(id).await?;
            return Ok(match asked {
                Asked::Form(_) => Redirect::to("/studio").into_response(),
                Asked::Json(_) => StatusCode::NO_CONTENT.into_response(),
            });
        }
    };
    Ok(asked.answer(&needs, status, &poll))
}

impl Needs {
    /// The poll of this name, if it is this organiser's to run. Of another's draft they do not learn that it is there. What is
    /// done to it later is done by its id: while a body arrives, the name may become that of another poll.
    pub(super) async fn own(&self, caller: &Caller, name: &str) -> Result<Poll, ApiError> {
        let poll = self.find(name).await?;
        if caller.actor.runs(&poll) {
            Ok(poll)
        } else if poll.status_at(self.clock.now()) == Status::Draft {
            Err(ApiError::NotFound("poll"))
        } else {
            Err(ApiError::NotYours)
        }
    }

    /// The same, on whose record goes what the caller does.
    pub(super) fn of(&self, caller: &Caller, what: &str, poll: &Poll) -> Self {
        let deed = caller.deed(what, poll.slug.as_str(), self.clock.now());
        Self { store: self.store.on_record(deed), ..self.clone() }
    }
}

async fn close(needs: &Needs, id: PollId, delay: Option<u32>) -> Result<Poll, ApiError> {
    match delay.filter(|delay| *delay > 0) {
        None => needs.change_by(id, Poll::closed).await,
        Some(delay) if delay > MAX_DELAY => Err(ApiError::BadRequest(format!("in: at most {MAX_DELAY} seconds"))),
        Some(delay) => {
            let delay = Duration::from_secs(u64::from(delay));
            needs.change_by(id, |poll, now| poll.closing_at(now + delay, now)).await
        }
    }
}

/// A request to change something, by an organiser.
pub(super) enum Asked {
    /// By a client.
    Json(body::Asked),
    /// By a page of the studio.
    Form(Form),
}

impl Asked {
    pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Self, ApiError> {
        let asked = body::Asked::read(headers, body, body::POLL).await?;
        Ok(if asked.is_form { Self::Form(Form(asked.fields()?)) } else { Self::Json(asked) })
    }

    fn no_settings(&self) -> Result<(), ApiError> {
        match self {
            Self::Json(asked) if !asked.is_empty() => asked.parse().map(|NoBody {}| ()),
            _ => Ok(()),
        }
    }

    fn delay(&self) -> Result<Option<u32>, ApiError> {
        match self {
            Self::Json(asked) if asked.is_empty() => Ok(None),
            Self::Json(asked) => asked.parse().map(|CloseBody { delay }| delay),
            Self::Form(form) => form.delay(),
        }
    }

    /// The fields of a form; what only forms are for is no address for anything else.
    fn form(&self) -> Result<&Form, ApiError> {
        match self {
            Self::Form(form) => Ok(form),
            Self::Json(_) => Err(ApiError::NotFound("address")),
        }
    }

    /// The poll as JSON for a client; for a form, on to the poll's page in the studio.
    fn answer(&self, needs: &Needs, status: StatusCode, poll: &Poll) -> Response {
        match self {
            Self::Form(_) => Redirect::to(&format!("/studio/polls/{}", poll.slug)).into_response(),
            Self::Json(_) => {
                let view = Json(PollView::new(poll, needs.clock.now()));
                if status == StatusCode::CREATED {
                    return (status, [(LOCATION, format!("/polls/{}", poll.slug))], view).into_response();
                }
                (status, view).into_response()
            }
        }
    }
}
