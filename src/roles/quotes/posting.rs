//! Posting quotes, and changing and deleting them.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::Quotes;
use super::asked::{Fields, Wish};
use super::openapi::{BackForm, Deleted, NewQuote as NewQuoteBody, Posted, QuoteChange, QuoteForm, Which};
use super::view::View;
use crate::domain::quote::{NewQuote, Quote, check_text};
use crate::domain::user::UserId;
use crate::http::actors::Caller;
use crate::http::body::filled_in;
use crate::http::error::ApiError;
use crate::http::guard::Known;

/// `POST /quotes`.
#[utoipa::path(
    post,
    path = "/quotes",
    operation_id = "create_quote",
    summary = "Post a quote",
    description = "In one's own name; an administrator in anybody's.",
    request_body(content((NewQuoteBody = "application/json"), (QuoteForm = "application/x-www-form-urlencoded"))),
    responses(
        (status = 201, description = "It is posted.", body = Posted),
        (status = 303, description = "Back to where the form was.")
    )
)]
pub async fn create(
    State(quotes): State<Quotes>,
    Known(caller): Known,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wish = Wish::read_leniently(&headers, body).await?;
    let author = author(&caller, &wish.fields)?;
    let text = check_text(filled_in(wish.fields.quote.as_deref()).ok_or_else(missing)?)?;
    let new = NewQuote { author: Some(author), text, made_at: quotes.needs.clock.now() };
    let made = quotes.needs.store.insert_quote(&new).await?;
    quotes.needs.wall.changed();
    let told = json!({ "message": "Citation ajoutée", "id": made.id });
    Ok(wish.answer((StatusCode::CREATED, Json(told))))
}

/// `PATCH /quotes/{id}`.
#[utoipa::path(
    patch,
    path = "/quotes/{id}",
    operation_id = "change_quote",
    summary = "Change a quote",
    description = "One's own; an administrator any, which is put on record.",
    params(Which),
    request_body(content = QuoteChange),
    responses(
        (status = 200, description = "The quote as it is now.", body = View)
    )
)]
pub async fn change(
    State(quotes): State<Quotes>,
    Known(caller): Known,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wish = Wish::read(&headers, body).await?;
    let changed = quotes.change(&caller, &id, &wish).await?;
    Ok(wish.answer(Json(View::new(&changed))))
}

/// `POST /quotes/{id}/edit`: the same by a form.
#[utoipa::path(
    post,
    path = "/quotes/{id}/edit",
    operation_id = "change_quote_by_form",
    summary = "Change a quote, by a form",
    description = "For forms, which know no PATCH.",
    params(Which),
    request_body(content = QuoteForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "Back to where the form was.")
    )
)]
pub async fn change_by_form(
    State(quotes): State<Quotes>,
    Known(caller): Known,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wish = Wish::read(&headers, body).await?;
    quotes.change(&caller, &id, &wish).await?;
    Ok(wish.lead_back())
}

/// `DELETE /quotes/{id}`.
#[utoipa::path(
    delete,
    path = "/quotes/{id}",
    operation_id = "delete_quote",
    summary = "Delete a quote",
    description = "One's own; an administrator any, which is put on record.",
    params(Which),
    responses(
        (status = 200, description = "It is gone.", body = Deleted)
    )
)]
pub async fn delete(
    State(quotes): State<Quotes>,
    Known(caller): Known,
    Path(id): Path<String>,
) -> Result<Json<serde_json::Value>, ApiError> {
    quotes.delete(&caller, &id).await?;
    Ok(Json(json!({ "message": "Citation supprimée" })))
}

/// `POST /quotes/{id}/delete`: the same by a form.
#[utoipa::path(
    post,
    path = "/quotes/{id}/delete",
    operation_id = "delete_quote_by_form",
    summary = "Delete a quote, by a form",
    description = "For forms, which know no DELETE.",
    params(Which),
    request_body(content = BackForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "Back to where the form was.")
    )
)]
pub async fn delete_by_form(
    State(quotes): State<Quotes>,
    Known(caller): Known,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let wish = Wish::read(&headers, body).await?;
    quotes.delete(&caller, &id).await?;
    Ok(wish.lead_back())
}

impl Quotes {
    async fn change(&self, caller: &Caller, id: &str, wish: &Wish) -> Result<Quote, ApiError> {
        let quote = self.to_edit(caller, id).await?;
        let text = check_text(wish.fields.quote.as_deref().unwrap_or_default())?;
        let store = self.recorded_of_others(caller, "quote.edit", &quote);
        let changed = store.change_quote(quote.id, &text, self.needs.clock.now()).await?.ok_or(ApiError::NoQuote)?;
        self.needs.wall.changed();
        Ok(changed)
    }

    async fn delete(&self, caller: &Caller, id: &str) -> Result<(), ApiError> {
        let quote = self.to_edit(caller, id).await?;
        let deleted = self.recorded_of_others(caller, "quote.delete", &quote).delete_quote(quote.id).await?;
        self.needs.wall.changed();
        if deleted { Ok(()) } else { Err(ApiError::NoQuote) }
    }
}

/// In whose name somebody posts: their own, or as an administrator anybody's, who need not have an account.
fn author(caller: &Caller, fields: &Fields) -> Result<UserId, ApiError> {
    let own = caller.actor.user.as_ref();
    let Some(named) = filled_in(fields.user_id.as_deref()) else { return own.cloned().ok_or_else(missing) };
    let named = UserId::parse(named.trim())?;
    match own {
        Some(own) if *own == named => Ok(own.clone()),
        _ if caller.actor.posts_for_others() => Ok(named),
        _ => Err(ApiError::NotYourQuote),
    }
}

/// As the system of old says it; its clients look for it.
fn missing() -> ApiError {
    ApiError::BadRequest("user_id et quote sont requis".into())
}
