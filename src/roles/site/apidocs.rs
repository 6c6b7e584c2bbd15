//! The API, described: `/openapi.json`, and the same to read and to try (Swagger UI).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use serde::Serialize;
use utoipa::OpenApi;

use super::Needs;
use crate::http::error::ApiError;
use crate::http::language::Language;
use crate::http::openapi::Chapter;

/// The files of Swagger UI that the page loads, and what they are.
const FILES: [(&str, &str); 2] =
    [("swagger-ui.css", "text/css; charset=utf-8"), ("swagger-ui-bundle.js", "text/javascript; charset=utf-8")];

#[derive(OpenApi)]
#[openapi(paths(describe))]
struct Operations;

/// The page has nothing to fill in.
#[derive(Debug, Serialize)]
struct Page {}

/// The role's chapter of the description.
#[must_use]
pub fn chapter() -> Chapter {
    Chapter { role: "site", about: "What the site says of itself.", operations: Operations::openapi() }
}

/// The routes of the description.
pub fn router() -> Router<Needs> {
    Router::new().route("/openapi.json", get(describe)).route("/apidocs", get(page)).route("/apidocs/{name}", get(file))
}

/// `GET /openapi.json`.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "describe_api",
    summary = "This description",
    description = "In OpenAPI 3.1.",
    responses((status = 200, description = "The description.", body = Object))
)]
async fn describe(State(needs): State<Needs>) -> Response {
    ([(CONTENT_TYPE, "application/json")], needs.description).into_response()
}

/// `GET /apidocs`.
async fn page(State(needs): State<Needs>, language: Language) -> Result<Response, ApiError> {
    needs.pages.show("apidocs.html", language, Page {})
}

/// `GET /apidocs/{name}`: a file of Swagger UI.
async fn file(Path(name): Path<String>) -> Result<Response, ApiError> {
    let missing = || ApiError::NotFound("asset");
    let (name, kind) = FILES.into_iter().find(|(known, _)| *known == name).ok_or_else(missing)?;
    let file = utoipa_swagger_ui::serve(name, Arc::default()).ok().flatten().ok_or_else(missing)?;
    let mut response = Bytes::from(file.bytes.into_owned()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    // Of an older release for a day at most, which does no harm: it only draws what is described.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    if file.gzpipped {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}
