//! The voting page: complete without JavaScript.

use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::{Cast, Vote};
use crate::domain::names::{Choice, PollId};
use crate::domain::poll::{Poll, Status};
use crate::domain::voter::Voter;
use crate::http::error::ApiError;
use crate::http::language::Language;
use crate::http::pages::html;

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
    voter: Option<&Voter>,
    language: Language,
) -> Result<Response, ApiError> {
    let cached = vote.polls.cached(slug).await?.ok_or(ApiError::NotFound("poll"))?;
    let poll = &cached.poll;
    let status = poll.status_at(vote.needs.clock.now());
    let choice = match voter {
        Some(voter) => vote.counted_choice(poll, voter).await?,
        None => None,
    };
    let pages = &vote.needs.pages;
    let for_all = &cached.open_page[language as usize];
    let is_for_all = status == Status::Open && choice.is_none() && pages.are_fixed();
    if let (true, Some(page)) = (is_for_all, for_all.get()) {
        return Ok(html(page.clone(), language));
    }
    let page = pages.render("vote.html", language, view(poll, status, choice, false))?;
    if is_for_all {
        let _ = for_all.set(page.clone());
    }
    Ok(html(page, language))
}

/// The page that answers a vote.
pub fn after_voting(vote: &Vote, cast: &Cast, language: Language) -> Result<Response, ApiError> {
    let status = cast.poll.status_at(vote.needs.clock.now());
    vote.needs.pages.show("vote.html", language, view(&cast.poll, status, Some(cast.choice), true))
}

fn view(poll: &Poll, status: Status, choice: Option<Choice>, just_voted: bool) -> Page<'_> {
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
        just_voted,
    }
}
