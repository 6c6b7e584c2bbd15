//! A poll as the API shows it.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::names::{Choice, PollId};
use crate::domain::poll::{OneVotePer, Poll, Status, Visibility};

/// A poll: its question, options, rules and state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Poll, example = json!({
    "id": "3f0b1c9d2e47", "slug": "drinks", "code": "K7RMPX", "title": "Tea or coffee?", "status": "open",
    "generation": 1, "options": [{ "key": "a", "label": "Tea" }, { "key": "b", "label": "Coffee" }],
    "opens_at": "2026-05-04T09:30:00Z", "closes_at": null, "allow_change": true, "one_vote_per": "browser",
    "results": "live", "created_at": "2026-05-04T09:30:00Z", "final": false
}))]
pub struct PollView {
    id: PollId,
    slug: String,
    code: String,
    title: String,
    status: Status,
    generation: u32,
    options: Vec<OptionView>,
    opens_at: Option<Timestamp>,
    closes_at: Option<Timestamp>,
    allow_change: bool,
    one_vote_per: OneVotePer,
    results: Visibility,
    created_at: Timestamp,
    #[serde(rename = "final")]
    is_final: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PollOption)]
struct OptionView {
    key: Choice,
    label: String,
}

impl PollView {
    /// The poll as it is at `now`.
    pub fn new(poll: &Poll, now: Timestamp) -> Self {
        Self {
            id: poll.id,
            slug: poll.slug.to_string(),
            code: poll.code.to_string(),
            title: poll.title.clone(),
            status: poll.status_at(now),
            generation: poll.generation,
            options: poll.choices().map(|(key, label)| OptionView { key, label: label.to_owned() }).collect(),
            opens_at: poll.opens_at,
            closes_at: poll.closes_at,
            allow_change: poll.allow_change,
            one_vote_per: poll.one_vote_per,
            results: poll.results,
            created_at: poll.created_at,
            is_final: poll.is_final,
        }
    }
}
