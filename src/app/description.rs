//! The description of the API: what each role has to say of its routes, and of what is at `/`.

use bytes::Bytes;
use utoipa::{OpenApi, ToSchema};

use crate::http::error::ErrorBody;
use crate::http::openapi::{self, Chapter};
use crate::http::ops;
use crate::roles::{items, polls, quotes, result, search, site, users, vote};

#[derive(OpenApi)]
#[openapi(paths(front, vote_at_the_door))]
struct Operations;

/// The whole description, in JSON. It is the same in every process, whatever roles it has.
pub fn whole() -> Bytes {
    let chapters = [
        polls::openapi::chapter(),
        vote::openapi::chapter(),
        result::openapi::chapter(),
        users::openapi::chapter(),
        quotes::openapi::chapter(),
        search::openapi::chapter(),
        items::openapi::chapter(),
        site::apidocs::chapter(),
        door(),
        ops::chapter(),
    ];
    // It has no map keys but strings: it always has a JSON form.
    openapi::whole(chapters).to_json().unwrap_or_default().into()
}

fn door() -> Chapter {
    let about = "What is at `/`: by host name the default poll's voting page, its result, or the front page.";
    Chapter { role: "front", about, operations: Operations::openapi() }
}

#[utoipa::path(
    get,
    path = "/",
    operation_id = "front",
    summary = "The page at this host",
    responses(
        (status = 200, description = "A page.", body = String, content_type = "text/html"),
        (status = 404, description = "This process has no page to show at this host.", body = ErrorBody)
    )
)]
#[expect(dead_code, reason = "only described")]
fn front() {}

/// A ballot in the default poll, as clients of old send it.
#[derive(ToSchema)]
#[schema(example = json!({ "vote": "a" }))]
#[expect(dead_code, reason = "only described")]
struct FrontForm {
    /// The key of an option.
    #[schema(pattern = "^[a-z]{1,2}$")]
    vote: String,
}

#[utoipa::path(
    post,
    path = "/",
    operation_id = "vote_at_the_door",
    summary = "Cast a ballot in the default poll, by a form",
    description = "At hosts where `/` is the default poll's voting page (`vote.*`): as `POST /vote/default`.",
    request_body(content = FrontForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It is accepted: the page that says so.", body = String, content_type = "text/html"),
        (status = 401, description = "In this poll accounts vote.", body = ErrorBody),
        (status = 404, description = "This process takes no votes at this host.", body = ErrorBody),
        (status = 405, description = "At this host `/` is no voting page.", body = ErrorBody),
        (status = 409, description = "The poll is not open, or the voter has chosen otherwise before.", body = ErrorBody)
    )
)]
#[expect(dead_code, reason = "only described")]
fn vote_at_the_door() {}
