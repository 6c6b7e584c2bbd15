//! vote: takes ballots, as JSON and as a form, and shows the page to vote on.

mod handlers;
pub mod intake;
mod link;
mod moved;
pub mod openapi;
mod page;
mod polls;
pub mod roll;
pub mod slip;
mod voter;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use self::intake::{Intake, Verdict};
use self::polls::PollCache;
use self::roll::Roll;
use self::slip::Slips;
use self::voter::{Found, Wish};
use crate::domain::ballot::Ballot;
use crate::domain::clock::{Clock, Entropy};
use crate::domain::names::Choice;
use crate::domain::poll::{OneVotePer, Poll, Status};
use crate::domain::voter::Receipt;
use crate::http::actors::Actors;
use crate::http::error::{ApiError, Fate};
use crate::http::hosts::Hosts;
use crate::http::metrics::Metrics;
use crate::http::origin::Origins;
use crate::http::pages::Pages;
use crate::http::voter::Voters;
use crate::live::Live;
use crate::queue::{Answer, Queue};
use crate::rate::Rate;
use crate::rate::sketch::Sketch;
use crate::store::Store;

/// What the role needs.
#[derive(Clone, Debug)]
pub struct Needs {
    /// Polls, and what a returning voter chose.
    pub store: Store,
    /// Gates to install.
    pub queue: Queue,
    /// Changes of polls.
    pub live: Live,
    /// Where ballots go.
    pub intake: Intake,
    /// Who votes, by cookie or by name.
    pub voters: Voters,
    /// Who votes, by code.
    pub slips: Slips,
    /// Who sent the browser here.
    pub origins: Origins,
    /// Where voting pages may lead elsewhere.
    pub hosts: Hosts,
    /// How the page looks.
    pub pages: Pages,
    /// The time.
    pub clock: Clock,
    /// Attempts that nobody names.
    pub entropy: Entropy,
    /// How often a voter tries.
    pub tries: Arc<Sketch>,
    /// Accounts, and tokens to vote with.
    pub actors: Actors,
    /// What is counted.
    pub metrics: Metrics,
}

#[derive(Debug)]
struct Vote {
    needs: Needs,
    polls: PollCache,
    roll: Roll,
    /// Wrong codes, by whoever tried them.
    guesses: Rate,
}

/// A ballot that was accepted.
#[derive(Debug)]
struct Cast {
    poll: Arc<Poll>,
    choice: Choice,
    receipt: Receipt,
}

/// The role's routes; its cache follows the live bus until the bus is gone.
pub fn router(needs: Needs) -> Router {
    let polls = PollCache::follow(needs.store.clone(), &needs.live);
    let roll = Roll::open(needs.store.clone(), roll::CAPACITY);
    Router::new()
        .route("/ballots/{poll}", get(handlers::get_state).post(handlers::post_ballot))
        .route("/vote/{poll}", get(handlers::get_page).post(handlers::post_form))
        .route("/vote/{poll}/{code}", get(link::follow))
        .with_state(Arc::new(Vote { needs, polls, roll, guesses: Rate::local() }))
}

impl Vote {
    /// Casts a voter's ballot and waits until it is durable.
    async fn cast(&self, slug: &str, mut wish: Wish<'_>) -> Result<Cast, ApiError> {
        let poll = self.polls.get(slug).await.map_err(not_cast)?;
        let poll = poll.ok_or_else(|| self.rejected("unknown_poll", ApiError::NotFound("poll")))?;
        let choice = wish.choice.and_then(|key| Choice::from_key(key, poll.labels.len()));
        let choice = choice.ok_or_else(|| self.rejected("unknown_choice", unknown_choice(&poll, wish.choice)))?;
        let found = match poll.one_vote_per {
            OneVotePer::Browser => match wish.named {
                None => Ok(Found::by_browser(&poll, wish.browser)),
                Some(name) => Box::pin(self.find_by_name(&poll, name, &mut wish)).await,
            },
            // Boxed: their state would otherwise be part of, and allocated for, every request.
            OneVotePer::Account => Box::pin(self.find_by_account(&poll, &mut wish)).await,
            OneVotePer::Code => Box::pin(self.find_by_code(&poll, &mut wish)).await,
        };
        let Found { key: voter, receipt, attempt } =
            found.map_err(|error| self.rejected(voter::reason(&error), not_cast(error)))?;
        if poll.one_vote_per != OneVotePer::Code {
            // Who shows a code has one try that counts, and is told so each time after.
            let tries = self.needs.tries.admits(&voter.0, self.needs.clock.now());
            tries.map_err(|wait| self.rejected("too_many", ApiError::TooMany { seconds: wait.as_secs() + 1 }))?;
        }
        let ballot = Ballot { poll: poll.id, voter, choice, attempt };
        let mut verdict = self.needs.intake.submit(ballot).await;
        if matches!(verdict, Verdict::Answered(Answer::Unknown)) {
            // Boxed: it is rare, and its state would otherwise be allocated for every request.
            Box::pin(self.install_gate(&poll)).await.map_err(not_cast)?;
            verdict = self.needs.intake.submit(ballot).await;
        }
        match verdict {
            Verdict::Answered(Answer::Accepted) => Ok(Cast { poll, choice, receipt }),
            verdict => Err(self.turned_down(&poll, verdict)),
        }
    }

    /// The queue has no gate for this poll: gives it the one the store knows now.
    async fn install_gate(&self, poll: &Poll) -> Result<(), ApiError> {
        let poll = self.needs.store.poll(poll.id).await?.ok_or(ApiError::NotFound("poll"))?;
        Ok(self.needs.queue.install(poll.id, &poll.gate(), self.needs.clock.now()).await?)
    }

    fn turned_down(&self, poll: &Poll, verdict: Verdict) -> ApiError {
        let (reason, error) = match verdict {
            // A full queue does its duty: the workers are the ones that are behind.
            Verdict::Busy | Verdict::Answered(Answer::Full) => ("busy", ApiError::Busy(Some(Fate::Refused))),
            Verdict::Failed(fate) => ("unavailable", ApiError::Unavailable { fate: Some(fate), source: None }),
            Verdict::Answered(Answer::NotOpen(at)) => {
                ("not_open", ApiError::NotAccepting { status: Status::Draft, at })
            }
            Verdict::Answered(Answer::Closed(at)) => ("closed", ApiError::NotAccepting { status: Status::Closed, at }),
            Verdict::Answered(Answer::AlreadyVoted) if poll.one_vote_per == OneVotePer::Code => {
                ("code_used", ApiError::CodeUsed)
            }
            Verdict::Answered(Answer::AlreadyVoted) => ("already_voted", ApiError::AlreadyVoted),
            Verdict::Answered(Answer::Unknown | Answer::Accepted) => {
                ("unavailable", ApiError::Unavailable { fate: Some(Fate::Refused), source: None })
            }
        };
        self.rejected(reason, error)
    }

    fn rejected(&self, reason: &'static str, error: ApiError) -> ApiError {
        self.needs.metrics.reject(reason);
        error
    }
}

/// What kept a ballot from being handed in: whoever sent it may know that it was not accepted.
fn not_cast(error: impl Into<ApiError>) -> ApiError {
    match error.into() {
        ApiError::Unavailable { source, .. } => ApiError::Unavailable { fate: Some(Fate::Refused), source },
        error => error,
    }
}

fn unknown_choice(poll: &Poll, key: Option<&str>) -> ApiError {
    let keys: Vec<String> = poll.choices().map(|(choice, _)| choice.to_string()).collect();
    ApiError::NoChoice { given: key.is_some(), keys: keys.join(", ") }
}
