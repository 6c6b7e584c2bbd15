//! Items one by one, as clients of old ask for them.

use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::{IntoParams, ToSchema};

use super::openapi::{Name, given_key, given_value, key_in_address};
use super::{Needs, key, page};
use crate::domain::item::{ItemChange, ItemKey};
use crate::http::body::Asked;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::pages::wants_page;
use crate::http::query::Parameters;

/// The largest body: a value, most of it escaped.
const BODY: usize = (2 << 20) + (16 << 10);

/// The largest body that names an item: its key, all of it escaped.
const NAME: usize = 8 << 10;

/// Which item.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Named {
    /// Its key: at most 512 bytes, none of them control characters.
    #[param(schema_with = key_in_address, required, example = "score")]
    id: Option<Plain>,
}

/// An item to be.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Item, example = json!({ "id": "score", "val": "3:1" }))]
struct Wish {
    #[schema(schema_with = given_key, required)]
    id: Option<Plain>,
    #[schema(schema_with = given_value, required)]
    val: Option<Plain>,
}

/// What is kept as text: a string, a number, true or false.
#[derive(Debug)]
struct Plain(String);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AsText;

        // By hand: an untagged enum would hold values with escapes, or of a form, twice, each of a mebibyte.
        impl Visitor<'_> for AsText {
            type Value = Plain;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string, a number, true or false")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Plain, E> {
                Ok(Plain(text.to_owned()))
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Plain, E> {
                Ok(Plain(text))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Plain, E> {
                Ok(Plain(number.to_string()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Plain, E> {
                Ok(Plain(number.to_string()))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Plain, E> {
                // As JSON writes it: 2.0 is not 2.
                let number = serde_json::Number::from_f64(number);
                let number = number.ok_or_else(|| E::custom("the number is not finite"))?;
                Ok(Plain(number.to_string()))
            }

            fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Plain, E> {
                Ok(Plain(truth.to_string()))
            }
        }

        deserializer.deserialize_any(AsText)
    }
}

impl Named {
    pub(super) fn id(self) -> Option<String> {
        self.id.map(|Plain(id)| id)
    }
}

/// `GET /item?id=…`: the value, of no meaning to a browser; nothing where there is none.
#[utoipa::path(
    get,
    path = "/item",
    operation_id = "get_item",
    summary = "The value of an item",
    description = "Nothing where there is no such item.",
    params(Named),
    responses(
        (status = 200, description = "The value, as it was set.", body = String, content_type = "text/plain", example = "3:1")
    )
)]
pub async fn get_item(
    State(needs): State<Arc<Needs>>,
    Parameters(asked): Parameters<Named>,
) -> Result<Response, ApiError> {
    let value = needs.items.get(key(asked.id())?).await?.unwrap_or_default();
    let length = HeaderValue::from(value.len());
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox")),
        (CONTENT_LENGTH, length),
    ];
    Ok((headers, value).into_response())
}

/// `POST /item`: sets an item.
#[utoipa::path(
    post,
    path = "/item",
    operation_id = "set_item",
    summary = "Set an item",
    description = "A new one, or another value for one that there is. Doing it twice is doing it once.",
    request_body(content((Wish = "application/json"), (Wish = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "It is kept.", body = String, content_type = "text/plain", example = "ok"),
        (status = 303, description = "To a form of a page: back to the page of items."),
        (status = 401, description = "Only administrators may change items here, and nobody is known: cookies do not count.", body = ErrorBody),
        (status = 413, description = "The value has more than 1 MiB, or the body more than 2 MiB and 16 KiB.", body = ErrorBody),
        (status = 507, description = "There is no room for more items, or for so many bytes. What makes less of them goes.", body = ErrorBody)
    )
)]
pub async fn set_item(State(needs): State<Arc<Needs>>, request: Request) -> Result<Response, ApiError> {
    let (Parts { headers, .. }, body) = request.into_parts();
    needs.allow(&headers).await?;
    let _place = needs.room.for_body(&headers)?;
    let asked = Asked::read_leniently(&headers, body, BODY).await?;
    let Wish { id, val } = asked.parse()?;
    let key = key(id.map(|Plain(id)| id))?;
    let missing = || ApiError::BadRequest("val is missing: the value of the item".into());
    let (Plain(mut value), by_page) = (val.ok_or_else(missing)?, asked.is_form && wants_page(&headers));
    if by_page {
        // A browser sends what was typed with the line ends of another age.
        value = value.replace("\r\n", "\n");
    }
    needs.items.change(ItemChange::set(key.clone(), value)?).await?;
    Ok(if by_page { Redirect::to(&page::after("saved", &key)).into_response() } else { "ok".into_response() })
}

/// `DELETE /item`: deletes an item, named in the body or by `?id=`.
#[utoipa::path(
    delete,
    path = "/item",
    operation_id = "delete_item",
    summary = "Delete an item",
    description = "Named in the body, or in the address where there is no body. That there is none is as good.",
    params(("id" = Option<String>, Query, description = "Its key: at most 512 bytes, none of them control characters.",
        min_length = 1, max_length = 512, example = "score")),
    request_body(content = Name),
    responses(
        (status = 200, description = "It is gone.", body = String, content_type = "text/plain", example = "ok"),
        (status = 401, description = "Only administrators may change items here, and nobody is known: cookies do not count.", body = ErrorBody)
    )
)]
pub async fn delete_item(
    State(needs): State<Arc<Needs>>,
    Parameters(named): Parameters<Named>,
    headers: HeaderMap,
    body: Body,
) -> Result<&'static str, ApiError> {
    needs.allow(&headers).await?;
    let asked = Asked::read_leniently(&headers, body, NAME).await?;
    let in_address = named.id();
    // One that is none is refused, also where the body counts.
    in_address.as_deref().map(str::parse::<ItemKey>).transpose()?;
    let id = if asked.is_empty() { in_address } else { asked.parse::<Named>()?.id() };
    needs.items.change(ItemChange::delete(key(id)?)).await?;
    Ok("ok")
}
