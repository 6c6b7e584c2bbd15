//! What the role has to say of its routes, and the forms of the studio, which are read field by field.

use utoipa::{OpenApi, ToSchema};

use super::{codes, handlers};
use crate::domain::poll::{OneVotePer, Visibility};
use crate::http::openapi::{self, Chapter};

#[derive(OpenApi)]
#[openapi(paths(
    handlers::list,
    handlers::show,
    handlers::create,
    handlers::change,
    handlers::delete,
    handlers::act,
    codes::make,
    codes::count,
    codes::void,
    codes::void_by_form
))]
struct Operations;

/// The role's chapter of the description.
#[must_use]
pub fn chapter() -> Chapter {
    let about = "Makes polls, runs them, and hands out voting codes.";
    let mut operations = Operations::openapi();
    openapi::leave_bodies_out(&mut operations, &["act_on_poll"]);
    let with_poll = [
        "show_poll",
        "change_poll",
        "act_on_poll",
        "make_codes",
        "count_codes",
        "cast_ballot",
        "show_result",
        "delete_poll",
    ];
    openapi::lead_on(&mut operations, "/polls", ("poll", "$response.body#/slug"), &with_poll);
    Chapter { role: "polls", about, operations }
}

/// A new poll, as the form of the studio has it.
#[derive(ToSchema)]
#[schema(example = json!({
    "title": "Tea or coffee?", "options": "Tea\nCoffee", "open": "on", "allow_change": "on", "results": "live"
}))]
#[expect(dead_code, reason = "only described: forms are read field by field")]
pub struct PollForm {
    /// The question.
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    /// The labels, a line each.
    options: String,
    /// Who sees totals.
    results: Visibility,
    /// Its name in addresses.
    slug: Option<String>,
    /// Whether to open it at once.
    open: Option<String>,
    /// When it opens by itself; in UTC where it does not say.
    opens_at: Option<String>,
    /// When it closes by itself; in UTC where it does not say.
    closes_at: Option<String>,
    /// Whether a later ballot replaces an earlier one.
    allow_change: Option<String>,
    /// Who has one vote.
    one_vote_per: Option<OneVotePer>,
}

/// What an action takes, by a form: `close` takes `in`, `show` takes `results`, `edit` takes all fields of a poll.
#[derive(ToSchema)]
#[schema(example = json!({ "in": "30" }))]
#[expect(dead_code, reason = "only described: forms are read field by field")]
pub struct ActionForm {
    /// Close in so many seconds.
    #[schema(rename = "in")]
    delay: Option<u32>,
    /// Who sees totals.
    results: Option<Visibility>,
    /// Of the poll that the form was filled in with.
    revision: Option<u64>,
    /// The question.
    title: Option<String>,
    /// The labels, a line each.
    options: Option<String>,
}

/// How many codes, and as what.
#[derive(ToSchema)]
#[schema(example = json!({ "count": "30", "as": "csv" }))]
#[expect(dead_code, reason = "only described: forms are read field by field")]
pub struct CodesForm {
    /// How many.
    #[schema(minimum = 1, maximum = 1_000_000)]
    count: u32,
    /// `csv`, or `sheet` for cards to cut up.
    #[schema(rename = "as", pattern = "^(csv|sheet)$")]
    kind: Option<String>,
}
