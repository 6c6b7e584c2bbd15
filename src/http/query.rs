//! The parameters of an address, refused as everything else is.

use std::error::Error;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// Whether what is percent-encoded, as parts of addresses and forms are, is text. Of a path that is none extractors would say so in
/// plain text, not as we do; in parameters they would read U+FFFD for such bytes, whichever they are.
#[must_use]
pub fn is_text(encoded: &[u8]) -> bool {
    percent_encoding::percent_decode(encoded).decode_utf8().is_ok()
}

/// The parameters of an address as a `T`; `400` where they are none.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(parameters)) => Ok(Self(parameters)),
            Err(error) => {
                let what = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                Err(ApiError::BadRequest(format!("the address is not as expected: {what}")))
            }
        }
    }
}
