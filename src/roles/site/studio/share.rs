//! What organisers hand out: a sheet to print, and the QR code alone.

use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::super::Needs;
use crate::http::error::ApiError;
use crate::http::guard::Known;
use crate::http::language::Language;
use crate::http::origin::Base;
use crate::http::qr;

#[derive(Debug, Serialize)]
struct Sheet<'a> {
    slug: &'a str,
    code: &'a str,
    title: &'a str,
    join: String,
    qr: Option<String>,
}

/// `GET /studio/polls/{poll}/sheet`.
pub async fn sheet(
    State(needs): State<Needs>,
    language: Language,
    Known(caller): Known,
    Path(name): Path<String>,
    base: Base,
) -> Result<Response, ApiError> {
    let poll = needs.find(&caller, &name).await?;
    let sheet = Sheet {
        slug: poll.slug.as_str(),
        code: poll.code.as_str(),
        title: &poll.title,
        join: base.join(),
        qr: qr::data(&base.voting_page(&poll.slug)),
    };
    needs.pages.show("studio/sheet.html", language, sheet)
}

/// `GET /studio/polls/{poll}/qr.svg`.
pub async fn qr_file(
    State(needs): State<Needs>,
    Known(caller): Known,
    Path(name): Path<String>,
    base: Base,
) -> Result<Response, ApiError> {
    let poll = needs.find(&caller, &name).await?;
    let image = qr::svg(&base.voting_page(&poll.slug)).ok_or(ApiError::NotFound("address"))?;
    Ok(([(CONTENT_TYPE, "image/svg+xml")], image).into_response())
}
