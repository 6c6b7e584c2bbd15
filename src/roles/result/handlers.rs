//! The requests of viewers.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{Needs, csv, events, page, picture};
use crate::domain::snapshot::Audience;
use crate::http::error::ApiError;
use crate::http::language::Language;
use crate::http::origin::Base;
use crate::http::query::Parameters;

/// For whom something is asked.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    /// `organiser` for what is hidden from the public.
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
    let audience = asked.audience(&needs, &headers)?;
    let (name, ending) = name.split_once('.').map_or((name.as_str(), None), |(name, ending)| (name, Some(ending)));
    match ending {
        None => page::live(&needs, &*needs.hub.snapshot(name).await?, &base, language).await,
        Some("json") => Ok(Json(needs.hub.snapshot(name).await?.view(audience)).into_response()),
        Some("csv") => table(&needs, name, audience).await,
        Some("svg") => picture::picture(&needs, &*needs.hub.snapshot(name).await?, audience, language),
        Some(_) => Err(ApiError::NotFound("address")),
    }
}

/// `GET /results/{poll}/events`: the live stream.
pub async fn get_events(
    State(needs): State<Needs>,
    Path(name): Path<String>,
    Parameters(asked): Parameters<Asked>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let audience = asked.audience(&needs, &headers)?;
    let seen = events::last_seen(&headers, asked.seen.as_deref());
    let viewer = needs.hub.watch(&name, audience, seen).await?;
    Ok(events::respond(&needs.hub, viewer, audience, seen))
}

impl Asked {
    /// For whom to show it: for an organiser who says so. Whoever shows the key says so by that; a session alone does
    /// not, for its browser may be the one that projects the result page.
    fn audience(&self, needs: &Needs, headers: &HeaderMap) -> Result<Audience, ApiError> {
        match self.audience.as_deref() {
            Some("organiser") => needs.organisers.require(headers).map(|()| Audience::Organiser),
            Some(_) => Err(ApiError::BadRequest("audience: organiser".into())),
            None if headers.contains_key(AUTHORIZATION) => Ok(needs.organisers.audience(headers)),
            None => Ok(Audience::Public),
        }
    }
}

async fn table(needs: &Needs, name: &str, audience: Audience) -> Result<Response, ApiError> {
    let view = needs.hub.snapshot(name).await?.view(audience);
    if view.hidden {
        return Err(ApiError::Unauthorized);
    }
    let file = format!("attachment; filename=\"{}.csv\"", view.poll);
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, file)];
    Ok((headers, csv::encode(&view)?).into_response())
}
