//! The page of one poll: how it stands, what can be done next, how to share it, and who votes.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::super::Needs;
use super::super::confirm::Confirm;
use crate::domain::code::CodeBatch;
use crate::domain::names::PollId;
use crate::domain::poll::{OneVotePer, Poll, Visibility};
use crate::domain::snapshot::{Audience, Standing};
use crate::domain::turnout::Series;
use crate::domain::user::UserId;
use crate::http::error::ApiError;
use crate::http::guard::Known;
use crate::http::language::Language;
use crate::http::origin::Base;
use crate::http::qr;

/// How far back new voters are shown.
const HOUR: Duration = Duration::from_hours(1);
/// Steps of turnout in that time, at most: enough for none to be longer than a minute.
const POINTS: u32 = 62;
/// Minutes with new voters that are shown, at most: the newest.
const MINUTES: usize = 12;

#[derive(Debug, Serialize)]
struct Page<'a> {
    id: PollId,
    slug: &'a str,
    code: &'a str,
    title: &'a str,
    state: &'a str,
    version: u64,
    generation: u32,
    opens_at: Option<Timestamp>,
    closes_at: Option<Timestamp>,
    now: Timestamp,
    allow_change: bool,
    results: Visibility,
    rows: Vec<Standing<'a>>,
    total: u64,
    address: &'a str,
    join: String,
    qr: Option<String>,
    minutes: Vec<Minute>,
    most: u64,
    one_vote_per: OneVotePer,
    /// Whose it is; nobody's where there is none.
    owner: Option<&'a str>,
    batches: Vec<Batch>,
    codes: u64,
}

/// A batch of voting codes.
#[derive(Debug, Serialize)]
struct Batch {
    number: u32,
    codes: u64,
    made_at: Timestamp,
}

/// New voters of a minute.
#[derive(Debug, Serialize)]
struct Minute {
    at: Timestamp,
    voters: u64,
}

/// `GET /studio/polls/{poll}`.
pub async fn page(
    State(needs): State<Needs>,
    language: Language,
    Known(caller): Known,
    Path(name): Path<String>,
    base: Base,
) -> Result<Response, ApiError> {
    let snapshot = needs.snapshot(&caller, &name).await?;
    let (poll, view) = (&snapshot.poll, snapshot.view(Audience::Organiser));
    let turnout = needs.store.turnout(poll.id, poll.round, Some(snapshot.at - HOUR), POINTS).await?;
    let batches = needs.batches(poll).await?;
    let (minutes, address) = (minutes(&turnout), base.voting_page(&poll.slug));
    let page = Page {
        id: poll.id,
        slug: poll.slug.as_str(),
        code: poll.code.as_str(),
        title: &poll.title,
        state: view.state(),
        version: view.version,
        generation: poll.generation,
        opens_at: poll.opens_at,
        closes_at: poll.closes_at,
        now: snapshot.at,
        allow_change: poll.allow_change,
        results: poll.results,
        rows: view.standings(),
        total: snapshot.total(),
        join: base.join(),
        qr: qr::data(&address),
        address: &address,
        most: minutes.iter().map(|minute| minute.voters).max().unwrap_or_default(),
        minutes,
        one_vote_per: poll.one_vote_per,
        owner: poll.owner.as_ref().map(UserId::as_str),
        codes: batches.iter().map(|batch| batch.codes).sum(),
        batches,
    };
    needs.pages.show_to(&caller, "studio/poll.html", language, page)
}

/// `GET /studio/polls/{poll}/reset` and `/delete`: asks before votes are gone.
pub async fn confirm(
    State(needs): State<Needs>,
    language: Language,
    Known(caller): Known,
    Path((name, action)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    if !matches!(action.as_str(), "reset" | "delete") {
        return Err(ApiError::NotFound("address"));
    }
    let snapshot = needs.snapshot(&caller, &name).await?;
    let (slug, what, count) = (&snapshot.poll.slug, snapshot.poll.title.as_str(), snapshot.total());
    let (form, back) = (format!("/polls/{slug}/{action}"), format!("/studio/polls/{slug}"));
    let page = Confirm { action: &action, what, count, form, back };
    needs.pages.show_to(&caller, "confirm.html", language, page)
}

impl Needs {
    /// The voting codes of a poll, where it has any, the newest batch first.
    async fn batches(&self, poll: &Poll) -> Result<Vec<Batch>, ApiError> {
        if poll.one_vote_per != OneVotePer::Code {
            return Ok(Vec::new());
        }
        let batches = self.store.batches(poll.id).await?;
        let line = |CodeBatch { number, codes, made_at }| Batch { number, codes, made_at };
        Ok(batches.into_iter().rev().map(line).collect())
    }
}

/// New voters by minute, the newest first.
fn minutes(turnout: &Series) -> Vec<Minute> {
    let mut minutes: BTreeMap<i64, u64> = BTreeMap::new();
    for point in &turnout.points {
        *minutes.entry(point.at.as_second().div_euclid(60) * 60).or_default() += point.voters;
    }
    let newest = minutes.into_iter().rev().take(MINUTES);
    newest.filter_map(|(second, voters)| Some(Minute { at: Timestamp::from_second(second).ok()?, voters })).collect()
}
