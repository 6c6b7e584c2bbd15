//! The requests of viewers.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::events::Pass;
use super::{Needs, csv, events, page, picture};
use crate::domain::poll::Poll;
use crate::domain::rights::Need;
use crate::domain::snapshot::{Audience, SnapshotView};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::language::Language;
use crate::http::origin::Base;
use crate::http::query::Parameters;

/// For whom something is asked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// `organiser` for what is hidden from the public.
    #[param(pattern = "^organiser$")]
    audience: Option<String>,
    /// What the viewer of a stream has seen: `<poll id>.<version>`.
    seen: Option<String>,
}

/// `GET /results/{poll}`, and with `.json`, `.csv` or `.svg` behind it: a slug has no dot, so the ending tells.
pub async fn get_results(
    State(needs): State<Needs>,
    Path(name): Path<String>,
    Parameters(asked): Parameters<Asked>,
    base: Base,
    language: Language,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (name, ending) = name.split_once('.').map_or((name.as_str(), None), |(name, ending)| (name, Some(ending)));
    let snapshot = needs.hub.snapshot(name).await?;
    let audience = asked.audience(&needs, &headers, &snapshot.poll).await?;
    match ending {
        None => page::live(&needs, &snapshot, &base, language).await,
        Some("json") => Ok(Json(snapshot.view(audience)).into_response()),
        Some("csv") => table(&snapshot.view(audience)),
        Some("svg") => picture::picture(&needs, &snapshot, audience, language),
        Some(_) => Err(ApiError::NotFound("address")),
    }
}

/// `GET /results/{poll}/events`: the live stream.
#[utoipa::path(
    get,
    path = "/results/{poll}/events",
    operation_id = "follow_result",
    summary = "How a poll stands, live",
    description = "Server-sent events: `snapshot` with each change (as `/results/{poll}.json`), `reset` where a later version was shown before, \
        `gone` where the poll was deleted. It does not end by itself.",
    params(Asked),
    responses(
        (status = 200, description = "The stream.", body = String, content_type = "text/event-stream",
            example = "retry: 3274\n\nid: 3f0b1c9d2e47.7\nevent: snapshot\ndata: {…}\n\n"),
        (status = 401, description = "`audience=organiser`, by nobody who is known.", body = ErrorBody),
        (status = 403, description = "`audience=organiser`, and it is another's poll.", body = ErrorBody)
    )
)]
pub async fn get_events(
    State(needs): State<Needs>,
    Path(name): Path<String>,
    Parameters(asked): Parameters<Asked>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (place, snapshot) = (needs.hub.place()?, needs.hub.snapshot(&name).await?);
    let audience = asked.audience(&needs, &headers, &snapshot.poll).await?;
    let seen = events::last_seen(&headers, asked.seen.as_deref());
    let viewer = needs.hub.watch(place, snapshot, audience, seen).await?;
    let pass = (audience == Audience::Organiser).then(|| Pass::new(needs.actors.clone(), &headers));
    Ok(events::respond(&needs.hub, viewer, pass, seen))
}

impl Asked {
    /// For whom to show it: for the poll's organiser, who says so. Whoever shows the key or a token says so by that; a
    /// session alone does not, for its browser may be the one that projects the result page.
    async fn audience(&self, needs: &Needs, headers: &HeaderMap, poll: &Poll) -> Result<Audience, ApiError> {
        match self.audience.as_deref() {
            Some("organiser") => {
                let caller = needs.actors.know(headers).await?.ok_or(ApiError::Unauthorized)?;
                match caller.actor.audience(poll) {
                    Audience::Organiser => Ok(Audience::Organiser),
                    Audience::Public => Err(ApiError::Forbidden(Need::Organiser)),
                }
            }
            Some(_) => Err(ApiError::BadRequest("audience: organiser".into())),
            None if self.names_nobody(headers) => Ok(Audience::Public),
            None => {
                let caller = needs.actors.know(headers).await?;
                Ok(caller.map_or(Audience::Public, |caller| caller.actor.audience(poll)))
            }
        }
    }

    /// Whether it is asked by nobody in particular.
    fn names_nobody(&self, headers: &HeaderMap) -> bool {
        self.audience.is_none() && !headers.contains_key(AUTHORIZATION)
    }
}

fn table(view: &SnapshotView) -> Result<Response, ApiError> {
    if view.hidden {
        return Err(ApiError::Unauthorized);
    }
    let file = format!("attachment; filename=\"{}.csv\"", view.poll);
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, file)];
    Ok((headers, csv::encode(view)?).into_response())
}
