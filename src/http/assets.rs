//! What pages load: served by every process that shows pages, so that none is ever without its style.
//!
//! Addresses carry a hash of all assets, and so does what one of them loads by a relative address: a page never gets
//! scripts of two releases.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::error::ApiError;
use super::files::{Files, Kind};

/// Assets, and the version of all of them.
#[derive(Clone, Debug)]
struct Assets {
    files: Files,
    version: Option<String>,
}

/// `/assets/{version}/{name}` and, of any version, `/assets/{name}`.
pub fn router(files: Files) -> Router {
    let version = files.assets_version();
    Router::new()
        .route("/assets/{version}/{name}", get(versioned))
        .route("/assets/{name}", get(of_any_version))
        .with_state(Assets { files, version })
}

async fn versioned(
    State(assets): State<Assets>,
    Path((version, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    // Under another version, as while an update is rolled out, it must not be kept for long.
    let for_ever = assets.version.as_ref() == Some(&version);
    assets.answer(&name, if for_ever { "public, max-age=31536000, immutable" } else { "public, max-age=60" })
}

async fn of_any_version(State(assets): State<Assets>, Path(name): Path<String>) -> Result<Response, ApiError> {
    let caching = if assets.version.is_some() { "public, max-age=60" } else { "no-cache" };
    assets.answer(&name, caching)
}

impl Assets {
    fn answer(&self, name: &str, caching: &'static str) -> Result<Response, ApiError> {
        let body = self.files.read(Kind::Asset, name).ok_or(ApiError::NotFound("asset"))?;
        let headers = [(CONTENT_TYPE, content_type(name)), (CACHE_CONTROL, caching)];
        Ok((headers.map(|(name, value)| (name, HeaderValue::from_static(value))), body).into_response())
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
