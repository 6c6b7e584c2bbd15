//! What the role has to say of its routes, and what has no type of its own.

use utoipa::{OpenApi, ToSchema};

use super::handlers;
use crate::http::openapi::Chapter;

#[derive(OpenApi)]
#[openapi(paths(handlers::post_ballot, handlers::get_state, handlers::post_form))]
struct Operations;

/// The role's chapter of the description.
#[must_use]
pub fn chapter() -> Chapter {
    let about = "Takes ballots, and says what was counted of a voter.";
    Chapter { role: "vote", about, operations: Operations::openapi() }
}

/// A ballot, as the voting page has it.
#[derive(ToSchema)]
#[schema(example = json!({ "vote": "a" }))]
#[expect(dead_code, reason = "only described: forms are read field by field")]
pub struct VoteForm {
    /// The key of an option.
    #[schema(pattern = "^[a-z]{1,2}$")]
    vote: String,
    /// In a poll by code, where no cookie brings it.
    code: Option<String>,
}
