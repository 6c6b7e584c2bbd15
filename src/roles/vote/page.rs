//! The voting page: complete without JavaScript.

use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::polls::GLANCE;
use super::{Cast, Vote};
use crate::domain::names::Choice;
use crate::domain::poll::{Poll, Status};
use crate::domain::voter::Voter;
use crate::http::error::ApiError;
use crate::http::pages::html;
use crate::store::StoreError;

#[derive(Debug, Serialize)]
struct Page<'a> {
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
pub async fn before_voting(vote: &Vote, slug: &str, voter: Option<&Voter>) -> Result<Response, ApiError> {
    let cached = vote.polls.cached(slug).await?.ok_or(ApiError::NotFound("poll"))?;
    let poll = &cached.poll;
    let status = poll.status_at(vote.needs.clock.now());
    let choice = match voter {
        Some(voter) => {
            let (key, _) = voter.key(poll.id);
            let choice = Box::pin(vote.needs.store.choice(poll.id, poll.round, key));
            match tokio::time::timeout(GLANCE, choice).await {
                // Voting goes on while the store is away; what was chosen before is not shown then.
                Err(_) | Ok(Err(StoreError::Unavailable(_))) => None,
                Ok(choice) => choice?,
            }
        }
        None => None,
    };
    if let (Status::Open, None, Some(page)) = (status, choice, cached.open_page.get()) {
        return Ok(html(page.clone()));
    }
    let page = vote.needs.pages.render("vote.html", view(poll, status, choice, false))?;
    if status == Status::Open && choice.is_none() {
        let _ = cached.open_page.set(page.clone());
    }
    Ok(html(page))
}

/// The page that answers a vote.
pub fn after_voting(vote: &Vote, cast: &Cast) -> Result<Response, ApiError> {
    let status = cast.poll.status_at(vote.needs.clock.now());
    Ok(html(vote.needs.pages.render("vote.html", view(&cast.poll, status, Some(cast.choice), true))?))
}

fn view(poll: &Poll, status: Status, choice: Option<Choice>, just_voted: bool) -> Page<'_> {
    let option = |(key, label): (Choice, _)| PageOption { key: key.to_string(), label, chosen: Some(key) == choice };
    Page {
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
