//! A tally with its poll's state and version, and what of it each audience may see.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::names::{Choice, PollId};
use super::poll::{Poll, Status, Visibility};

/// A poll and its votes at one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The poll at that version.
    pub poll: Arc<Poll>,
    /// Votes by option, as many as the poll has options.
    pub votes: Vec<u64>,
    /// When it was read.
    pub at: Timestamp,
}

/// For whom a snapshot is rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anybody.
    Public,
    /// Whoever holds the key.
    Organiser,
}

/// One option of a [`SnapshotView`].
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Standing)]
pub struct OptionView {
    /// `a`, `b`, `c`…
    pub key: Choice,
    /// What voters read.
    pub label: String,
    /// Its votes; absent where totals are hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub votes: Option<u64>,
}

/// A snapshot as `.json` and the event stream show it to one audience.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Result, example = json!({
    "poll": "drinks", "id": "3f0b1c9d2e47", "title": "Tea or coffee?", "status": "open", "final": false,
    "generation": 1, "version": 7, "results": "live", "hidden": false, "total": 3,
    "options": [{ "key": "a", "label": "Tea", "votes": 2 }, { "key": "b", "label": "Coffee", "votes": 1 }],
    "closes_at": null, "at": "2026-05-04T09:31:00Z"
}))]
pub struct SnapshotView {
    /// The poll's slug.
    pub poll: String,
    /// Its id.
    pub id: PollId,
    /// The question.
    pub title: String,
    /// Its state.
    pub status: Status,
    /// Closed, and everything accepted is counted.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Which opening this is.
    pub generation: u32,
    /// Rises with every change this audience may see.
    pub version: u64,
    /// Who sees totals, and when.
    pub results: Visibility,
    /// Whether totals are withheld from this audience.
    pub hidden: bool,
    /// All votes; absent where totals are hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// The options in order.
    pub options: Vec<OptionView>,
    /// When the poll closes, or closed.
    pub closes_at: Option<Timestamp>,
    /// When this was read.
    pub at: Timestamp,
}

impl Snapshot {
    /// All votes.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.votes.iter().sum()
    }

    /// Whether `audience` may see totals.
    #[must_use]
    pub fn shows_votes(&self, audience: Audience) -> bool {
        audience == Audience::Organiser || self.poll.shows_results()
    }

    /// The version that `audience` may know: where totals are hidden, votes do not move it.
    #[must_use]
    pub fn version(&self, audience: Audience) -> u64 {
        if self.shows_votes(audience) { self.poll.versions.shown } else { self.poll.versions.text }
    }

    /// What `audience` sees.
    #[must_use]
    pub fn view(&self, audience: Audience) -> SnapshotView {
        let shows_votes = self.shows_votes(audience);
        let poll = &self.poll;
        let option = |(choice, label): (Choice, &str)| OptionView {
            key: choice,
            label: label.to_owned(),
            votes: self.votes.get(choice.index()).copied().filter(|_| shows_votes),
        };
        SnapshotView {
            poll: poll.slug.to_string(),
            id: poll.id,
            title: poll.title.clone(),
            status: poll.status_at(self.at),
            is_final: poll.is_final,
            generation: poll.generation,
            version: self.version(audience),
            results: poll.results,
            hidden: !shows_votes,
            total: shows_votes.then(|| self.total()),
            options: poll.choices().map(option).collect(),
            closes_at: poll.closes_at,
            at: self.at,
        }
    }
}

/// An option among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Standing<'a> {
    /// `a`, `b`, `c`…
    pub key: Choice,
    /// What voters read.
    pub label: &'a str,
    /// Its votes; absent where totals are hidden.
    pub votes: Option<u64>,
    /// Whether it has votes, and no option has more.
    pub ahead: bool,
}

impl SnapshotView {
    /// The state in one word: that of the poll, or `final`.
    #[must_use]
    pub fn state(&self) -> &'static str {
        self.status.word(self.is_final)
    }

    /// The options in order, and which are ahead.
    #[must_use]
    pub fn standings(&self) -> Vec<Standing<'_>> {
        let most = self.options.iter().filter_map(|option| option.votes).max().unwrap_or_default().max(1);
        let options = self.options.iter();
        let standing = options.map(|OptionView { key, label, votes }| Standing {
            key: *key,
            label,
            votes: *votes,
            ahead: *votes == Some(most),
        });
        standing.collect()
    }
}

/// A stranger's text as a spreadsheet may have it: what would be taken for a formula is prefixed with an apostrophe
/// (<https://owasp.org/www-community/attacks/CSV_Injection>), also behind a semicolon, at which some divide a line.
#[must_use]
pub fn harmless_in_csv(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len() + 1);
    let mut starts_cell = true;
    for c in text.chars() {
        if starts_cell && matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r') {
            harmless.push('\'');
        }
        starts_cell = matches!(c, ';' | '\t') || (starts_cell && matches!(c, ' ' | '"'));
        harmless.push(c);
    }
    harmless
}
