//! What comes with a request that changes something: JSON from a program, or a form of our pages, which says where it
//! leads back to.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::http::back::back;
use crate::http::body::{self, Asked};
use crate::http::error::ApiError;

/// Where forms lead that do not say it.
const WALL: &str = "/wall";

/// The fields there are; none must be there.
#[derive(Debug, Default, Deserialize)]
pub struct Fields {
    /// Who posts: an account's id, or any other.
    #[serde(default, deserialize_with = "body::text_or_number")]
    pub user_id: Option<String>,
    /// What the quote says.
    pub quote: Option<String>,
    /// Of a form: where it leads back to.
    back: Option<String>,
}

/// A request's body, read.
#[derive(Debug)]
pub struct Wish {
    /// What it says.
    pub fields: Fields,
    is_form: bool,
}

impl Wish {
    /// Reads a body; one that is empty says nothing.
    ///
    /// # Errors
    /// Where it is neither JSON nor a form.
    pub async fn read(headers: &HeaderMap, body: Body) -> Result<Self, ApiError> {
        Self::of(&Asked::read(headers, body, body::QUOTE).await?)
    }

    /// The same where clients of old are served.
    ///
    /// # Errors
    /// Where it is neither, whatever it says it is.
    pub async fn read_leniently(headers: &HeaderMap, body: Body) -> Result<Self, ApiError> {
        Self::of(&Asked::read_leniently(headers, body, body::QUOTE).await?)
    }

    fn of(asked: &Asked) -> Result<Self, ApiError> {
        let fields = if asked.is_empty() { Fields::default() } else { asked.parse()? };
        Ok(Self { fields, is_form: asked.is_form })
    }

    /// Leads whoever sent a form back to where it was; tells a program.
    pub fn answer(&self, told: impl IntoResponse) -> Response {
        if self.is_form { self.lead_back() } else { told.into_response() }
    }

    /// Leads back, whatever sent it.
    pub fn lead_back(&self) -> Response {
        Redirect::to(back(self.fields.back.as_deref(), WALL)).into_response()
    }
}
