//! The studio: an organiser's polls at a glance, and a page for each.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::{Extension, Path, Request, State};
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Serialize;

use super::Needs;
use crate::domain::names::PollId;
use crate::domain::poll::{Poll, Visibility};
use crate::domain::snapshot::{Audience, Snapshot, Standing};
use crate::domain::turnout::Series;
use crate::http::error::ApiError;
use crate::http::language::Language;
use crate::http::origin::Peer;
use crate::http::qr;

/// How far back the studio shows new voters, in seconds.
const HOUR: u64 = 3600;
/// Steps of turnout in that time, at most: enough for none to be longer than a minute.
const POINTS: u32 = 62;
/// Minutes with new voters that are shown, at most: the newest.
const MINUTES: usize = 12;

/// All polls at a glance.
#[derive(Debug, Serialize)]
struct Glance {
    health: Health,
    polls: Vec<Line>,
}

/// Whether the count keeps up.
#[derive(Debug, Serialize)]
struct Health {
    /// Accepted ballots that are not counted yet; `null` in a process that cannot know.
    waiting: Option<u64>,
    dead: u64,
    counted: u64,
}

#[derive(Debug, Serialize)]
struct Line {
    id: PollId,
    slug: String,
    code: String,
    title: String,
    state: &'static str,
    total: u64,
}

#[derive(Debug, Serialize)]
struct PollPage<'a> {
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
}

/// New voters of a minute.
#[derive(Debug, Serialize)]
struct Minute {
    at: Timestamp,
    voters: u64,
}

/// The form of a poll: of a new one, where it has no slug.
#[derive(Debug, Default, Serialize)]
struct Form<'a> {
    slug: Option<&'a str>,
    /// Of the poll as it is shown here.
    revision: u64,
    status: Option<&'static str>,
    title: &'a str,
    labels: &'a [String],
    results: Visibility,
    /// As `datetime-local` fields have them, in UTC.
    opens_at: Option<String>,
    closes_at: Option<String>,
    /// Whether there are votes, so that the texts stay as they are.
    locked: bool,
}

#[derive(Debug, Serialize)]
struct Confirm<'a> {
    action: &'a str,
    slug: &'a str,
    title: &'a str,
    total: u64,
}

#[derive(Debug, Serialize)]
struct Sheet<'a> {
    slug: &'a str,
    code: &'a str,
    title: &'a str,
    join: String,
    qr: Option<String>,
}

/// The studio's routes: for organisers; others are sent to sign in.
pub fn router(needs: &Needs) -> Router<Needs> {
    Router::new()
        .route("/studio", get(polls))
        .route("/studio/glance", get(glance))
        .route("/studio/new", get(new))
        .route("/studio/polls/{poll}", get(poll))
        .route("/studio/polls/{poll}/edit", get(edit))
        .route("/studio/polls/{poll}/sheet", get(sheet))
        .route("/studio/polls/{poll}/qr.svg", get(qr_file))
        .route("/studio/polls/{poll}/{action}", get(confirm))
        .route_layer(from_fn_with_state(needs.clone(), organisers_only))
}

async fn organisers_only(State(needs): State<Needs>, request: Request, next: Next) -> Response {
    if !needs.organisers.know(request.headers()) {
        return Redirect::to(&format!("/signin?next={}", request.uri().path())).into_response();
    }
    next.run(request).await
}

async fn polls(State(needs): State<Needs>, language: Language) -> Result<Response, ApiError> {
    needs.pages.show("studio/polls.html", language, needs.glance().await?)
}

/// `GET /studio/glance`: what the page of all polls shows, for its script.
async fn glance(State(needs): State<Needs>) -> Result<Response, ApiError> {
    Ok(Json(needs.glance().await?).into_response())
}

async fn new(State(needs): State<Needs>, language: Language) -> Result<Response, ApiError> {
    needs.form(language, Form::default())
}

async fn edit(State(needs): State<Needs>, language: Language, Path(name): Path<String>) -> Result<Response, ApiError> {
    let snapshot = needs.snapshot(&name).await?;
    let poll = &snapshot.poll;
    let form = Form {
        slug: Some(poll.slug.as_str()),
        revision: poll.versions.revision,
        status: Some(state(&snapshot)),
        title: &poll.title,
        labels: &poll.labels,
        results: poll.results,
        opens_at: poll.opens_at.map(field),
        closes_at: poll.closes_at.map(field),
        locked: snapshot.total() > 0,
    };
    needs.form(language, form)
}

