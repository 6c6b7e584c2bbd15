//! Hiding quotes from the public, and showing them again. Who does so is kept with the quote, and on record.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::Quotes;
use super::asked::Wish;
use super::openapi::{BackForm, Which};
use super::view::View;
use crate::domain::quote::{Hidden, Quote};
use crate::http::actors::Caller;
use crate::http::error::ApiError;
use crate::http::guard::Known;

/// `POST /quotes/{id}/hide`, also by a form. One that is hidden stays so by whom it was.
#[utoipa::path(
    post,
    path = "/quotes/{id}/hide",
    operation_id = "hide_quote",
    summary = "Hide a quote from the public",
    description = "Organisers and whoever posted it still see it. It is put on record.",
    params(Which),
    request_body(content = BackForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The quote as it is now.", body = View),
        (status = 303, description = "To a form: back to where it was.")
    )
)]
pub async fn hide(
    State(quotes): State<Quotes>,
    Known(caller): Known,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wish = Wish::read(&headers, body).await?;
    Ok(wish.answer(Json(View::new(&quotes.set_hidden(&caller, &id, true).await?))))
}

/// `POST /quotes/{id}/restore`, also by a form.
#[utoipa::path(
    post,
    path = "/quotes/{id}/restore",
    operation_id = "restore_quote",
    summary = "Show a hidden quote again",
    description = "It is put on record.",
    params(Which),
    request_body(content = BackForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The quote as it is now.", body = View),
        (status = 303, description = "To a form: back to where it was.")
    )
)]
pub async fn restore(
    State(quotes): State<Quotes>,
    Known(caller): Known,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wish = Wish::read(&headers, body).await?;
    Ok(wish.answer(Json(View::new(&quotes.set_hidden(&caller, &id, false).await?))))
}

impl Quotes {
    async fn set_hidden(&self, caller: &Caller, id: &str, hides: bool) -> Result<Quote, ApiError> {
        let quote = self.named(id).await?;
        if quote.hidden.is_some() == hides {
            return Ok(quote);
        }
        let hidden = hides.then(|| Hidden { by: caller.actor.to_string(), at: self.needs.clock.now() });
        let store = self.recorded(caller, if hides { "quote.hide" } else { "quote.restore" }, quote.id);
        let changed = store.hide_quote(quote.id, hidden.as_ref()).await?.ok_or(ApiError::NoQuote)?;
        self.needs.wall.changed();
        Ok(changed)
    }
}
