//! The pages on which people browse and edit items, without a script.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;

use super::list::Wanted;
use super::openapi::Name;
use super::wire::Named;
use super::{Needs, key};
use crate::config::ItemsWrite;
use crate::domain::item::{ItemChange, ItemKey, MAX_KEY, MAX_VALUE};
use crate::http::body::Asked;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::language::Language;
use crate::http::query::Parameters;

/// Keys on one page.
const LINES: usize = 50;
/// The largest value that is shown in a field.
const SHOWN: usize = 64 << 10;

#[derive(Debug, Serialize)]
struct Browse {
    items: Vec<Line>,
    /// How many there are in all.
    total: u64,
    prefix: String,
    is_first: bool,
    /// The parameters of the next page.
    next: Option<String>,
    may_write: bool,
    max_key: usize,
    max_value: usize,
    /// What was saved by the form from which somebody comes back.
    saved: Option<Line>,
    /// Whether they come back from deleting something.
    is_deleted: bool,
    /// What a switch of language must keep of the address.
    query: String,
}

#[derive(Debug, Serialize)]
struct Line {
    key: String,
    /// The parameters of its own page.
    query: String,
}

#[derive(Debug, Serialize)]
struct View {
    item: Line,
    exists: bool,
    /// How many bytes it has.
    bytes: usize,
    /// Its value; none where it is too large for a field.
    value: Option<String>,
    may_write: bool,
    query: String,
}

impl Line {
    fn new(key: String) -> Self {
        Self { query: parameters("id", &key), key }
    }
}

fn parameters(name: &str, value: &str) -> String {
    // A pair of text is always parameters.
    serde_urlencoded::to_string([(name, value)]).unwrap_or_default()
}

/// Where a form leads back to that has done something to an item.
pub fn after(what: &'static str, key: &ItemKey) -> String {
    format!("/items?{}", parameters(what, key.as_str()))
}

impl Needs {
    fn may_write(&self) -> bool {
        self.write == ItemsWrite::Open
    }
}

/// `GET /items` by a browser: the keys, a form to find and a form to add some.
pub async fn browse(needs: &Needs, wanted: Wanted, language: Language) -> Result<Response, ApiError> {
    let wanted = Wanted { limit: None, ..wanted };
    wanted.check()?;
    let mut keys = needs.items.keys(&wanted.prefix, &wanted.after, LINES + 1).await?;
    let goes_on = keys.len() > LINES;
    keys.truncate(LINES);
    // Only what is there: an address could say anything.
    let saved = match wanted.saved.as_deref().map(str::parse::<ItemKey>) {
        Some(Ok(key)) => needs.items.get(key.clone()).await?.map(|_| Line::new(key.to_string())),
        _ => None,
    };
    let page = Browse {
        next: keys.last().filter(|_| goes_on).map(|last| wanted.next(last)),
        items: keys.into_iter().map(Line::new).collect(),
        total: needs.items.totals().await?.keys,
        is_first: wanted.after.is_empty(),
        query: wanted.next(&wanted.after),
        prefix: wanted.prefix,
        may_write: needs.may_write(),
        max_key: MAX_KEY,
        max_value: MAX_VALUE,
        saved,
        is_deleted: wanted.deleted.is_some(),
    };
    needs.pages.show("items/items.html", language, page)
}

/// `GET /items/view?id=…`: an item, and a form to change it.
pub async fn view(
    State(needs): State<Arc<Needs>>,
    Parameters(named): Parameters<Named>,
    language: Language,
) -> Result<Response, ApiError> {
    let key = key(named.id())?;
    let value = needs.items.get(key.clone()).await?;
    let (exists, value, item) = (value.is_some(), value.unwrap_or_default(), Line::new(key.to_string()));
    let page = View {
        exists,
        bytes: value.len(),
        value: (value.len() <= SHOWN).then(|| String::from_utf8_lossy(&value).into_owned()),
        may_write: needs.may_write(),
        query: item.query.clone(),
        item,
    };
    needs.pages.show("items/view.html", language, page)
}

/// `GET /items/delete?id=…`: asks before an item is gone.
pub async fn confirm(
    State(needs): State<Arc<Needs>>,
    Parameters(named): Parameters<Named>,
    language: Language,
) -> Result<Response, ApiError> {
    needs.pages.show("items/delete.html", language, Line::new(key(named.id())?.to_string()))
}

/// `POST /items/delete`: by the form of that page.
#[utoipa::path(
    post,
    path = "/items/delete",
    operation_id = "delete_item_by_form",
    summary = "Delete an item, by a form",
    description = "For forms, which know no DELETE.",
    request_body(content = Name, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "On to the page of items, which says so."),
        (status = 401, description = "Only administrators may change items here, and nobody is known: cookies do not count.", body = ErrorBody)
    )
)]
pub async fn delete_by_form(
    State(needs): State<Arc<Needs>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    needs.allow(&headers).await?;
    let named: Named = Asked::read(&headers, body, 4 * MAX_KEY).await?.parse()?;
    let key = key(named.id())?;
    needs.items.change(ItemChange::delete(key.clone())).await?;
    Ok(Redirect::to(&after("deleted", &key)).into_response())
}
