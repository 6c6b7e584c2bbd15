//! What the role has to say of its routes, and what has no type of its own.

use jiff::Timestamp;
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{events, moderating, posting, reading, upvotes};
use crate::domain::quote::{Hidden, QuoteId};
use crate::domain::user::UserId;
use crate::http::openapi::given::given_id;
use crate::http::openapi::{self, Chapter};

#[derive(OpenApi)]
#[openapi(paths(
    reading::list,
    reading::show,
    posting::create,
    posting::change,
    posting::change_by_form,
    posting::delete,
    posting::delete_by_form,
    moderating::hide,
    moderating::restore,
    upvotes::add,
    upvotes::take_back,
    upvotes::take_back_by_form,
    events::watch
))]
struct Operations;

/// The role's chapter of the description.
#[must_use]
pub fn chapter() -> Chapter {
    let about = "Quotes: posting, reading, liking and hiding them; and the live wall.";
    let mut operations = Operations::openapi();
    let by_button = ["delete_quote_by_form", "hide_quote", "restore_quote", "upvote_quote", "take_back_upvote_by_form"];
    openapi::leave_bodies_out(&mut operations, &by_button);
    let with_quote = [
        "show_quote",
        "change_quote",
        "upvote_quote",
        "take_back_upvote",
        "hide_quote",
        "restore_quote",
        "delete_quote",
    ];
    openapi::lead_on(&mut operations, "/quotes", ("id", "$response.body#/id"), &with_quote);
    Chapter { role: "quotes", about, operations }
}

/// Which quote.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only described: handlers read it from the path")]
pub struct Which {
    /// The quote's number.
    #[param(example = 1)]
    id: QuoteId,
}

/// A quote in a list.
#[derive(ToSchema)]
#[schema(as = ListedQuote, example = json!({ "id": 1, "user_id": "tintin", "quote": "Thundering typhoons!" }))]
#[expect(dead_code, reason = "only described: an answer has the one or the other")]
pub struct Listed {
    id: QuoteId,
    /// Who posted it; nobody where it came from a file, or the account is gone.
    #[schema(required)]
    user_id: Option<UserId>,
    /// What it says.
    #[schema(min_length = 1, max_length = 1000)]
    quote: String,
    /// With `format=full`.
    #[schema(nullable = false)]
    created_at: Option<Timestamp>,
    /// With `format=full`: when its text was changed last, if it was.
    #[schema(nullable = false)]
    edited_at: Option<Timestamp>,
    /// With `format=full`: how many like it.
    #[schema(nullable = false)]
    upvotes: Option<u64>,
    /// With `format=full`: who hid it from the public, if somebody did.
    #[schema(nullable = false)]
    hidden: Option<Hidden>,
}

/// A new quote.
#[derive(ToSchema)]
#[schema(example = json!({ "user_id": "tintin", "quote": "Thundering typhoons!" }))]
#[expect(dead_code, reason = "only described: one type reads all bodies")]
pub struct NewQuote {
    /// Who posts it, else whoever asks. Administrators may name anybody, also who has no account.
    #[schema(schema_with = given_id)]
    user_id: Option<String>,
    /// What it says: 1 to 1000 characters without the space around it, none of them control characters but ends of
    /// lines.
    #[schema(pattern = r"^\s*\S([\s\S]{0,998}\S)?\s*$")]
    quote: String,
}

/// Another text for a quote.
#[derive(ToSchema)]
#[schema(example = json!({ "quote": "Billions of blue blistering barnacles!" }))]
#[expect(dead_code, reason = "only described: one type reads all bodies")]
pub struct QuoteChange {
    /// What it is to say: 1 to 1000 characters without the space around it, none of them control characters but ends of
    /// lines.
    #[schema(pattern = r"^\s*\S([\s\S]{0,998}\S)?\s*$")]
    quote: String,
}

/// A quote, as forms have it.
#[derive(ToSchema)]
#[schema(example = json!({ "quote": "Billions of blue blistering barnacles!", "back": "/wall?order=top" }))]
#[expect(dead_code, reason = "only described: one type reads all bodies")]
pub struct QuoteForm {
    /// What it says: 1 to 1000 characters without the space around it.
    #[schema(pattern = r"^\s*\S([\s\S]{0,998}\S)?\s*$")]
    quote: String,
    /// The path of the page to lead back to; the wall otherwise.
    back: Option<String>,
}

/// What a form says that has no more than a button.
#[derive(ToSchema)]
#[schema(example = json!({ "back": "/wall?order=top" }))]
#[expect(dead_code, reason = "only described: one type reads all bodies")]
pub struct BackForm {
    /// The path of the page to lead back to; the wall otherwise.
    back: Option<String>,
}

/// A quote that was posted, as the system of old says it.
#[derive(ToSchema)]
#[schema(example = json!({ "message": "Citation ajoutée", "id": 1 }))]
#[expect(dead_code, reason = "only described: it is always the same but for the number")]
pub struct Posted {
    message: String,
    id: QuoteId,
}

/// What the system of old says of a quote that is gone.
#[derive(ToSchema)]
#[schema(as = QuoteDeleted, example = json!({ "message": "Citation supprimée" }))]
#[expect(dead_code, reason = "only described: it is always the same")]
pub struct Deleted {
    message: String,
}
