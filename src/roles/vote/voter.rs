//! Who votes: found once the poll is known, for its rule says by what.

use axum::http::HeaderMap;

use super::Vote;
use super::polls::GLANCE;
use crate::domain::ballot::{Attempt, VoterKey};
use crate::domain::code::VotingCode;
use crate::domain::names::Choice;
use crate::domain::poll::{OneVotePer, Poll, Status};
use crate::domain::rights::{Need, Scope};
use crate::domain::voter::{Receipt, Voter};
use crate::http::error::ApiError;
use crate::http::guard::{Limits, too_many};
use crate::http::origin::Peer;
use crate::http::voter::{IDEMPOTENCY_KEY, Identified};
use crate::rate::{Key, Rule};
use crate::store::StoreError;

/// The longest name that the holder of a token may give a voter, in characters.
const MAX_NAME: usize = 200;
/// Wrong codes that one party may try.
const GUESSES: Rule = Rule::a_minute(30);

/// A wish to vote, as it came.
#[derive(Debug)]
pub struct Wish<'r> {
    /// The request's headers.
    pub headers: &'r HeaderMap,
    /// The other end of its connection.
    pub peer: Option<Peer>,
    /// Whose browser it is, or which client.
    pub browser: &'r mut Identified,
    /// The key of an option.
    pub choice: Option<&'r str>,
    /// A voting code, as somebody typed it.
    pub code: Option<&'r str>,
    /// Who votes, as the holder of a token names them.
    pub named: Option<&'r str>,
}

/// Who votes in a poll, and by which attempt.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// The voter, as the poll knows them.
    pub key: VoterKey,
    /// The public name of their ballot.
    pub receipt: Receipt,
    /// The attempt.
    pub attempt: Attempt,
}

/// How a voter stands in a poll, as far as they are to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Known by a cookie or an account: what was counted of them; `None` where that is nothing yet, or cannot be seen.
    Voter(Option<Choice>),
    /// In a poll by account: nobody who has one.
    Stranger,
    /// In a poll by code: what is known of theirs.
    Code(CodeState),
}

/// What is known of a visitor's voting code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CodeState {
    /// They have shown none.
    Missing,
    /// The one they have shown is not good.
    Wrong,
    /// It is in their browser's keeping.
    Kept,
    /// A vote was counted with it. Which one is not told: whoever holds the slip may not be who voted.
    Used,
}

impl Found {
    /// Who votes in a poll by browser, and needs no proof but a cookie or a name.
    pub fn by_browser(poll: &Poll, browser: &Identified) -> Self {
        Self::of(&browser.voter, poll, Attempt::default())
    }

    fn of(voter: &Voter, poll: &Poll, attempt: Attempt) -> Self {
        let (key, receipt) = voter.key(poll.id);
        Self { key, receipt, attempt }
    }
}

impl Vote {
    /// Who votes in a poll by account: whoever is signed in, or holds a token to vote.
    pub(super) async fn find_by_account(&self, poll: &Poll, wish: &mut Wish<'_>) -> Result<Found, ApiError> {
        wish.browser.forget();
        if wish.named.is_some() {
            return Err(ApiError::BadRequest("voter: in this poll accounts vote, and no token names them".into()));
        }
        let account = self.account(wish.headers).await?.ok_or(ApiError::SignInToVote)?;
        Ok(Found::of(&account, poll, Attempt::default()))
    }

    /// Who votes in a poll by browser where the holder of a token names somebody: that name, of that token.
    pub(super) async fn find_by_name(&self, poll: &Poll, name: &str, wish: &mut Wish<'_>) -> Result<Found, ApiError> {
        wish.browser.forget();
        if !(1..=MAX_NAME).contains(&name.chars().count()) {
            return Err(ApiError::BadRequest(format!("voter: 1 to {MAX_NAME} characters")));
        }
        let caller = self.needs.actors.know(wish.headers).await?.ok_or(ApiError::Unauthorized)?;
        let token = caller.token.as_ref().filter(|_| caller.actor.may(Scope::Vote));
        let key = token.ok_or(ApiError::Forbidden(Need::Member))?.derive(b"hemicycle named voter 1\0");
        Ok(Found::of(&Voter::Named { key, name: name.to_owned() }, poll, Attempt::default()))
    }

    /// The account that these headers vote as. The admin key has none.
    async fn account(&self, headers: &HeaderMap) -> Result<Option<Voter>, ApiError> {
        let Some(caller) = self.needs.actors.know(headers).await? else { return Ok(None) };
        if !caller.actor.may(Scope::Vote) {
            return Err(ApiError::Forbidden(Need::Member));
        }
        Ok(caller.actor.user.clone().map(Voter::Account))
    }

