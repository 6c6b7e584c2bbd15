//! How operations say no, and the headers that answers carry: what follows from a row of the table.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::to_value;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr};

use super::reads;
use crate::domain::rights::Need;
use crate::http::error::{ApiError, Fate};
use crate::http::table::{Kind, Limit, Row};

/// What is answered whatever the state of the process: these never say that something is away.
const OF_THE_PROCESS: [&str; 3] = ["/livez", "/readyz", "/metrics"];
/// Where clients of old send JSON and call it something else.
const ANY_TYPE: [&str; 6] = ["/", "/ballots/{poll}", "/vote/{poll}", "/users", "/quotes", "/item"];

/// An answer that says no: its name, when it comes, and the error that makes it.
type No = (&'static str, &'static str, ApiError);

fn every_no() -> [No; 9] {
    [
        (
            "BadRequest",
            "Something in the request makes no sense.",
            ApiError::BadRequest("what is wrong with it".into()),
        ),
        ("Unauthorized", "Nobody has signed in, or the key or token is not good.", ApiError::Unauthorized),
        (
            "Forbidden",
            "Whoever asks is known, but may not do this; or another site sent the browser.",
            ApiError::Forbidden(Need::Organiser),
        ),
        ("NotFound", "There is no such thing, or it is nobody else's business.", ApiError::NotFound("poll")),
        ("TooSlow", "The body did not arrive within 10 seconds.", ApiError::BodyTooSlow),
        ("TooLarge", "The body is too large.", ApiError::BodyTooLarge(crate::http::body::POLL)),
        ("UnsupportedMediaType", "The body is of another type.", ApiError::UnsupportedMediaType("application/json")),
        (
            "TooMany",
            "More requests than the limit, or more wrong admin keys, in the last minute.",
            ApiError::TooMany { seconds: 42 },
        ),
        (
            "Unavailable",
            "Too busy, or something this depends on is away. `fate` says what became of a ballot.",
            ApiError::Busy(Some(Fate::Refused)),
        ),
    ]
}

/// What the connection itself says, before anything reads the request: it has no body.
const HEAD_TOO_LARGE: &str = "HeadTooLarge";

/// All of them, by name.
pub fn all() -> BTreeMap<String, RefOr<Response>> {
    let head = ResponseBuilder::new().description("The address and the headers are too large. It has no body.").build();
    let errors = every_no().into_iter().map(|(name, when, error)| (name, response(when, &error)));
    errors.chain([(HEAD_TOO_LARGE, head)]).map(|(name, answer)| (name.to_owned(), RefOr::T(answer))).collect()
}

fn response(when: &str, error: &ApiError) -> Response {
    let schema = Ref::from_schema_name("Error");
    let content = ContentBuilder::new().schema(Some(schema)).example(to_value(error.body()).ok()).build();
    let mut response = ResponseBuilder::new().description(when).content("application/json", content).build();
    let own = match error {
        ApiError::Unauthorized => Some("WWW-Authenticate"),
        ApiError::TooMany { .. } | ApiError::Busy(_) => Some("Retry-After"),
        _ => None,
    };
    response.headers = own.into_iter().chain(["X-Request-Id"]).map(header).collect();
    response
}

/// The headers that answers carry, by name.
pub fn headers() -> BTreeMap<String, RefOr<Header>> {
    let headers = [
        ("X-Request-Id", Type::String, "By which the operator finds the request in the log."),
        ("WWW-Authenticate", Type::String, "`Bearer`."),
        ("Retry-After", Type::Integer, "In how many seconds to try again."),
        ("Access-Control-Allow-Origin", Type::String, "`*`: pages of any origin may read it."),
        ("RateLimit-Limit", Type::Integer, "How many requests a minute whoever asks has."),
        ("RateLimit-Remaining", Type::Integer, "How many of them are left."),
        ("RateLimit-Reset", Type::Integer, "In how many seconds one more is."),
    ];
    let described = |(name, kind, what): (&str, Type, &str)| {
        let schema = ObjectBuilder::new().schema_type(kind).build();
        let header = HeaderBuilder::new().schema(Some(schema)).description(Some(what)).build();
        (name.to_owned(), RefOr::T(header))
    };
    headers.into_iter().map(described).collect()
}

/// A header, by its name.
fn header(name: &str) -> (String, RefOr<Header>) {
    (name.to_owned(), RefOr::Ref(Ref::new(format!("#/components/headers/{name}"))))
}

/// Adds to an operation how it says no, and what else its row has it say. What its handler says counts before that.
pub fn add(operation: &mut Operation, row: &Row) {
    if row.limit == Limit::Rate {
        add_headers(operation, &["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]);
    }
    if row.kind == Kind::Shared {
        add_headers(operation, &["Access-Control-Allow-Origin"]);
    }
    let errors = every_no().into_iter().filter(|(_, _, error)| follows(error, operation, row));
    let mut noes: Vec<_> = errors.map(|(name, _, error)| (name, error.status())).collect();
    noes.push((HEAD_TOO_LARGE, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    for (name, status) in noes {
        let answer = RefOr::Ref(Ref::from_response_name(name));
        operation.responses.responses.entry(status.as_str().to_owned()).or_insert(answer);
    }
}

fn follows(error: &ApiError, operation: &Operation, row: &Row) -> bool {
    let has_body = operation.request_body.is_some();
    match error {
        ApiError::BadRequest(_) => reads(operation, row),
        ApiError::Unauthorized => row.need != Need::Anybody,
        ApiError::Forbidden(_) => row.need != Need::Anybody || row.method != "GET",
        ApiError::NotFound(_) => row.path.contains('{'),
        ApiError::BodyTooSlow | ApiError::BodyTooLarge(_) => has_body,
        ApiError::UnsupportedMediaType(_) => has_body && !ANY_TYPE.contains(&row.path),
        ApiError::Busy(_) => !OF_THE_PROCESS.contains(&row.path),
        // Whoever tries admin keys is held back at every address.
        _ => true,
    }
}

/// Headers of all answers that are the operation's own.
fn add_headers(operation: &mut Operation, names: &[&str]) {
    for answer in operation.responses.responses.values_mut() {
        let RefOr::T(answer) = answer else { continue };
        answer.headers.extend(names.iter().copied().map(header));
    }
}