async fn poll(
    State(needs): State<Needs>,
    language: Language,
    Path(name): Path<String>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let snapshot = needs.snapshot(&name).await?;
    let (base, view) = (needs.origins.base(&headers, Some(peer)), snapshot.view(Audience::Organiser));
    let (poll, address) = (&snapshot.poll, format!("{base}/vote/{}", snapshot.poll.slug));
    let hour_ago = snapshot.at - Duration::from_secs(HOUR);
    let turnout = needs.store.turnout(poll.id, poll.round, Some(hour_ago), POINTS).await?;
    let minutes = minutes(&turnout);
    let page = PollPage {
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
        join: join_address(&base),
        qr: qr::data(&address),
        address: &address,
        most: minutes.iter().map(|minute| minute.voters).max().unwrap_or_default(),
        minutes,
    };
    needs.pages.show("studio/poll.html", language, page)
}

/// `GET /studio/polls/{poll}/reset` and `/delete`: asks before votes are gone.
async fn confirm(
    State(needs): State<Needs>,
    language: Language,
    Path((name, action)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    if !matches!(action.as_str(), "reset" | "delete") {
        return Err(ApiError::NotFound("address"));
    }
    let snapshot = needs.snapshot(&name).await?;
    let (slug, title, total) = (snapshot.poll.slug.as_str(), snapshot.poll.title.as_str(), snapshot.total());
    needs.pages.show("studio/confirm.html", language, Confirm { action: &action, slug, title, total })
}

async fn sheet(
    State(needs): State<Needs>,
    language: Language,
    Path(name): Path<String>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let poll = needs.find(&name).await?;
    let base = needs.origins.base(&headers, Some(peer));
    let (slug, code) = (poll.slug.as_str(), poll.code.as_str());
    let qr = qr::data(&format!("{base}/vote/{slug}"));
    needs.pages.show(
        "studio/sheet.html",
        language,
        Sheet { slug, code, title: &poll.title, join: join_address(&base), qr },
    )
}

async fn qr_file(
    State(needs): State<Needs>,
    Path(name): Path<String>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let poll = needs.find(&name).await?;
    let address = format!("{}/vote/{}", needs.origins.base(&headers, Some(peer)), poll.slug);
    let image = qr::svg(&address).ok_or(ApiError::NotFound("address"))?;
    Ok(([(CONTENT_TYPE, "image/svg+xml")], image).into_response())
}

impl Needs {
    /// A form that the browser may keep with what was typed into it, for when somebody goes back to it: of a page that
    /// must not be stored, some forget that.
    fn form(&self, language: Language, form: Form<'_>) -> Result<Response, ApiError> {
        let page = self.pages.show("studio/edit.html", language, form)?;
        Ok(([(CACHE_CONTROL, "private, no-cache")], page).into_response())
    }

    async fn find(&self, name: &str) -> Result<Poll, ApiError> {
        self.store.poll_named(name).await?.ok_or(ApiError::NotFound("poll"))
    }

    async fn snapshot(&self, name: &str) -> Result<Snapshot, ApiError> {
        let poll = self.find(name).await?;
        self.store.snapshot(poll.id, self.clock.now()).await?.ok_or(ApiError::NotFound("poll"))
    }

    async fn glance(&self) -> Result<Glance, ApiError> {
        let (polls, totals) = (self.store.polls().await?, self.store.totals().await?);
        let ledger = self.store.ledger().await?;
        // The studio goes on while the queue is away: it needs only the store.
        let waiting = self.counts.pending().await.ok().flatten();
        let health = Health { waiting, dead: ledger.dead, counted: ledger.counted };
        let now = self.clock.now();
        Ok(Glance { health, polls: polls.iter().map(|poll| line(poll, &totals, now)).collect() })
    }
}

fn line(poll: &Poll, totals: &BTreeMap<PollId, u64>, now: Timestamp) -> Line {
    Line {
        id: poll.id,
        slug: poll.slug.to_string(),
        code: poll.code.to_string(),
        title: poll.title.clone(),
        state: poll.state_at(now),
        total: totals.get(&poll.id).copied().unwrap_or_default(),
    }
}

fn state(snapshot: &Snapshot) -> &'static str {
    snapshot.poll.state_at(snapshot.at)
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

/// The address at which people type a code, as they type it.
fn join_address(base: &str) -> String {
    format!("{}/join", base.split_once("://").map_or(base, |(_, rest)| rest))
}

/// A time as `datetime-local` fields have it, in UTC.
fn field(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M").to_string()
}
