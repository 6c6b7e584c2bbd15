//! What pages of any origin may use: routes of [`Kind::Shared`]. <https://fetch.spec.whatwg.org/#http-cors-protocol>
//!
//! It is safe because nothing that a browser adds by itself proves anything there: without credentials that the page has in its own
//! hands, such a request may do what everybody may.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::table::{Kind, Row, TABLE};

/// Whether this path is for pages of any origin.
#[must_use]
pub fn is_shared(path: &str) -> bool {
    TABLE.iter().any(|row| row.kind == Kind::Shared && row.path == path)
}

/// Lets pages of any origin read an answer.
pub fn open(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Link, Retry-After, X-Request-Id"));
}

/// What a browser is told that asks first, for a day.
#[must_use]
pub fn preflight(rows: &[&Row]) -> Response {
    let methods = rows.iter().map(|row| row.method).collect::<Vec<_>>().join(", ");
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    if let Ok(methods) = HeaderValue::try_from(methods) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    }
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Content-Type, Authorization"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}
