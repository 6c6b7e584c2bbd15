//! What the role has to say of its routes. The formats of a result have one handler, so they are described here.

use utoipa::OpenApi;

use super::handlers::{self, Asked};
use crate::domain::snapshot::SnapshotView;
use crate::http::error::ErrorBody;
use crate::http::openapi::Chapter;

#[derive(OpenApi)]
#[openapi(paths(json, csv, svg, handlers::get_events))]
struct Operations;

/// The role's chapter of the description.
#[must_use]
pub fn chapter() -> Chapter {
    let about = "How polls stand: once, or as a live stream.";
    Chapter { role: "result", about, operations: Operations::openapi() }
}

#[utoipa::path(
    get,
    path = "/results/{poll}.json",
    operation_id = "show_result",
    summary = "How a poll stands",
    description = "Votes are left out, and `hidden` says so, while they are not for whoever asks.",
    params(Asked),
    responses(
        (status = 200, description = "The result.", body = SnapshotView),
        (status = 401, description = "`audience=organiser`, by nobody who is known.", body = ErrorBody),
        (status = 403, description = "`audience=organiser`, and it is another's poll.", body = ErrorBody)
    )
)]
#[expect(dead_code, reason = "only described")]
fn json() {}

#[utoipa::path(
    get,
    path = "/results/{poll}.csv",
    operation_id = "show_result_as_csv",
    summary = "How a poll stands, as a table",
    params(Asked),
    responses(
        (status = 200, description = "A line each option.", body = String, content_type = "text/csv",
            example = "key,label,votes\r\na,Tea,2\r\nb,Coffee,1\r\n"),
        (status = 401, description = "The result is hidden from whoever asks.", body = ErrorBody),
        (status = 403, description = "`audience=organiser`, and it is another's poll.", body = ErrorBody)
    )
)]
#[expect(dead_code, reason = "only described")]
fn csv() {}

#[utoipa::path(
    get,
    path = "/results/{poll}.svg",
    operation_id = "show_result_as_svg",
    summary = "How a poll stands, as a picture",
    params(Asked),
    responses(
        (status = 200, description = "The picture.", body = String, content_type = "image/svg+xml"),
        (status = 401, description = "The result is hidden from whoever asks.", body = ErrorBody),
        (status = 403, description = "`audience=organiser`, and it is another's poll.", body = ErrorBody)
    )
)]
#[expect(dead_code, reason = "only described")]
fn svg() {}
