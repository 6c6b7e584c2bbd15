//! The voting codes of a poll: made as a table or as a sheet to cut up, counted, made worthless.

use std::fmt::Write;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Needs;
use super::handlers::Asked;
use super::making::Making;
use super::openapi::CodesForm;
use super::sheet;
use crate::domain::code::{CodeBatch, MAX_BATCH, MAX_CODES, VotingCode};
use crate::domain::poll::{OneVotePer, Poll};
use crate::http::actors::Caller;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::guard::Known;
use crate::http::language::Language;
use crate::http::origin::Base;
use crate::http::pages::html;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCodes, example = json!({ "count": 300 }))]
struct CodesBody {
    /// How many, as long as the poll has room: 5,000,000 in all.
    #[schema(minimum = 1, maximum = 1_000_000)]
    count: u32,
}

/// How many codes a poll has. Which were used is not known here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "made": 300, "used": 12, "batches": [{ "batch": 1, "codes": 300, "made_at": "2026-05-04T09:30:00Z" }]
}))]
struct Codes {
    /// Codes that are good.
    made: u64,
    /// Votes counted in this round, each with a code of its own.
    used: u64,
    batches: Vec<Batch>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Batch {
    #[serde(rename = "batch")]
    number: u32,
    codes: u64,
    made_at: Timestamp,
}

/// `POST /polls/{poll}/codes`: makes codes, as a table; by a form also as a sheet to cut up.
#[utoipa::path(
    post,
    path = "/polls/{poll}/codes",
    operation_id = "make_codes",
    summary = "Make voting codes",
    description = "As a table of codes and their links, streamed. It is shown this once; a table that breaks off is worthless. \
        A form may ask for a sheet to print and cut up instead, of at most 1000.",
    request_body(content((CodesBody = "application/json"), (CodesForm = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "The codes.", content(
            (String = "text/csv", example = "code,link\r\nK7RM-PXQ2-9TWZ,https://votes.example/vote/chair/K7RM-PXQ2-9TWZ\r\n"),
            (String = "text/html")
        )),
        (status = 409, description = "This poll does not vote by code.", body = ErrorBody)
    )
)]
pub async fn make(
    State(needs): State<Needs>,
    Path(name): Path<String>,
    Known(caller): Known,
    base: Base,
    language: Language,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let poll = needs.own(&caller, &name).await?;
    let asked = Asked::read(&headers, body).await?;
    let (count, as_sheet) = match &asked {
        Asked::Json(asked) => (asked.parse::<CodesBody>()?.count, false),
        Asked::Form(form) => (form.count()?, form.wants_sheet()?),
    };
    let most = if as_sheet { sheet::MOST } else { MAX_BATCH };
    needs.room_for(&poll, count, most).await?;
    let recording = needs.of(&caller, "codes.create", &poll).store;
    let mut making = Making::begin(&needs, recording, &poll, count).await?;
    // Nobody is told that codes were made before some are stored.
    let first = making.next().await?;
    let page = base.voting_page(&poll.slug);
    if as_sheet {
        let sheet = sheet::page(&needs.pages, language, &poll, &page, first).await?;
        return Ok(html(Bytes::new(), language).map(|_| making.into_body(sheet, |_| Bytes::new())));
    }
    Ok(table(making, &poll, page, &first))
}

/// `GET /polls/{poll}/codes`.
#[utoipa::path(
    get,
    path = "/polls/{poll}/codes",
    operation_id = "count_codes",
    summary = "How many voting codes there are",
    description = "By batch, and how many votes were counted. Which codes were used is not known.",
    responses((status = 200, description = "The numbers.", body = Codes))
)]
pub async fn count(
    State(needs): State<Needs>,
    Path(name): Path<String>,
    Known(caller): Known,
) -> Result<Response, ApiError> {
    let poll = needs.own(&caller, &name).await?;
    let batches = needs.store.batches(poll.id).await?;
    let votes = needs.store.snapshot(poll.id, needs.clock.now()).await?;
    let batch = |batch: &CodeBatch| Batch { number: batch.number, codes: batch.codes, made_at: batch.made_at };
    let used = votes.filter(|_| poll.one_vote_per == OneVotePer::Code).map_or(0, |votes| votes.total());
    let made = batches.iter().map(|batch| batch.codes).sum();
    Ok(Json(Codes { made, used, batches: batches.iter().map(batch).collect() }).into_response())
}

