//! Reading bodies: bounded in size and time, JSON or a form.

use std::fmt;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use futures_util::poll;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserializer;
use serde::de::{self, DeserializeOwned, Visitor};

use super::error::ApiError;
use super::query::is_text;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest body of a ballot.
pub const BALLOT: usize = 4 << 10;
/// The largest body that is about an account: ids, names, passwords, keys.
pub const ACCOUNT: usize = 4 << 10;
/// The largest body that has a quote: each of its characters may come as twelve.
pub const QUOTE: usize = 16 << 10;
/// The largest body that describes a poll.
pub const POLL: usize = 64 << 10;

/// What a body says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `application/json`, or another JSON type.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// Nothing at all.
    Unstated,
    /// Something else.
    Other,
}

/// The fields of a form, in order.
#[derive(Debug)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The first field of this name, as it came.
    #[must_use]
    pub fn get(&self, wanted: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }
}

/// A field that was filled in: forms send empty ones for what was left out.
#[must_use]
pub fn filled_in<T: AsRef<str>>(field: Option<T>) -> Option<T> {
    field.filter(|text| !text.as_ref().trim().is_empty())
}

/// What a request's body says it is.
#[must_use]
pub fn kind(headers: &HeaderMap) -> Kind {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Kind::Unstated };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Kind::Form
    } else if essence.eq_ignore_ascii_case("application/json") || essence.ends_with("+json") {
        Kind::Json
    } else {
        Kind::Other
    }
}

/// Reads a whole body of at most `limit` bytes.
///
/// # Errors
/// When it is larger, too slow, or breaks off.
pub async fn read(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let mut collected = pin!(Limited::new(body, limit).collect());
    // A small body has mostly come with its head: that takes no timer.
    let collected = match poll!(&mut collected) {
        Poll::Ready(collected) => Ok(collected),
        Poll::Pending => tokio::time::timeout(PATIENCE, collected).await,
    };
    match collected {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ApiError::BodyTooLarge(limit)),
        Ok(Err(_)) => Err(ApiError::BadRequest("the body broke off".into())),
        Err(_) => Err(ApiError::BodyTooSlow),
    }
}

/// Reads JSON, whatever the body says it is.
///
/// # Errors
/// When the bytes are not the JSON that is wanted; the message says where.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // A list would be taken for the fields in their order.
    if bytes.trim_ascii_start().first().is_some_and(|first| *first == b'[') {
        return Err(ApiError::BadRequest("the body is not as expected: send an object, not a list".into()));
    }
    serde_json::from_slice(bytes).map_err(|error| ApiError::BadRequest(format!("the body is not as expected: {error}")))
}

/// Reads a form's fields, in order.
///
/// # Errors
/// When the bytes are no form.
pub fn form(bytes: &[u8]) -> Result<Fields, ApiError> {
    must_be_text(bytes)?;
    serde_urlencoded::from_bytes(bytes)
        .map(Fields)
        .map_err(|error| ApiError::BadRequest(format!("the form is broken: {error}")))
}

/// Refuses a form whose fields are not all text.
fn must_be_text(form: &[u8]) -> Result<(), ApiError> {
    if is_text(form) { Ok(()) } else { Err(ApiError::BadRequest("the form is not UTF-8".into())) }
}

/// A body that is JSON from a program, or a form from one of our pages.
#[derive(Debug)]
pub struct Asked {
    bytes: Bytes,
    /// Whether it is a form.
    pub is_form: bool,
}

impl Asked {
    /// Reads a body of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`read`], and where it says that it is something else.
    pub async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Self, ApiError> {
        let bytes = read(body, limit).await?;
        match kind(headers) {
            Kind::Form => Ok(Self { bytes, is_form: true }),
            Kind::Json => Ok(Self { bytes, is_form: false }),
            _ if bytes.is_empty() => Ok(Self { bytes, is_form: false }),
            _ => Err(ApiError::UnsupportedMediaType("application/json")),
        }
    }

    /// The same where clients of old are served: JSON is taken whatever it says it is.
    ///
    /// # Errors
    /// As [`read`].
    pub async fn read_leniently(headers: &HeaderMap, body: Body, limit: usize) -> Result<Self, ApiError> {
        let bytes = read(body, limit).await?;
        let is_json = bytes.trim_ascii_start().first() == Some(&b'{');
        Ok(Self { is_form: kind(headers) == Kind::Form && !is_json, bytes })
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What it says, as a `T`.
    ///
    /// # Errors
    /// Where it is no `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        if !self.is_form {
            return json(&self.bytes);
        }
        must_be_text(&self.bytes)?;
        serde_urlencoded::from_bytes(&self.bytes)
            .map_err(|error| ApiError::BadRequest(format!("the form is not as expected: {error}")))
    }

    /// The fields of a form.
    ///
    /// # Errors
    /// Where it is none.
    pub fn fields(&self) -> Result<Fields, ApiError> {
        form(&self.bytes)
    }
}

/// A field that is text or a whole number: clients of old send ids as either.
///
/// # Errors
/// Where it is something else.
pub fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct TextOrNumber;

    impl Visitor<'_> for TextOrNumber {
        type Value = Option<String>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("text or a whole number")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(text.to_owned()))
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
            Ok(Some(number.to_string()))
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }

    deserializer.deserialize_any(TextOrNumber)
}
