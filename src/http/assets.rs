//! What pages load: served by every process that shows pages, so that none is ever without its style.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use super::error::ApiError;
use super::files::{Files, Kind};

/// How an asset is asked for.
#[derive(Debug, Deserialize)]
struct Asked {
    /// The version that the page named.
    v: Option<String>,
}

/// `/assets/{name}`.
pub fn router(files: Files) -> Router {
    Router::new().route("/assets/{name}", get(asset)).with_state(files)
}

async fn asset(
    State(files): State<Files>,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let body = files.read(Kind::Asset, &name).ok_or(ApiError::NotFound("asset"))?;
    let version = files.asset_version(&name);
    // Under the name of another version, as while an update is rolled out, it must not be kept for long.
    let caching = match (&version, asked.v) {
        (Some(version), Some(asked)) if *version == asked => "public, max-age=31536000, immutable",
        (Some(_), _) => "public, max-age=300",
        (None, _) => "no-cache",
    };
    let tag = version.and_then(|version| HeaderValue::try_from(format!("\"{version}\"")).ok());
    let unchanged = tag.is_some() && headers.get(IF_NONE_MATCH) == tag.as_ref();
    let mut response = if unchanged { StatusCode::NOT_MODIFIED.into_response() } else { body.into_response() };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(&name)));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    tag.map(|tag| headers.insert(ETAG, tag));
    Ok(response)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