/// `DELETE /polls/{poll}/codes/{batch}`: makes a batch worthless. Votes that were cast with it stay.
#[utoipa::path(
    delete,
    path = "/polls/{poll}/codes/{batch}",
    operation_id = "void_codes",
    summary = "Make a batch of codes worthless",
    description = "Votes that were cast with its codes stay.",
    params(("batch" = u32, Path, description = "The batch's number.", example = 1)),
    responses((status = 204, description = "They are worthless."))
)]
pub async fn void(
    State(needs): State<Needs>,
    Path((name, batch)): Path<(String, String)>,
    Known(caller): Known,
) -> Result<Response, ApiError> {
    needs.void(&caller, &name, &batch).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /polls/{poll}/codes/{batch}/void`: the same for forms, which know no DELETE.
#[utoipa::path(
    post,
    path = "/polls/{poll}/codes/{batch}/void",
    operation_id = "void_codes_by_form",
    summary = "Make a batch of codes worthless, by a form",
    description = "For forms, which know no DELETE.",
    params(("batch" = u32, Path, description = "The batch's number.", example = 1)),
    responses((status = 303, description = "On to the poll's page in the studio."))
)]
pub async fn void_by_form(
    State(needs): State<Needs>,
    Path((name, batch)): Path<(String, String)>,
    Known(caller): Known,
) -> Result<Response, ApiError> {
    let poll = needs.void(&caller, &name, &batch).await?;
    Ok(Redirect::to(&format!("/studio/polls/{}", poll.slug)).into_response())
}

impl Needs {
    /// Refuses a number of codes that is none, more than `most`, or more than the poll may have.
    async fn room_for(&self, poll: &Poll, count: u32, most: u32) -> Result<(), ApiError> {
        if poll.one_vote_per != OneVotePer::Code {
            return Err(ApiError::NotByCode);
        }
        let batches = self.store.batches(poll.id).await?;
        let made: u64 = batches.iter().map(|batch| batch.codes).sum();
        let most = MAX_CODES.saturating_sub(made).min(u64::from(most));
        match most {
            0 => Err(ApiError::TooManyCodes),
            _ if (1..=most).contains(&u64::from(count)) => Ok(()),
            _ => Err(ApiError::CodeCount { most }),
        }
    }

    async fn void(&self, caller: &Caller, name: &str, batch: &str) -> Result<Poll, ApiError> {
        let poll = self.own(caller, name).await?;
        let number = batch.parse().map_err(|_| ApiError::NotFound("batch"))?;
        let recording = self.of(caller, "codes.void", &poll).store;
        if !recording.void_batch(poll.id, number).await? {
            return Err(ApiError::NotFound("batch"));
        }
        Ok(poll)
    }
}

/// Codes as CSV (RFC 4180): none of its values needs quotes.
fn table(making: Making, poll: &Poll, page: String, first: &[VotingCode]) -> Response {
    let file = format!("attachment; filename=\"{}-codes-{}.csv\"", poll.slug, making.number);
    let print = move |codes: &[VotingCode]| {
        let mut lines = String::with_capacity(codes.len() * (page.len() + 40));
        for code in codes {
            // Writing to a string does not fail.
            let _ = write!(lines, "{code},{page}/{code}\r\n");
        }
        Bytes::from(lines)
    };
    let head = [Bytes::from_static(b"code,link\r\n"), print(first)].concat();
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (CONTENT_DISPOSITION, HeaderValue::try_from(file).unwrap_or(HeaderValue::from_static("attachment"))),
    ];
    (headers, making.into_body(head.into(), print)).into_response()
}
