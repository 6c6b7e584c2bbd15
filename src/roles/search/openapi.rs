//! What the role has to say of its route.

use utoipa::OpenApi;

use crate::http::openapi::Chapter;

#[derive(OpenApi)]
#[openapi(paths(super::find))]
struct Operations;

/// The role's chapter of the description.
#[must_use]
pub fn chapter() -> Chapter {
    Chapter { role: "search", about: "Finds quotes by their words.", operations: Operations::openapi() }
}
