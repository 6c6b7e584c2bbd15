//! The audit trail, to read and to export.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LINK};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Needs;
use crate::domain::deed::Recorded;
use crate::domain::snapshot::harmless_in_csv;
use crate::http::error::ApiError;
use crate::http::query::Parameters;
use crate::store::Store;

/// Deeds in one answer: where nothing is said, and at most.
const PAGE: u32 = 1000;

/// Which deeds are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// At most so many in one answer.
    #[param(default = 1000, format = "uint32")]
    limit: Option<u32>,
    /// Only those with a lower number.
    #[param(format = "uint64")]
    before: Option<u64>,
    /// `csv` for a table.
    #[param(pattern = "^csv$")]
    format: Option<String>,
}

/// `GET /users/audit`: the newest first, in pages; `?format=csv` for all of it.
#[utoipa::path(
    get,
    path = "/users/audit",
    operation_id = "list_audit",
    summary = "The audit trail",
    description = "What was done by administration, by whom and when: the newest first, in pages. `format=csv` streams all of it.",
    params(Wanted),
    responses((status = 200, description = "Deeds.",
        content(
            (Vec<Recorded> = "application/json"),
            (String = "text/csv", example = "id,at,who,what,subject\r\n12,2026-05-04T09:30:00Z,admin key,poll.close,drinks\r\n")
        ),
        headers(("Link" = String, description = "`rel=\"next\"`: the next page, where there is one."))
    ))
)]
pub async fn list(State(needs): State<Needs>, Parameters(wanted): Parameters<Wanted>) -> Result<Response, ApiError> {
    let limit = wanted.limit.unwrap_or(PAGE).clamp(1, PAGE);
    match wanted.format.as_deref() {
        Some("csv") => export(needs.store.clone(), wanted.before).await,
        Some(_) => Err(ApiError::BadRequest("format: csv".into())),
        None => {
            let deeds = needs.store.deeds(wanted.before, limit).await?;
            let more = deeds.last().filter(|_| deeds.len() == limit as usize).map(|last| last.id);
            let answer = Json(&deeds).into_response();
            let Some(before) = more else { return Ok(answer) };
            let next = format!("</users/audit?before={before}&limit={limit}>; rel=\"next\"");
            Ok(([(LINK, next)], answer).into_response())
        }
    }
}

/// All of it as CSV, read page by page as the client takes it.
async fn export(store: Store, before: Option<u64>) -> Result<Response, ApiError> {
    let first = store.deeds(before, PAGE).await?;
    let head = Bytes::from_static(b"id,at,who,what,subject\r\n");
    let pages = stream::unfold(Some((store, Page::Head(head, first))), |state| async move {
        let (store, page) = state?;
        match page {
            Page::Head(head, deeds) => Some((Ok(head), Some((store, Page::Deeds(deeds))))),
            Page::Deeds(deeds) => {
                let last = deeds.last()?.id;
                let text = lines(&deeds);
                match store.deeds(Some(last), PAGE).await {
                    Ok(next) => Some((Ok(text), Some((store, Page::Deeds(next))))),
                    Err(error) => Some((Err(error), None)),
                }
            }
        }
    });
    let headers =
        [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\"")];
    Ok((headers, Body::from_stream(pages)).into_response())
}

enum Page {
    Head(Bytes, Vec<Recorded>),
    Deeds(Vec<Recorded>),
}

fn lines(deeds: &[Recorded]) -> Bytes {
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for Recorded { id, deed } in deeds {
        let row = [id.to_string(), deed.at.to_string(), deed.who.clone(), deed.what.clone(), deed.subject.clone()];
        // Writing to memory does not fail.
        let _ = table.write_record(row.map(|field| harmless_in_csv(&field)));
    }
    table.into_inner().unwrap_or_default().into()
}
