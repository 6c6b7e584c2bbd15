//! The requests of viewers.

use axum::Json;
use axum::extract::{Extension, Path, Query, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::{Needs, csv, events};
use crate::domain::snapshot::{Audience, SnapshotView};
use crate::http::error::ApiError;
use crate::http::origin::Peer;
use crate::http::pages::html;

#[derive(Debug, Serialize)]
struct Page<'a> {
    #[serde(flatten)]
    view: &'a SnapshotView,
    code: &'a str,
    address: String,
    rows: Vec<Row<'a>>,
    after_close: bool,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    key: String,
    label: &'a str,
    votes: Option<u64>,
    percent: Option<String>,
    /// Whether no option has more votes.
    ahead: bool,
}

/// `GET /results/{poll}`, `/results/{poll}.json` and `/results/{poll}.csv`: a slug has no dot, so the ending tells.
pub async fn get_results(
    State(needs): State<Needs>,
    Path(name): Path<String>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let audience = needs.key.audience(&headers);
    let (name, ending) = name.split_once('.').map_or((name.as_str(), None), |(name, ending)| (name, Some(ending)));
    match ending {
        None => page(&needs, name, audience, &headers, peer).await,
        Some("json") => Ok(Json(needs.hub.snapshot(name).await?.view(audience)).into_response()),
        Some("csv") => table(&needs, name, audience).await,
        Some(_) => Err(ApiError::NotFound("address")),
    }
}

/// How a stream is asked for.
#[derive(Debug, Deserialize)]
pub struct EventsQuery {
    /// What the viewer has seen: `<poll id>.<version>`.
    seen: Option<String>,
}

/// `GET /results/{poll}/events`: the live stream.
pub async fn get_events(
    State(needs): State<Needs>,
    Path(name): Path<String>,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (audience, seen) = (needs.key.audience(&headers), events::last_seen(&headers, query.seen.as_deref()));
    let viewer = needs.hub.watch(&name, audience, seen).await?;
    Ok(events::respond(&needs.hub, viewer, audience, seen))
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

async fn page(
    needs: &Needs,
    name: &str,
    audience: Audience,
    headers: &HeaderMap,
    peer: Peer,
) -> Result<Response, ApiError> {
    let snapshot = needs.hub.snapshot(name).await?;
    let view = snapshot.view(audience);
    let percent = |votes: u64| {
        #[expect(clippy::cast_precision_loss, reason = "a percentage to one decimal")]
        let share = votes as f64 * 100.0 / view.total.unwrap_or_default().max(1) as f64;
        format!("{share:.1}")
    };
    let most = view.options.iter().filter_map(|option| option.votes).max().unwrap_or_default().max(1);
    let rows = view.options.iter().map(|option| Row {
        key: option.key.to_string(),
        label: &option.label,
        votes: option.votes,
        percent: option.votes.map(percent),
        ahead: option.votes == Some(most),
    });
    let page = Page {
        view: &view,
        code: snapshot.poll.code.as_str(),
        address: format!("{}/vote/{}", needs.origins.base(headers, Some(peer)), view.poll),
        rows: rows.collect(),
        after_close: snapshot.poll.results == crate::domain::poll::Visibility::AfterClose,
    };
    Ok(html(needs.pages.render("results.html", &page)?))
}
