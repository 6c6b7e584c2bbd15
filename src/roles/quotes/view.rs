//! Quotes as answers show them.

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::quote::{Hidden, Quote, QuoteId};
use crate::domain::user::UserId;

/// A quote, as clients of old know it.
#[derive(Debug, Serialize)]
pub struct Brief<'a> {
    id: QuoteId,
    user_id: Option<&'a UserId>,
    quote: &'a str,
}

/// A quote.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quote, example = json!({
    "id": 1, "user_id": "tintin", "quote": "Thundering typhoons!", "created_at": "2026-05-04T09:30:00Z", "upvotes": 7
}))]
pub struct View<'a> {
    id: QuoteId,
    /// Who posted it; nobody where it came from a file, or the account is gone.
    #[schema(required)]
    user_id: Option<&'a UserId>,
    /// What it says.
    #[schema(min_length = 1, max_length = 1000)]
    quote: &'a str,
    created_at: Timestamp,
    /// When its text was changed last, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    edited_at: Option<Timestamp>,
    /// How many like it.
    upvotes: u64,
    /// Who hid it from the public, if somebody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    hidden: Option<&'a Hidden>,
}

impl<'a> Brief<'a> {
    pub fn new(quote: &'a Quote) -> Self {
        Self { id: quote.id, user_id: quote.author.as_ref(), quote: &quote.text }
    }
}

impl<'a> View<'a> {
    pub fn new(quote: &'a Quote) -> Self {
        Self {
            id: quote.id,
            user_id: quote.author.as_ref(),
            quote: &quote.text,
            created_at: quote.made_at,
            edited_at: quote.edited_at,
            upvotes: quote.upvotes,
            hidden: quote.hidden.as_ref(),
        }
    }

    pub fn all(quotes: &'a [Quote]) -> Vec<Self> {
        quotes.iter().map(Self::new).collect()
    }
}

/// A list of quotes as JSON, all that is known of them if `full`.
pub fn list(quotes: &[Quote], full: bool) -> Bytes {
    // A quote has neither map keys nor numbers but integers: it always has a JSON form.
    let json = if full {
        serde_json::to_vec(&View::all(quotes))
    } else {
        serde_json::to_vec(&quotes.iter().map(Brief::new).collect::<Vec<_>>())
    };
    json.unwrap_or_default().into()
}
