//! The keys of all items, or of some: JSON for programs, a page for people.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, LINK, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Needs, page};
use crate::domain::item::MAX_KEY;
use crate::http::error::ApiError;
use crate::http::language::Language;
use crate::http::pages::wants_page;
use crate::http::query::Parameters;
use crate::items::{Items, ItemsError, PAGE};

/// So many keys of a list of all are sent at a time.
const PIECE: usize = 250;

/// Which keys.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// What they begin with.
    #[param(max_length = 512, example = "sc")]
    #[serde(default)]
    pub prefix: String,
    /// The one they come after.
    #[param(max_length = 512, example = "scale")]
    #[serde(default)]
    pub after: String,
    /// How many, at most; all of them where it is not said.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<usize>,
    /// The item that a form has set.
    #[param(ignore)]
    pub saved: Option<String>,
    /// The item that a form has deleted.
    #[param(ignore)]
    pub deleted: Option<String>,
}

/// `GET /items`.
#[utoipa::path(
    get,
    path = "/items",
    operation_id = "list_items",
    summary = "The keys of items",
    description = "Of all, or page by page; in the order of their bytes. A browser is shown a page.",
    params(Wanted),
    responses(
        (status = 200, description = "The keys.",
            content(([String] = "application/json", example = json!(["scale", "score"])), (String = "text/html")),
            headers(("Link" = String, description = "`rel=\"next\"`: the next page, where there is a `limit` and more of them.")))
    )
)]
pub async fn get_items(
    State(needs): State<Arc<Needs>>,
    Parameters(wanted): Parameters<Wanted>,
    language: Language,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let mut response = if wants_page(&headers) {
        page::browse(&needs, wanted, language).await?
    } else {
        wanted.check()?;
        match wanted.limit {
            Some(limit) => some(&needs.items, wanted, limit).await?,
            None => all(&needs, wanted).await?,
        }
    };
    response.headers_mut().append(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

impl Wanted {
    /// Refuses what no key can begin with, or come after.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        if self.limit.is_some_and(|limit| !(1..=PAGE).contains(&limit)) {
            return Err(ApiError::BadRequest(format!("limit: a whole number from 1 to {PAGE}")));
        }
        let is_text = |text: &str| text.len() <= MAX_KEY && !text.chars().any(char::is_control);
        if is_text(&self.prefix) && is_text(&self.after) {
            return Ok(());
        }
        Err(ApiError::BadRequest(format!("prefix and after: at most {MAX_KEY} bytes, no control characters")))
    }

    /// The parameters of the address where the keys go on after this one.
    pub(super) fn next(&self, after: &str) -> String {
        let limit = self.limit.map(|limit| limit.to_string());
        let parameters = [("prefix", Some(self.prefix.as_str())), ("limit", limit.as_deref()), ("after", Some(after))];
        let given = parameters.into_iter().filter_map(|(name, value)| Some((name, value.filter(|it| !it.is_empty())?)));
        // Pairs of text are always parameters.
        serde_urlencoded::to_string(given.collect::<Vec<_>>()).unwrap_or_default()
    }
}

/// One page of keys, and the address of the next.
async fn some(items: &Items, wanted: Wanted, limit: usize) -> Result<Response, ApiError> {
    let mut keys = items.keys(&wanted.prefix, &wanted.after, limit + 1).await?;
    let goes_on = keys.len() > limit;
    keys.truncate(limit);
    let next = keys.last().filter(|_| goes_on).map(|last| format!("</items?{}>; rel=\"next\"", wanted.next(last)));
    let mut response = Json(keys).into_response();
    if let Some(next) = next.and_then(|next| HeaderValue::try_from(next).ok()) {
        response.headers_mut().insert(LINK, next);
    }
    Ok(response)
}

/// What a list goes on with.
enum Next {
    /// These keys.
    Read(Vec<String>),
    /// Those behind this one.
    After(String),
}

/// All keys, piece by piece as fast as they are read, so that memory is bounded and nobody waits behind them.
async fn all(needs: &Needs, wanted: Wanted) -> Result<Response, ApiError> {
    let (items, place) = (needs.items.clone(), needs.room.for_list()?);
    // Before the answer begins: what fails here is an answer of its own.
    let first = items.keys(&wanted.prefix, &wanted.after, PIECE).await?;
    if first.len() < PIECE {
        return Ok(Json(first).into_response());
    }
    let pieces = stream::try_unfold(Some(Next::Read(first)), move |next| {
        let _held = &place;
        let (items, prefix) = (items.clone(), wanted.prefix.clone());
        async move {
            let (opening, keys) = match next {
                Some(Next::Read(keys)) => ("[", keys),
                // Not before the piece before is on its way: whoever reads slowly holds little.
                Some(Next::After(last)) => (",", items.keys(&prefix, &last, PIECE).await?),
                None => return Ok::<_, ItemsError>(None),
            };
            let is_last = keys.len() < PIECE;
            let next = keys.last().filter(|_| !is_last).cloned().map(Next::After);
            Ok(Some((piece(opening, &keys, is_last), next)))
        }
    });
    let headers = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// A piece of the array: what stands before it, the keys, and the end where they are the last.
fn piece(opening: &str, keys: &[String], is_last: bool) -> Bytes {
    // Text is always JSON.
    let keys = serde_json::to_string(keys).unwrap_or_default();
    let keys = keys.trim_start_matches('[').strip_suffix(']').unwrap_or_default();
    let opening = if keys.is_empty() && opening == "," { "" } else { opening };
    Bytes::from(format!("{opening}{keys}{}", if is_last { "]" } else { "" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_of_an_array_are_an_array() {
        let keys = |keys: &[&str]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
        let array = |last: &[&str]| {
            let pieces = [piece("[", &keys(&["[", "\""]), false), piece(",", &keys(last), true)].concat();
            serde_json::from_slice::<Vec<String>>(&pieces).unwrap()
        };
        assert_eq!(array(&["]"]), ["[", "\"", "]"]);
        assert_eq!(array(&[]), ["[", "\""]);
    }
}
