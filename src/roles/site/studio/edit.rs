//! The form of a poll: of a new one, and of one that is there.

use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;

use super::super::Needs;
use crate::domain::poll::{OneVotePer, Visibility};
use crate::http::actors::Caller;
use crate::http::error::ApiError;
use crate::http::guard::Known;
use crate::http::language::Language;
use crate::http::query::Parameters;

/// What the form shows; of a new poll, where it has no slug.
#[derive(Debug, Default, Serialize)]
struct Form<'a> {
    slug: Option<&'a str>,
    /// Of the poll as it is shown here.
    revision: u64,
    status: Option<&'static str>,
    title: &'a str,
    labels: &'a [String],
    /// Whether it is filled in with quotes.
    of_quotes: bool,
    /// Quotes that were too long for a label, whole.
    shortened: &'a [String],
    /// How many of the quotes that were asked for are left out.
    missing: usize,
    results: Visibility,
    one_vote_per: OneVotePer,
    /// As `datetime-local` fields have them, in UTC.
    opens_at: Option<String>,
    closes_at: Option<String>,
    /// Whether there are votes, so that the texts stay as they are.
    locked: bool,
}

/// `GET /studio/new`; with `?quote=1&quote=2…` filled in with these quotes.
pub async fn new(
    State(needs): State<Needs>,
    Known(caller): Known,
    language: Language,
    Parameters(asked): Parameters<Vec<(String, String)>>,
) -> Result<Response, ApiError> {
    let ids: Vec<_> = asked.iter().filter(|(name, _)| name == "quote").map(|(_, id)| id.as_str()).collect();
    let chosen = needs.chosen(&ids).await?;
    let form = Form {
        of_quotes: !ids.is_empty(),
        labels: &chosen.labels,
        shortened: &chosen.shortened,
        missing: ids.len() - chosen.labels.len(),
        ..Form::default()
    };
    needs.form(&caller, language, form)
}

/// `GET /studio/polls/{poll}/edit`.
pub async fn edit(
    State(needs): State<Needs>,
    language: Language,
    Known(caller): Known,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let snapshot = needs.snapshot(&caller, &name).await?;
    let poll = &snapshot.poll;
    let form = Form {
        slug: Some(poll.slug.as_str()),
        revision: poll.versions.revision,
        status: Some(poll.state_at(snapshot.at)),
        title: &poll.title,
        labels: &poll.labels,
        of_quotes: false,
        shortened: &[],
        missing: 0,
        results: poll.results,
        one_vote_per: poll.one_vote_per,
        opens_at: poll.opens_at.map(field),
        closes_at: poll.closes_at.map(field),
        locked: snapshot.total() > 0,
    };
    needs.form(&caller, language, form)
}

impl Needs {
    /// A form that the browser may keep with what was typed into it, for when somebody goes back to it: of a page that
    /// must not be stored, some forget that.
    fn form(&self, caller: &Caller, language: Language, form: Form<'_>) -> Result<Response, ApiError> {
        let page = self.pages.show_to(caller, "studio/edit.html", language, form)?;
        Ok(([(CACHE_CONTROL, "private, no-cache")], page).into_response())
    }
}

/// A time as `datetime-local` fields have it, in UTC.
fn field(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M").to_string()
}