    /// Who votes in a poll by code: whoever shows a good one, typed or in their browser's keeping. What was typed counts
    /// before what is kept.
    pub(super) async fn find_by_code(&self, poll: &Poll, wish: &mut Wish<'_>) -> Result<Found, ApiError> {
        // A code says enough of who votes: nothing else is to be known of this browser.
        wish.browser.forget();
        let (code, attempt, guesser) = match wish.code.map(str::trim) {
            None => {
                let slip = self.needs.slips.of(wish.headers, poll.id).ok_or(ApiError::CodeMissing)?;
                // Sealed by us when the code was found good: nobody guesses.
                (slip.code, slip.attempt(), None)
            }
            Some("") => return Err(ApiError::CodeMissing),
            Some(typed) => {
                let code = VotingCode::parse(typed).ok_or(ApiError::CodeUnknown)?;
                (code, self.attempt(code, wish.headers), Some(self.guesser(wish.headers, wish.peer)))
            }
        };
        if !self.is_good(poll, code, guesser).await? {
            return Err(ApiError::CodeUnknown);
        }
        Ok(Found::of(&Voter::Code(code), poll, attempt))
    }

    /// Whether a code is good in a poll, asked on behalf of somebody who may be guessing.
    ///
    /// # Errors
    /// [`ApiError::TooMany`] where it is not, as so many before, and where the roll cannot be read.
    pub(super) async fn is_good(&self, poll: &Poll, code: VotingCode, guesser: Option<Key>) -> Result<bool, ApiError> {
        let good = self.roll.has(poll.id, code.hash(poll.id)).await?;
        if let (false, Some(guesser)) = (good, &guesser) {
            // Only wrong ones are held back: one who guesses must not keep a room behind the same address from voting, and
            // with 59 bits in a code, a limit is for peace more than for secrecy.
            let wrong = self.guesses.take(guesser, GUESSES).await;
            if !wrong.allowed {
                return Err(too_many(wrong));
            }
        }
        Ok(good)
    }

    /// Whose guesses are counted together.
    pub(super) fn guesser(&self, headers: &HeaderMap, peer: Option<Peer>) -> Key {
        Limits::address("voting code", &self.needs.origins, headers, peer)
    }

    /// The attempt of a client that sends a code: it may name it, to repeat it.
    fn attempt(&self, code: VotingCode, headers: &HeaderMap) -> Attempt {
        match headers.get(IDEMPOTENCY_KEY) {
            Some(name) => Attempt::named(name.as_bytes(), code),
            None => Attempt::random(&self.needs.entropy),
        }
    }

    /// How whoever sent `headers` stands in a poll. Of those who vote by code, `is_wrong` says that they were sent here
    /// because theirs is not good.
    pub(super) async fn standing(
        &self,
        poll: &Poll,
        headers: &HeaderMap,
        browser: &mut Identified,
        is_wrong: bool,
    ) -> Result<Standing, ApiError> {
        match poll.one_vote_per {
            OneVotePer::Browser => {
                return Ok(Standing::Voter(match browser.returning() {
                    Some(voter) => self.counted_choice(poll, voter).await?,
                    None => None,
                }));
            }
            OneVotePer::Account => {
                browser.forget();
                return Ok(match Box::pin(self.account(headers)).await? {
                    Some(account) => Standing::Voter(self.counted_choice(poll, &account).await?),
                    None => Standing::Stranger,
                });
            }
            OneVotePer::Code => browser.forget(),
        }
        let state = if is_wrong { CodeState::Wrong } else { Box::pin(self.code_state(poll, headers)).await? };
        Ok(Standing::Code(state))
    }

    async fn code_state(&self, poll: &Poll, headers: &HeaderMap) -> Result<CodeState, ApiError> {
        let Some(slip) = self.needs.slips.of(headers, poll.id) else { return Ok(CodeState::Missing) };
        if self.counted_choice(poll, &Voter::Code(slip.code)).await?.is_some() {
            return Ok(CodeState::Used);
        }
        // Its batch may be void by now. While nobody knows, the ballot will tell.
        let good = tokio::time::timeout(GLANCE, self.roll.has(poll.id, slip.code.hash(poll.id))).await;
        Ok(if matches!(good, Ok(Ok(false))) { CodeState::Wrong } else { CodeState::Kept })
    }

    /// What was counted of this voter. Voting goes on while the store is away, and so do its pages: it is not seen then.
    async fn counted_choice(&self, poll: &Poll, voter: &Voter) -> Result<Option<Choice>, ApiError> {
        if poll.status_at(self.needs.clock.now()) == Status::Draft {
            return Ok(None);
        }
        let (key, _) = voter.key(poll.id);
        let choice = Box::pin(self.needs.store.choice(poll.id, poll.round, key));
        match tokio::time::timeout(GLANCE, choice).await {
            Err(_) | Ok(Err(StoreError::Unavailable(_))) => Ok(None),
            Ok(choice) => Ok(choice?),
        }
    }
}

/// By which reason of [`crate::http::metrics::Rejection`] a ballot without a voter is counted.
pub fn reason(error: &ApiError) -> &'static str {
    match error {
        ApiError::CodeMissing => "code_missing",
        ApiError::CodeUnknown => "code_unknown",
        ApiError::TooMany { .. } => "too_many",
        ApiError::Unauthorized | ApiError::SignInToVote | ApiError::Forbidden(_) => "unauthorized",
        ApiError::Busy(_) => "busy",
        _ => "unavailable",
    }
}
