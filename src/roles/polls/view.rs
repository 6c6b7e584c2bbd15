//! A poll as the API shows it.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::names::{Choice, PollId};
use crate::domain::poll::{OneVotePer, Poll, Status, Visibility};

/// The JSON of a poll.
#[derive(Debug, Serialize)]
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

#[derive(Debug, Serialize)]
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
