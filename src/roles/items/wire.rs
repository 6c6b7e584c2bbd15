//! Items one by one, as clients of old ask for them.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{Needs, key, page};
use crate::domain::item::ItemChange;
use crate::http::body::Asked;
use crate::http::error::ApiError;
use crate::http::pages::wants_page;
use crate::http::query::Parameters;

/// The largest body: a value, most of it escaped.
const BODY: usize = (2 << 20) + (16 << 10);

/// The largest body that names an item: its key, all of it escaped.
const NAME: usize = 8 << 10;

/// Which item.
#[derive(Debug, Deserialize)]
pub struct Named {
    id: Option<Plain>,
}

/// An item to be.
#[derive(Debug, Deserialize)]
struct Wish {
    id: Option<Plain>,
    val: Option<Plain>,
}

/// What is kept as text.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a string, a number, true or false")]
enum Plain {
    Text(String),
    Number(serde_json::Number),
    Truth(bool),
}

impl From<Plain> for String {
    fn from(plain: Plain) -> Self {
        match plain {
            Plain::Text(text) => text,
            Plain::Number(number) => number.to_string(),
            Plain::Truth(truth) => truth.to_string(),
        }
    }
}

impl Named {
    pub(super) fn id(self) -> Option<String> {
        self.id.map(String::from)
    }
}

/// `GET /item?id=…`: the value, of no meaning to a browser; nothing where there is none.
pub async fn get_item(State(needs): State<Needs>, Parameters(asked): Parameters<Named>) -> Result<Response, ApiError> {
    let value = needs.items.get(key(asked.id().as_deref())?).await?.unwrap_or_default();
    let length = HeaderValue::from(value.len());
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox")),
        (CONTENT_LENGTH, length),
    ];
    Ok((headers, needs.room.send(value)?).into_response())
}

/// `POST /item`: sets an item.
pub async fn set_item(State(needs): State<Needs>, headers: HeaderMap, body: Body) -> Result<Response, ApiError> {
    needs.allow(&headers).await?;
    let _place = needs.room.for_body(&headers)?;
    let asked = Asked::read_leniently(&headers, body, BODY).await?;
    let Wish { id, val } = asked.parse()?;
    let key = key(id.map(String::from).as_deref())?;
    let value = val.ok_or_else(|| ApiError::BadRequest("val is missing: the value of the item".into()))?;
    let (mut value, by_page) = (String::from(value), asked.is_form && wants_page(&headers));
    if by_page {
        // A browser sends what was typed with the line ends of another age.
        value = value.replace("\r\n", "\n");
    }
    needs.items.change(ItemChange::set(key.clone(), value)?).await?;
    Ok(if by_page { Redirect::to(&page::after("saved", &key)).into_response() } else { "ok".into_response() })
}

/// `DELETE /item`: deletes an item, named in the body or by `?id=`.
pub async fn delete_item(
    State(needs): State<Needs>,
    Parameters(named): Parameters<Named>,
    headers: HeaderMap,
    body: Body,
) -> Result<&'static str, ApiError> {
    needs.allow(&headers).await?;
    let asked = Asked::read_leniently(&headers, body, NAME).await?;
    let named = if asked.is_empty() { named } else { asked.parse()? };
    needs.items.change(ItemChange::delete(key(named.id().as_deref())?)).await?;
    Ok("ok")
}
