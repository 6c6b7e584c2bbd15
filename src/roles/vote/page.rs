//! The voting page: complete without JavaScript.

use axum::http::Uri;
use axum::http::request::Parts;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::link::WRONG;
use super::polls::{Cached, PageForAll};
use super::voter::{CodeState, Standing};
use super::{Cast, Vote};
use crate::domain::names::{Choice, PollId};
use crate::domain::poll::{OneVotePer, Poll, Status};
use crate::http::error::ApiError;
use crate::http::language::Language;
use crate::http::pages::html;
use crate::http::voter::Identified;

#[expect(clippy::struct_excessive_bools, reason = "what a template asks, one by one")]
#[derive(Debug, Serialize)]
struct Page<'a> {
    id: PollId,
    generation: u32,
    slug: &'a str,
    title: &'a str,
    status: Status,
    opens_at: Option<Timestamp>,
    closes_at: Option<Timestamp>,
    allow_change: bool,
    results_are_shown: bool,
    options: Vec<PageOption<'a>>,
    choice: Option<&'a str>,
    just_voted: bool,
    /// In a poll by code.
    code: Option<CodeState>,
    /// In a poll by account, for whoever is not signed in.
    sign_in: bool,
}

#[derive(Debug, Serialize)]
struct PageOption<'a> {
    key: String,
    label: &'a str,
    chosen: bool,
}

/// The page as a voter finds it, with their choice if they have one.
pub async fn before_voting(
    vote: &Vote,
    slug: &str,
    parts: &Parts,
    browser: &mut Identified,
    language: Language,
) -> Result<Response, ApiError> {
    let cached = vote.polls.cached(slug).await?.ok_or(ApiError::NotFound("poll"))?;
    let standing = vote.standing(&cached.poll, &parts.headers, browser, says_wrong(&parts.uri)).await?;
    show(vote, &cached, standing, language)
}

/// The page that asks for another code.
pub async fn wrong_code(vote: &Vote, slug: &str, language: Language) -> Result<Response, ApiError> {
    let cached = vote.polls.cached(slug).await?.ok_or(ApiError::NotFound("poll"))?;
    show(vote, &cached, Standing::Code(CodeState::Wrong), language)
}

/// The page that answers a vote.
pub fn after_voting(vote: &Vote, cast: &Cast, language: Language) -> Result<Response, ApiError> {
    let status = cast.poll.status_at(vote.needs.clock.now());
    let code = (cast.poll.one_vote_per == OneVotePer::Code).then_some(CodeState::Used);
    let page = Page { code, just_voted: true, ..view(&cast.poll, status, Some(cast.choice)) };
    vote.needs.pages.show("vote.html", language, page)
}

/// Whether the address says that a code was wrong.
fn says_wrong(uri: &Uri) -> bool {
    uri.query().is_some_and(|query| query.split('&').any(|pair| pair == WRONG))
}

fn show(vote: &Vote, cached: &Cached, standing: Standing, language: Language) -> Result<Response, ApiError> {
    let status = cached.poll.status_at(vote.needs.clock.now());
    let pages = &vote.needs.pages;
    let for_all = for_all(cached, standing).filter(|_| status == Status::Open && pages.are_fixed());
    let for_all = for_all.map(|pages| &pages[language as usize]);
    if let Some(page) = for_all.and_then(|page| page.get()) {
        return Ok(html(page.clone(), language));
    }
    let (choice, code) = match standing {
        Standing::Voter(choice) => (choice, None),
        Standing::Stranger => (None, None),
        Standing::Code(code) => (None, Some(code)),
    };
    let sign_in = standing == Standing::Stranger;
    let page = pages.render("vote.html", language, Page { code, sign_in, ..view(&cached.poll, status, choice) })?;
    if let Some(for_all) = for_all {
        let _ = for_all.set(page.clone());
    }
    Ok(html(page, language))
}

/// Where the page is kept that everybody sees who stands so.
fn for_all(cached: &Cached, standing: Standing) -> Option<&PageForAll> {
    match standing {
        Standing::Voter(None) | Standing::Code(CodeState::Missing) => Some(&cached.open_page),
        Standing::Code(CodeState::Kept) => Some(&cached.open_page_with_code),
        Standing::Voter(Some(_)) | Standing::Stranger | Standing::Code(CodeState::Wrong | CodeState::Used) => None,
    }
}

fn view(poll: &Poll, status: Status, choice: Option<Choice>) -> Page<'_> {
    let option = |(key, label): (Choice, _)| PageOption { key: key.to_string(), label, chosen: Some(key) == choice };
    Page {
        id: poll.id,
        generation: poll.generation,
        slug: poll.slug.as_str(),
        title: &poll.title,
        status,
        opens_at: poll.opens_at,
        closes_at: poll.closes_at,
        allow_change: poll.allow_change,
        results_are_shown: poll.shows_results(),
        options: poll.choices().map(option).collect(),
        choice: choice.and_then(|choice| poll.labels.get(choice.index())).map(String::as_str),
        just_voted: false,
        code: None,
        sign_in: false,
    }
}
