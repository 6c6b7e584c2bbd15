//! What the author of a quote, or an administrator, does to it: a form to change it, and a page that asks before it is
//! gone.

use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::super::Needs;
use super::super::confirm::Confirm;
use crate::domain::quote::{MAX_TEXT, Quote, QuoteId};
use crate::http::actors::Caller;
use crate::http::back::back;
use crate::http::error::ApiError;
use crate::http::guard::Known;
use crate::http::language::Language;
use crate::http::query::Parameters;

/// Where somebody came from.
#[derive(Debug, Deserialize)]
pub struct Asked {
    back: Option<String>,
}

#[derive(Debug, Serialize)]
struct Form<'a> {
    id: QuoteId,
    text: &'a str,
    longest: usize,
    back: &'a str,
}

/// `GET /wall/{quote}/edit`.
pub async fn edit(
    State(needs): State<Needs>,
    Known(caller): Known,
    language: Language,
    Path(id): Path<String>,
    Parameters(asked): Parameters<Asked>,
) -> Result<Response, ApiError> {
    let quote = needs.quote_to_edit(&caller, &id).await?;
    let back = back(asked.back.as_deref(), "/wall");
    let form = Form { id: quote.id, text: &quote.text, longest: MAX_TEXT, back };
    let page = needs.pages.show_to(&caller, "wall/edit.html", language, form)?;
    // The browser may keep what was typed, for whoever goes back to it from an error.
    Ok(([(CACHE_CONTROL, "private, no-cache")], page).into_response())
}

/// `GET /wall/{quote}/delete`: asks before the quote is gone.
pub async fn confirm(
    State(needs): State<Needs>,
    Known(caller): Known,
    language: Language,
    Path(id): Path<String>,
    Parameters(asked): Parameters<Asked>,
) -> Result<Response, ApiError> {
    let quote = needs.quote_to_edit(&caller, &id).await?;
    let page = Confirm {
        action: "quote-delete",
        what: &quote.text,
        count: quote.upvotes,
        form: format!("/quotes/{}/delete", quote.id),
        back: back(asked.back.as_deref(), "/wall").to_owned(),
    };
    needs.pages.show_to(&caller, "confirm.html", language, page)
}

impl Needs {
    /// The quote that an address names, if it is theirs to change. That there is one they may not see is not told.
    async fn quote_to_edit(&self, caller: &Caller, id: &str) -> Result<Quote, ApiError> {
        let id = id.parse::<QuoteId>().map_err(|_| ApiError::NoQuote)?;
        let quote = self.store.quote(id).await?.ok_or(ApiError::NoQuote)?;
        if caller.actor.edits(&quote) {
            return Ok(quote);
        }
        Err(if caller.actor.sees_quote(&quote) { ApiError::NotYourQuote } else { ApiError::NoQuote })
    }
}
